import { eventsRequest } from "../../helpers/dashboard/modules.ts";

/** What comes out of `jsonLines` when these pieces go in, batch by batch. */
async function batches(pieces: string[]): Promise<unknown[][]> {
  const stream = new ReadableStream<string>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  }).pipeThrough(eventsRequest.jsonLines());
  const found: unknown[][] = [];
  for await (const batch of stream) found.push(batch);
  return found;
}

describe("JSON lines", () => {
  const values = [{ seq: 1, message: "a,b\\n" }, { seq: 2 }, { seq: 30, x: [] }];
  const text = values.map((value) => `${JSON.stringify(value)}\n`).join("");

  test("are the same wherever the pieces end", async () => {
    for (let size = 1; size <= text.length; size++) {
      const pieces: string[] = [];
      for (let at = 0; at < text.length; at += size)
        pieces.push(text.slice(at, at + size));
      expect((await batches(pieces)).flat()).toEqual(values);
    }
  });

  test("come at once at first, and then many at a time", async () => {
    const line = (seq: number): string =>
      `${JSON.stringify({ seq, text: "x".repeat(1_000) })}\n`;
    const pieces = Array.from({ length: 1_000 }, (_, n) => line(n));
    const sizes = (await batches(pieces)).map(({ length }) => length);
    expect(sizes[0]).toBe(1);
    expect(sizes.length).toBeLessThan(6);
    expect(sizes.reduce((sum, size) => sum + size)).toBe(1_000);
  });

  test("that are no JSON cost only themselves", async () => {
    const found = await batches(['{"seq":1}\n{"seq":\n\n{"seq":2}\n', "{"]);
    expect(found.flat()).toEqual([{ seq: 1 }, { seq: 2 }]);
  });

  test("may be none", async () => {
    expect(await batches([])).toEqual([]);
    expect(await batches([""])).toEqual([]);
  });
});

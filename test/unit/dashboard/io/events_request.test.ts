import { eventsRequest } from "../../../helpers/dashboard/source.ts";

const encoder = new TextEncoder();

/** A body of these pieces, which fails at its end when it is told how. */
function bodyOf(pieces: string[], failure?: Error): ReadableStream<Uint8Array> {
  const waiting = pieces.map((piece) => encoder.encode(piece));
  return new ReadableStream({
    pull(controller) {
      const piece = waiting.shift();
      if (piece !== undefined) controller.enqueue(piece);
      else if (failure === undefined) controller.close();
      else controller.error(failure);
    },
  });
}

/** What comes out when these pieces go in, batch by batch. */
async function batches(pieces: string[]): Promise<unknown[][]> {
  const lines = eventsRequest.readLines(bodyOf(pieces));
  const found: unknown[][] = [];
  for (;;) {
    const batch = await lines.next();
    if (batch === null) return found;
    found.push(batch);
  }
}

describe("JSON lines", () => {
  const values = [
    { seq: 1, message: "a,b\\n" },
    { seq: 2 },
    { seq: 30, x: [] },
  ];
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
    expect((await batches([])).flat()).toEqual([]);
    expect((await batches([""])).flat()).toEqual([]);
  });

  test("that came before a failure are there, and then the failure", async () => {
    const lost = new Error("the connection was lost");
    const lines = eventsRequest.readLines(
      bodyOf(['{"seq":1}\n', '{"seq":2}\n{"se'], lost),
    );
    // All of it, the failure too, has come before anybody looks.
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await lines.next()).toEqual([{ seq: 1 }]);
    expect(await lines.next()).toEqual([{ seq: 2 }]);
    await expect(lines.next()).rejects.toBe(lost);
  });
});

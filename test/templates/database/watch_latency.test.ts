/** How soon one process sees what another one has logged. */
import { openForTest, temporaryPath } from "../../helpers/database.ts";
import { startWriter } from "../../helpers/writers.ts";

jest.setTimeout(60_000);
// A time limit says something about this code only while it gets the processor.
jest.retryTimes(4);

test("other processes' rows are noticed in less than 5 ms at the median, 50 ms at p99", async () => {
  const path = temporaryPath();
  const database = openForTest(path);
  const delays: number[] = [];
  let since = database.events.lastSeq;
  const watch = database.watch(() => {
    const now = performance.timeOrigin + performance.now();
    for (const { seq, json } of database.events.read(since, 1_000)) {
      since = seq;
      const { metadata } = JSON.parse(json);
      if (typeof metadata.sent_at === "number")
        delays.push(now - metadata.sent_at);
    }
  });
  const writer = startWriter({
    path,
    agent: "a",
    rows: 400,
    every: 1_000_000,
    pause: 3,
  });
  await writer.ended;
  await new Promise((resolve) => setTimeout(resolve, 200));
  watch.close();
  expect(delays).toHaveLength(400);
  const sorted = delays.toSorted((a, b) => a - b);
  expect(sorted[200]).toBeLessThan(5);
  expect(sorted[395]).toBeLessThan(50);
});

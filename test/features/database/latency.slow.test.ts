/** How soon one process sees what another one has logged. */
import { createInterface } from "node:readline";
import { openForTest, temporaryPath } from "../../helpers/database.ts";
import { startWriter } from "../../helpers/writers.ts";

jest.setTimeout(60_000);

const ROWS = 400;
const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ??
  Infinity;

test("other processes' rows are noticed in less than 5 ms at the median, 50 ms at p99", async () => {
  const path = temporaryPath();
  const database = openForTest(path);
  const delays: number[] = [];
  const pipeDelays: number[] = [];
  const now = () => performance.timeOrigin + performance.now();
  let since = database.events.lastSeq;
  const watch = database.watch(() => {
    const seenAt = now();
    for (const { seq, json } of database.events.read(since, 1_000)) {
      since = seq;
      const { metadata } = JSON.parse(json);
      if (typeof metadata.sent_at === "number")
        delays.push(seenAt - metadata.sent_at);
    }
  });
  const writer = startWriter({
    path,
    agent: "a",
    rows: ROWS,
    every: 1_000_000,
    pause: 3,
    pings: true,
  });
  // Between the rows, the same two processes use nothing but a pipe.
  if (writer.child.stdout === null) throw new Error("no pipe");
  createInterface(writer.child.stdout).on("line", (line) => {
    const { ping } = JSON.parse(line);
    if (typeof ping === "number") pipeDelays.push(now() - ping);
  });
  await writer.ended;
  await new Promise((resolve) => setTimeout(resolve, 200));
  watch.close();
  expect(delays).toHaveLength(ROWS);
  expect(pipeDelays).toHaveLength(ROWS);
  for (const { share, limit } of [
    { share: 0.5, limit: 5 },
    { share: 0.99, limit: 50 },
  ]) {
    const [row, pipe] = [quantile(delays, share), quantile(pipeDelays, share)];
    // What a pipe takes too is the machine's delay, not this code's.
    console.log(
      `${share * 100} %: ${row.toFixed(2)} ms - ${pipe.toFixed(2)} ms for a pipe = ${(row - pipe).toFixed(2)} ms, limit ${limit}`,
    );
    expect(row - pipe).toBeLessThan(limit);
  }
});

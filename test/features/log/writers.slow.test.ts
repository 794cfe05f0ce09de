/** As many processes at once as a busy machine has agents. */
import { testWriters } from "../../helpers/crowd.ts";
import { openForTest, temporaryPath } from "../../helpers/database.ts";
import { block, rowsByAgent, startWriter } from "../../helpers/writers.ts";

jest.setTimeout(120_000);

testWriters(10, 2_000);

test("a process that ends writes on, while another leaves it a turn every three seconds", async () => {
  const path = temporaryPath();
  const hog = openForTest(path);
  const batches = 18;
  const writer = startWriter({
    path,
    agent: "last",
    rows: batches * 1_024,
    every: 1_000_000,
    exit: true,
  });
  await writer.ready;
  const holdTheLock = (whileHeld?: () => void) => {
    hog.transaction(() => {
      hog.systemLogs.create({ component: "hog", message: "holds the lock" });
      whileHeld?.();
      block(1_000);
    });
  };
  const startedAt = performance.now();
  holdTheLock(() => writer.child.stdin?.write("go on\n"));
  while (writer.child.exitCode === null && writer.child.signalCode === null) {
    holdTheLock();
    holdTheLock();
    const before = hog.dataVersion();
    for (let ms = 0; ms < 500 && hog.dataVersion() === before; ms += 1)
      block(1);
    holdTheLock();
    await new Promise((resolve) => setTimeout(resolve));
  }
  await writer.ended;
  expect(writer.stderr()).toBe("");
  expect(rowsByAgent(path).get("last")).toBe(batches * 1_024);
  expect(writer.child.exitCode).toBe(0);
  // Longer than an end waits for one turn.
  expect(performance.now() - startedAt).toBeGreaterThan(35_000);
});

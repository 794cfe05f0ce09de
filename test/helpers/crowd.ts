/** Many processes that log into one database at once: nothing lost, nothing duplicated. */
import { expectNoGaps, openForTest, temporaryPath } from "./database.ts";
import { block, rowsByAgent, startWriter } from "./writers.ts";

/** Declares the tests, with so many processes that write so many rows each. */
export function testWriters(count: number, rows: number): void {
  const names = Array.from({ length: count }, (_, n) => `writer-${n}`);
  const nothing = names.map(() => "");

  test.each([
    ["through adw_logging: no error", false],
    ["through adw_database itself: no SQLITE_BUSY is thrown", true],
  ])(
    `${count} writers at once into a new file, ${rows} rows each, %s`,
    async (_, direct) => {
      const path = temporaryPath();
      const writers = names.map((agent) =>
        startWriter({ path, agent, rows, every: rows / 4, direct }),
      );
      const results = await Promise.all(writers.map(({ ended }) => ended));
      expect(writers.map(({ stderr }) => stderr())).toEqual(nothing);
      const expected = direct ? { done: true } : { done: true, dropped: 0 };
      expect(results).toEqual(
        names.map(() => expect.objectContaining(expected)),
      );
      expect([...rowsByAgent(path).values()]).toEqual(names.map(() => rows));
      expectNoGaps(openForTest(path));
    },
  );

  test(`${count} processes that exit together, ${rows * 5} rows in each queue, lose none`, async () => {
    const path = temporaryPath();
    const other = openForTest(path);
    const writers = names.map((agent) =>
      startWriter({
        path,
        agent,
        rows: rows * 5,
        every: 1_000_000,
        exit: true,
      }),
    );
    await Promise.all(writers.map(({ ready }) => ready));
    other.transaction(() => {
      // While the lock is taken, all rows end up in the queues.
      other.systemLogs.create({
        component: "other",
        message: "holds the lock",
      });
      for (const { child } of writers) child.stdin?.write("go on\n");
      block(1_000);
    });
    await Promise.all(writers.map(({ ended }) => ended));
    expect(writers.map(({ stderr }) => stderr())).toEqual(nothing);
    expect([...rowsByAgent(path).values()]).toEqual(names.map(() => rows * 5));
    expectNoGaps(openForTest(path));
  });
}

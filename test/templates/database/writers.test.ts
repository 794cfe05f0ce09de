/** Several processes at once, processes that are killed, and disks that are full or read-only. */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  eventsOf,
  expectNoGaps,
  openForTest,
  temporaryPath,
} from "../../helpers/database.ts";
import { LOADER } from "../../helpers/program.ts";
import { renderedPath } from "../../helpers/rendered-modules.ts";
import { startWriter } from "../../helpers/writers.ts";

jest.setTimeout(120_000);

const isRoot = process.getuid?.() === 0;
const rowsOf = (path: string) => {
  const counts = new Map<string, number>();
  for (const { event_type, agent_id, metadata } of eventsOf(
    openForTest(path),
  )) {
    if (event_type !== "tool_call") continue;
    const next = (counts.get(agent_id) ?? 0) + 1;
    // In the order of its writer: nothing lost, nothing doubled.
    if (metadata["row"] !== next)
      throw new Error(
        `${agent_id}: expected row ${next}, got ${String(metadata["row"])}`,
      );
    counts.set(agent_id, next);
  }
  return counts;
};

test("ten writers at once, 20,000 rows into a new file: nothing lost, nothing doubled, no error", async () => {
  const path = temporaryPath();
  const writers = Array.from({ length: 10 }, (_, n) =>
    startWriter({ path, agent: `writer-${n}`, rows: 2_000, every: 500 }),
  );
  const results = await Promise.all(writers.map(({ ended }) => ended));
  expect(writers.map(({ stderr }) => stderr())).toEqual(writers.map(() => ""));
  expect(results).toEqual(
    results.map(() => expect.objectContaining({ done: true, dropped: 0 })),
  );
  expect([...rowsOf(path).values()]).toEqual(writers.map(() => 2_000));
  expectNoGaps(openForTest(path));
});

test("ten writers at once through adw_database itself, 20,000 rows: no SQLITE_BUSY is thrown", async () => {
  const path = temporaryPath();
  const writers = Array.from({ length: 10 }, (_, n) =>
    startWriter({
      path,
      agent: `writer-${n}`,
      rows: 2_000,
      every: 500,
      direct: true,
    }),
  );
  const results = await Promise.all(writers.map(({ ended }) => ended));
  expect(writers.map(({ stderr }) => stderr())).toEqual(writers.map(() => ""));
  expect(results).toEqual(
    results.map(() => expect.objectContaining({ done: true })),
  );
  expect([...rowsOf(path).values()]).toEqual(writers.map(() => 2_000));
  expectNoGaps(openForTest(path));
});

test("a process that exits while another one writes loses no row", async () => {
  const path = temporaryPath();
  const other = openForTest(path);
  const writer = startWriter({
    path,
    agent: "a",
    rows: 100,
    every: 1_000_000,
    exit: true,
  });
  await writer.ready;
  other.transaction(() => {
    other.systemLogs.create({ component: "other", message: "takes its time" });
    writer.child.stdin?.write("go on\n");
    sleep(500);
  });
  await writer.ended;
  expect(writer.stderr()).toBe("");
  expect(rowsOf(path).get("a")).toBe(100);
});

test("a writer that is killed loses no committed row, and leaves no gap", async () => {
  const path = temporaryPath();
  openForTest(path);
  for (let round = 0; round < 3; round += 1) {
    const agent = `round-${round}`;
    const writer = startWriter({ path, agent, rows: 1_000_000, every: 20 });
    await writer.ready;
    await new Promise((resolve) =>
      setTimeout(resolve, 20 + Math.random() * 150),
    );
    writer.child.kill("SIGKILL");
    await writer.ended;
    expect(rowsOf(path).get(agent) ?? 0).toBeGreaterThanOrEqual(
      writer.committed(),
    );
    expectNoGaps(openForTest(path));
  }
});

test("an uncaught exception loses no row", () => {
  const path = temporaryPath();
  const script = `
    import(${JSON.stringify(renderedPath("adw_modules/adw_logging.ts"))}).then(({ initLogging, logSystemEvent }) => {
      initLogging({ path: ${JSON.stringify(path)} });
      logSystemEvent("x", "last words");
      throw new Error("boom");
    });`;
  const { status, stderr } = spawnSync(
    process.execPath,
    [...LOADER, "--input-type=module", "-e", script],
    { encoding: "utf8" },
  );
  expect(status).toBe(1);
  expect(stderr).toContain("boom");
  expect(eventsOf(openForTest(path))).toMatchObject([
    { message: "last words" },
  ]);
});

test("a database that cannot be written: the workflow ends, with the loss told on stderr", async () => {
  const path = temporaryPath();
  openForTest(path).close();
  const folder = dirname(path);
  // root may write everywhere: the writer is nobody then.
  const user = isRoot ? { uid: 65_534, gid: 65_534 } : {};
  chmodSync(path, 0o444);
  chmodSync(folder, 0o555);
  try {
    const writer = startWriter(
      { path, agent: "a", rows: 20, every: 1_000, patience: 300 },
      user,
    );
    const result = await writer.ended;
    expect(result).toMatchObject({ done: true, written: 0, queued: 21 });
    expect(writer.stderr()).toMatch(
      /adw_logging: the database \S+ cannot be written: .*\(make the file and its folder writable\)/,
    );
    expect(writer.stderr()).toContain(
      "adw_logging: log rows dropped: 21, written: 0",
    );
    // Once, however often it was tried, and whatever SQLite calls it each time.
    expect(writer.stderr().match(/cannot be written/g)).toHaveLength(1);
  } finally {
    chmodSync(folder, 0o755);
  }
});

function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/** A place for a file that has room for 3 MB: a small file system, or a limit on the size of files. */
function smallPlace(): {
  path: string;
  command: string[];
  release: () => void;
} {
  const folder = join(dirname(temporaryPath()), "disk");
  mkdirSync(folder);
  const path = join(folder, "orchestrator.db");
  const mount = ["-t", "tmpfs", "-o", "size=3m", "tmpfs", folder];
  return spawnSync("mount", mount).status === 0
    ? {
        path,
        command: [],
        release: () => void spawnSync("umount", ["-l", folder]),
      }
    : {
        path,
        command: ["sh", "-c", 'ulimit -f 3000; trap "" XFSZ; exec "$@"', "sh"],
        release: () => undefined,
      };
}

test("a disk that is full: the workflow ends, what was committed stays, and the loss is told", async () => {
  const { path, command, release } = smallPlace();
  try {
    const task = {
      path,
      agent: "a",
      rows: 3_000,
      every: 1_000_000,
      padding: 2_000,
    };
    const writer = startWriter(task, {}, command);
    const result = await writer.ended;
    expect(result).toMatchObject({ done: true });
    expect(Number(result["longestMs"])).toBeLessThan(2_000);
    expect(writer.stderr()).toMatch(
      /cannot be written: (database or disk is full|disk I\/O error)/,
    );
    expect(writer.stderr().match(/cannot be written/g)).toHaveLength(1);
    const [, dropped, written] =
      /log rows dropped: (\d+), written: (\d+)/.exec(writer.stderr()) ?? [];
    expect(Number(dropped) + Number(written)).toBe(3_001);
    const database = openForTest(path);
    expect(database.events.lastSeq).toBe(Number(written));
    expectNoGaps(database);
    database.close();
  } finally {
    release();
  }
});

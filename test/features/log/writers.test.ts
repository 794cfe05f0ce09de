/** Several processes at once, processes that are killed, and disks that are full or read-only. */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { testWriters } from "../../helpers/crowd.ts";
import {
  eventsOf,
  expectNoGaps,
  openForTest,
  temporaryPath,
} from "../../helpers/database.ts";
import { BOUND } from "../../helpers/processes.ts";
import { LOADER } from "../../helpers/program.ts";
import { renderedPath } from "../../helpers/rendered-modules.ts";
import { block, rowsByAgent, startWriter } from "../../helpers/writers.ts";

jest.setTimeout(120_000);

// writers.slow.test.ts has ten of them.
testWriters(3, 2_000);

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
    block(500);
  });
  await writer.ended;
  expect(writer.stderr()).toBe("");
  expect(rowsByAgent(path).get("a")).toBe(100);
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
    expect(rowsByAgent(path).get(agent) ?? 0).toBeGreaterThanOrEqual(
      writer.committed(),
    );
    expectNoGaps(openForTest(path));
  }
});

/** Runs a script that has `logging`, its `url`, and `path`. */
function runScript(path: string, script: string) {
  const url = pathToFileURL(renderedPath("adw_modules/adw_logging.ts")).href;
  return spawnSync(
    process.execPath,
    [
      ...LOADER,
      "--input-type=module",
      "-e",
      `const url = ${JSON.stringify(url)};
       const logging = await import(url);
       const path = ${JSON.stringify(path)};
       ${script}`,
    ],
    { encoding: "utf8" },
  );
}

test("worker threads log as processes do, also one that exits at once", () => {
  const path = temporaryPath();
  // A worker thread does not get what --import has set up.
  const [, loader] = LOADER;
  const setUp =
    loader === undefined ? "" : `await import(${JSON.stringify(loader)});`;
  const work = `(async () => {
    ${setUp}
    const { workerData: { url, path, name } } = await import("node:worker_threads");
    const logging = await import(url);
    logging.initLogging({ path });
    for (let i = 0; i < 500; i += 1) logging.logSystemEvent(name, String(i));
    if (name === "c") process.exit();
  })()`;
  const { status, stderr } = runScript(
    path,
    `
    const { Worker } = await import("node:worker_threads");
    logging.initLogging({ path });
    await Promise.all(["a", "b", "c"].map((name) => new Promise((resolve) => {
      const workerData = { url, path, name };
      new Worker(${JSON.stringify(work)}, { eval: true, workerData }).on("exit", resolve);
      for (let i = 0; i < 100; i += 1) logging.logSystemEvent("main", String(i));
    })));
    await logging.closeLogging();`,
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  const { systemLogs } = openForTest(path);
  for (const [component, rows] of [
    ["a", 500],
    ["b", 500],
    ["c", 500],
    ["main", 300],
  ] as const) {
    expect(systemLogs.list({ component }, { limit: 10_000 })).toHaveLength(
      rows,
    );
  }
});

test("rows logged without initLogging, or after closeLogging, are counted when the process ends", () => {
  const { status, stderr } = runScript(
    temporaryPath(),
    `
    logging.initLogging({ path });
    logging.logSystemEvent("x", "in time");
    await logging.closeLogging();
    await logging.closeLogging();
    for (let i = 0; i < 7; i += 1) logging.logSystemEvent("x", "too late");`,
  );
  expect({ status, stderr }).toEqual({
    status: 0,
    stderr:
      "adw_logging: initLogging() has not been called: log rows wait for it\n" +
      "adw_logging: log rows dropped: 7, written: 0: initLogging() was not called\n",
  });
});

test("rows of later exit handlers are written too", () => {
  const path = temporaryPath();
  const { status, stderr } = runScript(
    path,
    `
    logging.initLogging({ path });
    process.on("exit", () => {
      logging.logSystemEvent("x", "last");
      logging.logSystemEvent("x", "very last");
    });
    logging.logSystemEvent("x", "first");`,
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(eventsOf(openForTest(path))).toMatchObject([
    { message: "first" },
    { message: "last" },
    { message: "very last" },
  ]);
});

test("rows of later exit handlers are counted where a lock was waited for already", () => {
  const path = temporaryPath();
  const other = openForTest(path);
  const { stderr, ms } = other.transaction(() => {
    other.systemLogs.create({ component: "other", message: "holds the lock" });
    const { stderr } = runScript(
      path,
      `
      logging.initLogging({ path });
      const from = performance.now();
      process.on("exit", () => {
        for (let i = 0; i < 5; i += 1) logging.logSystemEvent("x", "late");
        process.stderr.write(String(performance.now() - from));
      });
      logging.logSystemEvent("x", "in time");
      process.exit();`,
    );
    const [ms] = /[\d.]+$/.exec(stderr) ?? [];
    return { stderr, ms: Number(ms) };
  });
  expect(stderr).toContain("log rows dropped: 6, written: 0");
  // One wait of two seconds, not one for each of the six rows.
  expect(ms).toBeGreaterThan(1_900);
  expect(ms).toBeLessThan(8_000);
});

test("an uncaught exception loses no row", () => {
  const path = temporaryPath();
  const { status, stderr } = runScript(
    path,
    `
    logging.initLogging({ path });
    logging.logSystemEvent("x", "last words");
    throw new Error("boom");`,
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
  chmodSync(path, 0o400);
  chmodSync(folder, 0o555);
  try {
    const writer = startWriter(
      { path, agent: "a", rows: 20, every: 1_000, patience: 300 },
      BOUND,
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

test("a disk that is full for a while: rows wait, and are written when there is room", async () => {
  const path = temporaryPath();
  const writer = startWriter(
    {
      path,
      agent: "a",
      rows: 3_000,
      every: 3_000,
      padding: 2_000,
    },
    // Only the soft limit, which can be raised again.
    ["sh", "-c", 'ulimit -S -f 3000; trap "" XFSZ; exec "$@"', "sh"],
  );
  await writer.said(/cannot be written/);
  const raise = ["--pid", String(writer.child.pid), "--fsize=unlimited:"];
  expect(spawnSync("prlimit", raise).status).toBe(0);
  expect(await writer.ended).toMatchObject({
    done: true,
    written: 3_001,
    dropped: 0,
  });
  expect(rowsByAgent(path).get("a")).toBe(3_000);
  expect(writer.stderr()).toMatch(
    /^adw_logging: .* cannot be written: .*\nadw_logging: the database can be written again after \S+ s\n$/,
  );
});

test("a database that is read-only for a while: rows wait, and are written when it is not", async () => {
  const path = temporaryPath();
  openForTest(path).close();
  const folder = dirname(path);
  chmodSync(path, 0o400);
  chmodSync(folder, 0o555);
  const writer = startWriter({ path, agent: "a", rows: 20, every: 20 }, BOUND);
  await writer.said(/cannot be written/);
  chmodSync(folder, 0o700);
  chmodSync(path, 0o600);
  expect(await writer.ended).toMatchObject({
    done: true,
    written: 21,
    dropped: 0,
  });
  expect(rowsByAgent(path).get("a")).toBe(20);
  expect(writer.stderr()).toMatch(
    /^adw_logging: .* cannot be written: .*\nadw_logging: the database can be written again after \S+ s\n$/,
  );
});

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
    const writer = startWriter(task, command);
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

/** A folder that cannot hold a WAL database is said to be one, and is not called "locked". */
import { spawn } from "node:child_process";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import {
  addAgent,
  openForTest,
  temporaryPath,
} from "../../helpers/database.ts";
import { noLocks } from "../../helpers/no-locks.ts";
import { run } from "../../helpers/program.ts";
import { REPOSITORY } from "../../helpers/repository.ts";
import { loadRendered, renderedPath } from "../../helpers/rendered-modules.ts";

const { sqliteProblem } = loadRendered("adw_modules/adw_database");
const { openDatabase } = loadRendered("adw_modules/adw_database");
const logging = loadRendered("adw_modules/adw_logging");

it.each([
  [3, "SQLITE_PERM"],
  [15, "SQLITE_PROTOCOL"],
  [22, "SQLITE_NOLFS"],
  [4618, "SQLITE_IOERR_SHMOPEN"],
  [5130, "SQLITE_IOERR_SHMLOCK"],
  [5386, "SQLITE_IOERR_SHMMAP"],
  [3850, "SQLITE_IOERR_LOCK"],
])("error %i is about the folder, not about a lock", (errcode, code) => {
  expect(sqliteProblem({ errcode, code })).toBe("no-wal");
});

/** Takes the locks of all readers, for ever, as a file system does whose locks do not work. */
const HOLD_READ_LOCKS = `
import fcntl, sys, time
shm = open(sys.argv[1] + "-shm", "r+b")
fcntl.lockf(shm, fcntl.LOCK_EX, 5, 123)
print("held", flush=True)
time.sleep(60)
`;

/** While the locks of a database are held so. */
async function whileHeld(action: (path: string) => unknown): Promise<void> {
  const path = temporaryPath();
  addAgent(openForTest(path));
  const holder = spawn("python3", ["-c", HOLD_READ_LOCKS, path]);
  try {
    await new Promise((resolve) => holder.stdout.once("data", resolve));
    await action(path);
  } finally {
    holder.kill();
  }
}

const problem = (path: string, why = "locking protocol") =>
  `${dirname(path)} cannot hold a WAL database: SQLite cannot lock its files or share memory there (${why}). ` +
  "Move the database to a local disk: set database_path in adw.config.json and run `npx adw-scaffold update`, or set TAC_ORCHESTRATOR_DB";

it("says what to do where locks do not work", async () => {
  await whileHeld((path) => {
    expect(() => openDatabase({ path, busyTimeoutMs: 100 })).toThrow(
      problem(path),
    );
  });
}, 60_000);

it("a workflow is told the same, once, and its rows wait", async () => {
  const lines: string[] = [];
  await whileHeld(async (path) => {
    logging.initLogging({ path, report: (line) => lines.push(line) });
    logging.logSystemEvent("x", "waits");
    while (lines.length === 0)
      await new Promise((resolve) => setTimeout(resolve, 50));
    expect(lines).toEqual([
      `adw_logging: the database ${path} cannot be written: ${problem(path)}. Log rows wait and are retried\n`,
    ]);
  });
  expect(await logging.flushLogging()).toBe(true);
  await logging.closeLogging();
}, 60_000);

it.each([
  ["ENOLCK", "database is locked"],
  ["EPERM", "access permission denied"],
] as const)(
  "where a lock fails with %s, whoever opens and whoever logs is told the same, and nothing is left beside the file",
  async (code, why) => {
    const path = temporaryPath();
    const fileSystem = noLocks(code);
    try {
      const modules = renderedPath("adw_modules");
      const script = join(__dirname, "../../fixtures/no_locks/workflow.ts");
      const program = run(
        [script, JSON.stringify({ modules, path })],
        fileSystem.environment,
      );
      await program.exited;
      const { opened, reported, files } = JSON.parse(program.stdout());
      const text = problem(path, why);
      expect(opened).toEqual({
        problem: "no-wal",
        message: `WalUnsupportedError: ${text}`,
      });
      expect(reported[0]).toBe(
        `adw_logging: the database ${path} cannot be written: ${text}. Log rows wait and are retried\n`,
      );
      expect(files).toEqual([basename(path)]);
    } finally {
      fileSystem.remove();
    }
  },
  60_000,
);

/** As another program's write to a file that is not in WAL mode yet. */
const HOLD_FILE = `
import fcntl, sys, time
file = open(sys.argv[1], "r+b")
fcntl.lockf(file, fcntl.LOCK_EX, 512, 0x40000000)
print("held", flush=True)
time.sleep(60)
`;

it.each([0, 100])(
  "a file that another process has locked is locked, to one who waits %i ms",
  async (busyTimeoutMs) => {
    const path = temporaryPath();
    writeFileSync(path, "");
    const holder = spawn("python3", ["-c", HOLD_FILE, path]);
    try {
      await new Promise((resolve) => holder.stdout.once("data", resolve));
      const error = thrownBy(() => openDatabase({ path, busyTimeoutMs }));
      expect(sqliteProblem(error)).toBe("locked");
      expect(String(error)).toContain("database is locked");
      expect(readdirSync(dirname(path))).toEqual([basename(path)]);
    } finally {
      holder.kill();
    }
  },
  60_000,
);

function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}

it("programs are told which SQLite is the oldest that reads the file, where they look", () => {
  for (const file of [
    "docs/data-model.md",
    "build/rendered/default/adws/schema/schema_orchestrator.sql",
  ])
    expect(readFileSync(join(REPOSITORY, file), "utf8")).toMatch(
      /SQLite 3\.31 or later/,
    );
});

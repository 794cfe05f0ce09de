/** A folder that cannot hold a WAL database is said to be one, and is not called "locked". */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  addAgent,
  openForTest,
  temporaryPath,
} from "../../helpers/database.ts";
import { REPOSITORY } from "../../helpers/repository.ts";
import { loadRendered } from "../../helpers/rendered-modules.ts";

const { sqliteProblem } = loadRendered("adw_modules/adw_database");
const { openDatabase } = loadRendered("adw_modules/adw_database");
const logging = loadRendered("adw_modules/adw_logging");

it.each([
  [15, "SQLITE_PROTOCOL"],
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

const problem = (path: string) =>
  `${dirname(path)} cannot hold a WAL database: SQLite cannot lock its files or share memory there (locking protocol). ` +
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

it("programs are told which SQLite is the oldest that reads the file, where they look", () => {
  for (const file of [
    "docs/data-model.md",
    "build/rendered/default/adws/schema/schema_orchestrator.sql",
  ])
    expect(readFileSync(join(REPOSITORY, file), "utf8")).toMatch(
      /SQLite 3\.31 or later/,
    );
});

/** A folder that cannot hold a WAL database is said to be one, and is not called "locked". */
import { spawn } from "node:child_process";
import { dirname } from "node:path";
import {
  addAgent,
  openForTest,
  temporaryPath,
} from "../../helpers/database.ts";
import { loadRendered } from "../../helpers/rendered-modules.ts";

const { sqliteProblem } = loadRendered("adw_modules/adw_database");
const { openDatabase } = loadRendered("adw_modules/adw_database");

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

it("says what to do where locks do not work", async () => {
  const path = temporaryPath();
  addAgent(openForTest(path));
  const holder = spawn("python3", ["-c", HOLD_READ_LOCKS, path]);
  try {
    await new Promise((resolve) => holder.stdout.once("data", resolve));
    expect(() => openDatabase({ path, busyTimeoutMs: 100 })).toThrow(
      `${dirname(path)} cannot hold a WAL database: SQLite cannot lock its files or share memory there (locking protocol). ` +
        "Move the database to a local disk: set database_path in adw.config.json and run `npx adw-scaffold update`, or set TAC_ORCHESTRATOR_DB",
    );
  } finally {
    holder.kill();
  }
}, 60_000);

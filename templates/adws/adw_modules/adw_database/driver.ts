/**
 * The driver: node:sqlite, of Node >= 22.13. No other file knows which it is.
 *
 * Template: adw_database 1.3.0
 */
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import type { SqliteConnection, SqliteProblem } from "./connection.ts";

/** SQLite's primary result codes: https://sqlite.org/rescode.html */
const PROBLEMS = new Map<number, SqliteProblem>([
  [3, "no-wal"], // SQLITE_PERM: a lock is not permitted
  [5, "locked"], // SQLITE_BUSY
  [6, "locked"], // SQLITE_LOCKED
  [7, "unusable"], // SQLITE_NOMEM
  [8, "read-only"], // SQLITE_READONLY
  [10, "unusable"], // SQLITE_IOERR
  [11, "unusable"], // SQLITE_CORRUPT
  [13, "full"], // SQLITE_FULL
  [14, "unusable"], // SQLITE_CANTOPEN
  [15, "no-wal"], // SQLITE_PROTOCOL
  [22, "no-wal"], // SQLITE_NOLFS
  [26, "unusable"], // SQLITE_NOTADB
]);

/** SQLITE_IOERR_… of a lock, or of the memory that processes share. */
const NO_WAL_CODES = new Set([
  2058, // UNLOCK
  2314, // RDLOCK
  3594, // CHECKRESERVEDLOCK
  3850, // LOCK
  4618, // SHMOPEN
  4874, // SHMSIZE
  5130, // SHMLOCK
  5386, // SHMMAP
]);

/** An error carries the extended result code: its low byte is the primary one. */
export function problemOf(error: object): SqliteProblem | undefined {
  if (!("errcode" in error) || typeof error.errcode !== "number") return;
  if (NO_WAL_CODES.has(error.errcode)) return "no-wal";
  return PROBLEMS.get(error.errcode & 0xff);
}

export function connect(path: string): SqliteConnection {
  return wrap(new DatabaseSync(path));
}

/**
 * Opens a database of another program, to read it.
 *
 * @param isAtRest nobody has it open: then SQLite puts no files of its own beside it
 */
export function connectReadOnly(
  path: string,
  isAtRest: boolean,
): SqliteConnection {
  const url = pathToFileURL(path);
  if (isAtRest) url.searchParams.set("immutable", "1");
  return wrap(new DatabaseSync(url, { readOnly: true }));
}

function wrap(driver: DatabaseSync): SqliteConnection {
  return {
    prepare: (sql) => driver.prepare(sql),
    prepareExact: (sql) => {
      const statement = driver.prepare(sql);
      statement.setReadBigInts(true);
      return statement;
    },
    exec: (sql) => {
      driver.exec(sql);
    },
    close: () => {
      driver.close();
    },
  };
}

/**
 * The driver: npm package `better-sqlite3` >= 12. No other file knows which it is.
 *
 * Template: adw_database 1.3.0
 */
import SqliteDatabase from "better-sqlite3";
import type {
  SqliteConnection,
  SqliteProblem,
  SqliteValue,
} from "./connection.ts";

/** SQLite's primary result codes: https://sqlite.org/rescode.html */
const PROBLEMS = new Map<string | undefined, SqliteProblem>([
  ["SQLITE_PERM", "no-wal"], // a lock is not permitted
  ["SQLITE_BUSY", "locked"],
  ["SQLITE_LOCKED", "locked"],
  ["SQLITE_NOMEM", "unusable"],
  ["SQLITE_READONLY", "read-only"],
  ["SQLITE_IOERR", "unusable"],
  ["SQLITE_CORRUPT", "unusable"],
  ["SQLITE_FULL", "full"],
  ["SQLITE_CANTOPEN", "unusable"],
  ["SQLITE_PROTOCOL", "no-wal"],
  ["SQLITE_NOLFS", "no-wal"],
  ["SQLITE_NOTADB", "unusable"],
]);

/** Of a lock, or of the memory that processes share. */
const NO_WAL_CODES =
  /^SQLITE_IOERR_(?:SHM\w+|LOCK|RDLOCK|UNLOCK|CHECKRESERVEDLOCK)$/;

/** An error carries the extended result code's name, such as SQLITE_BUSY_SNAPSHOT. */
export function problemOf(error: object): SqliteProblem | undefined {
  if (!("code" in error) || typeof error.code !== "string") return;
  if (NO_WAL_CODES.test(error.code)) return "no-wal";
  return PROBLEMS.get(/^SQLITE_[A-Z]+/.exec(error.code)?.[0]);
}

/** The driver's types differ by statement; here, every statement takes any values. */
export function connect(path: string): SqliteConnection {
  return wrap(open(path));
}

/**
 * Opens a database of another program, to read it.
 *
 * The other driver is told whether nobody writes it; this one cannot be.
 */
export const connectReadOnly: (
  path: string,
  isAtRest: boolean,
) => SqliteConnection = (path) => wrap(open(path, { readonly: true }));

function wrap(driver: SqliteDatabase.Database): SqliteConnection {
  return {
    prepare: (sql) => driver.prepare<SqliteValue[]>(sql),
    prepareExact: (sql) => driver.prepare<SqliteValue[]>(sql).safeIntegers(),
    exec: (sql) => driver.exec(sql),
    close: () => driver.close(),
  };
}

/** The driver is native code, which may not be built, or for another Node. */
function open(path: string, options: SqliteDatabase.Options = {}) {
  try {
    return new SqliteDatabase(path, options);
  } catch (error) {
    const text = String(error);
    if (!/bindings file|NODE_MODULE_VERSION/.test(text)) throw error;
    throw new Error(
      `better-sqlite3 is not built for Node ${process.versions.node}: "npx adw-scaffold doctor" says how to build it here`,
      { cause: error },
    );
  }
}

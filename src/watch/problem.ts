/** What can be wrong with the user's machine, by codes that the command has words for. */
import { sqliteProblem } from "rendered/adw_modules/adw_database.ts";
import { messageOf } from "rendered/adw_modules/adw_stderr.ts";

/** With a code as the system's errors have one. */
export class WatchProblem extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** SQLITE_CORRUPT and SQLITE_NOTADB: https://sqlite.org/rescode.html */
const DAMAGED = new Set([11, 26]);

/** Opens a file of SQLite's. @throws {WatchProblem} that names it */
export function openSqlite<Opened>(file: string, open: () => Opened): Opened {
  try {
    return open();
  } catch (error) {
    const code = codeOfSqlite(error);
    if (code === undefined) throw error;
    throw new WatchProblem(code, `${file}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function codeOfSqlite(error: unknown): string | undefined {
  const isDamaged =
    error instanceof Error &&
    "errcode" in error &&
    DAMAGED.has(Number(error.errcode) & 0xff);
  if (isDamaged) return "WATCH_DAMAGED";
  switch (sqliteProblem(error)) {
    case "locked":
      return "WATCH_BUSY";
    case "full":
      return "ENOSPC";
    case "read-only":
      return "EROFS";
    case "no-wal":
      return "WATCH_NO_WAL";
    case "unusable":
      return "EACCES";
    case "refused":
      return undefined;
  }
}

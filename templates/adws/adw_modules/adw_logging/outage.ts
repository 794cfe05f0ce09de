/**
 * A database that cannot be written: why, what to do, and when to try again.
 *
 * Template: adw_logging 1.2.0, rendered by adw-scaffold.
 * Needs:    nothing but Node >= 20.19.
 * Update:   npx adw-scaffold update
 */
import { accessSync, constants, statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { NO_WAL_ADVICE, sqliteProblem } from "../adw_database.ts";
import type { SqliteProblem } from "../adw_database.ts";

export type Problem = Exclude<SqliteProblem, "refused">;

/** First and longest wait between two attempts. */
const LOCKED_BACKOFF_MS = { first: 1, longest: 50 };
const BACKOFF_MS = { first: 50, longest: 1_000 };
/** With less room than this on the disk, SQLite's log and its index do not grow. */
const LEAST_ROOM_BYTES = 65_536;

const WHAT_TO_DO: Record<Problem, string> = {
  locked: "another process holds its write lock",
  full: "free some disk space",
  "read-only": "make the file and its folder writable",
  "no-wal": `this folder cannot hold a WAL database. ${NO_WAL_ADVICE}`,
  unusable: "check the file and its folder",
};

export function whatToDo(problem: Problem): string {
  return WHAT_TO_DO[problem];
}

export function backoff(problem: Problem): typeof BACKOFF_MS {
  return problem === "locked" ? LOCKED_BACKOFF_MS : BACKOFF_MS;
}

/**
 * SQLite has many words for one cause: a file that may not be written "cannot
 * be opened", one for which there is no room has an "I/O error", depending on
 * what becomes of the files beside it.
 */
export function diagnose(error: unknown, path: string): Problem {
  const problem = sqliteProblem(error);
  const isClear =
    problem !== "refused" && problem !== "unusable" && problem !== "no-wal";
  if (isClear) return problem;
  if (!isWritable(path)) return "read-only";
  if (!hasRoom(path)) return "full";
  return problem === "no-wal" ? problem : "unusable";
}

/** Names the file itself, whatever its path; undefined when there is none. */
export function fileAt(path: string): string | undefined {
  const file = statSync(path, { throwIfNoEntry: false });
  return file && `${String(file.dev)}:${String(file.ino)}`;
}

/** Whether the file and its folder may be written: SQLite makes files beside it. */
function isWritable(path: string): boolean {
  try {
    if (fileAt(path) !== undefined) accessSync(path, constants.W_OK);
    accessSync(dirname(path), constants.W_OK);
    return true;
  } catch (error) {
    // A folder that is missing is made.
    const isMissing =
      error instanceof Error && "code" in error && error.code === "ENOENT";
    return isMissing && dirname(path) !== path && isWritable(dirname(path));
  }
}

/** Whether there is room for a few pages more. */
function hasRoom(path: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(dirname(path));
    return bavail * bsize >= LEAST_ROOM_BYTES;
  } catch {
    return true;
  }
}

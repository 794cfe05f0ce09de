/** One `watch` at a time: two would write everything down twice. */
import { closeSync, openSync } from "node:fs";
import {
  canLock,
  sqliteProblem,
} from "rendered/adw_modules/adw_database/connection.ts";
import { connect } from "rendered/adw_modules/adw_database/driver.ts";
import { messageOf } from "rendered/adw_modules/adw_stderr.ts";
import { WatchProblem } from "./problem.ts";

/**
 * Takes the lock, which the system gives back however this process ends: it is
 * SQLite's own, on a database that stays empty.
 *
 * @returns gives it back; undefined where another process has it
 * @throws {WatchProblem} where every lock is refused; SQLite's error where it fails otherwise
 */
export function tryLock(file: string): (() => void) | undefined {
  closeSync(openSync(file, "a", 0o600));
  const connection = connect(file);
  try {
    connection.exec("PRAGMA busy_timeout = 0");
    connection.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    connection.close();
    if (sqliteProblem(error) !== "locked") throw error;
    if (canLock(file)) return undefined;
    const message = `${file} cannot be locked: ${messageOf(error)}`;
    throw new WatchProblem("WATCH_NO_WAL", message, { cause: error });
  }
  return () => {
    connection.close();
  };
}

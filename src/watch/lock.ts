/** One `watch` at a time: two would write everything down twice. */
import { closeSync, openSync } from "node:fs";
import {
  connect,
  problemOf,
} from "rendered/adw_modules/adw_database/driver.ts";

/**
 * Takes the lock, which the system gives back however this process ends: it is
 * SQLite's own, on a database that stays empty.
 *
 * @returns gives it back; undefined where another process has it
 */
export function tryLock(file: string): (() => void) | undefined {
  closeSync(openSync(file, "a", 0o600));
  const connection = connect(file);
  try {
    connection.exec("PRAGMA busy_timeout = 0");
    connection.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    connection.close();
    const isLocked = error instanceof Error && problemOf(error) === "locked";
    if (isLocked) return undefined;
    throw error;
  }
  return () => {
    connection.close();
  };
}

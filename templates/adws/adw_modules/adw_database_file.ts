/**
 * adw_database_file: the database's files as files: whose they are, and which.
 *
 * Template: adw_database 1.2.0, rendered by adw-scaffold.
 * Needs:    nothing but Node >= 20.19.
 * Update:   npx adw-scaffold update
 *
 * The database holds prompts and answers, so it is its owner's only, whatever
 * the umask. SQLite gives `-wal` and `-shm` the permissions of the file itself.
 */
import {
  chmodSync,
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  statSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { writeStderr } from "./adw_stderr.ts";

const OWNER_ONLY = 0o600;
const OF_OTHERS = 0o077;

/**
 * Makes an empty file, for its owner only. One that exists stays as it is.
 * Nothing is opened that exists: to close it would give up the locks that
 * connections of this process hold on it.
 */
export function createPrivate(path: string): void {
  try {
    closeSync(openSync(path, "wx", OWNER_ONLY));
  } catch {
    // It exists, or cannot be made: SQLite says why, with its own words.
  }
}

/**
 * Makes the database for its owner only, before SQLite does for all, and takes
 * the rights of others from the files that have them, with a line on stderr.
 * Where that is not possible (Windows, a file of somebody else), all stays.
 */
export function keepPrivate(path: string): void {
  if (path === ":memory:" || path === "") return;
  if (!existsSync(path)) createPrivate(path);
  if (process.platform === "win32") return;
  const opened = databaseFiles(path).filter(takeFromOthers);
  if (opened.length === 0) return;
  writeStderr(
    `adw_database: ${opened.join(", ")}: could be read by other users of this machine; ` +
      "only the owner can now (mode 600)\n",
  );
}

/** The file, those that SQLite keeps beside it, and its backups. */
function databaseFiles(path: string): string[] {
  const backup = `${basename(path)}.backup-`;
  return [
    path,
    `${path}-wal`,
    `${path}-shm`,
    ...namesIn(dirname(path))
      .filter((name) => name.startsWith(backup))
      .map((name) => join(dirname(path), name)),
  ];
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // it may be entered, but not listed
  }
}

/** Returns whether others had rights, and have none now. */
function takeFromOthers(path: string): boolean {
  try {
    const mode = statSync(path).mode;
    if ((mode & OF_OTHERS) === 0) return false;
    chmodSync(path, mode & ~OF_OTHERS & 0o7777);
    // Some file systems have no permissions, and say yes to everything.
    return (statSync(path).mode & OF_OTHERS) === 0;
  } catch {
    return false;
  }
}

/** Names the file itself, whatever its path; undefined when there is none. */
export function identityOf(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${String(dev)}:${String(ino)}`;
  } catch {
    return undefined;
  }
}

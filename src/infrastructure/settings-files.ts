/** Files of other programs that are changed on a person's behalf: all of them or none. */
import { randomUUID } from "node:crypto";
import {
  accessSync,
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, relative, sep } from "node:path";
import { AdwError, ConfigError, RefusedError } from "../domain/errors.ts";
import { shellWord } from "../domain/shell-word.ts";
import { removeIfEmpty } from "./folders.ts";
import { readTextIfExists } from "./project-files.ts";

export interface TextChange {
  /** Absolute, with no link in it: see {@link realTarget}. */
  path: string;
  /** null where there is no file. */
  before: string | null;
  /** null removes it. */
  after: string | null;
}

/**
 * Where a path leads to, links followed.
 *
 * @param base - a folder that it must not lead out of
 * @throws {ConfigError} code `PATH_SYMLINK`
 */
export function realTarget(path: string, base: string): string {
  const real = followed(path);
  const inside = relative(followed(base), real);
  if (real !== undefined && inside !== ".." && !inside.startsWith(`..${sep}`))
    return real;
  throw new ConfigError(
    "PATH_SYMLINK",
    `refusing to write through a symbolic link that leads out of ${base}`,
    {
      where: { file: path },
      hint: "Nothing was changed. Replace the link by a real file or folder.",
    },
  );
}

/** The real path of what is there, and below it what is not there yet. */
function followed(path: string): string {
  if (existsSync(path)) return realpathSync.native(path);
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined)
    throw new ConfigError("PATH_SYMLINK", "a symbolic link leads nowhere", {
      where: { file: path },
      hint: "Nothing was changed. Remove the link.",
    });
  const above = dirname(path);
  return above === path ? path : join(followed(above), basename(path));
}

/** @throws {RefusedError} code `NOT_UTF8` or `READ_FAILED` */
export function readSettings(path: string): Promise<string | null> {
  return readTextIfExists(path);
}

/**
 * A rename would replace a file that its owner has made read-only as well.
 *
 * @throws {RefusedError} code `SETTINGS_READ_ONLY`
 */
export function assertWritable(changes: readonly TextChange[]): void {
  for (const { path, before, after } of changes) {
    if (before === null || before === after || isWritable(path)) continue;
    throw new RefusedError("SETTINGS_READ_ONLY", `${path} is read-only`, {
      where: { file: path },
      hint: `Nothing was changed. If it may be changed: chmod u+w ${shellWord(path)}`,
    });
  }
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    // Root may write what nobody may.
    return (statSync(path).mode & 0o200) !== 0;
  } catch {
    return false;
  }
}

/** A change on its way. */
interface Staged {
  change: TextChange;
  /** What will be there. */
  temporary?: string;
  /** What was there. */
  backup?: string;
}

/**
 * Writes each beside its place, and then renames all of them into it: a process that
 * is killed leaves every file as it was or as it will be. Modes stay. Where one
 * cannot be put in its place, those before it get back what was there.
 *
 * @throws {RefusedError} code `CHANGED_MEANWHILE` or `WRITE_FAILED`; nothing is changed.
 */
export async function writeSettings(
  changes: readonly TextChange[],
): Promise<void> {
  const staged: Staged[] = [];
  const done: Staged[] = [];
  const made: string[] = [];
  try {
    for (const change of changes) {
      const { path, before, after } = change;
      if ((await readTextIfExists(path)) !== before) throw changed(path);
      const beside = `${path}.${randomUUID()}`;
      const next: Staged = { change };
      staged.push(next);
      if (before !== null) {
        next.backup = `${beside}.bak`;
        keepBeside(path, next.backup);
      }
      if (after === null) continue;
      made.push(...makeFolders(dirname(path)));
      next.temporary = `${beside}.tmp`;
      writeFileSync(next.temporary, after, { flag: "wx" });
      if (before !== null)
        chmodSync(next.temporary, statSync(path).mode & 0o7777);
    }
    for (const next of staged) {
      const { change, temporary } = next;
      if (temporary !== undefined) renameSync(temporary, change.path);
      else rmSync(change.path);
      done.push(next);
    }
  } catch (error) {
    for (const { change, backup } of done.toReversed())
      if (backup === undefined) rmSync(change.path, { force: true });
      else renameSync(backup, change.path);
    removeBeside(staged);
    for (const folder of made.toReversed()) removeIfEmpty(folder);
    throw asWriteError(error);
  }
  removeBeside(staged);
  for (const { path, after } of changes)
    if (after === null) removeIfEmpty(dirname(path));
}

/** The same file by another name: with its mode, and without room on the disk. */
function keepBeside(path: string, backup: string): void {
  try {
    linkSync(path, backup);
  } catch {
    // Some file systems have no links.
    copyFileSync(path, backup);
  }
}

function removeBeside(staged: readonly Staged[]): void {
  for (const { temporary, backup } of staged)
    for (const path of [temporary, backup])
      if (path !== undefined) rmSync(path, { force: true });
}

function makeFolders(folder: string): string[] {
  if (existsSync(folder)) return [];
  const above = makeFolders(dirname(folder));
  mkdirSync(folder);
  return [...above, folder];
}

function changed(path: string): RefusedError {
  return new RefusedError(
    "CHANGED_MEANWHILE",
    `${path} changed while the command ran`,
    {
      where: { file: path },
      hint: "Nothing was written. Run the command again.",
    },
  );
}

function asWriteError(error: unknown): unknown {
  if (error instanceof AdwError || !(error instanceof Error)) return error;
  return new RefusedError("WRITE_FAILED", `cannot write: ${error.message}`, {
    cause: error,
    hint: "Nothing was changed. Check permissions and free space, then run the command again.",
  });
}

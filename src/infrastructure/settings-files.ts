/** Files of other programs that are changed on a person's behalf: all of them or none. */
import { randomUUID } from "node:crypto";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, relative, sep } from "node:path";
import { AdwError, ConfigError, RefusedError } from "../domain/errors.ts";
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
 * Writes each beside its place, and then renames all of them into it: a process that
 * is killed leaves every file as it was or as it will be. Modes stay.
 *
 * @throws {RefusedError} code `CHANGED_MEANWHILE` or `WRITE_FAILED`; nothing is changed.
 */
export async function writeSettings(
  changes: readonly TextChange[],
): Promise<void> {
  const staged: { change: TextChange; temporary: string | undefined }[] = [];
  const made: string[] = [];
  try {
    for (const change of changes) {
      const { path, before, after } = change;
      if ((await readTextIfExists(path)) !== before) throw changed(path);
      const temporary =
        after === null ? undefined : `${path}.${randomUUID()}.tmp`;
      staged.push({ change, temporary });
      if (temporary === undefined || after === null) continue;
      made.push(...makeFolders(dirname(path)));
      writeFileSync(temporary, after, { flag: "wx" });
      if (before !== null) chmodSync(temporary, statSync(path).mode & 0o7777);
    }
    for (const { change, temporary } of staged) {
      if (temporary !== undefined) renameSync(temporary, change.path);
      else rmSync(change.path);
    }
  } catch (error) {
    for (const { temporary } of staged)
      if (temporary !== undefined) rmSync(temporary, { force: true });
    for (const folder of made.toReversed()) removeIfEmpty(folder);
    throw asWriteError(error);
  }
  for (const { path, after } of changes)
    if (after === null) removeIfEmpty(dirname(path));
}

function makeFolders(folder: string): string[] {
  if (existsSync(folder)) return [];
  const above = makeFolders(dirname(folder));
  mkdirSync(folder);
  return [...above, folder];
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Something else is in it.
  }
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

/** Reading `adw.lock.json`, and settling one that a merge left in two versions. */
import { ConfigError } from "../domain/errors.ts";
import {
  brokenLock,
  EMPTY_LOCK,
  LOCK_FILE,
  parseLock,
  type Lock,
} from "../domain/lock.ts";
import { projectPath, type AbsolutePath } from "../domain/paths.ts";
import { parseJson } from "./json-text.ts";
import { readProjectFile, textDigest } from "./project-files.ts";
import { settleLock } from "./settle-lock.ts";

export interface LoadedLock {
  lock: Lock;
  /** The file's text; null when there is no lock. */
  text: string | null;
  /** Whether it was in two versions and was settled. */
  settled: boolean;
}

/** What can be settled: everything else that is wrong with a lock needs its owner. */
const SETTLED_CODES: ReadonlySet<string> = new Set([
  "CONFLICT_MARKERS",
  "JSON_DUPLICATE_KEY",
]);

/**
 * @param settle - choose between the two versions that a merge left in it
 * @throws {ConfigError} for a broken lock or one that a newer version wrote.
 */
export async function readLock(
  root: AbsolutePath,
  { settle = false }: { settle?: boolean | undefined } = {},
): Promise<LoadedLock> {
  const text = await readProjectFile(root, LOCK_FILE);
  if (text === null) return { lock: EMPTY_LOCK, text, settled: false };
  try {
    return {
      lock: parseLock(parseJson(text, LOCK_FILE).value),
      text,
      settled: false,
    };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    // Nobody corrects by hand what we wrote: an empty lock, or one cut off.
    if (error.code === "JSON_INVALID")
      throw brokenLock(error.message, error.where);
    if (!settle || !SETTLED_CODES.has(error.code)) throw error;
  }
  const value = await settleLock(text, async (path) => {
    const disk = await readProjectFile(root, projectPath(path));
    return disk === null ? undefined : textDigest(disk);
  });
  return { lock: parseLock(value), text, settled: true };
}

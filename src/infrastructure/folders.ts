/** Making a folder that goes again when what it was made for fails. */
import { existsSync, mkdirSync, rmdirSync } from "node:fs";
import { dirname } from "node:path";
import { RefusedError } from "../domain/errors.ts";

/**
 * Makes a folder and those around it, one by one: on some file systems, such as
 * /proc, Node's own recursive way never ends.
 *
 * @returns takes what was made away again, as far as it is empty
 * @throws {RefusedError} code `WRITE_FAILED`; nothing is left behind.
 */
export function makeFolder(folder: string): () => void {
  const made: string[] = [];
  const undo = () => {
    for (const path of made.toReversed()) removeIfEmpty(path);
  };
  try {
    for (const path of missingFolders(folder)) {
      mkdirSync(path);
      made.push(path);
    }
  } catch (error) {
    undo();
    const reason = error instanceof Error ? error.message : String(error);
    throw new RefusedError(
      "WRITE_FAILED",
      `the folder could not be made: ${reason}`,
      {
        cause: error,
        where: { file: folder },
        hint: "Nothing was changed. Check permissions and free space, or choose another folder.",
      },
    );
  }
  return undo;
}

/**
 * Does some work in a folder that may not exist yet: it is made first, and goes again
 * when the work fails.
 */
export async function inFolder(
  folder: string,
  work: () => Promise<void>,
): Promise<void> {
  const undo = makeFolder(folder);
  try {
    await work();
  } catch (error) {
    undo();
    throw error;
  }
}

/** Outermost first. */
function missingFolders(folder: string): string[] {
  return existsSync(folder) ? [] : [...missingFolders(dirname(folder)), folder];
}

/** What somebody else has put there stays. */
export function removeIfEmpty(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch {
    return false;
  }
}

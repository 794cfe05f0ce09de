/**
 * All changes to a project, or none.
 *
 * 1. Everything is staged in a private folder inside the project: the new texts,
 *    copies of the old ones, and a journal.
 * 2. The commit point is one atomic rename of that folder to
 *    `.adw-scaffold-transaction`. Before it, the project is untouched; from it
 *    on, whoever comes next can finish the job.
 * 3. Each staged file is renamed into place. If that fails, the old texts are
 *    put back.
 * 4. The end is one atomic rename too: the folder gets a private name again and
 *    is then removed.
 *
 * The file system is used synchronously: there is nothing else to do meanwhile,
 * and looking for a missing file takes a sixteenth of the time, writing a small
 * one half of it.
 *
 * A process killed at any point therefore leaves a project that is as before, or
 * that {@link recoverTransaction} brings to its new state (or, when a roll back
 * had begun, to its old one).
 */
import {
  accessSync,
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { AdwError, RefusedError } from "../domain/errors.ts";
import {
  projectPath,
  type AbsolutePath,
  type ProjectPath,
} from "../domain/paths.ts";
import type { FileChange } from "../domain/plan.ts";
import { carryOut } from "./file-transaction/carry-out.ts";
import {
  COMMITTED,
  isSystemError,
  privateName,
  stagedFiles,
  type Journal,
} from "./file-transaction/journal.ts";
import { busy } from "./file-transaction/recovery.ts";
import { hasCode, readProjectFile } from "./project-files.ts";

export {
  hasPendingTransaction,
  recoverTransaction,
} from "./file-transaction/recovery.ts";

/**
 * Writes and deletes files as one transaction.
 *
 * @throws {RefusedError} `CHANGED_MEANWHILE` when a file is no longer as the plan
 * saw it, `TRANSACTION_BUSY` when another process is writing, `WRITE_FAILED` for
 * anything the file system refuses. In each case the project is as before.
 */
export async function applyTransaction(
  root: AbsolutePath,
  changes: readonly FileChange[],
): Promise<void> {
  if (changes.length === 0) return;
  const staging = privateName(root);
  try {
    const journal = await stage(root, staging, changes);
    commit(root, staging);
    await carryOut(root, journal);
  } catch (error) {
    removeStaging(staging);
    throw asWriteError(error);
  }
}

/** On a disk that takes no writes any more it stays; the next run removes it. */
function removeStaging(staging: string): void {
  try {
    rmSync(staging, { recursive: true, force: true });
  } catch {
    // Why writing failed is what the user has to know.
  }
}

async function stage(
  root: AbsolutePath,
  staging: string,
  changes: readonly FileChange[],
): Promise<Journal> {
  mkdirSync(join(staging, "new"), { recursive: true });
  mkdirSync(join(staging, "old"));
  const entries: Journal["entries"] = [];
  const newDirectories = new Set<ProjectPath>();
  const writable = new Set<string>();
  for (const [index, change] of changes.entries()) {
    const { path, content } = change;
    await assertUnchanged(root, change);
    assertWritable(root, path, writable);
    const target = join(root, path);
    const staged = stagedFiles(staging, index);
    const existed = change.previous !== null;
    if (existed) copyFileSync(target, staged.old);
    if (content !== null) {
      writeFileSync(staged.new, content);
      // Not as an option of writeFile, which the umask would narrow.
      if (existed) chmodSync(staged.new, lstatSync(target).mode & 0o777);
      for (const directory of missingDirectories(root, path))
        newDirectories.add(directory);
    }
    const kind = content === null ? "delete" : "write";
    entries.push({ path, kind, existed });
  }
  const journal = {
    pid: process.pid,
    entries,
    newDirectories: [...newDirectories],
  };
  writeFileSync(join(staging, "journal.json"), JSON.stringify(journal));
  return journal;
}

/**
 * A folder that takes no files is found out before anything is changed: what is
 * renamed into it later could not be, and what was there could not be put back.
 */
function assertWritable(
  root: AbsolutePath,
  path: ProjectPath,
  known: Set<string>,
): void {
  let folder = dirname(join(root, path));
  while (!existsSync(folder)) folder = dirname(folder);
  if (known.has(folder)) return;
  accessSync(folder, constants.W_OK | constants.X_OK);
  known.add(folder);
}

/** The plan may have waited for an answer; the file must still be what it saw. */
async function assertUnchanged(
  root: AbsolutePath,
  change: FileChange,
): Promise<void> {
  const now = await readProjectFile(root, change.path);
  if (now === change.previous) return;
  throw new RefusedError(
    "CHANGED_MEANWHILE",
    `${change.path} changed while the plan was made`,
    {
      where: { file: change.path },
      hint: "Nothing was written. Run the command again.",
    },
  );
}

/** The folders around a file that are not there yet, outermost first. */
function missingDirectories(
  root: AbsolutePath,
  path: ProjectPath,
): ProjectPath[] {
  const missing: ProjectPath[] = [];
  for (
    let folder = dirname(path);
    folder !== "." && !existsSync(join(root, folder));
    folder = dirname(folder)
  )
    missing.unshift(projectPath(folder));
  return missing;
}

/** The commit point: it fails when another transaction stands there. */
function commit(root: AbsolutePath, staging: string): void {
  try {
    renameSync(staging, join(root, COMMITTED));
  } catch (error) {
    const isTaken = ["ENOTEMPTY", "EEXIST", "EPERM"].some((code) =>
      hasCode(error, code),
    );
    throw isTaken ? busy(undefined, error) : error;
  }
}

function asWriteError(error: unknown): unknown {
  if (error instanceof AdwError || !isSystemError(error)) return error;
  const { path } = error;
  return new RefusedError(
    "WRITE_FAILED",
    `the project could not be written: ${error.message}`,
    {
      cause: error,
      where: path === undefined ? undefined : { file: path },
      hint: "Nothing was changed. Check permissions and free space, then run the command again.",
    },
  );
}

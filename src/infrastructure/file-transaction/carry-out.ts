/** A transaction from its commit point to its end: every change, or none. */
import {
  mkdirSync,
  readdirSync,
  renameSync,
  rmdirSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { AbsolutePath } from "../../domain/paths.ts";
import { removeIfEmpty } from "../folders.ts";
import { assertNoSymlink, hasCode, isMissing } from "../project-files.ts";
import {
  COMMITTED,
  ROLLBACK_MARK,
  exists,
  privateName,
  stagedFiles,
  type Journal,
} from "./journal.ts";

/**
 * Renames every staged file into place; what is already in place is skipped.
 *
 * @param edited - files that stay as they are
 */
export async function carryOut(
  root: AbsolutePath,
  journal: Journal,
  edited: ReadonlySet<string> = new Set(),
): Promise<void> {
  const folder = join(root, COMMITTED);
  const folders = new Set<string>();
  try {
    for (const [index, entry] of journal.entries.entries()) {
      if (edited.has(entry.path)) continue;
      await assertNoSymlink(root, entry.path);
      const target = join(root, entry.path);
      if (entry.kind === "delete") {
        unlinkIfExists(target);
        continue;
      }
      const parent = dirname(target);
      if (!folders.has(parent)) mkdirSync(parent, { recursive: true });
      folders.add(parent);
      renameIfExists(stagedFiles(folder, index).new, target);
    }
    removeEmptyParents(root, journal);
  } catch (error) {
    markRollback(folder);
    await rollBack(root, journal);
    throw error;
  }
  finish(root);
}

/** Puts the old texts back. */
export async function rollBack(
  root: AbsolutePath,
  journal: Journal,
): Promise<void> {
  const folder = join(root, COMMITTED);
  for (const [index, entry] of journal.entries.entries()) {
    await assertNoSymlink(root, entry.path);
    const target = join(root, entry.path);
    const staged = stagedFiles(folder, index);
    // What was not done need not be undone: its folder may be the one that refused.
    const isUndone = exists(entry.kind === "delete" ? target : staged.new);
    if (isUndone) continue;
    if (!entry.existed) {
      unlinkIfExists(target);
      continue;
    }
    mkdirSync(dirname(target), { recursive: true });
    renameIfExists(staged.old, target);
  }
  for (const directory of journal.newDirectories.toReversed())
    removeIfEmpty(join(root, directory));
  finish(root);
}

/** Without it, a run that is killed while it rolls back is completed: that is consistent, too. */
function markRollback(folder: string): void {
  try {
    writeFileSync(join(folder, ROLLBACK_MARK), "");
  } catch {
    // A full disk takes no new file, but it can be rolled back.
  }
}

/** Folders that deletions left empty go too, up to the project's root. */
function removeEmptyParents(root: AbsolutePath, { entries }: Journal): void {
  for (const { path, kind } of entries) {
    if (kind !== "delete") continue;
    let folder = dirname(path);
    while (folder !== "." && removeIfEmpty(join(root, folder)))
      folder = dirname(folder);
  }
}

function finish(root: AbsolutePath): void {
  const done = privateName(root);
  renameSync(join(root, COMMITTED), done);
  removeFolder(done);
}

/** What rmSync does too, for which Node has to load another module. */
function removeFolder(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) removeFolder(path);
    else unlinkSync(path);
  }
  rmdirSync(folder);
}

function unlinkIfExists(file: string): void {
  try {
    unlinkSync(file);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

function renameIfExists(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
}

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
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  rmdirSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { AdwError, RefusedError } from "../domain/errors.ts";
import type { FileChange } from "../domain/plan.ts";
import {
  assertNoSymlink,
  hasCode,
  isMissing,
  readProjectFile,
  readTextIfExists,
} from "./project-files.ts";

const COMMITTED = ".adw-scaffold-transaction";
const PRIVATE_PREFIX = ".adw-scaffold-staging-";
const ROLLBACK_MARK = "rollback";

interface JournalEntry {
  path: string;
  kind: "write" | "delete";
  existed: boolean;
}

interface Journal {
  /** The process that carries the transaction out. */
  pid: number;
  entries: JournalEntry[];
  /** Folders that do not exist before the transaction, outermost first. */
  newDirectories: string[];
}

/** What {@link recoverTransaction} found. */
export type Recovery = "nothing" | "completed" | "rolled-back";

/**
 * Writes and deletes files as one transaction.
 *
 * @throws {RefusedError} `CHANGED_MEANWHILE` when a file is no longer as the plan
 * saw it, `TRANSACTION_BUSY` when another process is writing, `WRITE_FAILED` for
 * anything the file system refuses. In each case the project is as before.
 */
export async function applyTransaction(
  root: string,
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

/**
 * Brings a transaction that a killed process left behind to its end, and removes
 * staging folders that never reached their commit point.
 *
 * @param onKept - told of every file that was edited since the kill: it stays
 * @throws {RefusedError} `TRANSACTION_BUSY` while its process is alive,
 * `TRANSACTION_BROKEN` when what it left cannot be trusted.
 */
export async function recoverTransaction(
  root: string,
  onKept: (path: string) => void = () => undefined,
): Promise<Recovery> {
  try {
    return await recoverNow(root, onKept);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new RefusedError(
      "WRITE_FAILED",
      `an interrupted run could not be completed: ${error.message}`,
      {
        cause: error,
        where: { file: error.path ?? root },
        hint: exists(join(root, COMMITTED))
          ? `Make it writable and run the command again: it goes on where it stopped. The files as they were before are in ${COMMITTED}/old.`
          : "It was undone. Make it writable, then run the command again.",
      },
    );
  }
}

async function recoverNow(
  root: string,
  onKept: (path: string) => void,
): Promise<Recovery> {
  removeAbandonedStaging(root);
  const folder = join(root, COMMITTED);
  if (!exists(folder)) return "nothing";
  let journal: Journal;
  try {
    assertNoLinkIn(folder);
    journal = parseJournal(readFileSync(join(folder, "journal.json"), "utf8"));
    await assertStaysInside(root, journal);
  } catch (error) {
    throw new RefusedError(
      "TRANSACTION_BROKEN",
      `an interrupted run left ${COMMITTED}, and its journal cannot be trusted`,
      {
        cause: error,
        where: { file: `${COMMITTED}/journal.json` },
        hint: `Nothing was done with it. The files before it are in ${COMMITTED}/old: restore what you need, then delete the folder.`,
      },
    );
  }
  if (
    journal.pid !== process.pid &&
    isAlive(journal.pid) &&
    !isOld(join(folder, "journal.json"))
  ) {
    throw busy(journal.pid);
  }
  if (existsSync(join(folder, ROLLBACK_MARK))) {
    await rollBack(root, journal);
    return "rolled-back";
  }
  const edited = await editedSince(root, journal);
  for (const path of edited) onKept(path);
  await carryOut(root, journal, edited);
  return "completed";
}

/** Whether a killed process left a transaction behind, without touching it. */
export async function hasPendingTransaction(root: string): Promise<boolean> {
  return exists(join(root, COMMITTED));
}

/**
 * A transaction takes milliseconds. When one is this old, its process is gone,
 * and another has its number.
 */
const ABANDONED_MS = 10 * 60_000;

function isOld(file: string): boolean {
  return Date.now() - lstatSync(file).mtimeMs > ABANDONED_MS;
}

/** The folder may come from anywhere, a clone for instance: no link in it is followed. */
function assertNoLinkIn(folder: string): void {
  for (const part of ["", "new", "old"]) {
    const status = lstatIfExists(join(folder, part));
    if (status !== undefined && !status.isDirectory())
      throw new Error(`${part} is not a folder`);
  }
  for (const part of ["journal.json", ROLLBACK_MARK]) {
    const status = lstatIfExists(join(folder, part));
    if (status !== undefined && !status.isFile())
      throw new Error(`${part} is not a file`);
  }
}

/** Checked before anything is done, so that a bad journal does nothing at all. */
async function assertStaysInside(
  root: string,
  { entries, newDirectories }: Journal,
): Promise<void> {
  for (const { path } of entries) await assertNoSymlink(root, path);
  for (const directory of newDirectories) {
    await assertNoSymlink(root, `${directory}/x`);
  }
}

/** Files that are still to be written or deleted, and are no longer as they were. */
async function editedSince(
  root: string,
  journal: Journal,
): Promise<Set<string>> {
  const folder = join(root, COMMITTED);
  const edited = new Set<string>();
  for (const [index, { path, kind, existed }] of journal.entries.entries()) {
    const staged = join(folder, "new", String(index));
    if (kind === "write" && !exists(staged)) continue;
    const now = await readTextIfExists(join(root, path));
    const before = existed
      ? await readTextIfExists(join(folder, "old", String(index)))
      : null;
    if (now !== null && now !== before) edited.add(path);
  }
  return edited;
}

async function stage(
  root: string,
  staging: string,
  changes: readonly FileChange[],
): Promise<Journal> {
  mkdirSync(join(staging, "new"), { recursive: true });
  mkdirSync(join(staging, "old"));
  const journal: Journal = {
    pid: process.pid,
    entries: [],
    newDirectories: [],
  };
  const known = new Set<string>();
  const writable = new Set<string>();
  for (const [index, change] of changes.entries()) {
    await assertUnchanged(root, change);
    assertWritable(root, change.path, writable);
    const target = join(root, change.path);
    const existed = change.previous !== null;
    if (existed) copyFileSync(target, join(staging, "old", String(index)));
    if (change.content !== null) {
      const staged = join(staging, "new", String(index));
      writeFileSync(staged, change.content);
      // Not as an option of writeFile, which the umask would narrow.
      if (existed) chmodSync(staged, lstatSync(target).mode & 0o777);
      collectNewDirectories(root, change.path, known, journal.newDirectories);
    }
    journal.entries.push({
      path: change.path,
      kind: change.content === null ? "delete" : "write",
      existed,
    });
  }
  writeFileSync(join(staging, "journal.json"), JSON.stringify(journal));
  return journal;
}

/**
 * A folder that takes no files is found out before anything is changed: what is
 * renamed into it later could not be, and what was there could not be put back.
 */
function assertWritable(root: string, path: string, known: Set<string>): void {
  let folder = dirname(join(root, path));
  while (!existsSync(folder)) folder = dirname(folder);
  if (known.has(folder)) return;
  accessSync(folder, constants.W_OK | constants.X_OK);
  known.add(folder);
}

/** The plan may have waited for an answer; the file must still be what it saw. */
async function assertUnchanged(
  root: string,
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

function collectNewDirectories(
  root: string,
  path: string,
  known: Set<string>,
  found: string[],
): void {
  const parts = path.split("/").slice(0, -1);
  for (let depth = 1; depth <= parts.length; depth += 1) {
    const directory = parts.slice(0, depth).join("/");
    if (known.has(directory)) continue;
    known.add(directory);
    if (!existsSync(join(root, directory))) found.push(directory);
  }
}

/** The commit point: it fails when another transaction stands there. */
function commit(root: string, staging: string): void {
  try {
    renameSync(staging, join(root, COMMITTED));
  } catch (error) {
    if (
      hasCode(error, "ENOTEMPTY") ||
      hasCode(error, "EEXIST") ||
      hasCode(error, "EPERM")
    ) {
      throw busy(undefined, error);
    }
    throw error;
  }
}

/** Renames every staged file into place; what is already in place is skipped. */
async function carryOut(
  root: string,
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
      renameIfExists(join(folder, "new", String(index)), target);
    }
    removeEmptyParents(root, journal);
  } catch (error) {
    markRollback(folder);
    await rollBack(root, journal);
    throw error;
  }
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
function removeEmptyParents(root: string, journal: Journal): void {
  for (const entry of journal.entries) {
    if (entry.kind !== "delete") continue;
    const parts = entry.path.split("/").slice(0, -1);
    for (; parts.length > 0; parts.pop()) {
      if (!removeIfEmpty(join(root, parts.join("/")))) break;
    }
  }
}

async function rollBack(root: string, journal: Journal): Promise<void> {
  const folder = join(root, COMMITTED);
  for (const [index, entry] of journal.entries.entries()) {
    await assertNoSymlink(root, entry.path);
    const target = join(root, entry.path);
    // What was not done need not be undone: its folder may be the one that refused.
    const isUndone =
      entry.kind === "delete"
        ? exists(target)
        : exists(join(folder, "new", String(index)));
    if (isUndone) continue;
    if (!entry.existed) {
      unlinkIfExists(target);
      continue;
    }
    mkdirSync(dirname(target), { recursive: true });
    renameIfExists(join(folder, "old", String(index)), target);
  }
  for (const directory of journal.newDirectories.toReversed()) {
    removeIfEmpty(join(root, directory));
  }
  finish(root);
}

function finish(root: string): void {
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

function removeAbandonedStaging(root: string): void {
  let names: string[];
  try {
    names = readdirSync(root);
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  for (const name of names) {
    if (!name.startsWith(PRIVATE_PREFIX)) continue;
    const pid = Number(name.slice(PRIVATE_PREFIX.length).split("-")[0]);
    if (!Number.isInteger(pid)) continue;
    if (isAlive(pid) && !isOld(join(root, name))) continue;
    rmSync(join(root, name), { recursive: true, force: true });
  }
}

function privateName(root: string): string {
  // Not a secret: it tells runs of one process, and of one number, apart.
  const random = Math.random().toString(36).slice(2, 12);
  return join(root, `${PRIVATE_PREFIX}${process.pid}-${random}`);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasCode(error, "EPERM");
  }
}

function busy(pid: number | undefined, cause?: unknown): RefusedError {
  return new RefusedError(
    "TRANSACTION_BUSY",
    pid === undefined
      ? "another adw-scaffold run is writing to this project"
      : `another adw-scaffold run (process ${pid}) is writing to this project`,
    { cause, hint: "Wait for it to end, then run the command again." },
  );
}

function parseJournal(text: string): Journal {
  const value: unknown = JSON.parse(text);
  if (isJournal(value)) return value;
  throw new Error("unexpected content");
}

function isJournal(value: unknown): value is Journal {
  return (
    typeof value === "object" &&
    value !== null &&
    "pid" in value &&
    typeof value.pid === "number" &&
    "entries" in value &&
    Array.isArray(value.entries) &&
    value.entries.every(isJournalEntry) &&
    "newDirectories" in value &&
    Array.isArray(value.newDirectories) &&
    value.newDirectories.every((name) => typeof name === "string")
  );
}

function isJournalEntry(value: unknown): value is JournalEntry {
  return (
    typeof value === "object" &&
    value !== null &&
    "path" in value &&
    typeof value.path === "string" &&
    "kind" in value &&
    (value.kind === "write" || value.kind === "delete") &&
    "existed" in value &&
    typeof value.existed === "boolean"
  );
}

/** A link that leads nowhere exists too. */
function exists(file: string): boolean {
  return lstatIfExists(file) !== undefined;
}

function lstatIfExists(file: string) {
  return lstatSync(file, { throwIfNoEntry: false });
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

function removeIfEmpty(directory: string): boolean {
  try {
    rmdirSync(directory);
    return true;
  } catch {
    return false;
  }
}

/** Errors of the file system have a code and a system call. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return (
    typeof error === "object" &&
    error !== null &&
    "code" in error &&
    "syscall" in error
  );
}

function asWriteError(error: unknown): unknown {
  if (error instanceof AdwError || !isSystemError(error)) return error;
  const { path } = error;
  return new RefusedError(
    "WRITE_FAILED",
    `the project could not be written: ${error.message}`,
    {
      cause: error,
      ...(path === undefined ? {} : { where: { file: path } }),
      hint: "Nothing was changed. Check permissions and free space, then run the command again.",
    },
  );
}

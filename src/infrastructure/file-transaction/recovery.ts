/** What a killed process left of a transaction is brought to its end. */
import {
  existsSync,
  lstatSync,
  readFileSync,
  readdirSync,
  rmSync,
} from "node:fs";
import { join } from "node:path";
import { RefusedError } from "../../domain/errors.ts";
import { projectPath, type AbsolutePath } from "../../domain/paths.ts";
import {
  assertNoSymlink,
  hasCode,
  isMissing,
  readTextIfExists,
} from "../project-files.ts";
import { carryOut, rollBack } from "./carry-out.ts";
import {
  COMMITTED,
  PRIVATE_PREFIX,
  ROLLBACK_MARK,
  exists,
  isSystemError,
  lstatIfExists,
  parseJournal,
  stagedFiles,
  type Journal,
} from "./journal.ts";

/** What {@link recoverTransaction} found. */
export type Recovery = "nothing" | "completed" | "rolled-back";

/**
 * Brings a transaction that a killed process left behind to its end, and removes
 * staging folders that never reached their commit point.
 *
 * @param onKept - gets every file that was edited since the kill: it stays
 * @throws {RefusedError} `TRANSACTION_BUSY` while its process is alive,
 * `TRANSACTION_BROKEN` when what it left cannot be trusted.
 */
export async function recoverTransaction(
  root: AbsolutePath,
  onKept: (path: string) => void = () => undefined,
): Promise<Recovery> {
  try {
    removeAbandonedStaging(root);
    if (!exists(join(root, COMMITTED))) return "nothing";
    return await bringToEnd(root, await trustedJournal(root), onKept);
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

/** Whether a killed process left a transaction behind, without touching it. */
export async function hasPendingTransaction(
  root: AbsolutePath,
): Promise<boolean> {
  return exists(join(root, COMMITTED));
}

async function bringToEnd(
  root: AbsolutePath,
  journal: Journal,
  onKept: (path: string) => void,
): Promise<Recovery> {
  const folder = join(root, COMMITTED);
  const isOther = journal.pid !== process.pid;
  if (isOther && isRunning(journal.pid, join(folder, "journal.json")))
    throw busy(journal.pid);
  if (existsSync(join(folder, ROLLBACK_MARK))) {
    await rollBack(root, journal);
    return "rolled-back";
  }
  const edited = await editedSince(root, journal);
  for (const path of edited) onKept(path);
  await carryOut(root, journal, edited);
  return "completed";
}

/** Checked before anything is done, so that a bad journal does nothing at all. */
async function trustedJournal(root: AbsolutePath): Promise<Journal> {
  const file = `${COMMITTED}/journal.json`;
  try {
    assertNoLinkIn(join(root, COMMITTED));
    const journal = parseJournal(readFileSync(join(root, file), "utf8"));
    for (const { path } of journal.entries) await assertNoSymlink(root, path);
    for (const directory of journal.newDirectories)
      await assertNoSymlink(root, projectPath(`${directory}/x`));
    return journal;
  } catch (error) {
    throw new RefusedError(
      "TRANSACTION_BROKEN",
      `an interrupted run left ${COMMITTED}, and its journal cannot be trusted`,
      {
        cause: error,
        where: { file },
        hint: `Nothing was done with it. The files before it are in ${COMMITTED}/old: restore what you need, then delete the folder.`,
      },
    );
  }
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

/** Files that are still to be written or deleted, and are no longer as they were. */
async function editedSince(
  root: AbsolutePath,
  journal: Journal,
): Promise<Set<string>> {
  const edited = new Set<string>();
  for (const [index, { path, kind, existed }] of journal.entries.entries()) {
    const staged = stagedFiles(join(root, COMMITTED), index);
    if (kind === "write" && !exists(staged.new)) continue;
    const now = await readTextIfExists(join(root, path));
    const before = existed ? await readTextIfExists(staged.old) : null;
    if (now !== null && now !== before) edited.add(path);
  }
  return edited;
}

function removeAbandonedStaging(root: AbsolutePath): void {
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
    if (!Number.isInteger(pid) || isRunning(pid, join(root, name))) continue;
    rmSync(join(root, name), { recursive: true, force: true });
  }
}

/**
 * A transaction takes milliseconds. When one is this old, its process is gone,
 * and another has its number.
 */
const ABANDONED_MS = 10 * 60_000;

/** Whether the process lives that made this file. */
function isRunning(pid: number, file: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (!hasCode(error, "EPERM")) return false;
  }
  return Date.now() - lstatSync(file).mtimeMs <= ABANDONED_MS;
}

export function busy(pid: number | undefined, cause?: unknown): RefusedError {
  return new RefusedError(
    "TRANSACTION_BUSY",
    pid === undefined
      ? "another adw-scaffold run is writing to this project"
      : `another adw-scaffold run (process ${pid}) is writing to this project`,
    { cause, hint: "Wait for it to end, then run the command again." },
  );
}

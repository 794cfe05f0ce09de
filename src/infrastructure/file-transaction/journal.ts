/** What a transaction keeps on disk: its folder, and the journal in it. */
import { lstatSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { isInsideProject, type AbsolutePath } from "../../domain/paths.ts";

/** The folder of a transaction that has begun, in the project. */
export const COMMITTED = ".adw-scaffold-transaction";

/** Other names that the folder has before and after, with the process's number behind it. */
export const PRIVATE_PREFIX = ".adw-scaffold-staging-";

/** A file in the folder: the transaction is being rolled back. */
export const ROLLBACK_MARK = "rollback";

const path = v.pipe(v.string(), v.guard(isInsideProject));

const JOURNAL_SCHEMA = v.object({
  /** The process that carries the transaction out. */
  pid: v.number(),
  entries: v.array(
    v.object({
      path,
      kind: v.picklist(["write", "delete"]),
      existed: v.boolean(),
    }),
  ),
  /** Folders that do not exist before the transaction, outermost first. */
  newDirectories: v.array(path),
});

export type Journal = v.InferOutput<typeof JOURNAL_SCHEMA>;

/** @throws {Error} for anything but a journal. */
export function parseJournal(text: string): Journal {
  return v.parse(JOURNAL_SCHEMA, JSON.parse(text));
}

export function privateName(root: AbsolutePath): string {
  // Not a secret: it tells runs of one process, and of one number, apart.
  const random = Math.random().toString(36).slice(2, 12);
  return join(root, `${PRIVATE_PREFIX}${process.pid}-${random}`);
}

/** Where the texts of one entry are, before and after. */
export function stagedFiles(
  folder: string,
  index: number,
): { old: string; new: string } {
  return {
    old: join(folder, "old", String(index)),
    new: join(folder, "new", String(index)),
  };
}

/** A link that leads nowhere exists too. */
export function exists(file: string): boolean {
  return lstatIfExists(file) !== undefined;
}

export function lstatIfExists(file: string) {
  return lstatSync(file, { throwIfNoEntry: false });
}

/** Errors of the file system have a code and a system call. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return (
    typeof error === "object" &&
    error !== null &&
    "code" in error &&
    "syscall" in error
  );
}

/**
 * The plan: every file with what will happen to it and why. The preview, the
 * dry run, `--json` and the write itself all read this one list, so what is
 * shown is what happens.
 */
import type { ProjectPath } from "./paths.ts";

/** One file of the plan. */
export interface Target {
  path: ProjectPath;
  module: string;
}

/** What happens to one file, and its text before and after. */
export type FileOperation = Target &
  (
    | { operation: "create" | "unchanged"; content: string }
    | {
        operation: "update" | "merge";
        content: string;
        previous: string;
        reason: string;
        /** Set where text of the owner's is lost by it. */
        overwrites?: true;
      }
    | {
        operation: "conflict";
        cause: ConflictCause;
        /** What the template renders: overwriting writes this. */
        content: string;
        /** The two joined, with conflict markers where both changed; null when there was no merge. */
        merged: string | null;
        /** null at the new place of a file that moves. */
        previous: string | null;
        reason: string;
        /** `refuse`: nothing is written at all. `markers`: the file is written with conflict markers. */
        resolution: "refuse" | "markers";
      }
    | {
        operation: "keep";
        cause: KeepCause;
        /** null: the owner deleted the file, and it stays deleted. */
        previous: string | null;
        reason: string;
      }
    | {
        operation: "delete";
        previous: string;
        reason: string;
        /** As above. */
        overwrites?: true;
      }
  );

/**
 * `already_exists`: the file was not written by us. `both_changed`: the owner and the
 * template changed it. `markers_left`: the owner has not resolved an earlier one.
 */
export type ConflictCause = "already_exists" | "both_changed" | "markers_left";

/**
 * Why a file stays as it is. `edited`: the owner edited it, and nothing else changed.
 * `merged`: it already holds every change. `deleted`: the owner deleted it.
 * `markers_left`: an earlier conflict is not resolved. `chosen`: the owner said so.
 * `guards_private_data`: an ignore file that private files still need.
 */
export type KeepCause =
  | "edited"
  | "merged"
  | "deleted"
  | "markers_left"
  | "chosen"
  | "guards_private_data";

/** A file that its owner has to decide on. */
export type Conflict = Extract<FileOperation, { operation: "conflict" }>;

export type OperationName = FileOperation["operation"];

/** One file to write or delete, with what must still be on disk when it is done. */
export interface FileChange {
  path: ProjectPath;
  /** New text; null deletes the file. */
  content: string | null;
  /** Text that the plan saw; null when there was no file. */
  previous: string | null;
}

/** The changes that carry a plan out. Kept files and refused conflicts change nothing. */
export function changesOf(operations: readonly FileOperation[]): FileChange[] {
  return operations.flatMap((entry) => changeOf(entry) ?? []);
}

/** The change that one operation makes. */
export function changeOf(entry: FileOperation): FileChange | undefined {
  const { path } = entry;
  switch (entry.operation) {
    case "create":
      return { path, content: entry.content, previous: null };
    case "update":
    case "merge":
      return { path, content: entry.content, previous: entry.previous };
    case "delete":
      return { path, content: null, previous: entry.previous };
    case "conflict":
      return entry.resolution === "markers"
        ? {
            path,
            content: entry.merged ?? entry.content,
            previous: entry.previous,
          }
        : undefined;
    case "unchanged":
    case "keep":
      return undefined;
  }
}

/** How many files each operation has. */
export function countOperations(
  operations: readonly FileOperation[],
): Partial<Record<OperationName, number>> {
  const counts: Partial<Record<OperationName, number>> = {};
  for (const { operation } of operations) {
    counts[operation] = (counts[operation] ?? 0) + 1;
  }
  return counts;
}

/** A file that is edited rather than rendered: nothing of it is ever overwritten. */
export interface FileEdit {
  path: ProjectPath;
  before: string | null;
  /** null: the file goes. */
  after: string | null;
  reason: string;
}

/** Nothing happens to a file that is not there and is not to be. */
export function editOperation(edit: FileEdit): FileOperation[] {
  const { path, before, after, reason } = edit;
  const target = { path, module: PROJECT };
  if (before === null)
    return after === null
      ? []
      : [{ operation: "create", ...target, content: after }];
  if (after === null)
    return [{ operation: "delete", ...target, previous: before, reason }];
  return [
    before === after
      ? { operation: "unchanged", ...target, content: after }
      : {
          operation: "update",
          ...target,
          content: after,
          previous: before,
          reason,
        },
  ];
}

/** The same for a file that only holds lines of ours beside others, or none at all. */
export function linesOperation(edit: FileEdit): FileOperation[] {
  if (edit.before === edit.after) return [];
  return editOperation(
    edit.after === null ? { ...edit, reason: "nothing is left in it" } : edit,
  );
}

/** The name under which the plan lists files that belong to no module. */
export const PROJECT = "project";

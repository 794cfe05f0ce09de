/**
 * The plan: every file with what will happen to it and why. The preview, the
 * dry run, `--json` and the write itself all read this one list, so what is
 * shown is what happens.
 */

/** What happens to one file, and its text before and after. */
export type FileOperation =
  | { operation: "create"; path: string; module: string; content: string }
  | { operation: "unchanged"; path: string; module: string; content: string }
  | {
      operation: "update" | "merge";
      path: string;
      module: string;
      content: string;
      previous: string;
      reason: string;
    }
  | {
      operation: "conflict";
      path: string;
      module: string;
      /** What would be written if the owner decided so; with markers where both changed. */
      content: string;
      previous: string | null;
      reason: string;
      /** `refuse`: nothing is written at all. `markers`: the file is written with conflict markers. */
      resolution: "refuse" | "markers";
    }
  | {
      operation: "keep";
      path: string;
      module: string;
      /** null: the owner deleted the file, and it stays deleted. */
      previous: string | null;
      reason: string;
    }
  | {
      operation: "delete";
      path: string;
      module: string;
      previous: string;
      reason: string;
    };

export type OperationName = FileOperation["operation"];

/** The three texts that decide what happens to a file; null means it does not exist. */
export interface FileVersions {
  path: string;
  module: string;
  /** What we wrote last time, from the lock. */
  base: string | null;
  /** What is on disk now. */
  disk: string | null;
  /** What the template renders now; null when no template renders it any more. */
  next: string | null;
}

/** Result of a three-way merge. */
export interface MergeResult {
  content: string;
  conflicts: number;
}

export interface PlanPolicy {
  /** Overwrite files in the way, and edits. */
  force: boolean;
  /** A file that the owner deleted: write it again (`add`), or leave it (`update`). */
  restoreDeleted: boolean;
  /** Joins the owner's edits and the template's changes; without it both is a conflict. */
  merge?: (base: string, yours: string, theirs: string) => MergeResult;
  /** Conflicts that the merge leaves: refuse the whole plan, or write the markers. */
  conflicts?: "refuse" | "markers";
}

/** Decides what happens to one file. */
export function planFile(
  { path, module, base, disk, next }: FileVersions,
  policy: PlanPolicy,
): FileOperation | undefined {
  if (next === null) return planDropped({ path, module, base, disk }, policy);
  if (disk === null) {
    if (base === null || policy.restoreDeleted || policy.force) {
      return { operation: "create", path, module, content: next };
    }
    return {
      operation: "keep",
      path,
      module,
      previous: null,
      reason: "you deleted it",
    };
  }
  if (disk === next) {
    return { operation: "unchanged", path, module, content: next };
  }
  const change = { path, module, content: next, previous: disk };
  if (disk === base) {
    return {
      operation: "update",
      ...change,
      reason: "the template or its settings changed",
    };
  }
  if (policy.force) {
    return { operation: "update", ...change, reason: "overwritten by --force" };
  }
  if (base === null) {
    return {
      operation: "conflict",
      ...change,
      reason: "this file is in the way and was not written by adw-scaffold",
      resolution: "refuse",
    };
  }
  if (base === next) {
    return {
      operation: "keep",
      path,
      module,
      previous: disk,
      reason: "you edited it",
    };
  }
  return planEdited(change, base, policy);
}

/** Both the owner and the template changed the file. */
function planEdited(
  change: { path: string; module: string; content: string; previous: string },
  base: string,
  policy: PlanPolicy,
): FileOperation {
  const merged = policy.merge?.(base, change.previous, change.content);
  if (merged === undefined) {
    return {
      operation: "conflict",
      ...change,
      reason: "you edited it and the template or its settings changed",
      resolution: "refuse",
    };
  }
  if (merged.conflicts > 0) {
    const count = merged.conflicts;
    return {
      operation: "conflict",
      ...change,
      content: merged.content,
      reason: `${count} ${count === 1 ? "place" : "places"} changed by both you and the template`,
      resolution: policy.conflicts ?? "refuse",
    };
  }
  if (merged.content === change.previous) {
    return {
      operation: "keep",
      path: change.path,
      module: change.module,
      previous: change.previous,
      reason: "your edits already hold every change",
    };
  }
  return {
    operation: "merge",
    ...change,
    content: merged.content,
    reason: "your edits are kept, the template’s changes come in",
  };
}

/** No template renders this file any more: it goes, unless the owner edited it. */
function planDropped(
  { path, module, base, disk }: Omit<FileVersions, "next">,
  policy: PlanPolicy,
): FileOperation | undefined {
  if (disk === null || base === null) return undefined;
  if (disk === base || policy.force) {
    return {
      operation: "delete",
      path,
      module,
      previous: disk,
      reason: "nothing needs it any more",
    };
  }
  return {
    operation: "keep",
    path,
    module,
    previous: disk,
    reason: "you edited it",
  };
}

/** One file to write or delete, with what must still be on disk when it is done. */
export interface FileChange {
  path: string;
  /** New text; null deletes the file. */
  content: string | null;
  /** Text that the plan saw; null when there was no file. */
  previous: string | null;
}

/** The changes that carry a plan out. Kept files and refused conflicts change nothing. */
export function changesOf(operations: readonly FileOperation[]): FileChange[] {
  const changes: FileChange[] = [];
  for (const entry of operations) {
    switch (entry.operation) {
      case "create":
        changes.push({
          path: entry.path,
          content: entry.content,
          previous: null,
        });
        break;
      case "update":
      case "merge":
        changes.push({
          path: entry.path,
          content: entry.content,
          previous: entry.previous,
        });
        break;
      case "delete":
        changes.push({
          path: entry.path,
          content: null,
          previous: entry.previous,
        });
        break;
      case "conflict":
        if (entry.resolution === "markers") {
          changes.push({
            path: entry.path,
            content: entry.content,
            previous: entry.previous,
          });
        }
        break;
      case "unchanged":
      case "keep":
        break;
    }
  }
  return changes;
}

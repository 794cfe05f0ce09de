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
      /** Set where text of the owner's is lost by it. */
      overwrites?: true;
    }
  | {
      operation: "conflict";
      path: string;
      module: string;
      cause: ConflictCause;
      /** What the template renders: overwriting writes this. */
      content: string;
      /** The two joined, with conflict markers where both changed; null when there was no merge. */
      merged: string | null;
      previous: string | null;
      reason: string;
      /** `refuse`: nothing is written at all. `markers`: the file is written with conflict markers. */
      resolution: "refuse" | "markers";
    }
  | {
      operation: "keep";
      cause: KeepCause;
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

/**
 * `in_the_way`: the file was not written by us. `both_changed`: the owner and the
 * template changed it. `markers_left`: the owner has not resolved an earlier one.
 */
export type ConflictCause = "in_the_way" | "both_changed" | "markers_left";

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

export type OperationName = FileOperation["operation"];

/** The three texts that decide what happens to a file; null means it does not exist. */
export interface FileVersions {
  path: string;
  module: string;
  /** What we wrote last time, from the lock. */
  base: string | null;
  /** What is on disk now. */
  disk: string | null;
  /** The same in the format of the other two, where that may differ. */
  yours?: string | null;
  /** What the template renders now; null when no template renders it any more. */
  next: string | null;
  /** A generated file that is not as it was written: it is its owner's, and is not merged. */
  isOwners?: boolean;
}

/** Result of a three-way merge. */
export interface MergeResult {
  content: string;
  /** Places that are left to the owner, between conflict markers. */
  conflicts: number;
  /** Places that both changed, and that were settled for one side. */
  settled: number;
}

export interface PlanPolicy {
  /** Overwrite files in the way, and edits. */
  force: boolean;
  /** A file that the owner deleted: write it again (`add`), or leave it (`update`). */
  restoreDeleted: boolean;
  /** Joins the owner's edits and the template's changes; without it both is a conflict. */
  merge?: (base: string, yours: string, theirs: string) => MergeResult;
  /** Which side {@link MergeResult.settled} places went to. */
  favours?: "yours" | "theirs";
  /** Whether the markers of an earlier merge are still in a text. */
  hasMarkers?: (text: string, base: string) => boolean;
  /** Conflicts that the merge leaves: refuse the whole plan, or write the markers. */
  conflicts?: "refuse" | "markers";
}

/** Why a file that an earlier merge could not settle is not merged again. */
const MARKERS_LEFT = "conflict markers of an earlier update are in it";

/** Why a generated file that was edited stays. */
const OWNERS =
  "you edited it, and a generated file is not merged; --force takes the new one";

/** Decides what happens to one file. */
export function planFile(
  { path, module, base, disk, yours = disk, next, isOwners }: FileVersions,
  policy: PlanPolicy,
): FileOperation | undefined {
  const kept = { operation: "keep", cause: "edited", path, module } as const;
  if (isOwners === true && disk !== null && disk !== next && !policy.force)
    return { ...kept, previous: disk, reason: OWNERS };
  if (next === null)
    return planDropped({ path, module, base, disk, yours, isOwners }, policy);
  if (disk === null || yours === null) {
    if (base === null || policy.restoreDeleted || policy.force) {
      return { operation: "create", path, module, content: next };
    }
    return {
      operation: "keep",
      cause: "deleted",
      path,
      module,
      previous: null,
      reason: "you deleted it",
    };
  }
  if (disk === next || (yours === next && !policy.force)) {
    return { operation: "unchanged", path, module, content: disk };
  }
  const change = { path, module, content: next, previous: disk };
  if (yours === base) {
    return {
      operation: "update",
      ...change,
      reason: "the template or its settings changed",
    };
  }
  if (policy.force) {
    return {
      operation: "update",
      ...change,
      reason: "overwritten by --force",
      overwrites: true,
    };
  }
  if (base === null) {
    return {
      operation: "conflict",
      cause: "in_the_way",
      ...change,
      merged: null,
      reason: "this file already exists and was not written by adw-scaffold",
      resolution: "refuse",
    };
  }
  const unresolved = policy.hasMarkers?.(disk, base) === true;
  if (base === next) {
    return {
      operation: "keep",
      cause: unresolved ? "markers_left" : "edited",
      path,
      module,
      previous: disk,
      reason: unresolved ? MARKERS_LEFT : "you edited it",
    };
  }
  if (unresolved) {
    return {
      operation: "conflict",
      cause: "markers_left",
      ...change,
      merged: null,
      reason: MARKERS_LEFT,
      resolution: "refuse",
    };
  }
  return planEdited({ ...change, yours }, base, policy);
}

/** Both the owner and the template changed the file. */
function planEdited(
  {
    yours,
    ...change
  }: {
    path: string;
    module: string;
    content: string;
    previous: string;
    yours: string;
  },
  base: string,
  policy: PlanPolicy,
): FileOperation {
  const merged = policy.merge?.(base, yours, change.content);
  if (merged === undefined) {
    return {
      operation: "conflict",
      cause: "both_changed",
      ...change,
      merged: null,
      reason: "you edited it and the template or its settings changed",
      resolution: "refuse",
    };
  }
  if (merged.conflicts > 0) {
    return {
      operation: "conflict",
      cause: "both_changed",
      ...change,
      merged: merged.content,
      reason: `${places(merged.conflicts)} changed by both you and the template`,
      resolution: policy.conflicts ?? "refuse",
    };
  }
  if (merged.content === yours) {
    return {
      operation: "keep",
      cause: "merged",
      path: change.path,
      module: change.module,
      previous: change.previous,
      reason:
        merged.settled === 0
          ? "your edits already hold every change"
          : settledReason(merged.settled, policy),
    };
  }
  return {
    operation: "merge",
    ...change,
    content: merged.content,
    reason:
      merged.settled === 0
        ? "your edits are kept, the template’s changes come in"
        : settledReason(merged.settled, policy),
  };
}

function settledReason(count: number, { favours }: PlanPolicy): string {
  return `${places(count)} changed by both: ${favours === "theirs" ? "the template’s text is taken" : "yours is kept"}`;
}

function places(count: number): string {
  return `${count} ${count === 1 ? "place" : "places"}`;
}

/** No template renders this file any more: it goes, unless the owner edited it. */
function planDropped(
  {
    path,
    module,
    base,
    disk,
    yours = disk,
    isOwners,
  }: Omit<FileVersions, "next" | "isOwners"> & {
    isOwners: boolean | undefined;
  },
  policy: PlanPolicy,
): FileOperation | undefined {
  if (disk === null || (base === null && isOwners !== true)) return undefined;
  if (yours === base || policy.force) {
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
    cause: "edited",
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
            content: entry.merged ?? entry.content,
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

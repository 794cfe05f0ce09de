/**
 * What became of a file since it was written. This is the one place that decides it:
 * the plan, `check`, `diff` and the next lock are views of the status.
 */
import type { ProjectPath, TemplatePath } from "./paths.ts";
import { hasConflictMarkers } from "./three-way-merge.ts";

/** What is known of one file, gathered once. null: there is no such text. */
export interface FileFacts {
  /** Where it goes now. */
  path: ProjectPath;
  module: string;
  source: TemplatePath;
  /** Where it was last time, when it goes elsewhere now: the texts are those of there. */
  movedFrom: ProjectPath | null;
  /** What is at the new place of a file that moves. */
  occupant: string | null;
  /** What was written last time. */
  base: string | null;
  disk: string | null;
  /** What is on disk, in the format in which it is compared. */
  yours: string | null;
  /** What would be written now; null when no template renders it any more. */
  next: string | null;
  /** Whether the lock has an entry for it. */
  isRecorded: boolean;
  /** Whether a build makes it, so that it is never merged. */
  isGenerated: boolean;
  /** Whether it renders as it did, so that its entry in the lock stays. */
  isUpToDate: boolean;
}

export type FileStatus =
  /** It is not there, and never was. */
  | { kind: "new"; next: string }
  /** It was written, and its owner deleted it. */
  | { kind: "deleted"; next: string }
  /** It is as it would be written now, except perhaps for its format. */
  | { kind: "current"; disk: string; next: string }
  /** Only the template or its settings changed. */
  | { kind: "outdated"; disk: string; next: string }
  /** Only its owner changed it. */
  | { kind: "edited"; disk: string; next: string; hasMarkers: boolean }
  /** Both did. */
  | {
      kind: "diverged";
      base: string;
      disk: string;
      yours: string;
      next: string;
      hasMarkers: boolean;
    }
  /** Its owner changed it, and it cannot be merged. */
  | {
      kind: "detached";
      disk: string;
      next: string;
      isOutdated: boolean;
      hasMarkers: boolean;
    }
  /** It was not written by us. */
  | { kind: "foreign"; disk: string; next: string; hasMarkers: boolean }
  /** No template renders it any more. */
  | { kind: "orphaned"; disk: string; isEdited: boolean }
  /** The same, and it is not there any more, or was never ours. */
  | { kind: "gone" };

/** The texts that decide, without where the file is. */
export type FileTexts = Pick<
  FileFacts,
  "base" | "disk" | "yours" | "next" | "isRecorded" | "isGenerated"
>;

export function statusOf(texts: FileTexts): FileStatus {
  const { base, disk, yours, next, isRecorded, isGenerated } = texts;
  if (next === null) {
    return disk === null || !isRecorded
      ? { kind: "gone" }
      : { kind: "orphaned", disk, isEdited: yours !== base };
  }
  if (disk === null || yours === null)
    return { kind: isRecorded ? "deleted" : "new", next };
  if (disk === next || yours === next) return { kind: "current", disk, next };
  if (yours === base) return { kind: "outdated", disk, next };
  if (isRecorded && (isGenerated || base === null)) {
    const hasMarkers = hasConflictMarkers(disk, next);
    return {
      kind: "detached",
      disk,
      next,
      isOutdated: base !== next,
      hasMarkers,
    };
  }
  const hasMarkers = hasConflictMarkers(disk, base ?? disk);
  if (base === null) return { kind: "foreign", disk, next, hasMarkers };
  return base === next
    ? { kind: "edited", disk, next, hasMarkers }
    : { kind: "diverged", base, disk, yours, next, hasMarkers };
}

/** Whose changes a file holds or lacks, as `diff` names them. */
export type ChangedBy =
  "you" | "template" | "both" | "deleted" | "missing" | "not_ours";

/** Undefined where nothing differs, or nothing is rendered to differ from. */
export function changedBy(status: FileStatus): ChangedBy | undefined {
  switch (status.kind) {
    case "new":
      return "missing";
    case "deleted":
      return "deleted";
    case "outdated":
      return "template";
    case "edited":
      return "you";
    case "diverged":
      return "both";
    case "detached":
      return status.isOutdated ? "both" : "you";
    case "foreign":
      return "not_ours";
    case "current":
    case "orphaned":
    case "gone":
      return undefined;
  }
}

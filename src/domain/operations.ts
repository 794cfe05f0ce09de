/** From the status of a file and the intent of a command to what happens to it. Pure. */
import { statusOf, type FileFacts, type FileStatus } from "./file-status.ts";
import type { ProjectPath } from "./paths.ts";
import {
  changeOf,
  type ConflictCause,
  type FileOperation,
  type KeepCause,
  type Target,
} from "./plan.ts";
import { mergeThreeWay, mergeTwoWay } from "./three-way-merge.ts";

/** What to do where the owner and the template changed the same lines. */
export type OnConflict = "markers" | "keep" | "theirs" | "fail";

/** What the owner says of one file: overwrite it, leave it alone, or merge the two with conflict markers. */
export type ConflictDecision = "overwrite" | "keep" | "merge";

/** What the owner decides on files that already exist. */
export interface Decisions {
  /** By path. */
  decisions?: Readonly<Record<string, ConflictDecision>>;
  /** Keep every file that was not written by us, and record it as the owner's edit. */
  keep?: boolean;
}

/** What a command is to do with files that are not as it would write them. */
export interface Intent extends Decisions {
  /** Overwrite files that were not written by us, and edits. */
  force?: boolean;
  /** A file that the owner deleted: write it again (`add`), or leave it (`update`). */
  restoresDeleted: boolean;
  onConflict: OnConflict;
}

/** What happens to a file, and to its old place where it moves. */
export function operationsOf(file: FileFacts, intent: Intent): FileOperation[] {
  const { movedFrom, occupant } = file;
  const operations =
    movedFrom === null
      ? [operationOf(file, statusOf(file), intent)]
      : occupant === null
        ? moveOperations(file, movedFrom, intent)
        : besideOccupant(file, { movedFrom, occupant }, intent);
  return operations.filter((entry) => entry !== undefined);
}

/** The owner's text moves along to the new place, and the old place is cleared. */
function moveOperations(
  file: FileFacts,
  movedFrom: ProjectPath,
  intent: Intent,
): (FileOperation | undefined)[] {
  const { path, module, disk } = file;
  const entry = operationOf(file, statusOf(file), intent);
  if (entry === undefined || disk === null) return [entry];
  const isConflict = entry.operation === "conflict";
  if (isConflict && entry.resolution === "refuse") return [entry];
  const content = changeOf(entry)?.content ?? disk;
  const target = { path: movedFrom, module };
  const cleared = { operation: "delete", ...target, previous: disk } as const;
  const isLost = entry.operation === "update" && entry.overwrites === true;
  return [
    isConflict
      ? { ...entry, previous: null }
      : { operation: "create", path, module, content },
    isLost
      ? {
          ...cleared,
          reason: `moved to ${path}, and overwritten by --force`,
          overwrites: true,
        }
      : { ...cleared, reason: `moved to ${path}` },
  ];
}

/** Something else is at the new place already. */
function besideOccupant(
  file: FileFacts,
  { movedFrom, occupant }: { movedFrom: ProjectPath; occupant: string },
  intent: Intent,
): (FileOperation | undefined)[] {
  const there = statusOf({
    ...file,
    base: null,
    disk: occupant,
    yours: occupant,
    isRecorded: false,
  });
  const inPlace = operationOf(file, there, intent);
  if (inPlace?.operation === "conflict" && inPlace.resolution === "refuse")
    return [inPlace];
  const left = statusOf({ ...file, next: null });
  return [inPlace, operationOf({ ...file, path: movedFrom }, left, intent)];
}

/** Decides what happens to one file; nothing happens to one that is gone. */
export function operationOf(
  { path, module }: Target,
  status: FileStatus,
  intent: Intent,
): FileOperation | undefined {
  const target = { path, module };
  switch (status.kind) {
    case "gone":
      return undefined;
    case "new":
      return { operation: "create", ...target, content: status.next };
    case "deleted":
      return intent.restoresDeleted || intent.force === true
        ? { operation: "create", ...target, content: status.next }
        : keep(target, null, "deleted", "you deleted it");
    case "current":
      return intent.force === true && status.disk !== status.next
        ? update(target, status, "overwritten by --force")
        : { operation: "unchanged", ...target, content: status.disk };
    case "outdated":
      return update(target, status, "the template or its settings changed");
    case "orphaned":
      return orphan(target, status, intent);
    case "edited":
    case "diverged":
    case "detached":
    case "foreign":
      return intent.force === true
        ? {
            ...update(target, status, "overwritten by --force"),
            overwrites: true,
          }
        : besideEdits(target, status, intent);
  }
}

/** No template renders the file any more. */
function orphan(
  target: Target,
  { disk, isEdited }: Extract<FileStatus, { kind: "orphaned" }>,
  { force }: Intent,
): FileOperation {
  const gone = { operation: "delete", ...target, previous: disk } as const;
  if (!isEdited) return { ...gone, reason: "nothing needs it any more" };
  return force === true
    ? {
        ...gone,
        reason: "you edited it, and --force deletes it",
        overwrites: true,
      }
    : keep(target, disk, "edited", "you edited it");
}

type EditedStatus = Extract<
  FileStatus,
  { kind: "edited" | "diverged" | "detached" | "foreign" }
>;

/** The text of the owner's is not overwritten. */
function besideEdits(
  target: Target,
  status: EditedStatus,
  intent: Intent,
): FileOperation {
  const { disk } = status;
  switch (status.kind) {
    case "detached":
      return keep(
        target,
        disk,
        "edited",
        "you edited it, and a generated file is not merged; --force takes the new one",
      );
    case "edited":
      return status.hasMarkers
        ? keep(target, disk, "markers_left", MARKERS_LEFT)
        : keep(target, disk, "edited", "you edited it");
    case "foreign":
      return conflict(target, status, intent, {
        cause: "already_exists",
        merged: null,
        reason: "this file already exists and was not written by adw-scaffold",
      });
    case "diverged":
      return status.hasMarkers
        ? conflict(target, status, intent, {
            cause: "markers_left",
            merged: null,
            reason: MARKERS_LEFT,
          })
        : merge(target, status, intent);
  }
}

const MARKERS_LEFT = "conflict markers are left in it";

/** Which side takes the places that both changed; else they are left to the owner. */
const CHOICES = {
  markers: "markers",
  fail: "markers",
  keep: "yours",
  theirs: "theirs",
} as const;

/** Both the owner and the template changed the file. */
function merge(
  target: Target,
  status: Extract<FileStatus, { kind: "diverged" }>,
  intent: Intent,
): FileOperation {
  const { base, disk, yours, next } = status;
  const choice = CHOICES[intent.onConflict];
  const { content, conflicts, settled } = mergeThreeWay(
    base,
    yours,
    next,
    choice,
  );
  if (conflicts > 0) {
    return conflict(target, status, intent, {
      cause: "both_changed",
      merged: content,
      reason: `${places(conflicts)} changed by both you and the template`,
    });
  }
  const decided =
    settled === 0
      ? undefined
      : `${places(settled)} changed by both: ${choice === "theirs" ? "the template’s text is taken" : "yours is kept"}`;
  if (content === yours)
    return keep(
      target,
      disk,
      "merged",
      decided ?? "your edits already hold every change",
    );
  return {
    operation: "merge",
    ...target,
    content,
    previous: disk,
    reason: decided ?? "your edits are kept, the template’s changes come in",
  };
}

/** What the owner said about the file takes the place of the conflict. */
function conflict(
  target: Target,
  { disk, next }: { disk: string; next: string },
  { decisions = {}, keep: keepsForeign, onConflict }: Intent,
  found: { cause: ConflictCause; merged: string | null; reason: string },
): FileOperation {
  const { cause, merged } = found;
  const isKept = keepsForeign === true && cause === "already_exists";
  const decision = decisions[target.path] ?? (isKept ? "keep" : undefined);
  if (decision === "keep")
    return keep(target, disk, "chosen", "you chose to keep it");
  if (decision === "overwrite")
    return update(target, { disk, next }, "you chose to overwrite it");
  const isMerge = decision === "merge";
  return {
    operation: "conflict",
    ...target,
    ...found,
    content: next,
    previous: disk,
    merged: merged ?? (isMerge ? mergeTwoWay(disk, next) : null),
    resolution:
      isMerge || (merged !== null && onConflict === "markers")
        ? "markers"
        : "refuse",
  };
}

function keep(
  target: Target,
  previous: string | null,
  cause: KeepCause,
  reason: string,
): FileOperation {
  return { operation: "keep", ...target, cause, previous, reason };
}

function update(
  target: Target,
  { disk, next }: { disk: string; next: string },
  reason: string,
): FileOperation & { operation: "update" } {
  return {
    operation: "update",
    ...target,
    content: next,
    previous: disk,
    reason,
  };
}

function places(count: number): string {
  return `${count} ${count === 1 ? "place" : "places"}`;
}

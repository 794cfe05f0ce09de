/** Joins the owner's edits and the template's changes, line by line. */
import { diff3Merge, diffComm } from "node-diff3";
import { hasMergeConflict } from "./merge-markers.ts";

/** What to do where both sides changed the same lines differently. */
export type ConflictChoice = "markers" | "yours" | "theirs";

/** Labels that stand behind the conflict markers. */
export const MARKER_LABELS = {
  yours: "yours",
  base: "as rendered before",
  theirs: "new template",
} as const;

/** Result of a three-way merge. */
export interface MergeResult {
  content: string;
  /** Places that are left to the owner, between conflict markers. */
  conflicts: number;
  /** Places that both changed, and that were settled for one side. */
  settled: number;
}

/**
 * Merges two texts that come from the same base. Line ends and the presence of
 * a final newline follow `yours` where the template did not change them.
 *
 * @returns the merged text, how many conflicts are left in it (none unless the
 * choice is `markers`), and how many the choice settled
 */
export function mergeThreeWay(
  base: string,
  yours: string,
  theirs: string,
  choice: ConflictChoice = "markers",
): MergeResult {
  const eol = yours.includes("\r\n") ? "\r\n" : "\n";
  const regions = diff3Merge(lines(yours), lines(base), lines(theirs), {
    excludeFalseConflicts: true,
  });
  let conflicts = 0;
  let settled = 0;
  const merged = regions.flatMap(({ ok, conflict }) => {
    if (ok !== undefined) return ok;
    if (conflict === undefined) return [];
    if (choice !== "markers") {
      settled += 1;
      return choice === "yours" ? conflict.a : conflict.b;
    }
    conflicts += 1;
    return [
      `<<<<<<< ${MARKER_LABELS.yours}`,
      ...conflict.a,
      `||||||| ${MARKER_LABELS.base}`,
      ...conflict.o,
      "=======",
      ...conflict.b,
      `>>>>>>> ${MARKER_LABELS.theirs}`,
    ];
  });
  return { content: joined(merged, eol), conflicts, settled };
}

/**
 * Joins two texts that have no common base: what both have stands once, what
 * differs stands between conflict markers.
 */
export function mergeTwoWay(yours: string, theirs: string): string {
  const eol = yours.includes("\r\n") ? "\r\n" : "\n";
  const merged = diffComm(lines(yours), lines(theirs)).flatMap((region) =>
    "common" in region
      ? region.common
      : [
          `<<<<<<< ${MARKER_LABELS.yours}`,
          ...region.buffer1,
          "=======",
          ...region.buffer2,
          `>>>>>>> ${MARKER_LABELS.theirs}`,
        ],
  );
  return joined(merged, eol);
}

/**
 * Whether a text still holds conflict markers that an update put there, or a merge in
 * git. Those of git have any label, so a text that had some from the start is only text.
 *
 * @param base - the text as it was written
 */
export function hasConflictMarkers(text: string, base: string = text): boolean {
  return (
    (hasMergeConflict(text) && !hasMergeConflict(base)) ||
    text.includes(`<<<<<<< ${MARKER_LABELS.yours}`) ||
    text.includes(`>>>>>>> ${MARKER_LABELS.theirs}`)
  );
}

/**
 * Stands for a final newline, so that removing it is an edit like any other, and
 * the end of a text is never taken for a blank line in the middle of another.
 */
const FINAL_NEWLINE = "\u0000final newline";

function lines(text: string): string[] {
  const parts = text.split(/\r?\n/);
  return parts.at(-1) === "" ? [...parts.slice(0, -1), FINAL_NEWLINE] : parts;
}

function joined(parts: readonly string[], eol: string): string {
  return parts.map((part) => (part === FINAL_NEWLINE ? "" : part)).join(eol);
}

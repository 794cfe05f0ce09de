/** Joins the owner's edits and the template's changes, line by line. */
import { diff3Merge } from "node-diff3";
import type { MergeResult } from "./plan.ts";

/** What to do where both sides changed the same lines differently. */
export type ConflictChoice = "markers" | "yours" | "theirs";

/** Labels that stand behind the conflict markers. */
export const MARKER_LABELS = {
  yours: "yours",
  base: "as rendered before",
  theirs: "new template",
} as const;

/**
 * Merges two texts that come from the same base. Line ends and the presence of
 * a final newline follow `yours` where the template did not change them.
 *
 * @returns the merged text, and how many conflicts are left in it: none unless
 * the choice is `markers`
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
  const merged = regions.flatMap(({ ok, conflict }) => {
    if (ok !== undefined) return ok;
    if (conflict === undefined) return [];
    if (choice === "yours") return conflict.a;
    if (choice === "theirs") return conflict.b;
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
  return { content: merged.join(eol), conflicts };
}

/** Whether a text still holds conflict markers that a merge put there. */
export function hasConflictMarkers(text: string): boolean {
  return (
    text.includes(`<<<<<<< ${MARKER_LABELS.yours}`) ||
    text.includes(`>>>>>>> ${MARKER_LABELS.theirs}`)
  );
}

/** A final newline shows as an empty last line, so removing it is an edit like any other. */
function lines(text: string): string[] {
  return text.split(/\r?\n/);
}

/** What the owner decides on files that already exist. */
import type { FileOperation } from "../domain/plan.ts";
import { mergeTwoWay } from "../domain/three-way-merge.ts";

/** Overwrite the file, leave it alone, or merge the two with conflict markers. */
export type ConflictDecision = "overwrite" | "keep" | "merge";

export interface Decisions {
  /** By path. */
  decisions?: Readonly<Record<string, ConflictDecision>>;
  /** Keep every file that was not written by us, and record it as the owner's edit. */
  keep?: boolean;
}

/** What the owner said about a file takes the place of the conflict. */
export function decide(
  entry: FileOperation,
  { decisions = {}, keep }: Decisions,
): FileOperation {
  if (entry.operation !== "conflict") return entry;
  const { path, module, previous, content, cause } = entry;
  const decision =
    decisions[path] ??
    (keep === true && cause === "in_the_way" ? "keep" : undefined);
  if (decision === undefined) return entry;
  if (decision === "keep" || previous === null) {
    return {
      operation: "keep",
      cause: "chosen",
      path,
      module,
      previous,
      reason: "you chose to keep it",
    };
  }
  if (decision === "overwrite") {
    return {
      operation: "update",
      path,
      module,
      content,
      previous,
      reason: "you chose to overwrite it",
    };
  }
  return {
    ...entry,
    merged: entry.merged ?? mergeTwoWay(previous, content),
    resolution: "markers",
  };
}

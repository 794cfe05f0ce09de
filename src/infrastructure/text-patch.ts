/** One change to a file that a person keeps, remembered so that it can be taken back. */

import type { LockedEdit } from "../domain/lock.ts";

/** How many characters on each side tell where a change stands. */
const CONTEXT = 60;

/** What turns one text into another: the same start and end, and another middle. */
export function patchBetween(before: string | null, after: string): LockedEdit {
  const old = before ?? "";
  const shorter = Math.min(old.length, after.length);
  let start = 0;
  while (start < shorter && old[start] === after[start]) start += 1;
  let end = 0;
  while (end < shorter - start && old.at(-1 - end) === after.at(-1 - end))
    end += 1;
  const right = old.slice(old.length - end);
  return {
    left: old.slice(Math.max(0, start - CONTEXT), start),
    removed: old.slice(start, old.length - end),
    inserted: after.slice(start, after.length - end),
    right: right.slice(0, CONTEXT),
    ...(before === null ? { created: true } : {}),
  };
}

/**
 * The text without the change; null for a file that was made for it and holds
 * nothing else. Undefined where the change cannot be found any more.
 */
export function withoutPatch(
  text: string,
  patch: LockedEdit,
): string | null | undefined {
  const useLineEnds = (part: string) => {
    const plain = part.replaceAll("\r\n", "\n");
    return text.includes("\r\n") ? plain.replaceAll("\n", "\r\n") : plain;
  };
  const left = useLineEnds(patch.left);
  const right = useLineEnds(patch.right);
  const inserted = useLineEnds(patch.inserted);
  if (patch.created === true && text === inserted) return null;
  for (const [before, after] of [
    [left, right],
    [left, ""],
    ["", right],
    ["", ""],
  ] as const) {
    const parts = text.split(before + inserted + after);
    const [head, tail] = parts;
    if (parts.length !== 2 || head === undefined || tail === undefined)
      continue;
    return head + before + useLineEnds(patch.removed) + after + tail;
  }
  return undefined;
}

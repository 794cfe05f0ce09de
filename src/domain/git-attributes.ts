/** Our one line in a project's .gitattributes: the lock is quiet in a review. */
import { LOCK_FILE } from "./lock.ts";

/** gitattributes(5): `-diff` shows no text; hosts fold what is linguist-generated. */
export const LOCK_ATTRIBUTES = `${LOCK_FILE} -diff linguist-generated`;

/** The text with our line; as it is where its owner says something of the lock already. */
export function withLockAttributes(text: string | null): string {
  if (text === null || text === "") return `${LOCK_ATTRIBUTES}\n`;
  if (linesOf(text).some((line) => /^\/?adw\.lock\.json\s/.test(line)))
    return text;
  const lineEnd = text.includes("\r\n") ? "\r\n" : "\n";
  const gap = text.endsWith("\n") ? "" : lineEnd;
  return `${text}${gap}${LOCK_ATTRIBUTES}${lineEnd}`;
}

/** The text without our line; null when nothing else was in it. */
export function withoutLockAttributes(text: string | null): string | null {
  if (text === null || !linesOf(text).includes(LOCK_ATTRIBUTES)) return text;
  const rest = text.replace(
    new RegExp(
      `^${LOCK_ATTRIBUTES.replaceAll(".", String.raw`\.`)}(?:\r?\n|$)`,
      "m",
    ),
    "",
  );
  return rest === "" ? null : rest;
}

function linesOf(text: string): string[] {
  return text.split(/\r?\n/);
}

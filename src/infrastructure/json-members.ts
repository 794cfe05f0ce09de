/**
 * Puts one member into an object or list of a JSON text that a person keeps, and
 * takes it out again. Nothing else changes: comments, indentation, line ends and
 * order stay. Taking out what was put in gives the text as it was, to the byte.
 */
import type { Node } from "jsonc-parser";

/** A property with its name, or an entry of a list. */
export interface NewMember {
  name?: string;
  value: unknown;
}

/** The value of a property; of two with the same name the last, which readers take. */
export function propertyValue(
  owner: Node | undefined,
  name: string,
): Node | undefined {
  if (owner?.type !== "object") return undefined;
  return owner.children?.findLast(
    (child) => child.children?.[0]?.value === name,
  )?.children?.[1];
}

/** Adds a member at the end. @param owner - an object or a list of the text's tree */
export function insertMember(
  text: string,
  owner: Node,
  member: NewMember,
): string {
  const end = closing(owner);
  const last = owner.children?.at(-1);
  if (last === undefined) return insertFirst(text, owner, member);
  const afterLast = last.offset + last.length;
  const comma = nextComma(text, afterLast, end);
  const isOnLines = /[\r\n]/.test(spaceBefore(text, last.offset));
  if (!isOnLines) {
    const printed = print(text, member);
    const gap = isSpaced(text) ? " " : "";
    return comma === undefined
      ? splice(text, afterLast, `,${gap}${printed}`)
      : splice(text, comma, `${gap}${printed},`);
  }
  const indent = indentAt(text, last.offset);
  const printed = `${lineEnd(text)}${indent}${print(text, member, indent)}`;
  // A comment on the same line belongs to what stands before it.
  if (comma !== undefined)
    return splice(text, afterComment(text, comma, end), `${printed},`);
  const at = afterComment(text, afterLast, end);
  return splice(splice(text, at, printed), afterLast, ",");
}

/** Whether {@link insertMember} adds a line break at the end of an empty object or list. */
export function addsLineBreak(text: string, owner: Node): boolean {
  return isLaidOut(text) && !/[\r\n]/.test(inside(text, owner));
}

function insertFirst(text: string, owner: Node, member: NewMember): string {
  const at = owner.offset + 1;
  if (!isLaidOut(text)) return splice(text, at, print(text, member));
  const outer = indentAt(text, owner.offset);
  const indent = `${outer}${indentUnit(text)}`;
  const eol = lineEnd(text);
  const after = addsLineBreak(text, owner) ? `${eol}${outer}` : "";
  return splice(
    text,
    at,
    `${eol}${indent}${print(text, member, indent)}${after}`,
  );
}

/**
 * Takes a member out.
 *
 * @param addedLineBreak - what {@link addsLineBreak} said before it was put into
 * something empty
 */
export function removeMember(
  text: string,
  member: Node,
  addedLineBreak = false,
): string {
  const owner = member.parent;
  if (owner === undefined) return text;
  const siblings = owner.children ?? [];
  const start = member.offset - spaceBefore(text, member.offset).length;
  const memberEnd = member.offset + member.length;
  const comma = nextComma(text, memberEnd, closing(owner));
  if (comma !== undefined) {
    const kept = text.slice(memberEnd, comma - 1);
    return text.slice(0, start) + kept + text.slice(comma);
  }
  const previous = siblings[siblings.indexOf(member) - 1];
  if (previous !== undefined) {
    const afterPrevious = previous.offset + previous.length;
    const before = nextComma(text, afterPrevious, member.offset) ?? start;
    return (
      text.slice(0, before - 1) +
      text.slice(before, start) +
      text.slice(memberEnd)
    );
  }
  const after = text.slice(memberEnd);
  const added = `${lineEnd(text)}${indentAt(text, owner.offset)}`;
  const isAdded = addedLineBreak && after.startsWith(added);
  return text.slice(0, start) + after.slice(isAdded ? added.length : 0);
}

/** Whether an object or list has nothing but this member in it, comments included. */
export function isAlone(text: string, member: Node): boolean {
  const owner = member.parent;
  if (owner === undefined || owner.children?.length !== 1) return false;
  const around =
    text.slice(owner.offset + 1, member.offset) +
    text.slice(member.offset + member.length, closing(owner));
  return /^[\s,]*$/.test(around);
}

function closing({ offset, length }: Node): number {
  return offset + length - 1;
}

function inside(text: string, owner: Node): string {
  return text.slice(owner.offset + 1, closing(owner));
}

export function splice(text: string, at: number, added: string): string {
  return text.slice(0, at) + added + text.slice(at);
}

function spaceBefore(text: string, offset: number): string {
  return (
    /\s*$/.exec(text.slice(Math.max(0, offset - 2_000), offset))?.[0] ?? ""
  );
}

/** The offset behind the next comma that is not in a comment. */
export function nextComma(
  text: string,
  from: number,
  end: number,
): number | undefined {
  // A comment is taken whole, so that no comma inside it counts.
  const found =
    /^(?:\s|\/\*(?:[^*]|\*(?!\/))*\*\/|\/\/[^\r\n]*(?=[\r\n]|$))*,/.exec(
      text.slice(from, end),
    );
  return found === null ? undefined : from + found[0].length;
}

/** Behind the comments that follow on the same line. */
function afterComment(text: string, from: number, end: number): number {
  const found = /^(?:[ \t]*(?:\/\*[^\r\n]*?\*\/|\/\/[^\r\n]*))*/.exec(
    text.slice(from, end),
  );
  return from + (found?.[0].length ?? 0);
}

function print(
  text: string,
  { name, value }: NewMember,
  indent?: string,
): string {
  const key = name === undefined ? "" : JSON.stringify(name);
  if (indent === undefined) {
    const spaced = isSpaced(text);
    const printed = spaced ? printSpaced(value) : JSON.stringify(value);
    return key === "" ? printed : `${key}:${spaced ? " " : ""}${printed}`;
  }
  const printed = JSON.stringify(value, null, indentUnit(text)).replaceAll(
    "\n",
    `${lineEnd(text)}${indent}`,
  );
  return key === "" ? printed : `${key}: ${printed}`;
}

/** On one line, as people write it: `{ "a": [1, 2] }`. */
function printSpaced(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(printSpaced).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(
    ([name, each]) => `${JSON.stringify(name)}: ${printSpaced(each)}`,
  );
  return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
}

/** A text on several lines, and one that has nothing yet, gets lines. */
function isLaidOut(text: string): boolean {
  return /[\r\n]\s*\S/.test(text.trim()) || !/[:[]/.test(text);
}

function isSpaced(text: string): boolean {
  return /"\s*:\s/.test(text);
}

/** The indentation of the line that an offset is on. */
export function indentAt(text: string, offset: number): string {
  const start = text.lastIndexOf("\n", offset - 1) + 1;
  return /^[ \t]*/.exec(text.slice(start, offset))?.[0] ?? "";
}

export function indentUnit(text: string): string {
  return /^([ \t]+)["[{]/m.exec(text)?.[1] ?? "  ";
}

export function lineEnd(text: string): string {
  return text.includes("\r\n") ? "\r\n" : "\n";
}

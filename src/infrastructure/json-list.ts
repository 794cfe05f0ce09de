/** Adds names to a list in a JSON file that a person keeps: comments and neighbours stay as they are. */
import type { Node, ParseError } from "jsonc-parser";
import {
  indentAt,
  indentUnit,
  lineEnd,
  nextComma,
  splice,
} from "./json-members.ts";
import { jsonc } from "./jsonc.ts";

/** What is to stand in a list. */
export interface ListAddition {
  /** Where the list is, such as `["exclude"]`. */
  path: readonly string[];
  values: readonly string[];
  /** What else a list that is new begins with. */
  whenNew?: readonly string[];
  /** Where later entries overrule earlier ones. */
  atEnd?: boolean;
  /** Longest line that the project's formatter allows; a longer list gets a line for each entry. */
  width?: number;
}

/**
 * The text with the list complete: as little as possible is inserted, one line
 * where the file is laid out in lines. Undefined where the text is not JSON with
 * comments, or something else stands in the place of the list, or a key on the way
 * to it stands there twice: readers differ in which of the two counts.
 */
export function addToJsonList(
  text: string,
  { path, values, whenNew = [], atEnd = false, width = Infinity }: ListAddition,
): string | undefined {
  const { findNodeAtLocation, getNodeValue } = jsonc();
  const root = parseWithComments(text);
  if (root === undefined || hasKeyTwice(root, path)) return undefined;
  const list = findNodeAtLocation(root, [...path]);
  if (list !== undefined) {
    if (list.type !== "array") return undefined;
    const present: unknown[] = getNodeValue(list);
    const missing = values.filter((value) => !present.includes(value));
    if (missing.length === 0) return text;
    const entry = missing.map((value) => JSON.stringify(value)).join(", ");
    return fitted(insertEntry(text, list, entry, atEnd), path, width);
  }
  const all = [...whenNew, ...values].map((value) => JSON.stringify(value));
  let entry = `[${all.join(", ")}]`;
  for (let depth = path.length - 1; depth >= 0; depth -= 1) {
    entry = `${JSON.stringify(path[depth])}: ${entry}`;
    const owner = findNodeAtLocation(root, path.slice(0, depth));
    if (owner !== undefined && owner.type !== "object") return undefined;
    if (owner !== undefined)
      return fitted(insertEntry(text, owner, entry), path, width);
    entry = `{ ${entry} }`;
  }
  return undefined;
}

function hasKeyTwice(root: Node, path: readonly string[]): boolean {
  const { findNodeAtLocation } = jsonc();
  return path.some((key, depth) => {
    const owner = findNodeAtLocation(root, path.slice(0, depth));
    const named = owner?.children?.filter(
      (entry) =>
        entry.type === "property" && entry.children?.[0]?.value === key,
    );
    return named !== undefined && named.length > 1;
  });
}

/** The value of JSON with comments and trailing commas; undefined where it is broken. */
export function readJsonWithComments(text: string): unknown {
  const root = parseWithComments(text);
  return root === undefined ? undefined : jsonc().getNodeValue(root);
}

function parseWithComments(text: string): Node | undefined {
  const errors: ParseError[] = [];
  // A byte order mark becomes a space, so that every offset stays true.
  const root = jsonc().parseTree(text.replace(/^\uFEFF/, " "), errors, {
    allowTrailingComma: true,
  });
  return errors.length === 0 && root?.type === "object" ? root : undefined;
}

/**
 * Puts one entry into an object or array. In a file laid out in lines it goes
 * before the last entry, on a line of its own, so that no other line changes: at
 * the end, the line before would need a comma.
 */
function insertEntry(
  text: string,
  owner: Node,
  entry: string,
  atEnd = false,
): string {
  const children = owner.children ?? [];
  const last = children.at(-1);
  const end = owner.offset + owner.length - 1;
  if (last === undefined) {
    const inside = text.slice(owner.offset + 1, end);
    const lastLine = inside.lastIndexOf("\n");
    if (lastLine === -1) {
      const space = owner.type === "object" ? " " : "";
      return splice(text, owner.offset + 1, `${space}${entry}${space}`);
    }
    const indent = `${indentAt(text, end)}${indentUnit(text)}`;
    const at = owner.offset + 1 + lastLine;
    return splice(
      text,
      beforeLineEnd(text, at),
      `${lineEnd(text)}${indent}${entry}`,
    );
  }
  const afterLast = last.offset + last.length;
  const comma = nextComma(text, afterLast, end);
  const previous = children.at(-2);
  const before =
    previous === undefined
      ? owner.offset + 1
      : (nextComma(text, previous.offset + previous.length, last.offset) ??
        last.offset);
  const line = lineBreak(text, before, last.offset);
  if (line === undefined) {
    return comma === undefined
      ? splice(text, afterLast, `, ${entry}`)
      : splice(text, comma, ` ${entry},`);
  }
  const start = `${lineEnd(text)}${indentAt(text, last.offset)}`;
  if (atEnd && comma === undefined)
    return splice(text, afterLast, `,${start}${entry}`);
  const added = `${start}${entry},`;
  const closing = comma === undefined ? undefined : lineBreak(text, comma, end);
  return splice(text, closing ?? line, added);
}

/** Where the line ends that this place is on, comments on it included; undefined where it goes on to `end`. */
function lineBreak(
  text: string,
  from: number,
  end: number,
): number | undefined {
  const trivia = text.slice(from, end);
  const found = /^(?:[^\S\r\n]|\/\*[^]*?\*\/|\/\/[^\r\n]*)*(?=\r?\n)/.exec(
    trivia,
  );
  return found === null ? undefined : from + found[0].length;
}

/** A formatter breaks a list that is longer than a line, and puts each entry on its own. */
function fitted(text: string, path: readonly string[], width: number): string {
  const root = parseWithComments(text);
  const list = root && jsonc().findNodeAtLocation(root, [...path]);
  if (list?.children === undefined) return text;
  const end = list.offset + list.length;
  const before = text.slice(
    text.lastIndexOf("\n", list.offset) + 1,
    list.offset,
  );
  const written = text.slice(list.offset, end);
  if (/\n|\/[/*]/.test(written)) return text;
  if (before.length + written.length + 1 <= width) return text;
  const outer = indentAt(text, list.offset);
  const inner = `${lineEnd(text)}${outer}${indentUnit(text)}`;
  const entries = list.children.map(({ offset, length }) =>
    text.slice(offset, offset + length),
  );
  const broken = `[${inner}${entries.join(`,${inner}`)}${lineEnd(text)}${outer}]`;
  return text.slice(0, list.offset) + broken + text.slice(end);
}

function beforeLineEnd(text: string, at: number): number {
  return text[at - 1] === "\r" ? at - 1 : at;
}

/** JSON as text: errors with line and column, and edits that keep the formatting. */
import type {
  FormattingOptions,
  JSONPath,
  Node,
  ParseError,
} from "jsonc-parser";
import { CONFIG_FILE } from "../domain/config.ts";
import { ConfigError, type SourceLocation } from "../domain/errors.ts";
import { LOCK_FILE } from "../domain/lock.ts";
import { mergeMarkerLine } from "../domain/merge-markers.ts";
import { jsonc } from "./jsonc.ts";

/** A parsed JSON text that still knows where each value stands. */
export interface JsonDocument {
  value: unknown;
  /** Where the value or its name, or the nearest value around it, stands. */
  locate: (
    path: readonly (string | number)[],
    part?: "value" | "name",
  ) => SourceLocation;
}

/**
 * Parses strict JSON (a byte order mark is accepted).
 *
 * @throws {ConfigError} code `CONFLICT_MARKERS` for a file that git could not merge,
 * `JSON_DUPLICATE_KEY` for a name that stands twice, else `JSON_INVALID`, with line
 * and column.
 */
export function parseJson(text: string, file: string): JsonDocument {
  const body = text.startsWith("\uFEFF") ? ` ${text.slice(1)}` : text;
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw syntaxError(text, body, file);
  }
  assertEachKeyOnce(body, file);
  return {
    value,
    locate: (path, part = "value") => {
      const { findNodeAtLocation, parseTree } = jsonc();
      const tree = parseTree(body);
      for (let length = path.length; length > 0; length -= 1) {
        const node = tree && findNodeAtLocation(tree, path.slice(0, length));
        if (node === undefined) continue;
        // A property is its name and its value.
        const { offset } =
          part === "name" && node.parent?.type === "property"
            ? node.parent
            : node;
        return position(text, file, offset);
      }
      return { file };
    },
  };
}

/**
 * A name that stands twice in an object is allowed (RFC 8259 §4), but every reader
 * takes another one of the two, and an edit would lose one.
 *
 * @param text - valid JSON
 */
function assertEachKeyOnce(text: string, file: string): void {
  /** For each open brace or bracket the names so far; null in a list. */
  const open: (Set<string> | null)[] = [];
  for (const token of text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]/g)) {
    const [word, colon] = token;
    if (word === "{") open.push(new Set());
    else if (word === "[") open.push(null);
    else if (word === "}" || word === "]") open.pop();
    else if (colon !== undefined) {
      const name = String(JSON.parse(word.slice(0, -colon.length)));
      const names = open.at(-1);
      if (names?.has(name) === true) {
        throw new ConfigError(
          "JSON_DUPLICATE_KEY",
          `${JSON.stringify(name)} appears twice in the same object`,
          {
            where: position(text, file, token.index),
            hint:
              file === LOCK_FILE
                ? "Run adw-scaffold update: it keeps the entry that matches the file."
                : "Nothing was changed. Merge the two, or delete one of them.",
          },
        );
      }
      names?.add(name);
    }
  }
}

/**
 * The tree of JSON with comments and trailing commas, as editors and coding agents
 * read their settings; a byte order mark is accepted, and every offset is one of `text`.
 *
 * @throws {ConfigError} code `CONFLICT_MARKERS` or `JSON_INVALID`, with line and column.
 */
export function parseCommentedJson(text: string, file: string): Node {
  const body = text.replace(/^\uFEFF/, " ");
  const errors: ParseError[] = [];
  const root = jsonc().parseTree(body, errors, { allowTrailingComma: true });
  if (root === undefined || errors.length > 0)
    throw syntaxError(text, body, file, false);
  return root;
}

/** Says what JSON.parse does not: in the user's words, with line and column. */
function syntaxError(
  text: string,
  body: string,
  file: string,
  isStrict = true,
): ConfigError {
  const line = mergeMarkerLine(text);
  if (line !== undefined) {
    return new ConfigError(
      "CONFLICT_MARKERS",
      `${file} has conflict markers of a merge in it`,
      { where: { file, line, column: 1 }, hint: resolveHint(file) },
    );
  }
  const { parseTree, printParseErrorCode } = jsonc();
  const errors: ParseError[] = [];
  parseTree(body, errors, {
    disallowComments: isStrict,
    allowTrailingComma: !isStrict,
  });
  const [error] = errors;
  const problem =
    error === undefined || (!isStrict && text.trim() === "")
      ? "the file is empty"
      : (WORDS[printParseErrorCode(error.error)] ??
        printParseErrorCode(error.error));
  return new ConfigError("JSON_INVALID", `not valid JSON: ${problem}`, {
    where: position(text, file, error?.offset ?? 0),
    hint: isStrict
      ? "Correct the file at this place; comments and trailing commas are not JSON."
      : "Nothing was changed. Correct the file at this place.",
  });
}

function resolveHint(file: string): string {
  switch (file) {
    case LOCK_FILE:
      return "Run adw-scaffold update: the file holds both sides, and update merges them.";
    case CONFIG_FILE:
      return `Resolve them in an editor (git diff ${file} shows both sides), then run adw-scaffold update.`;
    default:
      return `Resolve them in an editor (git diff ${file} shows both sides), then run the command again.`;
  }
}

/** One change to a JSON text; an undefined value removes the property. */
export interface JsonEdit {
  path: JSONPath;
  value: unknown;
  /** Of a new property: whether it stands before this one; without it, it goes last. */
  before?: (name: string) => boolean;
}

/** Applies edits and touches nothing else: indentation, order and line ends stay. */
export function editJson(text: string, edits: readonly JsonEdit[]): string {
  return editPlainJson(text, edits) ?? editByPosition(text, edits);
}

/**
 * The short way, for a text that is laid out as JSON.stringify would, as npm
 * writes package.json: there is no formatting to keep. Undefined for any other
 * text, and for edits of something else than properties.
 */
function editPlainJson(
  text: string,
  edits: readonly JsonEdit[],
): string | undefined {
  // Without a line end between them, properties stay on one line.
  const isCompact = /^\{"[^\n]*\n?$/.test(text);
  const indent = isCompact ? "" : (/^\{\n([ \t]+)"/.exec(text)?.[1] ?? "  ");
  const end = text.endsWith("\n") ? "\n" : "";
  const print = (value: unknown) =>
    `${JSON.stringify(value, null, indent)}${end}`;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (print(value) !== text) return undefined;
  for (const edit of edits) {
    value =
      edit.value === undefined
        ? withoutProperty(value, edit.path)
        : setProperty(value, edit.path, edit);
    if (value === undefined) return undefined;
  }
  return print(value);
}

/** A copy with one property set; undefined where no object is in place. */
function setProperty(
  target: unknown,
  [name, ...rest]: JSONPath,
  { value, before }: Pick<JsonEdit, "value" | "before">,
): unknown {
  // JavaScript would put an integer before all other names.
  if (typeof name !== "string" || /^\d+$/.test(name)) return undefined;
  if (!isObject(target)) return undefined;
  const present = Object.hasOwn(target, name) ? target[name] : {};
  const isLast = rest.length === 0;
  const next = isLast
    ? value
    : setProperty(
        present,
        rest,
        before === undefined ? { value } : { value, before },
      );
  if (next === undefined) return undefined;
  const entries = Object.entries(target);
  const at = entries.findIndex(([other]) => isLast && before?.(other) === true);
  if (at !== -1 && !Object.hasOwn(target, name)) {
    return Object.fromEntries(entries.toSpliced(at, 0, [name, next]));
  }
  return Object.fromEntries(new Map(entries).set(name, next));
}

/** A copy with one property left out; undefined where it is not there. */
function withoutProperty(target: unknown, [name, ...rest]: JSONPath): unknown {
  if (typeof name !== "string" || !isObject(target)) return undefined;
  const entries = Object.entries(target);
  const at = entries.findIndex(([other]) => other === name);
  if (at === -1) return undefined;
  if (rest.length === 0) return Object.fromEntries(entries.toSpliced(at, 1));
  const inner = withoutProperty(target[name], rest);
  if (inner === undefined) return undefined;
  return Object.fromEntries(entries.with(at, [name, inner]));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function editByPosition(text: string, edits: readonly JsonEdit[]): string {
  const { applyEdits, findNodeAtLocation, modify, parseTree } = jsonc();
  const formattingOptions = detectFormatting(text);
  let result = text;
  for (const { path, value, before } of edits) {
    const tree = parseTree(result);
    // Where the section is new, it is the one that is inserted, at the end.
    const isInside =
      tree !== undefined &&
      findNodeAtLocation(tree, path.slice(0, -1)) !== undefined;
    const place =
      before === undefined || !isInside
        ? {}
        : {
            getInsertionIndex: (names: string[]) => {
              const at = names.findIndex(before);
              return at === -1 ? names.length : at;
            },
          };
    result = applyEdits(
      result,
      modify(result, path, value, { formattingOptions, ...place }),
    );
  }
  return result;
}

function detectFormatting(text: string): FormattingOptions {
  const indent = /^([ \t]+)\S/m.exec(text)?.[1] ?? "  ";
  return {
    insertSpaces: !indent.startsWith("\t"),
    tabSize: indent.startsWith("\t") ? 1 : indent.length,
    eol: text.includes("\r\n") ? "\r\n" : "\n",
  };
}

/** Where in a file an offset of its text is. */
export function position(
  text: string,
  file: string,
  offset: number,
): SourceLocation {
  const before = text.slice(0, offset).split("\n");
  return {
    file,
    line: before.length,
    column: (before.at(-1)?.length ?? 0) + 1,
  };
}

const WORDS: Readonly<Record<string, string>> = {
  InvalidSymbol: "unexpected word",
  InvalidNumberFormat: "malformed number",
  PropertyNameExpected: "a property name in double quotes is missing",
  ValueExpected: "a value is missing",
  ColonExpected: "a colon is missing",
  CommaExpected: "a comma is missing",
  CloseBraceExpected: "a closing brace is missing",
  CloseBracketExpected: "a closing bracket is missing",
  EndOfFileExpected: "text after the end of the value",
  InvalidCommentToken: "comments are not allowed",
  UnexpectedEndOfComment: "comments are not allowed",
  UnexpectedEndOfString: "a string is not closed",
  UnexpectedEndOfNumber: "a number breaks off",
  InvalidUnicode: "malformed \\u escape",
  InvalidEscapeCharacter: "unknown escape in a string",
  InvalidCharacter: "control character in a string",
};

/** JSON as text: errors with line and column, and edits that keep the formatting. */
import {
  applyEdits,
  findNodeAtLocation,
  modify,
  parseTree,
  printParseErrorCode,
  visit,
  type FormattingOptions,
  type JSONPath,
  type ParseError,
} from "jsonc-parser";
import { CONFIG_FILE } from "../domain/config.ts";
import { ConfigError, type SourceLocation } from "../domain/errors.ts";
import { LOCK_FILE } from "../domain/lock.ts";
import { mergeMarkerLine } from "../domain/merge-markers.ts";

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
  /** For each open object the names so far. */
  const open: Set<string>[] = [];
  visit(text, {
    onObjectBegin: () => {
      open.push(new Set());
    },
    onObjectProperty: (name, offset) => {
      const names = open.at(-1);
      if (names?.has(name) === true) {
        throw new ConfigError(
          "JSON_DUPLICATE_KEY",
          `${JSON.stringify(name)} appears twice in the same object`,
          {
            where: position(text, file, offset),
            hint:
              file === LOCK_FILE
                ? "Run adw-scaffold update: it keeps the entry that matches the file."
                : "Nothing was changed. Merge the two, or delete one of them.",
          },
        );
      }
      names?.add(name);
    },
    onObjectEnd: () => {
      open.pop();
    },
  });
}

/** Says what JSON.parse does not: in the user's words, with line and column. */
function syntaxError(text: string, body: string, file: string): ConfigError {
  const line = mergeMarkerLine(text);
  if (line !== undefined) {
    return new ConfigError(
      "CONFLICT_MARKERS",
      `${file} has conflict markers of a merge in it`,
      { where: { file, line, column: 1 }, hint: resolveHint(file) },
    );
  }
  const errors: ParseError[] = [];
  parseTree(body, errors, {
    disallowComments: true,
    allowTrailingComma: false,
  });
  const [error] = errors;
  const problem =
    error === undefined
      ? "the file is empty"
      : (WORDS[printParseErrorCode(error.error)] ??
        printParseErrorCode(error.error));
  return new ConfigError("JSON_INVALID", `not valid JSON: ${problem}`, {
    where: position(text, file, error?.offset ?? 0),
    hint: "Correct the file at this place; comments and trailing commas are not JSON.",
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
  // All on one line stays on one line.
  const [, end] = /^\{"[^\n]*(\n?)$/.exec(text) ?? [];
  return end === undefined ? result : JSON.stringify(JSON.parse(result)) + end;
}

function detectFormatting(text: string): FormattingOptions {
  const indent = /^([ \t]+)\S/m.exec(text)?.[1] ?? "  ";
  return {
    insertSpaces: !indent.startsWith("\t"),
    tabSize: indent.startsWith("\t") ? 1 : indent.length,
    eol: text.includes("\r\n") ? "\r\n" : "\n",
  };
}

function position(text: string, file: string, offset: number): SourceLocation {
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

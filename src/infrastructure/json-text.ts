/** JSON as text: errors with line and column, and edits that keep the formatting. */
import {
  applyEdits,
  findNodeAtLocation,
  modify,
  parseTree,
  printParseErrorCode,
  getNodeValue,
  type FormattingOptions,
  type JSONPath,
  type ParseError,
} from "jsonc-parser";
import { ConfigError, type SourceLocation } from "../domain/errors.ts";

/** A parsed JSON text that still knows where each value stands. */
export interface JsonDocument {
  value: unknown;
  /** Where the value, or the nearest value around it, stands. */
  locate: (path: readonly (string | number)[]) => SourceLocation;
}

/**
 * Parses strict JSON (a byte order mark is accepted).
 *
 * @throws {ConfigError} code `JSON_INVALID` with line and column.
 */
export function parseJson(text: string, file: string): JsonDocument {
  const errors: ParseError[] = [];
  const body = text.startsWith("\uFEFF") ? ` ${text.slice(1)}` : text;
  const tree = parseTree(body, errors, {
    disallowComments: true,
    allowTrailingComma: false,
  });
  const [error] = errors;
  if (error !== undefined || tree === undefined) {
    const where = position(text, file, error?.offset ?? 0);
    const problem =
      error === undefined
        ? "the file is empty"
        : (WORDS[printParseErrorCode(error.error)] ??
          printParseErrorCode(error.error));
    throw new ConfigError("JSON_INVALID", `not valid JSON: ${problem}`, {
      where,
      hint: "Correct the file at this place; comments and trailing commas are not JSON.",
    });
  }
  return {
    value: getNodeValue(tree),
    locate: (path) => {
      for (let length = path.length; length > 0; length -= 1) {
        const node = findNodeAtLocation(tree, path.slice(0, length));
        if (node !== undefined) return position(text, file, node.offset);
      }
      return { file };
    },
  };
}

/** One change to a JSON text; an undefined value removes the property. */
export interface JsonEdit {
  path: JSONPath;
  value: unknown;
}

/** Applies edits and touches nothing else: indentation, order and line ends stay. */
export function editJson(text: string, edits: readonly JsonEdit[]): string {
  const formattingOptions = detectFormatting(text);
  let result = text;
  for (const { path, value } of edits) {
    result = applyEdits(
      result,
      modify(result, path, value, { formattingOptions }),
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

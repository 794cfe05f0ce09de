/**
 * The only ways for a configuration value to enter rendered code. Each filter
 * emits a literal of the target language, so no value can inject code, and lays
 * it out as prettier's defaults would, so rendered files need no formatter.
 */

const PRINT_WIDTH = 80;

/**
 * A JavaScript, TypeScript or JSON literal on one line.
 *
 * @throws {TypeError} for a value that has no literal, such as undefined or NaN.
 */
export function literal(value: unknown): string {
  if (typeof value === "string") return stringLiteral(value);
  if (typeof value === "number" && Number.isFinite(value)) {
    return String(value);
  }
  if (typeof value === "boolean" || value === null) return String(value);
  if (Array.isArray(value)) {
    return `[${value.map((item) => literal(item)).join(", ")}]`;
  }
  throw new TypeError(`no literal for a value of type ${typeof value}`);
}

/**
 * A whole constant declaration, `export const NAME = value;`, broken over lines
 * where prettier would break it.
 *
 * @param value - a string, number, boolean, or a list of them
 * @param declaration - what stands before the `=`, such as `export const DEFAULT_HOST`
 */
export function constant(value: unknown, declaration: string): string {
  const text = literal(value);
  const oneLine = `${declaration} = ${text};`;
  if (displayWidth(oneLine) <= PRINT_WIDTH) return oneLine;
  if (Array.isArray(value)) {
    const items = value.map((item) => `  ${literal(item)},\n`).join("");
    return `${declaration} = [\n${items}];`;
  }
  return `${declaration} =\n  ${text};`;
}

/**
 * A JSON value as prettier prints `.json` files: two spaces of indentation, one
 * property a line, and lists on one line where they fit.
 */
export function jsonLiteral(value: unknown): string {
  return printJson(value, "", 0);
}

/**
 * @param indent - white space that the line starts with
 * @param used - columns that stand before the value on its line, and after it
 */
function printJson(value: unknown, indent: string, used: number): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const flat = `[${value.map((item) => printJson(item, "", 0)).join(", ")}]`;
    const fits = used + displayWidth(flat) <= PRINT_WIDTH;
    if (fits && !flat.includes("\n")) return flat;
    const items = value.map((item) => printJson(item, inner, inner.length + 1));
    return `[\n${inner}${items.join(`,\n${inner}`)}\n${indent}]`;
  }
  const entries = Object.entries(value);
  if (entries.length === 0) return "{}";
  const lines = entries.map(([key, item]) => {
    const start = `${inner}${JSON.stringify(key)}: `;
    return start + printJson(item, inner, displayWidth(start) + 1);
  });
  return `{\n${lines.join(",\n")}\n${indent}}`;
}

/** A string literal of SQL: quotes are doubled (SQL-92 §5.3); NUL cannot be expressed. */
export function sqlLiteral(value: unknown): string {
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  if (typeof value === "string" && !value.includes("\0")) {
    return `'${value.replaceAll("'", "''")}'`;
  }
  throw new TypeError(`no SQL literal for a value of type ${typeof value}`);
}

/** `'a', 'b', 'c'`: a list of SQL literals, for `CHECK (x IN (…))`. */
export function sqlList(values: unknown): string {
  if (!Array.isArray(values)) throw new TypeError("sql_list needs a list");
  return values.map((value) => sqlLiteral(value)).join(", ");
}

/** Text inside a comment: one line, and nothing that could end the comment. */
export function commentText(value: unknown): string {
  return String(value)
    .replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/gu, " ")
    .replaceAll("*/", "* /")
    .replaceAll("/*", "/ *")
    .replaceAll("-->", "-- >");
}

/** Text inside an HTML element or a quoted attribute. */
export function htmlText(value: unknown): string {
  const entities: Record<string, string> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return String(value).replaceAll(
    /[&<>"']/g,
    (character) => entities[character] ?? character,
  );
}

/**
 * Text that the template itself wrote, unchanged. For what the template syntax
 * would otherwise eat, such as a literal `<<`; the lint allows it on string
 * constants only.
 */
export function verbatim(value: unknown): string {
  return String(value);
}

/**
 * Like prettier, prefers double quotes unless single quotes need fewer escapes.
 * Line separators and `</` are escaped too, so the literal is also safe in older
 * engines and inside a script element.
 */
function stringLiteral(value: string): string {
  const doubles = value.split('"').length - 1;
  const singles = value.split("'").length - 1;
  const quote = doubles > singles ? "'" : '"';
  const body = JSON.stringify(value)
    .slice(1, -1)
    .replaceAll('\\"', '"')
    .replaceAll(quote, `\\${quote}`)
    .replaceAll("\u2028", String.raw`\u2028`)
    .replaceAll("\u2029", String.raw`\u2029`)
    .replaceAll("</", String.raw`\u003c/`);
  return `${quote}${body}${quote}`;
}

/** Columns a line takes, counting East Asian wide characters as two, as prettier does. */
function displayWidth(line: string): number {
  let width = 0;
  for (const character of line) {
    width += WIDE.test(character) ? 2 : 1;
  }
  return width;
}

const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}]/u;

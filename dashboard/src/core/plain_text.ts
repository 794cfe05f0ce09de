/* eslint-disable no-control-regex -- control characters are what this file is about */
/**
 * Text from outside, made safe to show: no terminal codes, and nothing that
 * makes it read in another order than it is written.
 */

/** Terminal codes: titles and links, colours and cursor moves, single ones. */
const TERMINAL_CODES =
  /(?:\u001B\]|\u009D)[^\u0007\u001B\u009C\u009D]{0,4096}(?:\u0007|\u001B\\|\u009C)|\u001B[PX^_][^\u001B]{0,4096}\u001B\\|(?:\u001B\[|\u009B)[0-?]*[ -/]*[@-~]|\u001B[ -/]*[0-~]?/g;
/** Control characters that draw nothing; tab and line ends are kept. */
const CONTROLS = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F]/g;
/** Bidirectional embeddings, overrides and isolates (UAX #9). */
const ORDER_CODES = /[\u202A-\u202E\u2066-\u2069]/g;
/** Any of these, or half of a surrogate pair. */
const UNSAFE =
  /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]|\p{Surrogate}/u;

/**
 * Terminal codes and control characters are left out; what changes the order
 * of reading is shown by its name, such as [U+202E].
 */
export function plainText(text: string) {
  if (!UNSAFE.test(text)) return text;
  return text
    .replace(TERMINAL_CODES, "")
    .replace(CONTROLS, "")
    .replace(
      ORDER_CODES,
      (code) => `[U+${code.charCodeAt(0).toString(16).toUpperCase()}]`,
    )
    .replace(/\p{Surrogate}/gu, "\uFFFD");
}

/**
 * The same for all text in a value, names of fields included. What needs no
 * change is given back as it is.
 */
export function plainValue(value: unknown): unknown {
  return cleanValue(value, 0);
}

/** Deeper than this nothing is shown as text. */
const DEEPEST = 200;

function cleanValue(value: unknown, depth: number): unknown {
  if (typeof value === "string") return plainText(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth > DEEPEST) return "(nested too deeply to show)";
  if (Array.isArray(value)) {
    const items = value.map((item) => cleanValue(item, depth + 1));
    return items.some((item, index) => item !== value[index]) ? items : value;
  }
  const entries = Object.entries(value);
  let isChanged = false;
  for (const entry of entries) {
    const [key, item] = entry;
    entry[0] = plainText(key);
    entry[1] = cleanValue(item, depth + 1);
    isChanged ||= entry[0] !== key || entry[1] !== item;
  }
  return isChanged ? Object.fromEntries(entries) : value;
}

/**
 * What callers pass, made into what a row can hold. No value costs a row: it is
 * rounded, left out or described, and `note` is told why. No I/O, no state.
 *
 * Template: adw_logging 1.2.0, rendered by adw-scaffold.
 * Needs:    nothing but Node >= 20.19.
 * Update:   npx adw-scaffold update
 */
import { toUSVString, types } from "node:util";
import { messageOf } from "../adw_stderr.ts";
import type { JsonObject } from "../orch_database_models.ts";

/** Longer details are replaced by their length: no client would be sent them. */
export const MAX_DETAILS_CHARS = 16_777_216;
/** Longer messages, prompts and answers are cut. */
export const MAX_TEXT_CHARS = 16_777_216;
/** Longer ids, event types and other names are cut. */
export const MAX_NAME_CHARS = 1_000;
/** Values nested deeper, and more bytes in one array of them, are not written out. */
const MAX_DEPTH = 64;
const MAX_BYTES_WRITTEN_OUT = 10_000;
/** More values in one call are not written out: objects may share their parts, which doubles them at each level. */
const MAX_VALUES = 100_000;

/** Takes the reason why something is not stored as it was passed. */
export type Note = (reason: string) => void;

/**
 * Reads the fields of what a caller passed for an object, whatever it is: a field
 * that cannot be read is left out.
 */
export function reader(
  source: unknown,
  note: Note,
): (field: string) => unknown {
  return (field) => {
    if (typeof source !== "object" || source === null) return undefined;
    try {
      const value: unknown = Reflect.get(source, field);
      return value ?? undefined;
    } catch (error) {
      note(`${field} was left out: ${firstLine(messageOf(error))}`);
      return undefined;
    }
  };
}

/** Text for a column. What is no string is described. */
export function toText(
  value: unknown,
  note: Note,
  maxChars: number = MAX_TEXT_CHARS,
): string {
  const text = typeof value === "string" ? value : describeAsText(value, note);
  if (text.length <= maxChars) return toUSVString(text);
  note(
    `a text of ${String(text.length)} characters was cut to ${String(maxChars)}`,
  );
  return toUSVString(`${text.slice(0, maxChars)}… [truncated]`);
}

/** A name that a row cannot do without: an id, an event type, a component. */
export function toName(value: unknown, note: Note, fallback: string): string {
  if (value === undefined || value === null || value === "") {
    note(`a name is missing: "${fallback}" is used`);
    return fallback;
  }
  return toText(value, note, MAX_NAME_CHARS);
}

/** A name that may be left out; an empty one is. */
export function toOptionalName(value: unknown, note: Note): string | undefined {
  return value === undefined || value === null || value === ""
    ? undefined
    : toText(value, note, MAX_NAME_CHARS);
}

/** One of `words`, whatever its case; else `fallback`. */
export function toWord<Word extends string>(
  words: readonly Word[],
  value: unknown,
  fallback: Word,
  note: Note,
): Word {
  if (value === undefined || value === null) return fallback;
  const word = findWord(words, value);
  if (word !== undefined) return word;
  note(
    `${toText(value, note, 100)} is none of ${words.join(", ")}: "${fallback}" is used`,
  );
  return fallback;
}

export function findWord<Word extends string>(
  words: readonly Word[],
  value: unknown,
): Word | undefined {
  if (typeof value !== "string") return undefined;
  const lower = value.toLowerCase();
  return words.find((word) => word === lower);
}

/** A number of at least 0; undefined when there is none, or it cannot be stored. */
export function toAmount(
  field: string,
  value: unknown,
  note: Note,
): number | undefined {
  if (value === undefined || value === null) return undefined;
  const isNumeric =
    typeof value === "number" ||
    typeof value === "bigint" ||
    (typeof value === "string" && value.trim() !== "");
  const amount = isNumeric ? Number(value) : Number.NaN;
  if (amount >= 0 && amount <= Number.MAX_SAFE_INTEGER) return amount;
  note(`${field} was left out: ${describeAsText(value, () => undefined)}`);
  return undefined;
}

/** As `toAmount`, rounded to a whole number. */
export function toInteger(
  field: string,
  value: unknown,
  note: Note,
): number | undefined {
  const amount = toAmount(field, value, note);
  if (amount === undefined || Number.isInteger(amount)) return amount;
  note(`${field} was rounded: it takes whole numbers only`);
  return Math.round(amount);
}

/** `details` as the text of a JSON object, between what comes before and after them. */
export function toJson(
  details: unknown,
  note: Note,
  before?: JsonObject,
  after?: JsonObject,
): string {
  try {
    const described = describe(details, note, newWalk()) ?? {};
    const own = isJsonObject(described) ? described : { value: described };
    const json = JSON.stringify(
      before === undefined && after === undefined
        ? own
        : { ...before, ...own, ...after },
    );
    if (json.length <= MAX_DETAILS_CHARS) return json;
    note(
      `details were dropped: ${String(json.length)} characters, more than ${String(MAX_DETAILS_CHARS)}`,
    );
    const facts = { truncated: true, original_chars: json.length };
    return JSON.stringify({ ...before, ...facts, ...after });
  } catch (error) {
    // So many values that no string holds them.
    const reason = firstLine(messageOf(error));
    note(`details were dropped: ${reason}`);
    return JSON.stringify({ ...before, unserialisable: reason, ...after });
  }
}

function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}

function describeAsText(value: unknown, note: Note): string {
  if (typeof value !== "object" || value === null) return String(value);
  if (types.isNativeError(value)) return messageOf(value);
  try {
    // Its type does not say that what is undefined stays so.
    const json: unknown = JSON.stringify(describe(value, note, newWalk()));
    return typeof json === "string" ? json : "";
  } catch (error) {
    return messageOf(error);
  }
}

/** Where in a value this is, and how many values were seen. */
interface Walk {
  readonly inside: object[];
  values: number;
}

function newWalk(): Walk {
  return { inside: [], values: 0 };
}

/** A copy of `value` as it is now, which JSON can hold. */
function describe(value: unknown, note: Note, walk: Walk): unknown {
  walk.values += 1;
  switch (typeof value) {
    case "string":
    case "boolean":
    case "undefined":
      return value;
    case "number":
      if (Number.isFinite(value)) return value;
      note("a number that is not finite was stored as text");
      return String(value);
    case "bigint":
      note("a BigInt was stored as text");
      return String(value);
    case "symbol":
      note("a symbol was stored as text");
      return String(value);
    case "function":
      note("a function was stored as its name");
      return "[function]";
    case "object":
      return value === null ? null : describeObject(value, note, walk);
  }
}

function describeObject(value: object, note: Note, walk: Walk): unknown {
  if (walk.inside.includes(value)) {
    note("a value that contains itself was stored up to there");
    return "[circular]";
  }
  if (walk.inside.length >= MAX_DEPTH) {
    note(
      `a value nested deeper than ${String(MAX_DEPTH)} levels was stored up to there`,
    );
    return "[nested too deeply]";
  }
  if (walk.values >= MAX_VALUES) {
    note(`of more than ${MAX_VALUES} values in one call the rest was left out`);
    return "[too many values]";
  }
  walk.inside.push(value);
  try {
    return describeContents(value, note, walk);
  } catch (error) {
    return notReadable(error, note);
  } finally {
    walk.inside.pop();
  }
}

function notReadable(error: unknown, note: Note): string {
  const reason = firstLine(messageOf(error));
  note(`a value could not be read: ${reason}`);
  return `[not readable: ${reason}]`;
}

function hasToJson(value: object): value is { toJSON: () => unknown } {
  return "toJSON" in value && typeof value.toJSON === "function";
}

function describeContents(value: object, note: Note, walk: Walk): unknown {
  const within = (part: unknown) => describe(part, note, walk);
  // JSON has no holes and nothing undefined in a list.
  if (Array.isArray(value)) {
    return Array.from(value, (part) => within(part) ?? null);
  }
  if (types.isDate(value)) {
    const time = value.getTime();
    if (!Number.isNaN(time)) return new Date(time).toISOString();
    note("a date that is none was stored as text");
    return "Invalid Date";
  }
  if (types.isMap(value)) {
    const entries = [...value];
    return entries.every(([key]) => typeof key === "string")
      ? Object.fromEntries(entries.map(([key, part]) => [key, within(part)]))
      : entries.map((pair) => pair.map((part) => within(part) ?? null));
  }
  if (types.isSet(value)) return [...value].map((part) => within(part) ?? null);
  if (types.isBoxedPrimitive(value)) return within(value.valueOf());
  if (types.isRegExp(value)) return String(value);
  if (ArrayBuffer.isView(value) && value.byteLength > MAX_BYTES_WRITTEN_OUT) {
    note("bytes were stored as their number");
    return `[${String(value.byteLength)} bytes]`;
  }
  if (hasToJson(value)) return within(value.toJSON());
  if (types.isTypedArray(value)) {
    return Array.from<unknown, unknown>(value, within);
  }
  const properties = describeProperties(value, note, walk);
  if (types.isNativeError(value)) {
    const { name, message, stack } = value;
    const known = {
      name: within(name),
      message: within(message),
      stack: within(stack),
    };
    const cause = "cause" in value ? { cause: within(value.cause) } : {};
    const own = typeof properties === "string" ? {} : properties;
    return { ...known, ...cause, ...own };
  }
  return properties;
}

function describeProperties(
  value: object,
  note: Note,
  walk: Walk,
): JsonObject | string {
  const keys = Object.keys(value);
  if (keys.length === 0) {
    // A promise, a buffer, a weak map: at least what it is.
    const kind = Object.prototype.toString.call(value);
    return kind === "[object Object]" || kind === "[object Error]" ? {} : kind;
  }
  // Not by assignment: a key may be __proto__.
  return Object.fromEntries(
    keys.map((key) => [key, describeProperty(value, key, note, walk)]),
  );
}

function describeProperty(
  value: object,
  key: string,
  note: Note,
  walk: Walk,
): unknown {
  let part: unknown;
  try {
    part = Reflect.get(value, key);
  } catch (error) {
    return notReadable(error, note);
  }
  return describe(part, note, walk);
}

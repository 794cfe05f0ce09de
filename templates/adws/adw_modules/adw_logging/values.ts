/**
 * What callers pass, made into what a row can hold. No value costs a row: it is
 * rounded, left out or described, and `note` is told why. No I/O, no state.
 *
 * Template: adw_logging 1.3.0, rendered by adw-scaffold.
 * Needs:    nothing but Node >= 20.19.
 * Update:   npx adw-scaffold update
 */
import { toUSVString, types } from "node:util";
import { messageOf } from "../adw_stderr.ts";
import type { JsonObject } from "../orch_database_models.ts";

/** Longer details are replaced by their length: no client would be sent them. */
const MAX_DETAILS_CHARS = 16_777_216;
/** Longer messages, prompts and answers are cut. */
const MAX_TEXT_CHARS = 16_777_216;
/** Longer ids, event types and other names are cut. */
const MAX_NAME_CHARS = 1_000;
/** Values nested deeper, and more bytes in one array of them, are not written out. */
const MAX_DEPTH = 64;
const MAX_BYTES_WRITTEN_OUT = 10_000;
/** More values in one call are not written out: objects may share their parts, which doubles them at each level. */
const MAX_VALUES = 100_000;

/** What an error holds that is not enumerable; `errors`: of an AggregateError. */
const ERROR_PROPERTIES = ["name", "message", "stack", "cause", "errors"];

/** Takes the reason why something is not stored as it was passed. */
export type Note = (reason: string) => void;

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
export function toName(
  value: unknown,
  note: Note,
  fallback = "unknown",
): string {
  const text = isMissing(value) ? "" : toText(value, note, MAX_NAME_CHARS);
  if (text !== "") return text;
  note(`a name is missing: "${fallback}" is used`);
  return fallback;
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

/** `details` as the text of a JSON object, between what comes before and after them. */
export function toJson(
  details: unknown,
  note: Note,
  before?: JsonObject,
  after?: JsonObject,
): string {
  try {
    const described = describe(details, newWalk(note)) ?? {};
    const own = isJsonObject(described) ? described : { value: described };
    const isAlone = before === undefined && after === undefined;
    const json = JSON.stringify(
      isAlone ? own : { ...before, ...own, ...after },
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

/** The fields of what a caller passed for an object, whatever it is. */
export class Fields {
  readonly #source: unknown;
  readonly #note: Note;

  constructor(source: unknown, note: Note) {
    this.#source = source;
    this.#note = note;
  }

  /** undefined where there is none, it is null, or it cannot be read. */
  get(field: string): unknown {
    const source = this.#source;
    if (typeof source !== "object" || source === null) return undefined;
    try {
      const value: unknown = Reflect.get(source, field);
      return value ?? undefined;
    } catch (error) {
      this.#note(`${field} was left out: ${firstLine(messageOf(error))}`);
      return undefined;
    }
  }

  text(field: string): string | undefined {
    const value = this.get(field);
    return value === undefined ? undefined : toText(value, this.#note);
  }

  name(field: string): string {
    return toName(this.get(field), this.#note);
  }

  /** An empty name is none. */
  optionalName(field: string): string | undefined {
    const value = this.get(field);
    return isMissing(value) ? undefined : toName(value, this.#note);
  }

  word<Word extends string>(
    field: string,
    words: readonly Word[],
    fallback: Word,
  ): Word {
    return toWord(words, this.get(field), fallback, this.#note);
  }

  /** A number of at least 0; undefined when there is none, or it cannot be stored. */
  amount(field: string): number | undefined {
    const value = this.get(field);
    if (value === undefined) return undefined;
    const isNumeric =
      typeof value === "number" ||
      typeof value === "bigint" ||
      (typeof value === "string" && value.trim() !== "");
    const amount = isNumeric ? Number(value) : Number.NaN;
    if (amount >= 0 && amount <= Number.MAX_SAFE_INTEGER) return amount;
    this.#note(
      `${field} was left out: ${describeAsText(value, () => undefined)}`,
    );
    return undefined;
  }

  /** As `amount`, rounded to a whole number. */
  integer(field: string): number | undefined {
    const amount = this.amount(field);
    if (amount === undefined || Number.isInteger(amount)) return amount;
    this.#note(`${field} was rounded: it takes whole numbers only`);
    return Math.round(amount);
  }

  /** The message of the field `error`; of one without, what there is to say. */
  error(): string | undefined {
    const error = this.get("error");
    if (error === undefined) return undefined;
    const given = new Fields(error, this.#note);
    const message = given.text("message") ?? toText(error, this.#note);
    return message || (given.text("code") ?? given.text("name") ?? "");
  }
}

function isMissing(value: unknown): boolean {
  return value === undefined || value === null || value === "";
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
    const json: unknown = JSON.stringify(describe(value, newWalk(note)));
    return typeof json === "string" ? json : "";
  } catch (error) {
    return messageOf(error);
  }
}

/** Where in a value this is, and how many values were seen. */
interface Walk {
  readonly note: Note;
  readonly inside: object[];
  values: number;
}

function newWalk(note: Note): Walk {
  return { note, inside: [], values: 0 };
}

/** A copy of `value` as it is now, which JSON can hold. */
function describe(value: unknown, walk: Walk): unknown {
  walk.values += 1;
  switch (typeof value) {
    case "string":
      return toUSVString(value);
    case "boolean":
    case "undefined":
      return value;
    case "number":
      if (Number.isFinite(value)) return value;
      return instead(String(value), "a number that is not finite", walk);
    case "bigint":
    case "symbol":
      return instead(String(value), `a ${typeof value}`, walk);
    case "function":
      return instead("[function]", "a function", walk);
    case "object":
      return value === null ? null : describeObject(value, walk);
  }
}

function instead(text: string, what: string, { note }: Walk): string {
  note(`${what} was stored as text`);
  return text;
}

function notReadable(error: unknown, { note }: Walk): string {
  const reason = firstLine(messageOf(error));
  note(`a value could not be read: ${reason}`);
  return `[not readable: ${reason}]`;
}

function describeObject(value: object, walk: Walk): unknown {
  const { note, inside } = walk;
  if (inside.includes(value)) {
    note("a value that contains itself was stored up to there");
    return "[circular]";
  }
  if (inside.length >= MAX_DEPTH) {
    note(`of more than ${String(MAX_DEPTH)} levels the rest was left out`);
    return "[nested too deeply]";
  }
  if (walk.values >= MAX_VALUES) {
    note(`of more than ${String(MAX_VALUES)} values the rest was left out`);
    return "[too many values]";
  }
  inside.push(value);
  try {
    return describeContents(value, walk);
  } catch (error) {
    return notReadable(error, walk);
  } finally {
    inside.pop();
  }
}

function hasToJson(value: object): value is { toJSON: () => unknown } {
  return "toJSON" in value && typeof value.toJSON === "function";
}

function describeContents(value: object, walk: Walk): unknown {
  const within = (part: unknown) => describe(part, walk);
  // JSON has no holes and nothing undefined in a list.
  const list = (parts: Iterable<unknown>) =>
    Array.from(parts, (part) => within(part) ?? null);
  if (Array.isArray(value)) return list(value);
  // First, because by far the most objects are no more than that.
  const isPlain = Object.getPrototypeOf(value) === Object.prototype;
  if (isPlain && !hasToJson(value)) return describeProperties(value, walk);
  if (types.isDate(value)) {
    const time = value.getTime();
    if (!Number.isNaN(time)) return new Date(time).toISOString();
    return instead("Invalid Date", "a date that is none", walk);
  }
  if (types.isMap(value)) {
    const entries = [...value];
    return entries.every(([key]) => typeof key === "string")
      ? Object.fromEntries(entries.map(([key, part]) => [key, within(part)]))
      : entries.map(list);
  }
  if (types.isSet(value)) return list(value);
  if (types.isBoxedPrimitive(value)) return within(value.valueOf());
  if (types.isRegExp(value)) return String(value);
  if (ArrayBuffer.isView(value) && value.byteLength > MAX_BYTES_WRITTEN_OUT) {
    const text = `[${String(value.byteLength)} bytes]`;
    return instead(text, "a long list of bytes", walk);
  }
  if (hasToJson(value)) return within(value.toJSON());
  if (types.isTypedArray(value)) return list(value);
  if (types.isNativeError(value)) {
    const names = [...ERROR_PROPERTIES, ...Object.keys(value)];
    return describeProperties(value, walk, names);
  }
  if (Object.keys(value).length > 0) return describeProperties(value, walk);
  // A promise, a buffer, a weak map: at least what it is.
  const kind = Object.prototype.toString.call(value);
  return kind === "[object Object]" ? {} : kind;
}

function describeProperties(
  value: object,
  walk: Walk,
  keys: readonly string[] = Object.keys(value),
): JsonObject {
  const copy: JsonObject = {};
  for (const key of keys) {
    let part: unknown;
    try {
      part = describe(Reflect.get(value, key), walk);
    } catch (error) {
      part = notReadable(error, walk);
    }
    // To assign this one would change what the copy inherits from.
    if (key === "__proto__") {
      Object.defineProperty(copy, key, { value: part, enumerable: true });
    } else {
      copy[key] = part;
    }
  }
  return copy;
}

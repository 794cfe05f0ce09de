/**
 * An act: one thing that a coding agent did, in the same words for every agent
 * and every road it came by. The mappers (claude.ts, codex.ts, …) make acts of
 * what agents say; the ledger makes log calls of acts, each once.
 *
 * Template: adw_agents 1.3.0
 */
import { isRecord } from "../adw_events.ts";
import { maskValue } from "../adw_mask.ts";

export type Fields = Readonly<Record<string, unknown>>;

const MAX_TITLE_CHARS = 80;
/** Prompts, answers and every text inside an input or output are cut to so many characters. */
export const MAX_TEXT_CHARS = 16_000;
/** Of one input, output or set of unknown fields, so many characters in all. */
export const MAX_VALUE_CHARS = 32_000;
const MAX_NAME_CHARS = 300;
const MAX_DEPTH = 12;

/** What is known of an agent from any of its acts. */
export interface About {
  cwd?: string | undefined;
  branch?: string | undefined;
  model?: string | undefined;
  title?: string | undefined;
  /** Of a subagent: Explore, Plan, … */
  kind?: string | undefined;
}

/** Tokens of one model request. `input` is what was neither read from nor written to a cache. */
export interface Tokens {
  input: number;
  output: number;
  cacheRead: number;
  cacheWrite: number;
  /** The part of `cacheWrite` that is kept for an hour, which costs more. */
  cacheWriteHour?: number | undefined;
}

export type Wait = "permission" | "question" | "idle";

export type Deed =
  | { type: "session_started"; reason?: string | undefined }
  | { type: "session_ended"; reason?: string | undefined }
  /** `text` is undefined where the agent does not tell it. */
  | { type: "prompt"; text?: string | undefined }
  | { type: "answer"; text: string }
  /** It waits for its next prompt; `isAssumed`: unless a call shows soon that the turn goes on. */
  | { type: "turn_ended"; text?: string | undefined; isAssumed?: true }
  | { type: "tool_started"; tool: string; input?: unknown }
  | {
      type: "tool_ended";
      tool?: string | undefined;
      input?: unknown;
      output?: unknown;
      durationMs?: number | undefined;
      error?: string | undefined;
      /** It does not say whether the call failed; another road may. */
      isVague?: boolean | undefined;
    }
  | {
      type: "wait_started";
      wait: Wait;
      message?: string | undefined;
      tool?: string | undefined;
      input?: unknown;
    }
  | { type: "wait_ended"; outcome?: string | undefined }
  /** `parent` is an agent; `parentCall` the tool call that started this one. */
  | {
      type: "agent_started";
      parent?: string | undefined;
      parentCall?: string | undefined;
    }
  | { type: "agent_ended"; text?: string | undefined }
  | {
      type: "usage";
      model?: string | undefined;
      tokens: Tokens;
      costUsd?: number | undefined;
      durationMs?: number | undefined;
      /** Which part of the agent asked: main, agent:Explore, … */
      asker?: string | undefined;
    }
  | { type: "compacted"; reason?: string | undefined }
  | { type: "model_changed"; model: string }
  | { type: "failed"; error: string; reason?: string | undefined }
  | { type: "interrupted" }
  /** An event that has no word of its own here, kept as it is. */
  | { type: "other"; name: string; fields: Fields };

export type Act = Deed & {
  source: string;
  /**
   * The road: hook, otel, transcript, stream; with a suffix where one road says
   * the same act in two ways. Two acts of one lane are never the same act,
   * unless they share an id.
   */
  lane: string;
  /** Milliseconds since the epoch: what the agent says, else when it was heard. */
  at: number;
  session: string;
  /** The session's own id, or `<session>:<subagent>`. */
  agent: string;
  /**
   * What identifies the act, each `<kind>:<id>`; kinds are call, request,
   * message, response, prompt, … One shared id makes two acts the same; two
   * ids of one kind make them different.
   */
  ids: readonly string[];
  /** The same when the same payload comes again. */
  delivery: string;
  about?: About | undefined;
  /** Fields that no mapper reads. */
  more?: Fields | undefined;
};

/** In the name of a payload's file when it came by HTTP. */
export const BY_HTTP = ".http.";

/** How a payload came: when, and under which name that is the same when it comes again. */
export interface Delivery {
  at: number;
  id: string;
}

/** What the lines of one file so far have said: plain data, stored with the position. */
export interface FileState {
  session: string;
  agent: string;
  parent?: string | undefined;
  model?: string | undefined;
  startedAt?: number | undefined;
}

/** What every act of one payload shares. */
export type Base = Omit<Act, "type" | "ids">;

/** @param ids values of ids by their kind; what is undefined is left out */
export function makeAct(
  base: Base,
  deed: Deed,
  ids: Readonly<Record<string, string | undefined>> = {},
): Act {
  const own = Object.entries(ids).flatMap(([kind, id]) =>
    id === undefined ? [] : [`${kind}:${id}`],
  );
  return { ...base, ...deed, ids: own };
}

/** Tells the acts of one payload apart. */
export function numbered(acts: readonly Act[]): Act[] {
  return acts.map((act, index) => ({
    ...act,
    delivery: `${act.delivery}#${String(index)}`,
  }));
}

type Ended = Extract<Deed, { type: "tool_ended" }>;
/** How a call ended. */
export type Outcome = Partial<Omit<Ended, "type">>;

/** What an act, or an event, may hold that a person or a program wrote. */
const CONTENT = new Set(
  "name text input output error reason outcome message fields more about metadata".split(
    " ",
  ),
);

/**
 * Masks the secrets in what an act tells, before it is compared or stored.
 *
 * @param onMasked called for each secret
 */
export function maskContent<Told extends object>(
  told: Told,
  onMasked?: () => void,
): Told {
  const masked: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(told)) {
    if (CONTENT.has(key) && value !== undefined)
      masked[key] = maskValue(value, "", onMasked);
  }
  return { ...told, ...masked };
}

// --------------------------------------------------------- loose reading

export function fieldsOf(value: unknown): Fields {
  return isRecord(value) ? value : {};
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** What a table has under a name that a payload chose: not what every object inherits. */
export function ownOf<Value>(
  table: Readonly<Record<string, Value>>,
  name: string,
): Value | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** The first of the fields that is a text with something in it. */
export function textOf(
  fields: Fields,
  ...names: readonly string[]
): string | undefined {
  for (const name of names) {
    const value = fields[name];
    if (typeof value === "string" && value !== "") return cut(value);
  }
  return undefined;
}

/** The same for ids and names, which are short. */
export function nameOf(
  fields: Fields,
  ...names: readonly string[]
): string | undefined {
  return textOf(fields, ...names)?.slice(0, MAX_NAME_CHARS);
}

/** The first of the fields that is a finite number of at least 0; OTLP writes integers as text. */
export function numberOf(
  fields: Fields,
  ...names: readonly string[]
): number | undefined {
  for (const name of names) {
    const value = fields[name];
    const number =
      typeof value === "string" && /^\d{1,15}(\.\d+)?$/.test(value)
        ? Number(value)
        : value;
    if (typeof number === "number" && number >= 0 && number <= 1e15)
      return number;
  }
  return undefined;
}

/** The first of the fields that is a time (ISO 8601, or ms since the epoch). */
export function timeOf(
  fields: Fields,
  ...names: readonly string[]
): number | undefined {
  for (const name of names) {
    const value = fields[name];
    const time = typeof value === "string" ? Date.parse(value) : value;
    if (typeof time === "number" && time > 0 && time < 8e15) return time;
  }
  return undefined;
}

/** Tokens, or undefined when there are none. `cached` is a part of `input`. */
export function tokensOf(count: {
  input?: number | undefined;
  cached?: number | undefined;
  output?: number | undefined;
  cacheRead?: number | undefined;
  cacheWrite?: number | undefined;
  cacheWriteHour?: number | undefined;
}): Tokens | undefined {
  const { input = 0, cached = 0, output = 0, cacheWrite = 0 } = count;
  const tokens = {
    input: Math.max(0, input - cached),
    output,
    cacheRead: count.cacheRead ?? cached,
    cacheWrite,
    ...((count.cacheWriteHour ?? 0) > 0
      ? { cacheWriteHour: count.cacheWriteHour }
      : {}),
  };
  const { cacheRead } = tokens;
  return tokens.input + output + cacheRead + cacheWrite > 0
    ? tokens
    : undefined;
}

/** The fields that are not among `known`, or undefined when there are none. */
export function unknownFields(
  fields: Fields,
  known: ReadonlySet<string>,
): Fields | undefined {
  const rest = Object.entries(fields).filter(([name]) => !known.has(name));
  return rest.length === 0 ? undefined : fitFields(Object.fromEntries(rest));
}

// -------------------------------------------------------------- sizes

export function cut(text: string, max = MAX_TEXT_CHARS): string {
  if (text.length <= max) return text;
  // Not between the two halves of a character.
  const end = /[\uD800-\uDBFF]/.test(text.charAt(max - 1)) ? max - 1 : max;
  return `${text.slice(0, end)}… [cut: ${String(text.length)} characters]`;
}

/** The first line of a prompt that has something in it, without half a character at its end. */
export function titleOf(prompt = ""): string | undefined {
  const line = prompt.split("\n").find((each) => each.trim() !== "");
  return line
    ?.trim()
    .slice(0, MAX_TITLE_CHARS)
    .replace(/[\uD800-\uDBFF]$/, "");
}

/** A copy of JSON within the bounds above; what is cut says so. */
export function fit(value: unknown): unknown {
  let left = MAX_VALUE_CHARS;
  const copy = (part: unknown, depth: number): unknown => {
    left -= 4;
    if (typeof part === "string") {
      const text = cut(part, Math.min(MAX_TEXT_CHARS, Math.max(left, 0)));
      left -= text.length;
      return text;
    }
    if (typeof part !== "object" || part === null) return part;
    if (left <= 0 || depth >= MAX_DEPTH) return "[cut]";
    if (Array.isArray(part)) {
      const items: unknown[] = [];
      for (const item of part) {
        if (left <= 0) return [...items, "[cut]"];
        items.push(copy(item, depth + 1));
      }
      return items;
    }
    const entries: [string, unknown][] = [];
    for (const [key, item] of Object.entries(part)) {
      if (left <= 0) return Object.fromEntries([...entries, ["[cut]", true]]);
      left -= key.length;
      entries.push([cut(key, MAX_NAME_CHARS), copy(item, depth + 1)]);
    }
    return Object.fromEntries(entries);
  };
  return copy(value, 0);
}

export function fitFields(fields: Fields): Fields {
  return fieldsOf(fit(fields));
}

/** Whether what is due is due; later than any can be, too: the clock was set back. */
export const isDue = (dueAt: number, now: number, delayMs: number): boolean =>
  dueAt <= now || dueAt > now + delayMs;

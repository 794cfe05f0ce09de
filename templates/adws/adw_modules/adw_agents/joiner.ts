/**
 * Which acts are one: the same act comes by several roads, twice, and in any
 * order. One shared id makes two acts the same. Where they have none in common
 * they are the same when they look alike, lie close together and came by
 * different roads; as many as the road with the most of them says.
 *
 * Template: adw_agents 1.3.0
 */
import { hash } from "node:crypto";
import { z } from "zod/v4";
import { isRecord } from "../adw_events.ts";
import { cut } from "./act.ts";
import type { Act } from "./act.ts";

/** Acts that look alike are one when they are no further apart. */
export const ALIKE_WITHIN_MS = 60_000;

const MAX_DELIVERIES = 20;

const tokensSchema = z.object({
  input: z.number(),
  output: z.number(),
  cacheRead: z.number(),
  cacheWrite: z.number(),
  cacheWriteHour: z.number().optional(),
});
/** What one road said of a model request. */
const saidSchema = z.object({
  at: z.number(),
  lane: z.string(),
  model: z.string().optional(),
  tokens: tokensSchema,
  costUsd: z.number().optional(),
  durationMs: z.number().optional(),
  asker: z.string().optional(),
});
const requestSchema = z.object({
  /** What each road said last; the last of them came last. */
  said: z.array(saidSchema),
  /** The sum of what was logged. */
  logged: z
    .object({
      tokens: tokensSchema,
      usd: z.number(),
      source: z.enum(["reported", "estimated", "unknown"]),
    })
    .optional(),
});
const texts = z.array(z.string());
/** An entry as it is stored. */
export const entrySchema = z.object({
  agent: z.string(),
  at: z.number(),
  look: z
    .union([
      z.tuple([z.string()]),
      z.tuple([z.string(), z.string().nullable()]),
    ])
    .transform(([first, second]): Look =>
      second == null ? [first] : [first, second],
    ),
  ids: texts,
  deliveries: texts,
  lanes: texts,
  logged: texts,
  endedAt: z.number().optional(),
  usage: requestSchema.optional(),
  vague: z.string().optional(),
});

export type EntryState = z.infer<typeof entrySchema>;
export type Said = z.infer<typeof saidSchema>;
export type Request = z.infer<typeof requestSchema>;

/** How an act looks: what must be equal, and what must be where both know it. */
export type Look = readonly [string, (string | undefined)?];

/** One act, as all its roads have told it so far. */
export interface Entry {
  readonly kind: string;
  readonly session: string;
  /** Its name in the session's state: the kind and what it was first known by. */
  readonly key: string;
  /** Where it is found by those that look like it. */
  readonly minute: string;
  agent: string;
  at: number;
  look: Look;
  /** Ids, and the deliveries it came by. */
  readonly ids: Set<string>;
  readonly deliveries: Set<string>;
  /** The roads that told it, with the phase: "hook start". */
  readonly lanes: Set<string>;
  /** What was logged of it: start, end. */
  readonly logged: Set<string>;
  endedAt?: number | undefined;
  /** Of a model request: what each road said last, and what was logged. */
  usage?: Request | undefined;
  /** Of a call: JSON of an end that waits for one that says how it ended. */
  vague?: string | undefined;
}

/** The entries of a session that are of one kind. */
interface Kind {
  /** In the order of their coming. */
  readonly entries: Set<Entry>;
  /** All the roads that told any of them, with the phase. */
  readonly lanes: Set<string>;
}

/** Stands for a text of any length. */
export function digest(text: string): string {
  return hash("sha1", text, "base64url").slice(0, 16);
}

/** A change of what is known of a session, to be stored; `state` is JSON, undefined when it is gone. */
export interface Change {
  session: string;
  key: string;
  state: string | undefined;
}

export class Joiner {
  readonly #byId = new Map<string, Entry>();
  /** By session, kind and minute, for those that have no id in common. */
  readonly #byMinute = new Map<string, Set<Entry>>();
  readonly #bySession = new Map<string, Map<string, Kind>>();
  #changed = new Set<Entry>();
  #dropped: Change[] = [];
  size = 0;

  knows(key: string): boolean {
    return this.#byId.has(key);
  }

  /** The entries that share an id or a delivery with the act. */
  find(kind: string, act: Pick<Act, "ids" | "lane" | "delivery">): Entry[] {
    const keys = [...act.ids, `${act.lane}:${act.delivery}`];
    const found = keys.map((key) => this.#byId.get(`${kind} ${key}`));
    return [...new Set(found.filter((entry) => entry !== undefined))];
  }

  /** The entry that looks like the act, which came by another road, nearest in time. */
  alike(
    kind: string,
    act: Pick<Act, "session" | "agent" | "ids" | "at">,
    look: Look,
    lanes: Iterable<string>,
    isAnyAgent = false,
  ): Entry | undefined {
    const told = new Set(lanes);
    // Where no other road has told any, there is nothing to look for.
    const all = this.#bySession.get(act.session)?.get(kind)?.lanes ?? [];
    if (Array.from(all).every((lane) => told.has(lane))) return undefined;
    let best: Entry | undefined;
    for (const entry of this.near(act.session, kind, act.at)) {
      if (!looksLike(entry.look, look)) continue;
      if (!isAnyAgent && entry.agent !== act.agent) continue;
      if (Array.from(entry.lanes).some((lane) => told.has(lane))) continue;
      if (contradict(entry.ids, act.ids)) continue;
      const distance = Math.abs(entry.at - act.at);
      if (best === undefined || distance < Math.abs(best.at - act.at))
        best = entry;
    }
    return best;
  }

  /** The entries that lie so close that they may be the same. */
  *near(session: string, kind: string, at: number): Iterable<Entry> {
    for (const each of [-1, 0, 1]) {
      const minute = minuteOf(session, kind, at + each * ALIKE_WITHIN_MS);
      const entries = this.#byMinute.get(minute);
      for (const entry of entries ?? [])
        if (Math.abs(entry.at - at) <= ALIKE_WITHIN_MS) yield entry;
    }
  }

  /** The entry of an act, made when there is none. */
  join(kind: string, act: Act, look: Look, phase = "start"): Entry {
    const lane = `${act.lane} ${phase}`;
    const entry =
      this.find(kind, act)[0] ??
      this.alike(kind, act, look, [lane]) ??
      this.add(kind, act, look);
    this.tell(entry, act, phase);
    return entry;
  }

  add(
    kind: string,
    act: Pick<Act, "session" | "agent" | "at" | "ids" | "lane" | "delivery">,
    look: Look,
  ): Entry {
    const { session, agent, at } = act;
    const key = `${kind} ${act.ids[0] ?? `${act.lane}:${act.delivery}`}`;
    const sets = { ids: new Set<string>(), deliveries: new Set<string>() };
    const told = { lanes: new Set<string>(), logged: new Set<string>() };
    const minute = minuteOf(session, kind, at);
    const own = { kind, session, key, minute, agent, at, look };
    return this.#put({ ...own, ...sets, ...told });
  }

  #put(entry: Entry): Entry {
    const { session, kind, minute } = entry;
    const near = this.#byMinute.get(minute) ?? new Set();
    this.#byMinute.set(minute, near.add(entry));
    const kinds = this.#bySession.get(session) ?? new Map<string, Kind>();
    this.#bySession.set(session, kinds);
    const own = kinds.get(kind) ?? { entries: new Set(), lanes: new Set() };
    kinds.set(kind, own);
    own.entries.add(entry);
    for (const lane of entry.lanes) own.lanes.add(lane);
    this.size += 1;
    return entry;
  }

  /** Is to be called after an entry was changed. */
  touch(entry: Entry): void {
    this.#changed.add(entry);
  }

  /** What has changed since the last call. */
  changes(): Change[] {
    const changes = [...this.#dropped];
    for (const entry of this.#changed) {
      const { session, key } = entry;
      changes.push({ session, key, state: JSON.stringify(stateOf(entry)) });
    }
    this.#changed = new Set();
    this.#dropped = [];
    return changes;
  }

  /** Puts back what `changes` has told. */
  restore(session: string, key: string, state: EntryState): Entry {
    const kind = key.slice(0, key.indexOf(" "));
    const minute = minuteOf(session, kind, state.at);
    const entry = this.#put({
      ...state,
      session,
      key,
      kind,
      minute,
      ids: new Set(state.ids),
      deliveries: new Set(state.deliveries),
      lanes: new Set(state.lanes),
      logged: new Set(state.logged),
    });
    this.#index(entry);
    return entry;
  }

  /** Notes that a road told the entry. */
  tell(
    entry: Entry,
    { ids, lane, delivery }: Pick<Act, "ids" | "lane" | "delivery">,
    phase: string,
  ): void {
    const { session, kind } = entry;
    entry.lanes.add(`${lane} ${phase}`);
    this.#bySession.get(session)?.get(kind)?.lanes.add(`${lane} ${phase}`);
    const told = `${lane}:${delivery}`;
    for (const id of ids) entry.ids.add(id);
    // Whoever tells an act so often gives it an id.
    if (entry.deliveries.size < MAX_DELIVERIES) entry.deliveries.add(told);
    for (const key of [...ids, told])
      if (entry.ids.has(key) || entry.deliveries.has(key))
        this.#byId.set(`${entry.kind} ${key}`, entry);
    this.touch(entry);
  }

  /** Makes two entries one. */
  merge(into: Entry, other: Entry): void {
    for (const id of other.ids) into.ids.add(id);
    for (const id of other.deliveries) into.deliveries.add(id);
    for (const lane of other.lanes) into.lanes.add(lane);
    for (const phase of other.logged) into.logged.add(phase);
    this.drop(other);
    const { session, key } = other;
    this.#dropped.push({ session, key, state: undefined });
    this.#index(into);
    this.touch(into);
  }

  /** Drops so many from memory, what repeats itself least first. */
  dropOldest(session: string, count: number): void {
    let left = count;
    for (const kind of ["other", "answer", "call", "usage", "prompt"]) {
      const own = this.#bySession.get(session)?.get(kind)?.entries ?? [];
      for (const entry of own) {
        if (left <= 0) return;
        this.drop(entry);
        left -= 1;
      }
    }
  }

  forget(session: string): void {
    for (const { entries } of this.#bySession.get(session)?.values() ?? []) {
      for (const entry of entries) this.drop(entry);
    }
    this.#bySession.delete(session);
  }

  drop(entry: Entry): void {
    const own = this.#bySession.get(entry.session)?.get(entry.kind);
    if (own?.entries.delete(entry) === true) this.size -= 1;
    const near = this.#byMinute.get(entry.minute);
    near?.delete(entry);
    this.#changed.delete(entry);
    if (near?.size === 0) this.#byMinute.delete(entry.minute);
    for (const key of [...entry.ids, ...entry.deliveries]) {
      const id = `${entry.kind} ${key}`;
      if (this.#byId.get(id) === entry) this.#byId.delete(id);
    }
  }

  #index(entry: Entry): void {
    for (const key of entry.ids) this.#byId.set(`${entry.kind} ${key}`, entry);
    for (const key of entry.deliveries)
      this.#byId.set(`${entry.kind} ${key}`, entry);
  }
}

function minuteOf(session: string, kind: string, at: number): string {
  return `${session} ${kind} ${String(Math.floor(at / ALIKE_WITHIN_MS))}`;
}

/** What an entry's own key says already is left out. */
function stateOf(entry: Entry): EntryState {
  const { agent, at, look, endedAt, usage, vague } = entry;
  return {
    agent,
    at,
    look,
    ids: [...entry.ids],
    deliveries: [...entry.deliveries],
    lanes: [...entry.lanes],
    logged: [...entry.logged],
    endedAt,
    usage,
    vague,
  };
}

export function looksLike([a, b]: Look, [c, d]: Look): boolean {
  return a === c && (b === d || b === undefined || d === undefined);
}

/** Whether both have an id of one kind: they share none, so they are two. */
function contradict(one: Iterable<string>, two: Iterable<string>): boolean {
  const kinds = new Set(Array.from(one, kindOf));
  return Array.from(two).some((id) => kinds.has(kindOf(id)));
}

function kindOf(id: string): string {
  return id.slice(0, id.indexOf(":"));
}

/** The argument that tells most of a call. */
function argumentOf(input: unknown): string | undefined {
  if (typeof input === "string") return input;
  if (!isRecord(input)) return undefined;
  for (const key of ["command", "cmd", "file_path", "path", "pattern", "url"]) {
    const value = input[key];
    if (typeof value === "string") return value;
    if (Array.isArray(value)) return value.join(" ");
  }
  const first = Object.values(input).find((value) => typeof value === "string");
  return typeof first === "string" ? first : JSON.stringify(input);
}

/** How a call looks: its tool, and a digest of its argument. */
export function callLook(tool: string | undefined, input: unknown): Look {
  const argument = argumentOf(input);
  return argument === undefined ? [tool ?? ""] : [tool ?? "", digest(argument)];
}

export function labelOf(tool: string, input: unknown): string {
  const argument = argumentOf(input);
  return argument === undefined ? tool : `${tool} ${cut(argument, 200)}`;
}

/** The value of the first id of a kind. */
export function idOf({ ids }: Entry, ...kinds: string[]): string | undefined {
  for (const id of ids) {
    const [kind = ""] = id.split(":", 1);
    if (kinds.includes(kind)) return id.slice(kind.length + 1);
  }
  return undefined;
}

/** The agent's own id of a call, or one of ours. */
export function callId(entry: Entry): string {
  return idOf(entry, "call") ?? [...entry.deliveries][0] ?? "";
}

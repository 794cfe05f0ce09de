/**
 * Which acts are one: the same act comes by several roads, twice, and in any
 * order. One shared id makes two acts the same. Where they have none in common
 * they are the same when they look alike, lie close together and came by
 * different roads; as many as the road with the most of them says.
 *
 * Template: adw_agents 1.3.0
 */
import { createHash } from "node:crypto";
import type { Act } from "./act.ts";

/** Acts that look alike are one when they are no further apart. */
export const ALIKE_WITHIN_MS = 60_000;

const MAX_DELIVERIES = 20;

/** How an act looks: what must be equal, and what must be where both know it. */
export type Look = readonly [string, (string | undefined)?];

/** One act, as all its roads have told it so far. */
export interface Entry {
  readonly kind: string;
  readonly session: string;
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
  endedAt?: number;
}

/** The part of an entry that its log rows carry, so that it can be rebuilt from them. */
export interface Memo {
  kind: string;
  phase: string;
  ids: readonly string[];
  deliveries: readonly string[];
  lanes: readonly string[];
  look: Look;
}

/** Stands for a text of any length. */
export function digest(text: string): string {
  return createHash("sha1").update(text).digest("base64url").slice(0, 16);
}

export function memoOf(entry: Entry, phase: string): Memo {
  const { kind, ids, deliveries, lanes, look } = entry;
  return {
    kind,
    phase,
    ids: [...ids],
    deliveries: [...deliveries],
    lanes: [...lanes],
    look,
  };
}

export class Joiner {
  readonly #byId = new Map<string, Entry>();
  /** By session, kind and minute, for those that have no id in common. */
  readonly #byMinute = new Map<string, Set<Entry>>();
  /** By session and kind, in the order of their coming. */
  readonly #bySession = new Map<string, Map<string, Set<Entry>>>();
  size = 0;

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
    const told = [...lanes];
    let best: Entry | undefined;
    for (const entry of this.near(act.session, kind, act.at)) {
      if (!looksLike(entry.look, look)) continue;
      if (!isAnyAgent && entry.agent !== act.agent) continue;
      if (told.some((lane) => entry.lanes.has(lane))) continue;
      if (contradict(entry.ids, act.ids)) continue;
      const distance = Math.abs(entry.at - act.at);
      if (best === undefined || distance < Math.abs(best.at - act.at))
        best = entry;
    }
    return best;
  }

  /** The entries that lie so close that they may be the same. */
  *near(session: string, kind: string, at: number): Iterable<Entry> {
    const minute = minuteOf(at);
    for (const each of [minute - 1, minute, minute + 1]) {
      const entries = this.#byMinute.get(`${session} ${kind} ${String(each)}`);
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
    { session, agent, at }: Pick<Act, "session" | "agent" | "at">,
    look: Look,
  ): Entry {
    const sets = { ids: new Set<string>(), deliveries: new Set<string>() };
    const told = { lanes: new Set<string>(), logged: new Set<string>() };
    const minute = `${session} ${kind} ${String(minuteOf(at))}`;
    const from = { kind, session, minute, agent, at, look };
    const entry: Entry = { ...from, ...sets, ...told };
    const near = this.#byMinute.get(minute) ?? new Set();
    this.#byMinute.set(minute, near.add(entry));
    const kinds = this.#bySession.get(session) ?? new Map<string, Set<Entry>>();
    this.#bySession.set(session, kinds);
    const entries = kinds.get(kind) ?? new Set();
    kinds.set(kind, entries.add(entry));
    this.size += 1;
    return entry;
  }

  /** Notes that a road told the entry. */
  tell(
    entry: Entry,
    { ids, lane, delivery }: Pick<Act, "ids" | "lane" | "delivery">,
    phase: string,
  ): void {
    entry.lanes.add(`${lane} ${phase}`);
    const told = `${lane}:${delivery}`;
    for (const id of ids) entry.ids.add(id);
    // Whoever tells an act so often gives it an id.
    if (entry.deliveries.size < MAX_DELIVERIES) entry.deliveries.add(told);
    for (const key of [...ids, told])
      if (entry.ids.has(key) || entry.deliveries.has(key))
        this.#byId.set(`${entry.kind} ${key}`, entry);
  }

  /** Rebuilds what was known of an act whose log row is there. */
  restore(memo: Memo, from: Pick<Act, "session" | "agent" | "at">): Entry {
    const known = [...memo.ids, ...memo.deliveries]
      .map((key) => this.#byId.get(`${memo.kind} ${key}`))
      .find((entry) => entry !== undefined);
    const entry = known ?? this.add(memo.kind, from, memo.look);
    for (const id of memo.ids) entry.ids.add(id);
    for (const delivery of memo.deliveries) entry.deliveries.add(delivery);
    for (const lane of memo.lanes) entry.lanes.add(lane);
    entry.logged.add(memo.phase);
    this.#index(entry);
    return entry;
  }

  /** Makes two entries one. */
  merge(into: Entry, other: Entry): void {
    for (const id of other.ids) into.ids.add(id);
    for (const id of other.deliveries) into.deliveries.add(id);
    for (const lane of other.lanes) into.lanes.add(lane);
    for (const phase of other.logged) into.logged.add(phase);
    this.drop(other);
    this.#index(into);
  }

  of(session: string, kind: string): Iterable<Entry> {
    return this.#bySession.get(session)?.get(kind) ?? [];
  }

  forget(session: string): void {
    for (const entries of this.#bySession.get(session)?.values() ?? []) {
      for (const entry of entries) this.drop(entry);
    }
    this.#bySession.delete(session);
  }

  drop(entry: Entry): void {
    const entries = this.#bySession.get(entry.session)?.get(entry.kind);
    if (entries?.delete(entry) === true) this.size -= 1;
    const near = this.#byMinute.get(entry.minute);
    near?.delete(entry);
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

function minuteOf(at: number): number {
  return Math.floor(at / ALIKE_WITHIN_MS);
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

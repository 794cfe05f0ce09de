/**
 * The events that the page holds: in order of seq, bounded, with two columns
 * of times. `happenedAt` is when an event happened. `timeAt` is where it
 * stands among the others in time, never going back, so that a moment is found by
 * binary search; no single wrong clock moves the places of the events after it.
 */
import type { AgentEvent } from "./types.ts";
import { isRecord } from "./event_facts.ts";
import { plainText, plainValue } from "./plain_text.ts";

/** The oldest events leave once there are more than this. */
export const MAX_EVENTS = 200_000;
/** A clock may be ahead by so much before its times are not believed. */
const FUTURE_MS = 5_000;
/** A difference between clocks that no drift explains: one was set, or stood still. */
export const CLOCK_JUMP_MS = 5_000;
/** Events that leave at a time: trimming one by one would move every index. */
const TRIM_EVENTS = 20_000;

export class EventStore {
  events: AgentEvent[] = [];
  /** When `events[i]` happened. */
  #times = new Float64Array(4_096);
  /** The same, never going back. */
  #places = new Float64Array(4_096);
  /** How many of the newest events happened before what came before them. */
  #late = 0;
  /** The latest time among those. */
  #latest = 0;
  lastSeq = 0;
  /** Grows by one with each event trimmed; index + trimmed is for ever. */
  trimmed = 0;
  #words: Map<string, string> = new Map();

  readonly maxEvents: number;
  readonly trimEvents: number;

  constructor(maxEvents = MAX_EVENTS) {
    this.maxEvents = maxEvents;
    this.trimEvents = Math.min(TRIM_EVENTS, Math.ceil(maxEvents / 10));
  }

  get length() {
    return this.events.length;
  }

  /**
   * Adds what is new: an event whose seq is known already is a repetition.
   * Returns how many were added.
   *
   * @param arrival what claims to be later
   *   than `now` is not believed; live events happen as they come
   */
  append(
    events: readonly AgentEvent[],
    { now = Infinity, live = false }: { now?: number; live?: boolean } = {},
  ) {
    let added = 0;
    for (const event of events) {
      if (event.seq <= this.lastSeq) continue;
      this.lastSeq = event.seq;
      // One copy of each name: thousands of events share the same few.
      event.agent_id = this.#intern(event.agent_id);
      event.event_type = this.#intern(event.event_type);
      event.log_type = this.#intern(event.log_type);
      event.log_level = this.#intern(event.log_level);
      if (event.session_id) event.session_id = this.#intern(event.session_id);
      if (event.project) event.project = this.#intern(event.project);
      if (event.source) event.source = this.#intern(event.source);
      this.#pushTime(Date.parse(event.timestamp), now, live);
      this.events.push(event);
      added += 1;
    }
    return added;
  }

  /** Takes the oldest events out when there are too many, and returns them. */
  trim(onGone?: (event: AgentEvent, happenedAt: number) => void): AgentEvent[] {
    if (this.events.length <= this.maxEvents) return [];
    const count = Math.max(
      this.trimEvents,
      this.events.length - this.maxEvents,
    );
    const gone = this.events.splice(0, count);
    gone.forEach((event, index) => onGone?.(event, this.happenedAt(index)));
    this.#times.copyWithin(0, count, this.events.length + count);
    this.#places.copyWithin(0, count, this.events.length + count);
    this.trimmed += count;
    return gone;
  }

  clear() {
    this.events = [];
    this.#times = new Float64Array(4_096);
    this.#places = new Float64Array(4_096);
    this.#late = 0;
    this.lastSeq = 0;
    this.trimmed = 0;
  }

  /** How many events stand at or before `time`. */
  countUntil(time: number) {
    let low = 0;
    let high = this.events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.timeAt(middle) <= time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The index of the event with this seq, or -1. */
  indexOf(seq: number) {
    const index = firstAtLeast(this.events, seq);
    return this.events[index]?.seq === seq ? index : -1;
  }

  /** When an event happened. */
  happenedAt(index: number) {
    return this.#times[index] ?? 0;
  }

  /** Where it stands in time: never before an earlier event. */
  timeAt(index: number) {
    return this.#places[index] ?? 0;
  }

  get firstTime() {
    return this.events.length > 0 ? this.timeAt(0) : 0;
  }

  get lastTime() {
    return this.timeAt(this.events.length - 1);
  }

  /** @param time NaN when the event does not say */
  #pushTime(time: number, now: number, live: boolean) {
    const index = this.events.length;
    if (index === this.#times.length) {
      this.#times = larger(this.#times);
      this.#places = larger(this.#places);
    }
    const previous = index > 0 ? this.timeAt(index - 1) : 0;
    if (Number.isNaN(time)) {
      this.#times[index] = index > 0 ? this.happenedAt(index - 1) : 0;
      this.#places[index] = previous;
      return;
    }
    // From the future: it happened when it came, or beside the one before it.
    const isAhead = time > now + FUTURE_MS;
    const likely = live || index === 0 ? now : Math.min(previous, now);
    const believed = isAhead ? likely : time;
    this.#times[index] = believed;
    this.#places[index] = Math.max(believed, previous);
    if (believed >= previous) {
      this.#late = 0;
      return;
    }
    this.#latest =
      this.#late === 0 ? believed : Math.max(this.#latest, believed);
    this.#late += 1;
    this.#settlePlaces(index);
  }

  /**
   * When more events say that it is earlier than events said it is later, it
   * was the few that were ahead: they take the place before them, and the
   * others the places that they name.
   */
  #settlePlaces(newest: number) {
    const firstLate = newest - this.#late + 1;
    // The run of few that the late ones would have to overrule.
    const firstAhead = firstLate - this.#late + 1;
    if (firstAhead < 0) return;
    const before = firstAhead - 1;
    if (before >= 0 && this.timeAt(before) > this.#latest) return;
    let place = before >= 0 ? this.timeAt(before) : this.happenedAt(firstLate);
    for (let i = firstAhead; i <= newest; i++) {
      if (i >= firstLate) place = Math.max(place, this.happenedAt(i));
      this.#places[i] = place;
    }
    this.#late = 0;
  }

  #intern(word: string) {
    const known = this.#words.get(word);
    if (known !== undefined) return known;
    if (this.#words.size > 10_000) this.#words.clear();
    this.#words.set(word, word);
    return word;
  }
}

function larger(numbers: Float64Array<ArrayBuffer>) {
  const copy = new Float64Array(numbers.length * 2);
  copy.set(numbers);
  return copy;
}

/** Index of the first event with a seq >= `seq`, in events sorted by seq. */
export function firstAtLeast(events: readonly AgentEvent[], seq: number) {
  let low = 0;
  let high = events.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((events[middle]?.seq ?? Infinity) < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Accepts what looks like an event, whatever its type; null for anything else. */
export function asEvent(value: unknown): AgentEvent | null {
  return isRecord(value) && completeEvent(value) ? value : null;
}

/** Completes an event in place: a hundred thousand copies would take their time. */
function completeEvent(
  value: Record<string, unknown>,
): value is Record<string, unknown> & AgentEvent {
  const { seq, event_type: type, metadata } = value;
  if (typeof type !== "string") return false;
  if (typeof seq !== "number" || !Number.isSafeInteger(seq) || seq < 1) {
    return false;
  }
  value["event_type"] = plainText(type);
  value["agent_id"] = wordOf(value["agent_id"], "system");
  value["message"] = wordOf(value["message"], "");
  value["timestamp"] = wordOf(value["timestamp"], "");
  value["log_type"] = wordOf(value["log_type"], "event");
  value["log_level"] = wordOf(value["log_level"], "info");
  for (const name of ["session_id", "project", "source"]) {
    if (value[name] !== undefined) value[name] = wordOf(value[name], "");
  }
  value["metadata"] = isRecord(metadata) ? plainValue(metadata) : {};
  return true;
}

function wordOf(value: unknown, missing: string) {
  return typeof value === "string" ? plainText(value) : missing;
}

/**
 * The events that the page holds: in order of seq, bounded, with two columns
 * of times. `happenedAt` is when an event happened. `timeAt` is where it
 * stands among the others in time, never going back, so that a moment is found by
 * binary search; no single wrong clock moves the places of the events after it.
 *
 * @import { AgentEvent } from "./types.ts"
 */
import { plainText, plainValue } from "./plain_text.ts";

/** The oldest events leave once there are more than this. */
export const MAX_EVENTS = 200_000;
/** A clock may be ahead by so much before its times are not believed. */
const FUTURE_MS = 5_000;
/** Events that leave at a time: trimming one by one would move every index. */
const TRIM_EVENTS = 20_000;

export class EventStore {
  /** @type {AgentEvent[]} */
  events = [];
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
  /** @type {Map<string, string>} */
  #words = new Map();

  /** @param {number} [maxEvents] */
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
   * @param {readonly AgentEvent[]} events
   * @param {{ now?: number, live?: boolean }} [arrival] what claims to be later
   *   than `now` is not believed; live events happen as they come
   */
  append(events, { now = Infinity, live = false } = {}) {
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
      this.#pushTime(Date.parse(event.timestamp), now, live);
      this.events.push(event);
      added += 1;
    }
    return added;
  }

  /**
   * Takes the oldest events out when there are too many, and returns them.
   *
   * @param {(event: AgentEvent, happenedAt: number) => void} [onGone]
   * @returns {AgentEvent[]}
   */
  trim(onGone) {
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

  /** How many events stand at or before `time`. @param {number} time */
  countUntil(time) {
    let low = 0;
    let high = this.events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.timeAt(middle) <= time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The index of the event with this seq, or -1. @param {number} seq */
  indexOf(seq) {
    const index = firstAtLeast(this.events, seq);
    return this.events[index]?.seq === seq ? index : -1;
  }

  /** When an event happened. @param {number} index */
  happenedAt(index) {
    return this.#times[index] ?? 0;
  }

  /** Where it stands in time: never before an earlier event. @param {number} index */
  timeAt(index) {
    return this.#places[index] ?? 0;
  }

  get firstTime() {
    return this.events.length > 0 ? this.timeAt(0) : 0;
  }

  get lastTime() {
    return this.timeAt(this.events.length - 1);
  }

  /**
   * @param {number} time NaN when the event does not say
   * @param {number} now
   * @param {boolean} live
   */
  #pushTime(time, now, live) {
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
   *
   * @param {number} newest
   */
  #settlePlaces(newest) {
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

  /** @param {string} word */
  #intern(word) {
    const known = this.#words.get(word);
    if (known !== undefined) return known;
    if (this.#words.size > 10_000) this.#words.clear();
    this.#words.set(word, word);
    return word;
  }
}

/** @param {Float64Array<ArrayBuffer>} numbers */
function larger(numbers) {
  const copy = new Float64Array(numbers.length * 2);
  copy.set(numbers);
  return copy;
}

/**
 * Index of the first event with a seq >= `seq`, in events sorted by seq.
 *
 * @param {readonly AgentEvent[]} events
 * @param {number} seq
 */
export function firstAtLeast(events, seq) {
  let low = 0;
  let high = events.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((events[middle]?.seq ?? Infinity) < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Accepts what looks like an event, whatever its type; null for anything else.
 *
 * @param {unknown} value
 * @returns {AgentEvent | null}
 */
export function asEvent(value) {
  if (typeof value !== "object" || value === null) return null;
  const event = /** @type {AgentEvent} */ (value);
  if (
    typeof event.event_type !== "string" ||
    !Number.isSafeInteger(event.seq) ||
    event.seq < 1
  ) {
    return null;
  }
  event.event_type = plainText(event.event_type);
  event.agent_id = wordOf(event.agent_id, "system");
  event.message = wordOf(event.message, "");
  event.timestamp = wordOf(event.timestamp, "");
  event.log_type = wordOf(event.log_type, "event");
  event.log_level = wordOf(event.log_level, "info");
  if (event.session_id !== undefined) {
    event.session_id = wordOf(event.session_id, "");
  }
  event.metadata = /** @type {Record<string, unknown>} */ (
    typeof event.metadata === "object" && event.metadata !== null
      ? plainValue(event.metadata)
      : {}
  );
  return event;
}

/**
 * @param {unknown} value
 * @param {string} missing
 */
function wordOf(value, missing) {
  return typeof value === "string" ? plainText(value) : missing;
}

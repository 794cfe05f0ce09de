/**
 * The events that the page holds: in order of seq, bounded, with their times
 * in a column of their own, so that a time is found by binary search.
 *
 * @import { AgentEvent } from "./types.js"
 */

/** The oldest events leave once there are more than this. */
export const MAX_EVENTS = 200_000;
/** Events that leave at a time: trimming one by one would move every index. */
const TRIM_EVENTS = 20_000;

export class EventStore {
  /** @type {AgentEvent[]} */
  events = [];
  /** Times that never go back: `times[i]` belongs to `events[i]`. */
  times = new Float64Array(4_096);
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
   */
  append(events) {
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
      this.#pushTime(Date.parse(event.timestamp));
      this.events.push(event);
      added += 1;
    }
    return added;
  }

  /**
   * Takes the oldest events out when there are too many, and returns them.
   *
   * @returns {AgentEvent[]}
   */
  trim() {
    if (this.events.length <= this.maxEvents) return [];
    const count = Math.max(
      this.trimEvents,
      this.events.length - this.maxEvents,
    );
    this.times.copyWithin(0, count, this.events.length);
    this.trimmed += count;
    return this.events.splice(0, count);
  }

  clear() {
    this.events = [];
    this.times = new Float64Array(4_096);
    this.lastSeq = 0;
    this.trimmed = 0;
  }

  /** How many events happened at or before `time`. @param {number} time */
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

  /** @param {number} index */
  timeAt(index) {
    return this.times[index] ?? 0;
  }

  get firstTime() {
    return this.events.length > 0 ? this.timeAt(0) : 0;
  }

  get lastTime() {
    return this.timeAt(this.events.length - 1);
  }

  /** @param {number} time */
  #pushTime(time) {
    const index = this.events.length;
    if (index === this.times.length) {
      const larger = new Float64Array(this.times.length * 2);
      larger.set(this.times);
      this.times = larger;
    }
    const previous = index > 0 ? this.timeAt(index - 1) : 0;
    this.times[index] = time > previous ? time : previous;
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
  if (typeof event.agent_id !== "string") event.agent_id = "system";
  if (typeof event.message !== "string") event.message = "";
  if (typeof event.timestamp !== "string") event.timestamp = "";
  if (typeof event.log_type !== "string") event.log_type = "event";
  if (typeof event.log_level !== "string") event.log_level = "info";
  if (typeof event.metadata !== "object" || event.metadata === null) {
    event.metadata = {};
  }
  return event;
}

/** Which events pass the filter, kept up to date as events come and go. */
import type { AgentEvent } from "./types.ts";
import type { EventStore } from "./event_store.ts";
import { lowerBound } from "./lanes.ts";

export type Predicate = (event: AgentEvent, at: number) => boolean;

export class LogIndex {
  /**
   * Positions of the matches: index in the store + all that was ever trimmed,
   * so that they stay true when the oldest events leave. Null: all match.
   */
  #matches: number[] | null = null;
  #predicate: Predicate | null = null;
  /** Position up to which events have been looked at. */
  #seen = 0;

  readonly store: EventStore;

  constructor(store: EventStore) {
    this.store = store;
  }

  /** @param predicate null: everything passes */
  setFilter(predicate: Predicate | null) {
    this.#predicate = predicate;
    this.#matches = predicate === null ? null : [];
    this.#seen = this.store.trimmed;
    this.update();
  }

  /** Looks at what is new in the store, and forgets what has left it. */
  update() {
    const { store } = this;
    const end = store.trimmed + store.length;
    if (this.#matches !== null && this.#predicate !== null) {
      const first = this.#matches[0];
      if (first !== undefined && first < store.trimmed) {
        this.#matches.splice(0, lowerBound(this.#matches, store.trimmed));
      }
      for (
        let position = Math.max(this.#seen, store.trimmed);
        position < end;
        position++
      ) {
        const index = position - store.trimmed;
        const event = store.events[index];
        if (
          event !== undefined &&
          this.#predicate(event, store.happenedAt(index))
        ) {
          this.#matches.push(position);
        }
      }
    }
    this.#seen = end;
  }

  /** Forgets everything, when the store does. */
  clear() {
    if (this.#matches !== null) this.#matches = [];
    this.#seen = 0;
  }

  /**
   * How many matches lie before a position of the store.
   *
   * @param end Infinity: all
   */
  count(end = Infinity) {
    if (this.#matches === null) {
      const kept = Math.min(end, this.store.trimmed + this.store.length);
      return Math.max(0, kept - this.store.trimmed);
    }
    return end === Infinity
      ? this.#matches.length
      : lowerBound(this.#matches, end);
  }

  /** The n-th match. */
  at(n: number): AgentEvent | undefined {
    if (this.#matches === null) return this.store.events[n];
    const position = this.#matches[n];
    return position === undefined
      ? undefined
      : this.store.events[position - this.store.trimmed];
  }

  /** Which match an event is, or -1 when it is none. */
  indexOf(seq: number) {
    const index = this.store.indexOf(seq);
    if (index < 0 || this.#matches === null) return index;
    const position = index + this.store.trimmed;
    const n = lowerBound(this.#matches, position);
    return this.#matches[n] === position ? n : -1;
  }

  /** The matches in order, up to a position of the store. */
  list(end = Infinity): AgentEvent[] {
    const events: AgentEvent[] = [];
    const total = this.count(end);
    for (let n = 0; n < total; n++) {
      const event = this.at(n);
      if (event !== undefined) events.push(event);
    }
    return events;
  }
}

/**
 * The fleet as it was after any number of events: a fold from the nearest
 * checkpoint, so that a jump back costs a few thousand events and not all.
 */
import type { EventStore } from "./event_store.ts";
import type { Fleet } from "./fleet.ts";
import { cloneFleet } from "./fleet.ts";
import { applyEvent } from "./fleet_fold.ts";

const CHECKPOINT_EVENTS = 5_000;

export class FleetHistory {
  /** Fleets by the number of events folded */
  readonly #checkpoints = new Map<number, Fleet>();
  #fleet: Fleet;
  #count = 0;

  readonly store: EventStore;
  /** The fleet before the store's first event. */
  readonly base: Fleet;

  constructor(store: EventStore, base: Fleet) {
    this.store = store;
    this.base = base;
    this.#fleet = cloneFleet(base);
  }

  /**
   * @param count of the store's events
   * @returns to be read only, until the next call
   */
  fleetAfter(count: number): Fleet {
    const start = this.#nearestCheckpoint(count);
    if (count < this.#count || start > this.#count) {
      this.#fleet = cloneFleet(this.#checkpoints.get(start) ?? this.base);
      this.#count = start;
    }
    while (this.#count < count) {
      const event = this.store.events[this.#count];
      if (event === undefined) break;
      applyEvent(this.#fleet, event, this.store.happenedAt(this.#count));
      this.#count += 1;
      if (
        this.#count % CHECKPOINT_EVENTS === 0 &&
        !this.#checkpoints.has(this.#count)
      ) {
        this.#checkpoints.set(this.#count, cloneFleet(this.#fleet));
      }
    }
    return this.#fleet;
  }

  #nearestCheckpoint(count: number) {
    let start = count - (count % CHECKPOINT_EVENTS);
    while (start > 0 && !this.#checkpoints.has(start)) {
      start -= CHECKPOINT_EVENTS;
    }
    return start;
  }
}

/**
 * Where a running replay stands after some real time. A gap that would last
 * longer than `longestWaitMs` of real time is skipped.
 *
 * @param elapsedMs real time since the last step
 * @param nextEventAt time of the first event after `at`
 */
export function advance(
  at: number,
  elapsedMs: number,
  speed: number,
  nextEventAt: number,
  longestWaitMs = 60_000,
) {
  const wait = (nextEventAt - at) / speed;
  if (Number.isFinite(wait) && wait > longestWaitMs) {
    return nextEventAt - 1_000 * speed;
  }
  return at + elapsedMs * speed;
}

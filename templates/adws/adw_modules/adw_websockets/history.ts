/**
 * History: where events are kept, and the newest of them in memory.
 *
 * Template: adw_websockets 1.2.0
 */
import type { NewEvent } from "../adw_events.ts";
import type { StoredEvent } from "./events.ts";
import type { EncodedEvent } from "./frames.ts";

/** A page of the history ends with the event that brings it over so many bytes. */
export const PAGE_BYTES = 2_097_152;
/** Most events one page asks the history for, and how many the first does. */
export const PAGE_EVENTS = 256;
export const FIRST_PAGE_EVENTS = 16;
/** A failed history read is tried again after this. */
export const READ_RETRY_MS = 1_000;

/** Where events are kept: by default a ring in memory, else a database. */
export interface EventHistory {
  readonly streamId: string;
  /** The oldest kept seq; lastSeq + 1 when empty. */
  readonly firstSeq: number;
  /** The newest seq; 0 when nothing was ever stored. */
  readonly lastSeq: number;
  /**
   * Events with seq > since, ascending, at most `limit`; none only when there
   * are none. It may, and a database should, end the page with the event that
   * brings its JSON over `maxBytes`.
   */
  read(
    since: number,
    limit: number,
    maxBytes?: number,
  ): readonly StoredEvent[] | Promise<readonly StoredEvent[]>;
  /**
   * Stores an event and gives it its seq. Without it, broadcast events are
   * numbered after lastSeq and kept in memory only; such a history must not
   * grow by itself while events are broadcast, or numbers would collide.
   */
  append?(event: NewEvent): StoredEvent;
}

/** How many events to ask a history for next, going by the size of the last page. */
export function nextPageEvents(
  asked: number,
  bytes: number,
  most: number,
): number {
  if (bytes <= PAGE_BYTES / 2) return Math.min(most, asked * 2);
  return Math.max(1, Math.floor((asked * PAGE_BYTES) / bytes / 2));
}

/**
 * The newest events as frames. It is the whole history where there is no
 * other; in front of a database it serves nearly every catch-up, and lets a
 * client join the live set synchronously, whatever the database does.
 */
export class RecentEvents {
  /** Everything up to this seq has been dropped, or was never here. */
  droppedSeq: number;
  /** Dropped events leave `undefined` before `start`, until it is compacted. */
  private readonly slots: (EncodedEvent | undefined)[] = [];
  private start = 0;
  private bytes = 0;
  private readonly maxEvents: number;
  private readonly maxBytes: number;

  constructor(maxEvents: number, maxBytes: number, lastSeq: number) {
    this.maxEvents = maxEvents;
    this.maxBytes = maxBytes;
    this.droppedSeq = lastSeq;
  }

  /** Whether every event after `seq` is still here. */
  holds(seq: number): boolean {
    return seq >= this.droppedSeq;
  }

  push(event: EncodedEvent): void {
    this.slots.push(event);
    this.bytes += event.frame.length;
    while (this.count > this.maxEvents) this.dropOldest();
    while (this.bytes > this.maxBytes && this.count > 1) this.dropOldest();
  }

  /** Events after `seq`, ascending, at most `limit`. */
  after(seq: number, limit: number): EncodedEvent[] {
    const first = this.firstAfter(seq);
    return this.slots
      .slice(first, first + limit)
      .filter((event) => event !== undefined);
  }

  private get count(): number {
    return this.slots.length - this.start;
  }

  /** Binary search, because a stream's numbers may have gaps. */
  private firstAfter(seq: number): number {
    let low = this.start;
    let high = this.slots.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.slots[middle]?.seq ?? Infinity) > seq) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  private dropOldest(): void {
    const oldest = this.slots[this.start];
    this.slots[this.start] = undefined;
    this.start += 1;
    this.bytes -= oldest?.frame.length ?? 0;
    this.droppedSeq = oldest?.seq ?? this.droppedSeq;
    if (this.start > 1_000 && this.start * 2 > this.slots.length) {
      this.slots.splice(0, this.start);
      this.start = 0;
    }
  }
}

export function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return (
    typeof value === "object" &&
    value !== null &&
    "then" in value &&
    typeof value.then === "function"
  );
}

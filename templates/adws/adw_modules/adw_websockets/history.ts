/**
 * History: where events are kept and numbered, and how what is new reaches the
 * clients, one turn of the event loop at a time.
 *
 * Template: adw_websockets 1.3.0
 */
import { randomUUID } from "node:crypto";
import { PROTOCOL_VERSION } from "../adw_events.ts";
import type { NewEvent } from "../adw_events.ts";
import { messageOf } from "../adw_stderr.ts";
import type { Report } from "../adw_stderr.ts";
import type { ResumePoint } from "./access.ts";
import { fitEvent, fitStored, serialize } from "./events.ts";
import type { EventInput, SerializedEvent, StoredEvent } from "./events.ts";
import { encodeEvent } from "./frames.ts";
import type { EncodedEvent } from "./frames.ts";

/** A page of the history ends with the event that brings it over so many bytes. */
export const PAGE_BYTES = 2_097_152;
/** Most events that one page asks the history for. */
export const PAGE_EVENTS = 256;
/** A failed history read is tried again after this. */
export const READ_RETRY_MS = 1_000;
/** A batch goes out early once it is this large: bounds its copy. */
export const BATCH_BYTES = 262_144;

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
 * client join the live ones synchronously, whatever the database does.
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
    const { maxBytes, maxEvents } = this;
    let count = this.slots.length - this.start;
    while (count > maxEvents || (this.bytes > maxBytes && count > 1)) {
      this.dropOldest();
      count -= 1;
    }
  }

  /** Events after `seq`, ascending, at most `limit`. */
  after(seq: number, limit: number): EncodedEvent[] {
    // A binary search, because a stream's numbers may have gaps.
    let low = this.start;
    let high = this.slots.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.slots[middle]?.seq ?? Infinity) > seq) high = middle;
      else low = middle + 1;
    }
    return this.slots
      .slice(low, low + limit)
      .filter((event) => event !== undefined);
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

export interface StreamOptions {
  history: EventHistory | undefined;
  maxEventBytes: number;
  historySize: number;
  historyBytes: number;
  report: Report;
  /** Takes the events of one turn; `sentSeq` is the last one before them. */
  onBatch(batch: readonly EncodedEvent[], sentSeq: number): void;
}

/** Numbers and publishes what is broadcast, and what the history gains. */
export class Stream {
  streamId = "";
  /** Newest seq that was published, and newest that live clients have. */
  lastSeq = 0;
  sentSeq = 0;
  recent = new RecentEvents(0, 0, 0);
  /** Events published since the start. */
  published = 0;
  readonly history: EventHistory | undefined;
  private readonly options: StreamOptions;
  private batch: EncodedEvent[] = [];
  private batchBytes = 0;
  private turnScheduled = false;
  /** The history's, when it could be read last. */
  private firstSeq = 1;
  private hasGrown = false;
  private isReading = false;
  private isStopped = false;

  constructor(options: StreamOptions) {
    this.options = options;
    this.history = options.history;
    this.restart();
  }

  /** The history holds another stream; what is not sent yet belongs to the last. */
  restart(): void {
    const { historySize, historyBytes } = this.options;
    this.streamId = this.history?.streamId ?? randomUUID();
    this.lastSeq = this.history?.lastSeq ?? 0;
    this.firstSeq = this.history?.firstSeq ?? 1;
    this.sentSeq = this.lastSeq;
    this.recent = new RecentEvents(historySize, historyBytes, this.lastSeq);
    this.batch = [];
    this.batchBytes = 0;
  }

  /** Publishes an event and returns its seq. @throws what the history throws. */
  append(input: EventInput): number {
    const { maxEventBytes, report } = this.options;
    const fitted = fitEvent(input, maxEventBytes, report);
    if (this.history?.append === undefined) {
      const seq = Math.max(this.lastSeq, this.history?.lastSeq ?? 0) + 1;
      this.publish(serialize(seq, fitted));
      return seq;
    }
    const stored = this.history.append(fitted.event);
    if (stored.seq === this.lastSeq + 1) this.publish(this.fit(stored));
    // Another process wrote in between: read both, in the order of seq.
    else this.notify();
    return stored.seq;
  }

  private publish(event: SerializedEvent): void {
    if (event.seq <= this.lastSeq) return; // seen already
    const encoded = encodeEvent(event);
    this.lastSeq = event.seq;
    this.recent.push(encoded);
    this.published += 1;
    this.batch.push(encoded);
    this.batchBytes += encoded.frame.length;
    if (this.batchBytes >= BATCH_BYTES) this.flush();
    else this.scheduleTurn();
  }

  /** The history may have grown. */
  notify(): void {
    if (this.history === undefined) return;
    this.hasGrown = true;
    this.scheduleTurn();
  }

  /**
   * setImmediate, not a microtask: a loop that awaits each broadcast then
   * still ends up in one batch.
   */
  private scheduleTurn(): void {
    if (this.turnScheduled || this.isStopped) return;
    this.turnScheduled = true;
    setImmediate(() => {
      this.turnScheduled = false;
      if (!this.isStopped) void this.readNew();
      this.flush();
    });
  }

  private flush(): void {
    const { batch, sentSeq } = this;
    const newest = batch.at(-1);
    if (newest === undefined) return;
    this.batch = [];
    this.batchBytes = 0;
    this.sentSeq = newest.seq;
    this.options.onBatch(batch, sentSeq);
  }

  /** Sends what is published, and reads no more. */
  stop(): void {
    this.flush();
    this.isStopped = true;
  }

  /** Publishes what the history has gained. A synchronous one takes no await. */
  private async readNew(): Promise<void> {
    const { history, recent } = this;
    if (history === undefined || !this.hasGrown || this.isReading) return;
    this.hasGrown = false;
    this.isReading = true;
    try {
      const pending = history.read(this.lastSeq, PAGE_EVENTS, PAGE_BYTES);
      const rows = "then" in pending ? await pending : pending;
      if (recent !== this.recent) return; // of the stream before this one
      for (const row of rows) this.publish(this.fit(row));
      // A page may be short because its events are large.
      const hasMore = rows.length > 0 && history.lastSeq > this.lastSeq;
      if (hasMore || rows.length >= PAGE_EVENTS) this.hasGrown = true;
    } catch (error) {
      this.reportRead(error);
      setTimeout(() => {
        this.notify();
      }, READ_RETRY_MS).unref();
    } finally {
      this.isReading = false;
      if (this.hasGrown) this.scheduleTurn();
    }
  }

  /** A stored event as it is sent. */
  fit(stored: StoredEvent): SerializedEvent {
    return fitStored(stored, this.options.maxEventBytes, this.options.report);
  }

  /** The oldest seq from which nothing is missing, and the newest. */
  bounds(): { oldest: number; newest: number } {
    const inMemory = this.recent.droppedSeq + 1;
    let { lastSeq } = this;
    if (this.history === undefined) {
      return { oldest: inMemory, newest: lastSeq };
    }
    try {
      ({ firstSeq: this.firstSeq, lastSeq } = this.history);
    } catch (error) {
      // It will be read again: what it had is not taken for gone.
      this.reportRead(error);
    }
    // Events kept in memory only may leave a hole behind the history's end.
    const isJoined = lastSeq + 1 >= inMemory;
    return {
      oldest: isJoined ? Math.min(this.firstSeq, inMemory) : inMemory,
      newest: Math.max(lastSeq, this.lastSeq),
    };
  }

  /** What a new client is told, and the seq after which it is fed. */
  welcome(resume?: ResumePoint): { messages: object[]; cursor: number } {
    const { streamId, sentSeq } = this;
    const { oldest, newest } = this.bounds();
    const position = {
      stream_id: streamId,
      last_seq: sentSeq,
      oldest_seq: oldest,
    };
    const greeting = {
      type: "connection_established",
      server_time: new Date().toISOString(),
      protocol: PROTOCOL_VERSION,
      ...position,
    };
    if (newest > this.lastSeq) this.notify();
    if (resume === undefined) return { messages: [greeting], cursor: sentSeq };
    const { since } = resume;
    let reason: string | undefined;
    if ((resume.streamId ?? streamId) !== streamId) reason = "other_stream";
    else if (since > newest) reason = "ahead";
    else if (since + 1 < oldest) reason = "pruned";
    if (reason === undefined) return { messages: [greeting], cursor: since };
    const notice = { type: "resync_required", reason, ...position };
    const cursor = Math.min(oldest - 1, sentSeq);
    return { messages: [greeting, notice], cursor };
  }

  reportRead(error: unknown): void {
    const text = messageOf(error);
    const line = `reading the history failed, will try again: ${text}`;
    this.options.report(`history read: ${text}`, line);
  }
}

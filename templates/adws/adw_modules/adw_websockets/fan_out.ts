/**
 * Fan-out: events of one turn of the event loop go out together, in one buffer
 * per filter and one write per client.
 *
 * Template: adw_websockets 1.2.0
 */
import { WebSocket } from "ws";
import { createMatcher } from "../adw_events.ts";
import type { EventFilter, FilteredFields } from "../adw_events.ts";
import type { Connection } from "./connection.ts";
import { joinFrames } from "./frames.ts";
import type { EncodedEvent } from "./frames.ts";

/** A batch is written early once it is this large: bounds its copy. */
export const BATCH_BYTES = 262_144;

/** All clients with the same filter: they share one buffer per batch. */
export class Audience {
  readonly key: string;
  /** Members that get events as they come. */
  readonly live = new Set<Connection>();
  /** Members, live or not: an audience without any is forgotten. */
  size = 0;
  readonly wants: (event: FilteredFields) => boolean;
  private readonly takesAll: boolean;

  constructor(key: string, filter: EventFilter) {
    this.key = key;
    this.takesAll = Object.keys(filter).length === 0;
    this.wants = this.takesAll ? () => true : createMatcher(filter);
  }

  select(events: readonly EncodedEvent[]): readonly EncodedEvent[] {
    return this.takesAll ? events : events.filter(this.wants);
  }
}

export interface FanOutOptions {
  /** Bytes queued on one socket before its client is fed from the history. */
  maxQueueBytes: number;
  lastSeq: number;
  /** The first event of a batch is here: `flush` is due. */
  onPending(): void;
  /** A live client's queue is full; it has everything up to `sentSeq`. */
  onQueueFull(connection: Connection, sentSeq: number): void;
  /** A batch was written; before it, everything up to `sentSeq` was. */
  onFlushed(sentSeq: number): void;
}

export class FanOut {
  readonly everyone = new Audience("{}", {});
  /** Newest seq written to the live clients. */
  flushedSeq: number;
  deliveries = 0;
  private readonly options: FanOutOptions;
  private readonly audiences = new Map([[this.everyone.key, this.everyone]]);
  /** Published, not yet written. */
  private batch: EncodedEvent[] = [];
  private batchBytes = 0;

  constructor(options: FanOutOptions) {
    this.options = options;
    this.flushedSeq = options.lastSeq;
  }

  push(event: EncodedEvent): void {
    this.batch.push(event);
    this.batchBytes += event.frame.length;
    if (this.batchBytes >= BATCH_BYTES) this.flush();
    else this.options.onPending();
  }

  /** Writes the batch: one buffer per audience, one write per client. */
  flush(): void {
    const { batch, flushedSeq } = this;
    const newest = batch.at(-1);
    if (newest === undefined) return;
    this.batch = [];
    this.batchBytes = 0;
    this.flushedSeq = newest.seq;
    for (const audience of this.audiences.values()) {
      if (audience.live.size === 0) continue;
      const events = audience.select(batch);
      if (events.length === 0) continue;
      const chunk = joinFrames(events);
      const written = this.writeAll(audience.live, chunk, flushedSeq);
      this.deliveries += written * events.length;
    }
    this.options.onFlushed(flushedSeq);
  }

  /** The hot loop: no allocation, no await, one syscall per client. */
  private writeAll(
    live: Set<Connection>,
    chunk: Buffer,
    sentSeq: number,
  ): number {
    const room = this.options.maxQueueBytes - chunk.length;
    let written = 0;
    for (const connection of live) {
      const { socket, ws } = connection;
      if (ws.readyState !== WebSocket.OPEN) continue; // its close is on the way
      const queued = socket.writableLength;
      if (queued > 0 && queued > room) {
        live.delete(connection);
        this.options.onQueueFull(connection, sentSeq);
      } else {
        socket.write(chunk);
        written += 1;
      }
    }
    return written;
  }

  /** Another stream: what is not written yet belongs to the one before. */
  restart(lastSeq: number): void {
    this.flushedSeq = lastSeq;
    this.batch = [];
    this.batchBytes = 0;
  }

  /** From now on it gets what passes the filter. */
  join(connection: Connection, filter: EventFilter): void {
    const key = JSON.stringify(filter);
    const audience = this.audiences.get(key) ?? new Audience(key, filter);
    this.audiences.set(key, audience);
    audience.size += 1;
    connection.audience = audience;
    if (connection.state === "live") audience.live.add(connection);
  }

  leave(connection: Connection): void {
    const { audience } = connection;
    audience.live.delete(connection);
    audience.size -= 1;
    if (audience.size === 0 && audience !== this.everyone) {
      this.audiences.delete(audience.key);
    }
  }
}

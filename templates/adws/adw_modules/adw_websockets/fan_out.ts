/**
 * Fan-out: the events of one turn of the event loop go out together, in one
 * buffer per filter and one write per client.
 *
 * Template: adw_websockets 1.3.0
 */
import { WebSocket } from "ws";
import { createMatcher } from "../adw_events.ts";
import type { EventFilter, FilteredFields } from "../adw_events.ts";
import type { Connection } from "./connection.ts";
import { joinFrames } from "./frames.ts";
import type { EncodedEvent } from "./frames.ts";

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

export class FanOut {
  readonly everyone = new Audience("{}", {});
  /** Events written to clients. */
  deliveries = 0;
  private readonly maxQueueBytes: number;
  private readonly audiences = new Map([[this.everyone.key, this.everyone]]);

  constructor(maxQueueBytes: number) {
    this.maxQueueBytes = maxQueueBytes;
  }

  /** Returns the clients that did not get it, because their queue is full. */
  write(batch: readonly EncodedEvent[]): readonly Connection[] {
    const full: Connection[] = [];
    for (const audience of this.audiences.values()) {
      if (audience.live.size === 0) continue;
      const events = audience.select(batch);
      if (events.length === 0) continue;
      const written = this.writeAll(audience.live, joinFrames(events), full);
      this.deliveries += written * events.length;
    }
    return full;
  }

  /** The hot loop: no allocation, no await, one syscall per client. */
  private writeAll(
    live: Set<Connection>,
    chunk: Buffer,
    full: Connection[],
  ): number {
    const room = this.maxQueueBytes - chunk.length;
    let written = 0;
    for (const connection of live) {
      const { socket, ws } = connection;
      if (ws.readyState !== WebSocket.OPEN) continue; // its close is on the way
      const queued = socket.writableLength;
      if (queued > 0 && queued > room) {
        live.delete(connection);
        full.push(connection);
      } else {
        socket.write(chunk);
        written += 1;
      }
    }
    return written;
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

/**
 * Catch-up: a client that is behind is fed from the history, a page at a time
 * as its socket drains, until it can join the live ones.
 *
 * Template: adw_websockets 1.2.0
 */
import type { Connection } from "./connection.ts";
import { BATCH_BYTES } from "./fan_out.ts";
import type { FanOut } from "./fan_out.ts";
import { framePage } from "./frames.ts";
import type { PageEvent } from "./frames.ts";
import {
  FIRST_PAGE_EVENTS,
  isPromise,
  PAGE_BYTES,
  PAGE_EVENTS,
  READ_RETRY_MS,
} from "./history.ts";
import type { EventHistory } from "./history.ts";
import type { Stream } from "./stream.ts";

export interface CatchUpOptions {
  stream: Stream;
  fanOut: FanOut;
  maxQueueBytes: number;
  /** Its next event has left the history. */
  onLost(connection: Connection): void;
}

export class CatchUp {
  /** The clients that are behind. */
  readonly lagging = new Set<Connection>();
  private readonly options: CatchUpOptions;

  constructor(options: CatchUpOptions) {
    this.options = options;
  }

  /** `sentSeq`: it has, or does not want, everything up to here. */
  fallBehind(connection: Connection, sentSeq: number): void {
    connection.state = "behind";
    connection.cursor = sentSeq;
    connection.behindSince = performance.now();
    this.lagging.add(connection);
  }

  /** In the very turn in which nothing is left to catch up with. */
  private joinLive(connection: Connection): void {
    this.lagging.delete(connection);
    connection.state = "live";
    connection.behindSince = Infinity;
    connection.pageSize = FIRST_PAGE_EVENTS;
    connection.audience.live.add(connection);
  }

  /**
   * After a batch: who has lost its next event? Who waited for this batch, or
   * has just fallen behind, with a queue too short to emit "drain" maybe?
   */
  serveLagging(sentSeq: number): void {
    if (this.lagging.size === 0) return;
    const { oldest } = this.options.stream.bounds();
    for (const connection of this.lagging) {
      if (connection.cursor + 1 < oldest && !connection.reading) {
        this.options.onLost(connection);
      } else if (connection.cursor >= sentSeq) {
        this.scheduleAdvance(connection);
      }
    }
  }

  /** One page per client and turn of the event loop: nobody else waits. */
  scheduleAdvance(connection: Connection): void {
    if (connection.scheduled) return;
    connection.scheduled = true;
    setImmediate(() => {
      connection.scheduled = false;
      this.advance(connection);
    });
  }

  /** Sends the next page of the history, or joins the live set. */
  advance(connection: Connection): void {
    if (connection.state !== "behind" || connection.reading) return;
    if (connection.socket.writableNeedDrain) return; // "drain" comes back here
    const { cursor, pageSize } = connection;
    const { recent, history } = this.options.stream;
    const { flushedSeq } = this.options.fanOut;
    // Ahead of the others, which have yet to get their batch: it waits for that.
    if (cursor > flushedSeq) return;
    if (cursor === flushedSeq) {
      this.joinLive(connection);
    } else if (recent.holds(cursor)) {
      const page = recent.after(cursor, pageSize);
      const isLast = page.length < pageSize;
      this.sendPage(connection, page, isLast ? flushedSeq : cursor);
    } else if (history === undefined) {
      this.options.onLost(connection);
    } else {
      void this.readPage(connection, history);
    }
  }

  /** A page from the history proper, which may be asynchronous. */
  private async readPage(
    connection: Connection,
    history: EventHistory,
  ): Promise<void> {
    const { stream, fanOut } = this.options;
    const { cursor, pageSize } = connection;
    connection.reading = true;
    try {
      const covered = Math.min(fanOut.flushedSeq, history.lastSeq);
      const pending = history.read(cursor, pageSize, PAGE_BYTES);
      const rows = isPromise(pending) ? await pending : pending;
      const page = rows.map((row) => stream.fit(row));
      connection.reading = false;
      if (connection.state !== "behind") return;
      const next = page[0]?.seq ?? Infinity;
      const lost = next > cursor + 1 && history.firstSeq > cursor + 1;
      if (lost || (page.length === 0 && covered <= cursor)) {
        this.options.onLost(connection);
      } else {
        // Short or not, more may follow: only an empty page is the end.
        this.sendPage(connection, page, page.length === 0 ? covered : cursor);
      }
    } catch (error) {
      connection.reading = false;
      stream.reportRead(error);
      setTimeout(() => {
        this.advance(connection);
      }, READ_RETRY_MS).unref();
    }
  }

  /**
   * Writes as much of a page as fits. `covered`: after the page nothing else
   * exists up to this seq (numbers may have gaps).
   */
  private sendPage(
    connection: Connection,
    page: readonly PageEvent[],
    covered: number,
  ): void {
    const { fanOut, maxQueueBytes } = this.options;
    const budget = Math.min(BATCH_BYTES, maxQueueBytes);
    const { buffer, count, seen } = framePage(
      page,
      connection.audience.wants,
      budget,
    );
    connection.cursor = Math.max(
      connection.cursor,
      page[seen - 1]?.seq ?? 0,
      seen === page.length ? covered : 0,
    );
    // Very large events: ask for about as many as can be sent.
    connection.pageSize = Math.min(PAGE_EVENTS, Math.max(2, seen * 2));
    if (count > 0 && connection.isOpen) {
      connection.socket.write(buffer);
      fanOut.deliveries += count;
    }
    if (connection.cursor === fanOut.flushedSeq) this.joinLive(connection);
    else this.scheduleAdvance(connection);
  }
}

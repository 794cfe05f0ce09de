/**
 * Catch-up: a client that is behind is fed from the history, a page at a time
 * as its socket drains, until it can join the live ones.
 *
 * Template: adw_websockets 1.3.0
 */
import { FIRST_PAGE_EVENTS } from "./connection.ts";
import type { Connection } from "./connection.ts";
import { framePage } from "./frames.ts";
import type { PageEvent } from "./frames.ts";
import {
  BATCH_BYTES,
  PAGE_BYTES,
  PAGE_EVENTS,
  READ_RETRY_MS,
} from "./history.ts";
import type { EventHistory, Stream } from "./history.ts";

export class CatchUp {
  /** The clients that are behind. */
  readonly lagging = new Set<Connection>();
  /** Events written to clients. */
  deliveries = 0;
  private readonly stream: Stream;
  private readonly pageBudget: number;
  private readonly onLost: (connection: Connection) => void;

  /** `onLost`: the client's next event has left the history. */
  constructor(
    stream: Stream,
    maxQueueBytes: number,
    onLost: (connection: Connection) => void,
  ) {
    this.stream = stream;
    this.pageBudget = Math.min(BATCH_BYTES, maxQueueBytes);
    this.onLost = onLost;
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
    const { oldest } = this.stream.bounds();
    for (const connection of this.lagging) {
      const { cursor, reading } = connection;
      if (cursor + 1 < oldest && !reading) this.onLost(connection);
      else if (cursor >= sentSeq) this.scheduleAdvance(connection);
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
    const { history, recent, sentSeq } = this.stream;
    // Ahead of the others, which have yet to get their batch: it waits for that.
    if (cursor > sentSeq) return;
    if (cursor === sentSeq) {
      this.joinLive(connection);
    } else if (recent.holds(cursor)) {
      const page = recent.after(cursor, pageSize);
      const isLast = page.length < pageSize;
      this.sendPage(connection, page, isLast ? sentSeq : cursor);
    } else if (history === undefined) {
      this.onLost(connection);
    } else {
      void this.readPage(connection, history);
    }
  }

  /** A page from the history proper, which may be asynchronous. */
  private async readPage(
    connection: Connection,
    history: EventHistory,
  ): Promise<void> {
    const { cursor, pageSize } = connection;
    connection.reading = true;
    try {
      const covered = Math.min(this.stream.sentSeq, history.lastSeq);
      const pending = history.read(cursor, pageSize, PAGE_BYTES);
      const rows = "then" in pending ? await pending : pending;
      const page = rows.map((row) => this.stream.fit(row));
      connection.reading = false;
      if (connection.state !== "behind") return;
      const next = page[0]?.seq ?? Infinity;
      const isGap = next > cursor + 1 && history.firstSeq > cursor + 1;
      if (isGap || (page.length === 0 && covered <= cursor)) {
        this.onLost(connection);
      } else {
        // Short or not, more may follow: only an empty page is the end.
        this.sendPage(connection, page, page.length === 0 ? covered : cursor);
      }
    } catch (error) {
      connection.reading = false;
      this.stream.reportRead(error);
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
    const { wants } = connection.audience;
    const { buffer, count, seen } = framePage(page, wants, this.pageBudget);
    connection.cursor = Math.max(
      connection.cursor,
      page[seen - 1]?.seq ?? 0,
      seen === page.length ? covered : 0,
    );
    // Very large events: ask for about as many as can be sent.
    connection.pageSize = Math.min(PAGE_EVENTS, Math.max(2, seen * 2));
    if (count > 0 && connection.isOpen) {
      connection.socket.write(buffer);
      this.deliveries += count;
    }
    if (connection.cursor === this.stream.sentSeq) this.joinLive(connection);
    else this.scheduleAdvance(connection);
  }
}

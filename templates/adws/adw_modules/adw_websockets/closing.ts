/**
 * Closing: the closing handshake, and clients whose close waits for their queue.
 *
 * Template: adw_websockets 1.2.0
 */
import { WebSocket } from "ws";
import { CLOSE_TOO_SLOW } from "../adw_events.ts";
import type { Connection } from "./connection.ts";

/** How long an evicted client may take to drain before it is terminated. */
const EVICTION_GRACE_MS = 30_000;

export class Closing {
  /** Evicted clients that still have bytes to drain before their close frame. */
  readonly draining = new Set<Connection>();
  evictions = 0;
  /** Sockets whose closing handshake is under way. */
  private readonly closing = new Set<WebSocket>();

  /** ws terminates whoever does not answer within its close timeout. */
  start(ws: WebSocket, code: number, reason: string): void {
    if (ws.readyState === WebSocket.CLOSED) return;
    this.closing.add(ws);
    ws.once("close", () => this.closing.delete(ws));
    ws.close(code, reason);
  }

  /**
   * Too slow. Its queue may drain before the close frame goes out: only so
   * does the client learn where it stands, and can resume elsewhere.
   */
  evict(connection: Connection, why: string, now: number): void {
    connection.closeReason = `last_seq=${String(connection.cursor)}: ${why}`;
    connection.closeBy = now + EVICTION_GRACE_MS;
    this.evictions += 1;
    this.draining.add(connection);
    if (!connection.socket.writableNeedDrain) this.drained(connection);
  }

  /** Nothing is queued any more, or nothing waits for that. */
  drained(connection: Connection): void {
    if (!this.draining.delete(connection)) return;
    this.start(connection.ws, CLOSE_TOO_SLOW, connection.closeReason);
  }

  /** Resolves once every socket is gone. */
  async finish(): Promise<void> {
    for (const connection of this.draining) this.drained(connection);
    await Promise.all([...this.closing].map(untilClosed));
  }
}

function untilClosed(ws: WebSocket): Promise<void> {
  return new Promise((resolve) => {
    if (ws.readyState === WebSocket.CLOSED) resolve();
    else
      ws.once("close", () => {
        resolve();
      });
  });
}

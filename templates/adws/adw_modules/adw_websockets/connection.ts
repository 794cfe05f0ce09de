/**
 * Connection: what the server knows of one client.
 *
 * Template: adw_websockets 1.2.0
 */
import type { Duplex } from "node:stream";
import { WebSocket } from "ws";
import type { Audience } from "./fan_out.ts";
import { FIRST_PAGE_EVENTS } from "./history.ts";
import type { Pulse } from "./keepalive.ts";

/** One client. Times are `performance.now()` milliseconds. */
export class Connection implements Pulse {
  readonly ws: WebSocket;
  /** The upgrade's own socket: frames are written to it, past `ws`. */
  readonly socket: Duplex;
  /**
   * live: gets every batch. behind: is fed from the history. closing: gets
   * nothing more.
   */
  state: "live" | "behind" | "closing" = "behind";
  audience: Audience;
  /** While behind: everything up to this seq was sent, or filtered out. */
  cursor: number;
  behindSince: number;
  pageSize = FIRST_PAGE_EVENTS;
  /** A history read is under way. */
  reading = false;
  /** The next page is on its way through setImmediate. */
  scheduled = false;
  heardAt: number;
  pingDueAt: number;
  pongDueAt = Infinity;
  pingNumber = 0;
  strikes = 0;
  /** Inbound messages counted in the second that starts at `rateFrom`. */
  rateFrom: number;
  rateCount = 0;
  /** Set on eviction: sent once the queue has drained, or at `closeBy` never. */
  closeReason = "";
  closeBy = Infinity;

  constructor(
    ws: WebSocket,
    socket: Duplex,
    audience: Audience,
    cursor: number,
    pingDueAt: number,
    now: number,
  ) {
    this.ws = ws;
    this.socket = socket;
    this.audience = audience;
    this.cursor = cursor;
    this.pingDueAt = pingDueAt;
    this.behindSince = now;
    this.heardAt = now;
    this.rateFrom = now;
  }

  get isOpen(): boolean {
    return this.ws.readyState === WebSocket.OPEN;
  }

  /** Server messages are rare: `ws` may frame them. */
  send(message: object): void {
    if (this.isOpen) this.ws.send(JSON.stringify(message));
  }
}

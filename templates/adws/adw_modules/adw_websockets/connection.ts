/**
 * Connection: what the server knows of one client, what a client may say, and
 * how much of it.
 *
 * Template: adw_websockets 1.3.0
 */
import type { Duplex } from "node:stream";
import { WebSocket } from "ws";
import { FILTER_KEYS, isRecord, parseJson } from "../adw_events.ts";
import type { EventFilter } from "../adw_events.ts";
import type { Audience } from "./fan_out.ts";
import type { Pulse } from "./keepalive.ts";
import { isStringList } from "./options.ts";

/** Events of a client's first page of the history. */
export const FIRST_PAGE_EVENTS = 16;

/** One client. Times are `performance.now()` milliseconds. */
export class Connection implements Pulse {
  readonly ws: WebSocket;
  /** The upgrade's own socket: frames are written to it, past `ws`. */
  readonly socket: Duplex;
  /** live: gets every batch. behind: is fed from the history. closing: gets nothing. */
  state: "live" | "behind" | "closing" = "behind";
  audience: Audience;
  /** While behind: everything up to this seq was sent, or filtered out. */
  cursor = 0;
  heardAt = performance.now();
  behindSince = this.heardAt;
  pageSize = FIRST_PAGE_EVENTS;
  /** A history read is under way. */
  reading = false;
  /** The next page is on its way through setImmediate. */
  scheduled = false;
  pingDueAt: number;
  pongDueAt = Infinity;
  pingNumber = 0;
  strikes = 0;
  rateFrom = this.heardAt;
  rateCount = 0;
  /** Set on eviction: sent once the queue has drained, or at `closeBy` never. */
  closeReason = "";
  closeBy = Infinity;

  constructor(
    ws: WebSocket,
    socket: Duplex,
    audience: Audience,
    pingIntervalMs: number,
  ) {
    this.ws = ws;
    this.socket = socket;
    this.audience = audience;
    this.pingDueAt = this.heardAt + pingIntervalMs;
  }

  get isOpen(): boolean {
    return this.ws.readyState === WebSocket.OPEN;
  }

  /** Server messages are rare: `ws` may frame them. */
  send(message: object): void {
    if (this.isOpen) this.ws.send(JSON.stringify(message));
  }
}

export type ClientMessage =
  | { type: "subscribe"; filter: EventFilter }
  | { type: "error"; code: string; message: string };

export function clientError(code: string, message: string): ClientMessage {
  return { type: "error", code, message };
}

/** Reads one inbound message. Whatever is wrong comes back as an error. */
export function parseClientMessage(text: string): ClientMessage {
  const value = parseJson(text);
  if (!isRecord(value)) {
    return clientError("invalid_message", "The message must be a JSON object.");
  }
  if (value["type"] !== "subscribe") {
    return clientError(
      "unknown_type",
      'Unknown message type; this server takes {"type":"subscribe"}.',
    );
  }
  return parseFilter(value["filter"] ?? {});
}

function parseFilter(value: unknown): ClientMessage {
  const wrong = (message: string) => clientError("invalid_filter", message);
  if (!isRecord(value)) return wrong("filter must be an object.");
  const known: readonly string[] = FILTER_KEYS;
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    const name = JSON.stringify(unknown.slice(0, 50));
    return wrong(`Unknown filter ${name}; known are ${known.join(", ")}.`);
  }
  const filter: { -readonly [Key in keyof EventFilter]: EventFilter[Key] } = {};
  for (const key of FILTER_KEYS) {
    const list = value[key] ?? [];
    if (!isStringList(list)) return wrong(`${key} must be a list of strings.`);
    if (list.length === 0) continue;
    const isLevel = key === "log_levels";
    const names = isLevel ? list.map((name) => name.toLowerCase()) : list;
    filter[key] = [...new Set(names)].sort();
  }
  return { type: "subscribe", filter };
}

/** Inbound messages in the second that starts at `rateFrom`. */
export interface MessageCount {
  rateFrom: number;
  rateCount: number;
}

/**
 * Counts a message, and says what to do with it: `limited` is the first one too
 * many of its second, which is answered; `flood` is ten times as many as may be.
 */
export function countMessage(
  count: MessageCount,
  now: number,
  maxPerSecond: number,
): "read" | "limited" | "ignored" | "flood" {
  if (now - count.rateFrom >= 1_000) {
    count.rateFrom = now;
    count.rateCount = 0;
  }
  count.rateCount += 1;
  if (count.rateCount <= maxPerSecond) return "read";
  if (count.rateCount > maxPerSecond * 10) return "flood";
  return count.rateCount === maxPerSecond + 1 ? "limited" : "ignored";
}

/**
 * Messages: what clients send, and how much of it they may. Pure.
 *
 * Template: adw_websockets 1.2.0
 */
import { FILTER_KEYS, isRecord, parseJson } from "../adw_events.ts";
import type { EventFilter } from "../adw_events.ts";

export type ClientMessage =
  | { type: "subscribe"; filter: EventFilter }
  | { type: "error"; code: string; message: string };

export function clientError(code: string, message: string): ClientMessage {
  return { type: "error", code, message };
}

/** Reads one inbound message. Pure; whatever is wrong comes back as an error. */
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
  if (!isRecord(value)) {
    return clientError("invalid_filter", "filter must be an object.");
  }
  const filter: { -readonly [Key in keyof EventFilter]: EventFilter[Key] } = {};
  const known: readonly string[] = FILTER_KEYS;
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    const name = JSON.stringify(unknown.slice(0, 50));
    const keys = FILTER_KEYS.join(", ");
    return clientError(
      "invalid_filter",
      `Unknown filter ${name}; known are ${keys}.`,
    );
  }
  for (const key of FILTER_KEYS) {
    const list = value[key];
    if (list === undefined || list === null) continue;
    if (!isStringList(list)) {
      return clientError("invalid_filter", `${key} must be a list of strings.`);
    }
    if (list.length === 0) continue;
    const names =
      key === "log_levels" ? list.map((name) => name.toLowerCase()) : list;
    filter[key] = [...new Set(names)].sort();
  }
  return { type: "subscribe", filter };
}

export function isStringList(value: unknown): value is string[] {
  return (
    Array.isArray(value) && value.every((item) => typeof item === "string")
  );
}

/** Counts inbound messages in the second that starts at `rateFrom`. */
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

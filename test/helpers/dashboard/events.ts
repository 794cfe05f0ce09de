import type { WebSocketEvent } from "./modules.ts";

const START = Date.parse("2026-01-05T10:00:00.000Z");

/** A time in the tests' world: seconds after its start. */
export function at(seconds: number): number {
  return START + seconds * 1000;
}

/** A complete event from what matters in a test. */
export function event(
  seq: number,
  event_type: string,
  fields: Partial<Omit<WebSocketEvent, "seq" | "timestamp">> & {
    seconds?: number;
  } = {},
): WebSocketEvent {
  const { seconds = seq, ...rest } = fields;
  return {
    seq,
    event_type,
    agent_id: "a",
    message: "",
    metadata: {},
    log_type: "event",
    log_level: "info",
    ...rest,
    timestamp: new Date(at(seconds)).toISOString(),
  };
}

/** Events as they are stored: each with the next seq. */
export function numbered(
  events: readonly Omit<WebSocketEvent, "seq">[],
): WebSocketEvent[] {
  return events.map((item, index) => ({ ...item, seq: index + 1 }));
}

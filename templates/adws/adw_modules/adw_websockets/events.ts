/**
 * Events: what may be published, and how it becomes JSON. Pure.
 *
 * Template: adw_websockets 1.2.0
 */
import { isRecord } from "../adw_events.ts";
import type {
  FilteredFields,
  NewEvent,
  WebSocketEvent,
} from "../adw_events.ts";

/** What `broadcast` takes: whatever is left out gets a sensible default. */
export type EventInput = Pick<NewEvent, "event_type"> & {
  [Key in Exclude<keyof NewEvent, "event_type">]?: NewEvent[Key] | undefined;
};

/**
 * An event that is JSON already: what a database history returns, so that a
 * replay neither parses nor stringifies. The other fields serve the filters.
 */
export interface SerializedEvent extends FilteredFields {
  seq: number;
  /** The event as JSON, `seq` included. */
  json: string;
  /** Size of the metadata, where `json` holds only a part of a large event. */
  original_bytes?: number;
}

export type StoredEvent = WebSocketEvent | SerializedEvent;

/** The event's JSON without its opening `{"seq":n,`, which comes last. */
export function encodeBody(event: NewEvent, metadataJson: string): string {
  const session =
    event.session_id === undefined
      ? ""
      : `,"session_id":${JSON.stringify(event.session_id)}`;
  return (
    `"event_type":${JSON.stringify(event.event_type)},` +
    `"agent_id":${JSON.stringify(event.agent_id)},` +
    `"message":${JSON.stringify(event.message)},` +
    `"metadata":${metadataJson},` +
    `"timestamp":${JSON.stringify(event.timestamp)},` +
    `"log_type":${JSON.stringify(event.log_type)},` +
    `"log_level":${JSON.stringify(event.log_level)}${session}}`
  );
}

export function optionalText(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** A message of callers without types may be anything. */
function textOf(value: unknown): string {
  const isAbsent = [undefined, null].some((nothing) => nothing === value);
  return isAbsent ? "" : String(value);
}

/**
 * Fills in what was left out, and repairs what untyped callers get wrong.
 * `cutName` bounds the identifiers.
 */
export function completeEvent(
  input: EventInput,
  cutName: (name: string) => string,
): NewEvent {
  const metadata = toMetadata(input.metadata);
  const sessionId =
    optionalText(input.session_id) ?? optionalText(metadata["session_id"]);
  const name = (fallback: string, value: unknown) =>
    cutName(optionalText(value) ?? fallback);
  const event: NewEvent = {
    event_type: name("event", input.event_type),
    agent_id: name("system", input.agent_id),
    message: textOf(input.message),
    metadata,
    timestamp: name(new Date().toISOString(), input.timestamp),
    log_type: name("event", input.log_type),
    log_level: name("info", input.log_level).toLowerCase(),
  };
  return sessionId === undefined
    ? event
    : { ...event, session_id: cutName(sessionId) };
}

/** Metadata is an object on the wire; anything else is kept as its `value`. */
export function toMetadata(value: unknown): Record<string, unknown> {
  if (isRecord(value)) return value;
  return value === undefined || value === null ? {} : { value };
}

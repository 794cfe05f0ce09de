/**
 * Fitting: no event is sent that is larger than `maxEventBytes`. Pure.
 *
 * Template: adw_websockets 1.2.0
 */
import { parseJson } from "../adw_events.ts";
import type { NewEvent } from "../adw_events.ts";
import { messageOf } from "../adw_stderr.ts";
import { completeEvent, encodeBody, toMetadata } from "./events.ts";
import type { EventInput, SerializedEvent, StoredEvent } from "./events.ts";

/** `{"seq":n,` at its longest: what an event's body gets in front. */
const SEQ_BYTES = 24;
/** Longest identifier (event_type, agent_id, …) sent, in UTF-16 units. */
const MAX_NAME_LENGTH = 1_024;
/** A character takes so many bytes in JSON at most: a control character, "\u0001". */
const JSON_BYTES_PER_UNIT = 6;
const CUT_MARK = "… [truncated]";
const NO_PROBLEMS: readonly Problem[] = [];

/** Something to report, once per cause. */
export interface Problem {
  readonly cause: string;
  readonly text: string;
}

/** An event as it is sent: `body` is its JSON without `{"seq":n,`. */
export interface FittedEvent {
  readonly event: NewEvent;
  readonly body: string;
  readonly problems: readonly Problem[];
}

/** Makes an event serialisable and small enough, and encodes it. Never throws. */
export function fitEvent(
  input: EventInput,
  maxEventBytes: number,
): FittedEvent {
  const event = complete(input, maxEventBytes);
  const { metadata, metadataJson, problems } = serializeMetadata(event);
  const whole = { ...event, metadata };
  // What is too large in one part need not be encoded as a whole.
  if (event.message.length + metadataJson.length <= maxEventBytes) {
    const body = encodeBody(whole, metadataJson);
    if (isWithinBound(body, maxEventBytes)) {
      return { event: whole, body, problems };
    }
  }
  const originalBytes = Buffer.byteLength(metadataJson);
  const cut = truncate(whole, metadataJson, originalBytes, maxEventBytes);
  return { ...cut, problems: [...problems, ...cut.problems] };
}

/**
 * A stored event as it is sent: what is JSON already, and not too large, stays
 * as it is. Every road out of a history leads through here.
 */
export function fitStored(
  stored: StoredEvent,
  maxEventBytes: number,
): { event: SerializedEvent; problems: readonly Problem[] } {
  if (!("json" in stored)) {
    return numbered(stored.seq, fitEvent(stored, maxEventBytes));
  }
  const { seq, event_type, agent_id, log_level, json, original_bytes } = stored;
  if (
    original_bytes === undefined &&
    !hasLongName(stored) &&
    isWithin(json, maxEventBytes)
  ) {
    return { event: stored, problems: NO_PROBLEMS };
  }
  const input: EventInput = {
    session_id: stored.session_id ?? undefined,
    ...toMetadata(parseJson(json)),
    event_type,
    agent_id,
    log_level,
  };
  if (original_bytes === undefined) {
    return numbered(seq, fitEvent(input, maxEventBytes));
  }
  const part = complete(input, maxEventBytes);
  const metadataJson = JSON.stringify(part.metadata);
  return numbered(
    seq,
    truncate(part, metadataJson, original_bytes, maxEventBytes),
  );
}

function numbered(seq: number, fitted: FittedEvent) {
  return { event: serialize(seq, fitted), problems: fitted.problems };
}

function hasLongName(stored: SerializedEvent): boolean {
  const { event_type, agent_id, session_id } = stored;
  return [event_type, agent_id, session_id].some(
    (name) => (name?.length ?? 0) >= MAX_NAME_LENGTH,
  );
}

/** The event under its number, as JSON. */
export function serialize(
  seq: number,
  { event, body }: FittedEvent,
): SerializedEvent {
  const { event_type, agent_id, log_level, session_id = null } = event;
  const json = `{"seq":${String(seq)},${body}`;
  return { seq, event_type, agent_id, log_level, session_id, json };
}

function isWithinBound(body: string, maxEventBytes: number): boolean {
  return isWithin(body, maxEventBytes - SEQ_BYTES);
}

/** Whether the text has at most so many bytes in UTF-8: three a unit at most. */
function isWithin(text: string, bytes: number): boolean {
  return text.length * 3 <= bytes || Buffer.byteLength(text) <= bytes;
}

/** What JSON.stringify returns, which its type does not say. */
function toJson(value: unknown): string | undefined {
  return JSON.stringify(value);
}

/** A cycle, a BigInt or a throwing toJSON costs the metadata, not the event. */
function serializeMetadata({ event_type, metadata }: NewEvent): {
  metadata: Record<string, unknown>;
  metadataJson: string;
  problems: readonly Problem[];
} {
  try {
    // A toJSON may turn an object into anything, or into nothing.
    const json = toJson(metadata);
    if (json?.startsWith("{")) {
      return { metadata, metadataJson: json, problems: NO_PROBLEMS };
    }
    const value = json === undefined ? {} : { value: parseJson(json) };
    const metadataJson = JSON.stringify(value);
    return { metadata: value, metadataJson, problems: NO_PROBLEMS };
  } catch (error) {
    const reason = messageOf(error).split("\n", 1).join("").slice(0, 200);
    const left = { unserializable: true, reason };
    const text =
      `metadata of event ${JSON.stringify(event_type)} cannot be ` +
      `serialised and is left out: ${reason}`;
    return {
      metadata: left,
      metadataJson: JSON.stringify(left),
      problems: [{ cause: `unserializable: ${reason}`, text }],
    };
  }
}

/** Cuts a message that is too large, and drops metadata that is. */
function truncate(
  event: NewEvent,
  metadataJson: string,
  original_bytes: number,
  maxEventBytes: number,
): FittedEvent {
  const half = Math.floor(maxEventBytes / 2);
  let fitting = { ...event, message: cutText(event.message, half) };
  let body =
    metadataJson.length > maxEventBytes
      ? undefined
      : encodeBody(fitting, metadataJson);
  const metadata = { truncated: true, original_bytes };
  // Twice only where the bound is so small that the names take most of it.
  for (let most = half; most > 0; most >>= 1) {
    if (body !== undefined && isWithinBound(body, maxEventBytes)) break;
    fitting = { ...fitting, message: cutText(event.message, most), metadata };
    body = encodeBody(fitting, JSON.stringify(metadata));
  }
  const name = JSON.stringify(event.event_type);
  const text =
    `event ${name} is over ${String(maxEventBytes)} bytes ` +
    `(metadata: ${String(original_bytes)}); it is sent truncated`;
  return {
    event: fitting,
    body: body ?? encodeBody(fitting, "{}"),
    problems: [{ cause: `too large: ${name}`, text }],
  };
}

/** The text, or its beginning, of at most so many UTF-16 units. */
function beginning(text: string, units: number): string {
  if (text.length <= units) return text;
  // Not between the two halves of one character (a surrogate pair).
  const isSplit = /[\uD800-\uDBFF]/.test(text.charAt(units - 1));
  const part = text.slice(0, isSplit ? units - 1 : units);
  // A copy: the slice itself would keep the whole text in memory.
  return Buffer.from(part).toString();
}

/** Whether the text's JSON has at most so many bytes. */
function jsonFits(text: string, maxBytes: number): boolean {
  if (text.length > maxBytes) return false; // without making that JSON
  return (
    text.length * JSON_BYTES_PER_UNIT + 2 <= maxBytes ||
    Buffer.byteLength(JSON.stringify(text)) <= maxBytes
  );
}

/**
 * The text, cut by halves until its JSON fits into the given bytes. It is the
 * same whether or not a database has cut the text before, at the first half.
 */
function cutText(text: string, maxBytes: number, mark = CUT_MARK): string {
  if (jsonFits(text, maxBytes)) return text;
  for (let units = maxBytes >> 1; units > 0; units >>= 1) {
    const cut = beginning(text, units) + mark;
    if (jsonFits(cut, maxBytes)) return cut;
  }
  return "";
}

function complete(input: EventInput, maxEventBytes: number): NewEvent {
  return completeEvent(input, (name) => cutName(name, maxEventBytes));
}

/** Six names at their longest leave the greater part of the bound to the rest. */
function cutName(name: string, maxEventBytes: number): string {
  const maxBytes = Math.max(64, Math.floor(maxEventBytes / 16));
  return cutText(beginning(name, MAX_NAME_LENGTH), maxBytes, "");
}

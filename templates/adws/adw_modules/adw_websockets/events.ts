/**
 * Events: what may be published, what a log row is as an event, and how either
 * becomes JSON of at most `maxEventBytes`. Pure.
 *
 * Template: adw_websockets 1.3.0
 */
import {
  FINAL_STATUSES,
  isRecord,
  LOG_LEVELS,
  parseJson,
} from "../adw_events.ts";
import type {
  FilteredFields,
  NewEvent,
  WebSocketEvent,
} from "../adw_events.ts";
import { messageOf } from "../adw_stderr.ts";
import type { Report } from "../adw_stderr.ts";

/** `{"seq":n,` at its longest: what an event's body gets in front. */
const SEQ_BYTES = 24;
/** Longest identifier (event_type, agent_id, …) sent, in UTF-16 units. */
const MAX_NAME_LENGTH = 1_024;
/** What one UTF-16 unit takes in JSON at most: a control character, "\u0001". */
const JSON_BYTES_PER_UNIT = 6;
const CUT_MARK = "… [truncated]";
const LEVEL_ALIASES = new Map([
  ["warn", "warning"],
  ["err", "error"],
  ["fatal", "critical"],
]);

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

/** An event as it is sent: `body` is its JSON without `{"seq":n,`. */
export interface FittedEvent {
  readonly event: NewEvent;
  readonly body: string;
}

/**
 * Completes an event, makes it serialisable and small enough, and encodes it.
 * Never throws. `originalBytes`: the size of the metadata before a database
 * left it out.
 */
export function fitEvent(
  input: EventInput,
  maxEventBytes: number,
  report: Report,
  originalBytes?: number,
): FittedEvent {
  const event = complete(input, maxEventBytes);
  const metadataJson = settleMetadata(event, report);
  // What is too large in one part need not be encoded as a whole.
  const mayFit = event.message.length + metadataJson.length <= maxEventBytes;
  if (mayFit && originalBytes === undefined) {
    const body = encodeBody(event, metadataJson);
    if (isBodyWithin(body, maxEventBytes)) return { event, body };
  }
  const bytes = originalBytes ?? Buffer.byteLength(metadataJson);
  const name = JSON.stringify(event.event_type);
  const text =
    `event ${name} is over ${String(maxEventBytes)} bytes ` +
    `(metadata: ${String(bytes)}); it is sent truncated`;
  report(`too large: ${name}`, text);
  return truncate(event, metadataJson, bytes, maxEventBytes);
}

/**
 * A stored event as it is sent: what is JSON already, and not too large, stays
 * as it is. Every road out of a history leads through here.
 */
export function fitStored(
  stored: StoredEvent,
  maxEventBytes: number,
  report: Report,
): SerializedEvent {
  const { seq, event_type, agent_id, log_level } = stored;
  const { session_id, project, source } = stored;
  if (!("json" in stored)) {
    return serialize(seq, fitEvent(stored, maxEventBytes, report));
  }
  const { json, original_bytes } = stored;
  const isWhole =
    original_bytes === undefined &&
    [event_type, agent_id, session_id, project, source].every(isShortName) &&
    isWithin(json, maxEventBytes);
  if (isWhole) return stored;
  const input: EventInput = {
    session_id: session_id ?? undefined,
    project: project ?? undefined,
    source: source ?? undefined,
    ...toMetadata(parseJson(json)),
    event_type,
    agent_id,
    log_level,
  };
  const fitted = fitEvent(input, maxEventBytes, report, original_bytes);
  return serialize(seq, fitted);
}

/** The event under its number. */
export function serialize(
  seq: number,
  { event, body }: FittedEvent,
): SerializedEvent {
  const json = `{"seq":${String(seq)},${body}`;
  return { seq, ...filteredFields(event), json };
}

/** What filters look at. */
export function filteredFields({
  event_type,
  agent_id,
  log_level,
  session_id = null,
  project = null,
  source = null,
}: FilteredFields): FilteredFields {
  return { event_type, agent_id, log_level, session_id, project, source };
}

export function optionalText(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Metadata is an object on the wire; anything else is kept as its `value`. */
function toMetadata(value: unknown): Record<string, unknown> {
  if (isRecord(value)) return value;
  return value === undefined || value === null ? {} : { value };
}

/** Fills in what was left out, and repairs what untyped callers get wrong. */
function complete(input: EventInput, maxEventBytes: number): NewEvent {
  // Eight names at their longest leave the greater part of the bound to the rest.
  const maxNameBytes = Math.max(64, Math.floor(maxEventBytes / 16));
  const name = (value: unknown, fallback: string) => {
    const text = optionalText(value) ?? fallback;
    return cutText(beginning(text, MAX_NAME_LENGTH), maxNameBytes, "");
  };
  const message: unknown = input.message ?? "";
  const metadata = toMetadata(input.metadata);
  const sessionId =
    optionalText(input.session_id) ?? optionalText(metadata["session_id"]);
  const event: NewEvent = {
    event_type: name(input.event_type, "event"),
    agent_id: name(input.agent_id, "system"),
    message: String(message),
    metadata,
    timestamp: name(input.timestamp, new Date().toISOString()),
    log_type: name(input.log_type, "event"),
    log_level: name(input.log_level, "info").toLowerCase(),
  };
  if (sessionId !== undefined) event.session_id = name(sessionId, "");
  const [project, source] = [input.project, input.source].map(optionalText);
  if (project !== undefined) event.project = name(project, "");
  if (source !== undefined) event.source = name(source, "");
  return event;
}

/**
 * The JSON of the event's metadata. A cycle, a BigInt or a throwing toJSON costs
 * the metadata, not the event.
 */
function settleMetadata(event: NewEvent, report: Report): string {
  try {
    const json: unknown = JSON.stringify(event.metadata);
    if (typeof json !== "string") event.metadata = {};
    else if (json.startsWith("{")) return json;
    // A toJSON may turn an object into anything, or into nothing.
    else event.metadata = toMetadata(parseJson(json));
  } catch (error) {
    const reason = messageOf(error).split("\n", 1).join("").slice(0, 200);
    const name = JSON.stringify(event.event_type);
    const text = `metadata of event ${name} cannot be serialised and is left out: ${reason}`;
    report(`unserializable: ${reason}`, text);
    event.metadata = { unserializable: true, reason };
  }
  return JSON.stringify(event.metadata);
}

/** The event's JSON without its opening `{"seq":n,`, which comes last. */
function encodeBody(event: NewEvent, metadataJson: string): string {
  const { event_type, agent_id, message } = event;
  const { timestamp, log_type, log_level } = event;
  const { session_id, project, source } = event;
  const head = JSON.stringify({ event_type, agent_id, message });
  const tail = JSON.stringify({
    timestamp,
    log_type,
    log_level,
    session_id,
    project,
    source,
  });
  return `${head.slice(1, -1)},"metadata":${metadataJson},${tail.slice(1)}`;
}

/** Cuts a message that is too large, and leaves out metadata that is. */
function truncate(
  event: NewEvent,
  metadataJson: string,
  originalBytes: number,
  maxEventBytes: number,
): FittedEvent {
  const half = Math.floor(maxEventBytes / 2);
  if (metadataJson.length <= maxEventBytes) {
    const cut = { ...event, message: cutText(event.message, half) };
    const body = encodeBody(cut, metadataJson);
    if (isBodyWithin(body, maxEventBytes)) return { event: cut, body };
  }
  const metadata = { truncated: true, original_bytes: originalBytes };
  const marker = JSON.stringify(metadata);
  // Halved again only where the bound is so small that the names take most of it.
  for (let bytes = half; ; bytes >>= 1) {
    const message = cutText(event.message, bytes);
    const cut = { ...event, message, metadata };
    const body = encodeBody(cut, marker);
    const isOver = bytes === 0 || isBodyWithin(body, maxEventBytes);
    if (isOver) return { event: cut, body };
  }
}

const isBodyWithin = (body: string, maxEventBytes: number) =>
  isWithin(body, maxEventBytes - SEQ_BYTES);

/** Whether the text has at most so many bytes in UTF-8: three a unit at most. */
function isWithin(text: string, bytes: number): boolean {
  return text.length * 3 <= bytes || Buffer.byteLength(text) <= bytes;
}

const isShortName = (name?: string | null) =>
  (name ?? "").length < MAX_NAME_LENGTH;

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
  if (text.length * JSON_BYTES_PER_UNIT + 2 <= maxBytes) return true;
  if (text.length > maxBytes) return false; // without making that JSON
  return Buffer.byteLength(JSON.stringify(text)) <= maxBytes;
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

/**
 * Turns a row of agent_logs, system_logs or prompts into an event. Takes both
 * spellings of their columns (details or metadata, component or source,
 * created_at or timestamp, prompt_text or content, response_text or response),
 * details as an object or JSON text, and levels in any case. Never throws: what
 * it cannot read gets a default.
 */
export function mapLogToEvent(log: unknown): NewEvent {
  try {
    const row = isRecord(log) ? log : {};
    return typeof row["prompt_type"] === "string"
      ? mapPrompt(row)
      : mapLog(row);
  } catch {
    return mapLog({}); // a getter that throws
  }
}

/** As the database's own triggers do, with the prompt's text at its end too. */
function mapPrompt(row: Record<string, unknown>): NewEvent {
  const status = optionalText(row["status"]) ?? "pending";
  const isOver = FINAL_STATUSES.some((final) => final === status);
  const facts = {
    prompt_id: row["id"],
    prompt_type: row["prompt_type"],
    prompt_name: row["prompt_name"],
    prompt_text: row["prompt_text"] ?? row["content"],
    response_text: row["response_text"] ?? row["response"],
    model: row["model_used"],
    status: isOver ? status : undefined,
    tokens_input: row["tokens_input"],
    tokens_output: row["tokens_output"],
    cost_usd: row["cost_usd"],
    latency_ms: row["latency_ms"],
    error_message: row["error_message"],
  };
  const known = Object.entries(facts).filter(([, value]) => !isNothing(value));
  const name = optionalText(row["prompt_name"]) ?? String(row["prompt_type"]);
  const endedAt = isOver ? row["completed_at"] : undefined;
  const levels = new Map([
    ["failed", "error"],
    ["cancelled", "warning"],
  ]);
  return {
    event_type: isOver ? "prompt_completed" : "prompt_sent",
    agent_id: optionalText(row["agent_id"]) ?? "system",
    message: `Prompt ${isOver ? status : "sent"}: ${name}`,
    metadata: Object.fromEntries(known),
    timestamp: toTimestamp(endedAt ?? row["created_at"]),
    log_type: "event",
    log_level: levels.get(status) ?? "info",
  };
}

function mapLog(row: Record<string, unknown>): NewEvent {
  const agentId = optionalText(row["agent_id"]);
  const logType = optionalText(row["log_type"])?.toLowerCase() ?? "event";
  const isSystem = agentId === undefined && row["log_type"] === undefined;
  const metadata = parseDetails(row);
  for (const [key, value] of [
    ["adw_id", row["adw_id"]],
    ["adw_step", row["adw_step"]],
    ["component", optionalText(row["component"] ?? row["source"])],
  ] as const) {
    if (typeof value === "string") metadata[key] ??= value;
  }
  const text = row["message"] ?? row["content"] ?? row["summary"];
  const sessionId = optionalText(row["session_id"] ?? metadata["session_id"]);
  const event: NewEvent = {
    event_type:
      optionalText(row["event_type"]) ??
      optionalText(metadata["event_type"]) ??
      (isSystem ? "system_event" : logType),
    agent_id: agentId ?? "system",
    message: typeof text === "string" ? text : "",
    metadata,
    timestamp: toTimestamp(row["created_at"] ?? row["timestamp"]),
    log_type: logType,
    log_level: toLevel(row["log_level"], logType),
  };
  return sessionId === undefined ? event : { ...event, session_id: sessionId };
}

function isNothing(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

/** A copy: the row's own details stay as they are. */
function parseDetails(row: Record<string, unknown>): Record<string, unknown> {
  const details = [row["details"], row["metadata"], row["payload"]].find(
    (value) => !isNothing(value) && value !== "",
  );
  if (typeof details !== "string") return { ...toMetadata(details) };
  if (details.trim() === "") return {};
  const value = parseJson(details);
  // What is not JSON is not to be lost either.
  return value === undefined ? { text: details } : toMetadata(value);
}

/** SQLite writes "YYYY-MM-DD HH:MM:SS", in UTC but without saying so. */
function toTimestamp(value: unknown): string {
  let date = new Date();
  if (typeof value === "number" || value instanceof Date) {
    date = new Date(value);
  } else if (typeof value === "string") {
    const bare = /^\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?$/.test(value);
    date = new Date(bare ? `${value.replace(" ", "T")}Z` : value);
  }
  const isDate = !Number.isNaN(date.getTime());
  return (isDate ? date : new Date()).toISOString();
}

function toLevel(value: unknown, logType: string): string {
  const name = typeof value === "string" ? value.trim().toLowerCase() : "";
  const level = LEVEL_ALIASES.get(name) ?? name;
  if (LOG_LEVELS.some((known) => known === level)) return level;
  return logType === "error" ? "error" : "info";
}

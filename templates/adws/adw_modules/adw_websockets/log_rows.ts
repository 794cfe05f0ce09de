/**
 * Log rows: a row of agent_logs, system_logs or prompts becomes an event. Pure.
 *
 * Template: adw_websockets 1.2.0
 */
import { isRecord, LOG_LEVELS, parseJson } from "../adw_events.ts";
import type { NewEvent } from "../adw_events.ts";
import { optionalText, toMetadata } from "./events.ts";

const LEVEL_ALIASES: Readonly<Record<string, string>> = {
  warn: "warning",
  err: "error",
  fatal: "critical",
};

/**
 * Turns a row of agent_logs, system_logs or prompts into an event. Takes both
 * spellings of their columns (details or metadata, component or source,
 * created_at or timestamp, prompt_text or content, response_text or response),
 * details as an object, as JSON text, null or missing, and levels
 * in any case. Never throws: what it cannot read gets a default.
 */
export function mapLogToEvent(log: unknown): NewEvent {
  try {
    return mapRow(isRecord(log) ? log : {});
  } catch {
    return mapRow({}); // a getter that throws
  }
}

/** One of the log tables, or `prompts`, which alone has a prompt_type. */
function mapRow(row: Record<string, unknown>): NewEvent {
  return typeof row["prompt_type"] === "string" ? mapPrompt(row) : mapLog(row);
}

/** What the database's own triggers make of such a row, with the prompt's text at its end too. */
function mapPrompt(row: Record<string, unknown>): NewEvent {
  const status = optionalText(row["status"]) ?? "pending";
  const isOver = ["completed", "failed", "cancelled"].includes(status);
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
  const known = Object.entries(facts).filter(
    ([, value]) => value !== undefined && value !== null,
  );
  const name = optionalText(row["prompt_name"]) ?? String(row["prompt_type"]);
  const troubled = status === "cancelled" ? "warning" : "info";
  return {
    event_type: isOver ? "prompt_completed" : "prompt_sent",
    agent_id: optionalText(row["agent_id"]) ?? "system",
    message: `Prompt ${isOver ? status : "sent"}: ${name}`,
    metadata: Object.fromEntries(known),
    timestamp: toTimestamp(
      (isOver ? row["completed_at"] : undefined) ?? row["created_at"],
    ),
    log_type: "event",
    log_level: status === "failed" ? "error" : troubled,
  };
}

function mapLog(row: Record<string, unknown>): NewEvent {
  const component = optionalText(row["component"] ?? row["source"]);
  const agentId = optionalText(row["agent_id"]);
  const logType = optionalText(row["log_type"])?.toLowerCase() ?? "event";
  const metadata = { ...parseDetails(row) };
  for (const key of ["adw_id", "adw_step"]) {
    const value = row[key];
    if (typeof value === "string") metadata[key] ??= value;
  }
  if (component !== undefined) metadata["component"] ??= component;
  const isSystem = agentId === undefined && row["log_type"] === undefined;
  const eventType =
    optionalText(row["event_type"]) ??
    optionalText(metadata["event_type"]) ??
    (isSystem ? "system_event" : logType);
  const sessionId = optionalText(row["session_id"] ?? metadata["session_id"]);
  const text = row["message"] ?? row["content"] ?? row["summary"];
  const event: NewEvent = {
    event_type: eventType,
    agent_id: agentId ?? "system",
    message: typeof text === "string" ? text : "",
    metadata,
    timestamp: toTimestamp(row["created_at"] ?? row["timestamp"]),
    log_type: logType,
    log_level: toLevel(row["log_level"], logType),
  };
  return sessionId === undefined ? event : { ...event, session_id: sessionId };
}

function parseDetails(row: Record<string, unknown>): Record<string, unknown> {
  const details = [row["details"], row["metadata"], row["payload"]].find(
    (value) => value !== undefined && value !== null && value !== "",
  );
  if (typeof details !== "string") return toMetadata(details);
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
  return Number.isNaN(date.getTime())
    ? new Date().toISOString()
    : date.toISOString();
}

function toLevel(value: unknown, logType: string): string {
  const name = typeof value === "string" ? value.trim().toLowerCase() : "";
  const alias = Object.hasOwn(LEVEL_ALIASES, name)
    ? LEVEL_ALIASES[name]
    : undefined;
  const level = alias ?? name;
  if (LOG_LEVELS.some((known) => known === level)) return level;
  return logType === "error" ? "error" : "info";
}

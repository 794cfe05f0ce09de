/**
 * adw_events: the contract between who writes agent events and who reads them:
 * server, clients, database and dashboard.
 *
 * Template: adw_events 1.3.0, rendered by adw-scaffold.
 * Needs:    nothing. It runs in Node and in browsers.
 * Update:   npx adw-scaffold update
 *
 * ## On the wire (JSON text frames)
 *
 * An event is a `WebSocketEvent`, below. `seq` only grows within one
 * `stream_id`. Whatever else the server sends has a `type` instead of an
 * `event_type`:
 *
 *     connection_established  server_time, protocol (1), stream_id, last_seq, oldest_seq
 *     resync_required         reason, stream_id, last_seq, oldest_seq
 *     subscribed              filter, last_seq
 *     error                   code, message
 *
 * Resume: connect with `?since=<seq>&stream_id=<id>`. First of all comes
 * `connection_established`, then everything after `since`, then live events,
 * with no gap and no duplicate. When that is impossible, `resync_required`
 * comes before the replay, with the reason `other_stream` (another stream_id),
 * `pruned` (the next event has left the history) or `ahead` (`since` is newer
 * than the stream). Then, for every reason, the server replays all it still
 * holds, from `oldest_seq` on: forget what you have and take that. Without
 * `since` only new events are sent; `since=0` asks for everything; a `since`
 * without `stream_id` is taken as this stream's; a malformed one is HTTP 400.
 *
 * A client may send `{"type":"subscribe","filter":{"agent_ids":[…],
 * "event_types":[…],"log_levels":[…],"session_ids":[…],"projects":[…],
 * "sources":[…]}}`: an event passes when every list given contains it; a list
 * that is absent or empty does not filter. Each subscribe replaces the one
 * before. Other input is answered by `error`.
 */

// The same words as in the CHECKs of schema/schema_orchestrator.sql.
export const LOG_TYPES = [
  "step_start",
  "step_end",
  "event",
  "error",
  "state_change",
  "milestone",
  "performance",
  "tool_call",
  "cost_update",
] as const;
export const LOG_LEVELS = [
  "debug",
  "info",
  "warning",
  "error",
  "critical",
] as const;
export const AGENT_TYPES = [
  "planner",
  "builder",
  "reviewer",
  "tester",
  "orchestrator",
  "utility",
] as const;
/** Agents and prompts in one of these are over. */
export const FINAL_STATUSES = ["completed", "failed", "cancelled"] as const;
export const AGENT_STATUSES = [
  "initializing",
  "planning",
  "executing",
  "reviewing",
  "idle",
  ...FINAL_STATUSES,
] as const;
export const PROMPT_TYPES = [
  "adw",
  "command",
  "followup",
  "correction",
  "tool_call",
] as const;
export const PROMPT_STATUSES = [
  "pending",
  "streaming",
  ...FINAL_STATUSES,
] as const;

export type LogType = (typeof LOG_TYPES)[number];
export type LogLevel = (typeof LOG_LEVELS)[number];
export type AgentType = (typeof AGENT_TYPES)[number];
export type AgentStatus = (typeof AGENT_STATUSES)[number];
export type PromptType = (typeof PROMPT_TYPES)[number];
export type PromptStatus = (typeof PROMPT_STATUSES)[number];
export type FinalStatus = (typeof FINAL_STATUSES)[number];

/** Version of the wire contract, sent in `connection_established`. */
export const PROTOCOL_VERSION = 1;
/** A subprotocol that starts with this carries the token. */
export const TOKEN_PROTOCOL = "adw.token.";

/** The server stops, or its history is another one. */
export const CLOSE_GOING_AWAY = 1001;
/** Far too many messages, or messages whose answers are not read. */
export const CLOSE_POLICY_VIOLATION = 1008;
export const CLOSE_MESSAGE_TOO_BIG = 1009;
/** The server is full. */
export const CLOSE_TRY_AGAIN_LATER = 1013;
export const CLOSE_IDLE_TIMEOUT = 4408;
/** The peer reads too slowly. The reason starts with `last_seq=<n>`. */
export const CLOSE_TOO_SLOW = 4413;

/** One event as it goes over the wire. */
export interface WebSocketEvent {
  /** Positive integer that only grows within one stream_id. */
  seq: number;
  /** An open vocabulary: consumers must accept names they have never seen. */
  event_type: string;
  /** The agent it is about; "system" for everything else. */
  agent_id: string;
  message: string;
  metadata: Record<string, unknown>;
  /** ISO 8601, UTC, with milliseconds. */
  timestamp: string;
  log_type: string;
  log_level: string;
  session_id?: string;
  /** Short name of the project that its agent works in. */
  project?: string;
  /** What told it: adw, claude-code, codex, gemini-cli, opencode, … */
  source?: string;
}

/** An event that has no seq yet. */
export type NewEvent = Omit<WebSocketEvent, "seq">;

/** What a client wants to see. An absent or empty list does not filter. */
export interface EventFilter {
  agent_ids?: readonly string[];
  event_types?: readonly string[];
  log_levels?: readonly string[];
  session_ids?: readonly string[];
  projects?: readonly string[];
  sources?: readonly string[];
}

export const FILTER_KEYS = [
  "agent_ids",
  "event_types",
  "log_levels",
  "session_ids",
  "projects",
  "sources",
] as const satisfies readonly (keyof EventFilter)[];

/** The fields that filters look at. */
export interface FilteredFields {
  readonly event_type: string;
  readonly agent_id: string;
  readonly log_level: string;
  readonly session_id?: string | null;
  readonly project?: string | null;
  readonly source?: string | null;
}

/** Whether an event passes the filter: when every list given contains it. */
export function createMatcher(
  filter: EventFilter,
): (event: FilteredFields) => boolean {
  const setOf = (list: readonly string[] = []) =>
    list.length === 0 ? null : new Set(list);
  const agentIds = setOf(filter.agent_ids);
  const eventTypes = setOf(filter.event_types);
  const logLevels = setOf(filter.log_levels?.map((name) => name.toLowerCase()));
  const sessionIds = setOf(filter.session_ids);
  const projects = setOf(filter.projects);
  const sources = setOf(filter.sources);
  return (event) =>
    (agentIds?.has(event.agent_id) ?? true) &&
    (eventTypes?.has(event.event_type) ?? true) &&
    (logLevels?.has(event.log_level) ?? true) &&
    (sessionIds?.has(event.session_id ?? "") ?? true) &&
    (projects?.has(event.project ?? "") ?? true) &&
    (sources?.has(event.source ?? "") ?? true);
}

/** Whether a parsed message is an event. */
export function isEvent(message: unknown): message is WebSocketEvent {
  return (
    isRecord(message) &&
    Number.isSafeInteger(message["seq"]) &&
    typeof message["event_type"] === "string" &&
    typeof message["agent_id"] === "string" &&
    isRecord(message["metadata"])
  );
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** undefined for what is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Claude Code: its hooks and its OpenTelemetry logs; for its transcripts see
 * claude_lines.ts.
 *
 * Template: adw_agents 1.3.0
 */
import { makeAct } from "./act.ts";
import {
  fieldsOf,
  fit,
  fitFields,
  listOf,
  nameOf,
  numberOf,
  ownOf,
  textOf,
  tokensOf,
  unknownFields,
} from "./act.ts";
import type { Act, Base, Deed, Delivery, Fields, Outcome } from "./act.ts";
import type { OtelRecord } from "./otel.ts";

export const SOURCE = "claude-code";
/** The tool that starts a subagent; older versions call it Task. */
const AGENT_TOOLS = new Set(["Agent", "Task"]);

// ------------------------------------------------------------------ hooks

/** What hooks say in fields that are read below or mean nothing here. */
const HOOK_FIELDS = new Set(
  `session_id transcript_path agent_transcript_path cwd hook_event_name prompt_id permission_mode effort agent_id agent_type
  source model prompt tool_name tool_input tool_use_id tool_response duration_ms error error_details is_interrupt reason
  last_assistant_message stop_hook_active message notification_type trigger permission_suggestions`.split(
    /\s+/,
  ),
);

const started = (p: Fields): Deed => ({
  type: "tool_started",
  tool: nameOf(p, "tool_name") ?? "tool",
  input: fit(p["tool_input"]),
});

const ended = (p: Fields, more: Outcome): Deed => ({
  type: "tool_ended",
  tool: nameOf(p, "tool_name"),
  input: fit(p["tool_input"]),
  durationMs: numberOf(p, "duration_ms"),
  ...more,
});

const permission = (p: Fields): Deed => ({
  type: "wait_started",
  wait: "permission",
  message: textOf(p, "message"),
  tool: nameOf(p, "tool_name"),
  input: fit(p["tool_input"]),
});

const question = (p: Fields): Deed => ({
  type: "wait_started",
  wait: "question",
  message: textOf(p, "message", "prompt") ?? questionOf(p["tool_input"]),
});

function questionOf(input: unknown): string | undefined {
  const [first] = listOf(fieldsOf(input)["questions"]);
  return textOf(fieldsOf(first), "question");
}

/** By the name of the event; what is not listed is kept as `other`. */
const HOOKS: Readonly<Record<string, (p: Fields) => readonly Deed[]>> = {
  SessionStart: (p) => [
    { type: "session_started", reason: nameOf(p, "source") },
  ],
  SessionEnd: (p) => [{ type: "session_ended", reason: nameOf(p, "reason") }],
  UserPromptSubmit: (p) => [{ type: "prompt", text: textOf(p, "prompt") }],
  PreToolUse: (p) =>
    p["tool_name"] === "AskUserQuestion"
      ? [started(p), question(p)]
      : [started(p)],
  PermissionRequest: (p) => [permission(p)],
  PermissionDenied: (p) => [
    { type: "wait_ended", outcome: "denied" },
    ended(p, { error: textOf(p, "reason") ?? "Permission denied" }),
  ],
  PostToolUse: (p) => [ended(p, { output: fit(p["tool_response"]) })],
  PostToolUseFailure: (p) => [
    ended(p, {
      error:
        p["is_interrupt"] === true
          ? "Interrupted"
          : (textOf(p, "error") ?? "Failed"),
    }),
  ],
  // It repeats what the single events said.
  PostToolBatch: () => [],
  Notification: (p) => {
    const type = nameOf(p, "notification_type") ?? "";
    const message = textOf(p, "message", "title");
    if (type === "permission_prompt") return [permission(p)];
    if (type === "idle_prompt")
      return [{ type: "wait_started", wait: "idle", message }];
    if (type === "agent_needs_input" || type === "elicitation_dialog")
      return [question(p)];
    return [{ type: "other", name: "notification", fields: fitFields(p) }];
  },
  SubagentStart: () => [{ type: "agent_started" }],
  SubagentStop: (p) => [
    { type: "agent_ended", text: textOf(p, "last_assistant_message") },
  ],
  Stop: (p) => [
    { type: "turn_ended", text: textOf(p, "last_assistant_message") },
  ],
  StopFailure: (p) => [
    {
      type: "failed",
      error: textOf(p, "error_details", "message", "error") ?? "Failed",
      reason: nameOf(p, "error"),
    },
  ],
  PostCompact: (p) => [{ type: "compacted", reason: nameOf(p, "trigger") }],
  PostModelSwitch: (p) => [
    {
      type: "model_changed",
      model: nameOf(p, "new_model", "to_model", "model") ?? "unknown",
    },
  ],
  Elicitation: (p) => [question(p)],
  ElicitationResult: (p) => [
    { type: "wait_ended", outcome: nameOf(p, "action") },
  ],
};

/** The agent of a session that a field names, or the session's own. */
export function agentIn(session: string, subagent: string | undefined): string {
  return subagent === undefined ? session : `${session}:${subagent}`;
}

/** One payload of a hook. */
export function mapClaudeHook(payload: unknown, delivery: Delivery): Act[] {
  const p = fieldsOf(payload);
  const event = nameOf(p, "hook_event_name") ?? "unknown";
  const session = nameOf(p, "session_id") ?? "unknown";
  const base: Base = {
    source: SOURCE,
    lane: "hook",
    at: delivery.at,
    delivery: delivery.id,
    session,
    agent: agentIn(session, nameOf(p, "agent_id")),
    about: {
      cwd: textOf(p, "cwd"),
      kind: nameOf(p, "agent_type"),
      model: event === "SessionStart" ? nameOf(p, "model") : undefined,
    },
    more: unknownFields(p, HOOK_FIELDS),
  };
  const deeds = ownOf(HOOKS, event)?.(p) ?? [
    { type: "other", name: snakeCase(event), fields: fitFields(p) },
  ];
  const acts = deeds.map((deed) => makeAct(base, deed, hookIds(p, deed)));
  const child = nameOf(fieldsOf(p["tool_response"]), "agentId");
  if (AGENT_TOOLS.has(nameOf(p, "tool_name") ?? "") && child !== undefined) {
    acts.push(childOf(base, child, p));
  }
  return acts;
}

/** The call that started a subagent names it when it ends: so its parent is known. */
export function childOf(base: Base, child: string, p: Fields): Act {
  const { session, agent: parent } = base;
  const answer = fieldsOf(p["tool_response"]);
  const about = {
    kind: nameOf(answer, "agentType"),
    model: nameOf(answer, "resolvedModel"),
  };
  return makeAct(
    { ...base, agent: agentIn(session, child), about, more: undefined },
    { type: "agent_started", parent, parentCall: nameOf(p, "tool_use_id") },
  );
}

function hookIds(p: Fields, deed: Deed): Record<string, string | undefined> {
  switch (deed.type) {
    case "tool_started":
    case "tool_ended":
    case "wait_started":
    case "wait_ended":
      return { call: nameOf(p, "tool_use_id") };
    case "prompt":
    case "turn_ended":
      return { prompt: nameOf(p, "prompt_id") };
    default:
      return {};
  }
}

export function snakeCase(name: string): string {
  return name.replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase();
}

// ----------------------------------------------------------- OpenTelemetry

/** By the event's name without `claude_code.`; what is not listed is kept as `other`. */
const EVENTS: Readonly<Record<string, (f: Fields) => readonly Deed[]>> = {
  user_prompt: (f) => [{ type: "prompt", text: unredacted(f, "prompt") }],
  assistant_response: (f) => {
    const text = unredacted(f, "response", "text");
    return text === undefined ? [] : [{ type: "answer", text }];
  },
  api_request: (f) => {
    const tokens = tokensOf({
      input: numberOf(f, "input_tokens"),
      output: numberOf(f, "output_tokens"),
      cacheRead: numberOf(f, "cache_read_tokens"),
      cacheWrite: numberOf(f, "cache_creation_tokens"),
    });
    if (tokens === undefined) return [];
    return [
      {
        type: "usage",
        model: nameOf(f, "model"),
        tokens,
        costUsd: numberOf(f, "cost_usd"),
        durationMs: numberOf(f, "duration_ms"),
        asker: nameOf(f, "query_source"),
      },
    ];
  },
  api_error: (f) => [
    {
      type: "failed",
      error: textOf(f, "error") ?? "API error",
      reason: nameOf(f, "status_code"),
    },
  ],
  tool_decision: (f) => [
    { type: "wait_ended", outcome: nameOf(f, "decision") },
  ],
  tool_result: (f) => [
    {
      type: "tool_ended",
      tool: nameOf(f, "tool_name"),
      durationMs: numberOf(f, "duration_ms"),
      error:
        String(f["success"]) === "false"
          ? (textOf(f, "error") ?? "Failed")
          : undefined,
    },
  ],
  compaction: (f) => [{ type: "compacted", reason: nameOf(f, "trigger") }],
  // How long it waited for hooks: with every call, so no more of it than that.
  hook_execution_complete: (f) => [
    {
      type: "other",
      name: "hook_execution_complete",
      fields: {
        hook_event: nameOf(f, "hook_event"),
        num_hooks: numberOf(f, "num_hooks"),
        total_duration_ms: numberOf(f, "total_duration_ms"),
      },
    },
  ],
  hook_registered: () => [],
  hook_execution_start: () => [],
};

function unredacted(f: Fields, ...names: string[]): string | undefined {
  const text = textOf(f, ...names);
  return text === undefined || /^<?\[?redacted/i.test(text) ? undefined : text;
}

/** One OpenTelemetry log record. */
export function mapClaudeRecord(record: OtelRecord): Act[] {
  const { fields: f, name } = record;
  const session = nameOf(f, "session.id") ?? "unknown";
  const base: Base = {
    source: SOURCE,
    lane: "otel",
    at: record.at,
    delivery: record.id,
    session,
    agent: agentIn(session, nameOf(f, "agent_id", "agent.id")),
  };
  const event = name.replace(/^claude_code\./, "");
  const deeds = ownOf(EVENTS, event)?.(f) ?? [
    { type: "other", name: event, fields: f },
  ];
  // A subagent asks in the session's name, and may ask another model.
  const isOwn = !(nameOf(f, "query_source") ?? "").startsWith("agent:");
  const about = isOwn ? { model: nameOf(f, "model") } : undefined;
  return deeds.map((deed) =>
    makeAct({ ...base, about }, deed, {
      prompt: deed.type === "prompt" ? nameOf(f, "prompt.id") : undefined,
      call: nameOf(f, "tool_use_id"),
      request: deed.type === "usage" ? nameOf(f, "request_id") : undefined,
    }),
  );
}

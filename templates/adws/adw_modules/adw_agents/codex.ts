/**
 * Codex: its hooks, the lines of its rollouts, its OpenTelemetry logs.
 *
 * Template: adw_agents 1.3.0
 */
import { parseJson } from "../adw_events.ts";
import {
  fieldsOf,
  fit,
  fitFields,
  makeAct,
  nameOf,
  numberOf,
  ownOf,
  textOf,
  timeOf,
  tokensOf,
} from "./act.ts";
import type { Act, Base, Deed, Delivery, Fields, FileState } from "./act.ts";
import { mapClaudeHook, snakeCase } from "./claude.ts";
import type { OtelRecord } from "./otel.ts";

const SOURCE = "codex";

/** One payload of a hook: in Claude's words, with a turn for a prompt, and a hook for an interrupt. */
export function mapCodexHook(payload: unknown, delivery: Delivery): Act[] {
  const p = fieldsOf(payload);
  const acts = mapClaudeHook({ ...p, prompt_id: p["turn_id"] }, delivery);
  return acts.map((act) => {
    const model = nameOf(p, "model");
    const more = Object.fromEntries(
      Object.entries(act.more ?? {}).filter(([name]) => name !== "turn_id"),
    );
    const about = { ...act.about, model };
    // Its answer is the output alone, whatever the command came to.
    const isVague = act.type === "tool_ended" && act.error === undefined;
    const own = {
      ...act,
      source: SOURCE,
      about,
      more,
      ...(isVague ? { isVague } : {}),
    };
    return own.type === "other" && own.name === "interrupt"
      ? { ...own, type: "interrupted" }
      : own;
  });
}

// ----------------------------------------------------------------- rollouts

export function codexFile(path: string): FileState | undefined {
  const session = /rollout-.*?-([0-9a-f]{8}-[0-9a-f-]{27})\.jsonl$/i.exec(
    path,
  )?.[1];
  return session === undefined ? undefined : { session, agent: session };
}

/** One line of a rollout. Sets what the file says of itself in `file`. */
export function mapCodexLine(
  value: unknown,
  delivery: Delivery,
  file: FileState,
): Act[] {
  const line = fieldsOf(value);
  const p = fieldsOf(line["payload"]);
  const type = nameOf(line, "type") ?? "unknown";
  const at = timeOf(line, "timestamp") ?? delivery.at;
  if (type === "session_meta") return mapMeta(p, at, delivery, file);
  // A subagent's rollout begins with a replay of its parent's.
  if (file.parent !== undefined && at < (file.startedAt ?? 0)) return [];
  const base = baseOf(file, at, delivery);
  if (type === "turn_context") {
    const model = nameOf(p, "model");
    const before = file.model;
    if (model === undefined || model === before) return [];
    file.model = model;
    const own = { ...base, about: { model, cwd: textOf(p, "cwd") } };
    return before === undefined
      ? [makeAct(own, { type: "session_started" })]
      : [makeAct(own, { type: "model_changed", model })];
  }
  if (type === "token_usage_record") return usageRecord(base, p, file);
  if (type === "compacted") return [makeAct(base, { type: "compacted" })];
  if (type === "response_item") return mapItem(base, p);
  if (type === "event_msg") return mapMessage(base, p, file);
  if (type === "world_state") return [];
  const deed: Deed = { type: "other", name: type, fields: fitFields(p) };
  return [makeAct(base, deed)];
}

function baseOf(file: FileState, at: number, { id }: Delivery): Base {
  const { session, agent } = file;
  const from = { source: SOURCE, lane: "transcript", at, delivery: id };
  return { ...from, session, agent };
}

function mapMeta(
  p: Fields,
  at: number,
  delivery: Delivery,
  file: FileState,
): Act[] {
  const id = nameOf(p, "id");
  // The parent's own line, in the replay.
  if (file.startedAt !== undefined || id === undefined) {
    if (id !== undefined && id !== file.session) file.parent ??= id;
    return [];
  }
  file.session = file.agent = id;
  file.startedAt = timeOf(p, "timestamp") ?? at;
  const spawn = fieldsOf(fieldsOf(fieldsOf(p["source"])["subagent"]));
  const thread = fieldsOf(spawn["thread_spawn"]);
  const parent =
    nameOf(thread, "parent_thread_id") ??
    nameOf(p, "parent_thread_id", "forked_from_id");
  const about = {
    cwd: textOf(p, "cwd"),
    branch: nameOf(fieldsOf(p["git"]), "branch"),
    kind: nameOf(thread, "agent_nickname", "agent_role"),
  };
  const base = { ...baseOf(file, at, delivery), about };
  const acts = [makeAct(base, { type: "session_started" })];
  if (parent === undefined) return acts;
  file.parent = parent;
  return [makeAct(base, { type: "agent_started", parent }), ...acts];
}

const parsed = (raw: unknown) =>
  typeof raw === "string" ? (parseJson(raw) ?? raw) : raw;

/** Its shell in the words of its hooks, so that a call is the same by every road. */
function calledTool(name: string, raw: unknown) {
  const input = parsed(raw);
  const { cmd, ...more } = fieldsOf(input);
  return name === "exec_command" && typeof cmd === "string"
    ? { tool: "Bash", input: fit({ command: cmd, ...more }) }
    : { tool: name, input: fit(input) };
}

/** What a call came to: a command that fails is an output like another one to Codex. */
function outcome(raw: unknown) {
  const result = parsed(raw);
  const fields = fieldsOf(result);
  const head = typeof result === "string" ? result.split("\nOutput:")[0] : "";
  const exit =
    numberOf(fieldsOf(fields["metadata"]), "exit_code") ??
    Number(/^Process exited with code (\d+)$/m.exec(head ?? "")?.[1] ?? 0);
  if (exit > 0) return { error: `Exit code ${String(exit)}` };
  return fields["success"] === false
    ? { error: textOf(fields, "output", "content") ?? "Failed" }
    : { output: fit(result) };
}

/** A thing that was said or done, whole: other versions say the same in lines of their own. */
function mapDone(base: Base, p: Fields): Act[] {
  const item = fieldsOf(p["item"]);
  const content = Array.isArray(item["content"]) ? item["content"] : [];
  const text = content
    .map((part) => textOf(fieldsOf(part), "text") ?? "")
    .join("");
  switch (item["type"]) {
    case "UserMessage": {
      const prompt = nameOf(p, "turn_id");
      return [makeAct(base, { type: "prompt", text }, { prompt })];
    }
    case "AgentMessage":
      return [makeAct(base, { type: "answer", text })];
    case "CommandExecution": {
      const exit = numberOf(item, "exit_code") ?? 0;
      const deed: Deed = {
        type: "tool_ended",
        ...(exit === 0
          ? { output: textOf(item, "aggregated_output") }
          : { error: `Exit code ${String(exit)}` }),
      };
      return [makeAct(base, deed, { call: nameOf(item, "id") })];
    }
    default: {
      const name = snakeCase(nameOf(item, "type") ?? "item");
      const deed: Deed = { type: "other", name, fields: fitFields(item) };
      return [makeAct(base, deed)];
    }
  }
}

function mapItem(base: Base, p: Fields): Act[] {
  const call = nameOf(p, "call_id", "id");
  const type = nameOf(p, "type") ?? "unknown";
  if (/^(?:custom_tool|function|local_shell|web_search)_call$/.test(type)) {
    const raw = p["arguments"] ?? p["input"] ?? p["action"];
    const name = nameOf(p, "name") ?? type.replace("_call", "");
    const deed: Deed = { type: "tool_started", ...calledTool(name, raw) };
    return [makeAct(base, deed, { call })];
  }
  if (type.endsWith("_call_output"))
    return [
      makeAct(base, { type: "tool_ended", ...outcome(p["output"]) }, { call }),
    ];
  // Messages are said by event_msg too; reasoning is encrypted.
  return [];
}

/** By the type of an event_msg. */
const MESSAGES: Readonly<Record<string, (p: Fields) => readonly Deed[]>> = {
  user_message: (p) => [{ type: "prompt", text: textOf(p, "message") }],
  agent_message: (p) => [{ type: "answer", text: textOf(p, "message") ?? "" }],
  task_started: () => [],
  thread_settings_applied: () => [],
  agent_reasoning: () => [],
  exec_command_begin: () => [],
  exec_command_end: () => [],
  task_complete: (p) => [
    { type: "turn_ended", text: textOf(p, "last_agent_message") },
  ],
  turn_aborted: () => [{ type: "interrupted" }],
  context_compacted: () => [{ type: "compacted" }],
  error: (p) => [{ type: "failed", error: textOf(p, "message") ?? "Failed" }],
  exec_approval_request: (p) => [
    {
      type: "wait_started",
      wait: "permission",
      tool: "exec_command",
      input: fit({ command: p["command"] }),
      message: textOf(p, "reason"),
    },
  ],
  apply_patch_approval_request: (p) => [
    {
      type: "wait_started",
      wait: "permission",
      tool: "apply_patch",
      message: textOf(p, "reason"),
    },
  ],
};

function mapMessage(base: Base, p: Fields, file: FileState): Act[] {
  const type = nameOf(p, "type") ?? "unknown";
  if (type === "token_count")
    return tokenCount(base, fieldsOf(p["info"]), file);
  if (type === "item_completed") return mapDone(base, p);
  const deeds = ownOf(MESSAGES, type)?.(p) ?? [
    { type: "other", name: type, fields: fitFields(p) },
  ];
  const prompt = nameOf(p, "turn_id");
  const call = nameOf(p, "call_id");
  return deeds.map((deed) => {
    const isTurn = deed.type === "prompt" || deed.type === "turn_ended";
    return makeAct(base, deed, isTurn ? { prompt } : { call });
  });
}

function usageOf(usage: Fields) {
  return tokensOf({
    input: numberOf(usage, "input_tokens"),
    cached: numberOf(usage, "cached_input_tokens", "cached_tokens"),
    output: numberOf(usage, "output_tokens"),
  });
}

function usageRecord(base: Base, p: Fields, { model }: FileState): Act[] {
  const usage = ["usage", "token_usage", "last_token_usage"]
    .map((name) => fieldsOf(p[name]))
    .find((fields) => Object.keys(fields).length > 0);
  const tokens = usageOf(usage ?? p);
  if (tokens === undefined) return [];
  const deed: Deed = {
    type: "usage",
    model: nameOf(p, "model") ?? model,
    tokens,
  };
  return [makeAct(base, deed, { response: nameOf(p, "response_id") })];
}

/**
 * A request has no id here, but leaves another running total behind: the line is
 * repeated with the same total, and replayed in the rollouts of subagents.
 */
function tokenCount(base: Base, info: Fields, file: FileState): Act[] {
  const tokens = usageOf(fieldsOf(info["last_token_usage"]));
  if (tokens === undefined) return [];
  const total = fieldsOf(info["total_token_usage"]);
  const names = ["input_tokens", "cached_input_tokens", "output_tokens"];
  const sums = names.map((name) => String(numberOf(total, name) ?? 0));
  const root = file.parent ?? file.session;
  const own = { ...base, lane: "transcript/count" };
  const deed: Deed = { type: "usage", model: file.model, tokens };
  return [makeAct(own, deed, { total: [root, ...sums].join("/") })];
}

// ------------------------------------------------------------ OpenTelemetry

const EVENTS: Readonly<Record<string, (f: Fields) => readonly Deed[]>> = {
  conversation_starts: () => [{ type: "session_started" }],
  user_prompt: (f) => {
    const text = textOf(f, "prompt");
    const isHidden = text === undefined || text === "[REDACTED]";
    return [{ type: "prompt", text: isHidden ? undefined : text }];
  },
  sse_event: (f) => {
    const tokens = tokensOf({
      input: numberOf(f, "input_token_count"),
      cached: numberOf(f, "cached_token_count"),
      output: numberOf(f, "output_token_count"),
    });
    const isLast = f["event.kind"] === "response.completed";
    if (!isLast || tokens === undefined) return [];
    return [{ type: "usage", model: nameOf(f, "model"), tokens }];
  },
  api_request: (f) =>
    f["error.message"] === undefined
      ? []
      : [{ type: "failed", error: textOf(f, "error.message") ?? "API error" }],
  websocket_request: () => [],
  websocket_event: () => [],
  startup_phase: () => [],
  turn_ttft: () => [],
  tool_decision: (f) => [
    { type: "wait_ended", outcome: nameOf(f, "decision") },
  ],
  tool_result: (f) => [
    {
      type: "tool_ended",
      ...calledTool(nameOf(f, "tool_name") ?? "tool", f["arguments"]),
      durationMs: numberOf(f, "duration_ms"),
      ...(String(f["success"]) === "false"
        ? { error: textOf(f, "output") ?? "Failed" }
        : outcome(f["output"])),
    },
  ],
};

/** One OpenTelemetry log record; those without an event's name are the program's own log. */
export function mapCodexRecord(record: OtelRecord): Act[] {
  const { fields: f } = record;
  const session = nameOf(f, "conversation.id");
  if (session === undefined) return [];
  const base: Base = {
    source: SOURCE,
    lane: "otel",
    at: record.at,
    delivery: record.id,
    session,
    agent: session,
    about: { model: nameOf(f, "model") },
  };
  const name = record.name.replace(/^codex\./, "");
  const deeds = ownOf(EVENTS, name)?.(f) ?? [
    { type: "other", name, fields: f },
  ];
  const call = nameOf(f, "call_id");
  const response = nameOf(f, "response_id", "response.id");
  return deeds.map((deed) =>
    makeAct(base, deed, deed.type === "usage" ? { response } : { call }),
  );
}

/**
 * Gemini CLI: its hooks, the lines of its chats, its OpenTelemetry logs. Its
 * hooks have no id of a call: start and end are paired by tool and input.
 *
 * Template: adw_agents 1.3.0
 */
import { parseJson } from "../adw_events.ts";
import {
  fieldsOf,
  fit,
  fitFields,
  listOf,
  makeAct,
  nameOf,
  numberOf,
  ownOf,
  textOf,
  timeOf,
  tokensOf,
  unknownFields,
} from "./act.ts";
import type { Act, Base, Deed, Delivery, Fields, FileState } from "./act.ts";
import { snakeCase } from "./claude.ts";
import type { OtelRecord } from "./otel.ts";

const SOURCE = "gemini-cli";

const HOOK_FIELDS = new Set(
  `session_id transcript_path cwd timestamp hook_event_name source reason prompt prompt_response
  tool_name tool_input tool_response notification_type message trigger details stop_hook_active`.split(
    /\s+/,
  ),
);

/** A command that fails is an output like another one to Gemini. */
function exitError(tool: unknown, output: unknown): string | undefined {
  if (tool !== "run_shell_command" || typeof output !== "string") return;
  const exits = [...output.matchAll(/^Exit Code: (\d+)$/gm)];
  const exit = Number(exits.at(-1)?.[1] ?? 0);
  return exit > 0 ? `Exit code ${String(exit)}` : undefined;
}

/** By the name of the event; what is not listed is kept as `other`. */
const HOOKS: Readonly<Record<string, (p: Fields) => readonly Deed[]>> = {
  SessionStart: (p) => [
    { type: "session_started", reason: nameOf(p, "source") },
  ],
  SessionEnd: (p) => [{ type: "session_ended", reason: nameOf(p, "reason") }],
  BeforeAgent: (p) => [{ type: "prompt", text: textOf(p, "prompt") }],
  AfterAgent: (p) => [
    { type: "turn_ended", text: textOf(p, "prompt_response") },
  ],
  BeforeTool: (p) => [
    {
      type: "tool_started",
      tool: nameOf(p, "tool_name") ?? "tool",
      input: fit(p["tool_input"]),
    },
  ],
  AfterTool: (p) => {
    const response = fieldsOf(p["tool_response"]);
    const error =
      textOf(response, "error") ??
      textOf(fieldsOf(response["error"]), "message") ??
      exitError(p["tool_name"], response["llmContent"]);
    return [
      {
        type: "tool_ended",
        tool: nameOf(p, "tool_name"),
        input: fit(p["tool_input"]),
        ...(error === undefined
          ? { output: fit(response["llmContent"] ?? p["tool_response"]) }
          : { error }),
      },
    ];
  },
  // Before every request, whether there is something to compress or not.
  PreCompress: () => [],
  Notification: (p) =>
    p["notification_type"] === "ToolPermission"
      ? [
          {
            type: "wait_started",
            wait: "permission",
            message: textOf(p, "message"),
            tool: nameOf(fieldsOf(p["details"]), "toolName", "tool_name"),
          },
        ]
      : [{ type: "other", name: "notification", fields: fitFields(p) }],
  // Once a chunk, with the whole request.
  BeforeModel: () => [],
  AfterModel: () => [],
  BeforeToolSelection: () => [],
};

/** One payload of a hook. */
export function mapGeminiHook(payload: unknown, delivery: Delivery): Act[] {
  const p = fieldsOf(payload);
  const event = nameOf(p, "hook_event_name") ?? "unknown";
  const session = nameOf(p, "session_id") ?? "unknown";
  const base: Base = {
    source: SOURCE,
    lane: "hook",
    at: timeOf(p, "timestamp") ?? delivery.at,
    delivery: delivery.id,
    session,
    agent: session,
    about: { cwd: textOf(p, "cwd") },
    more: unknownFields(p, HOOK_FIELDS),
  };
  const deeds = ownOf(HOOKS, event)?.(p) ?? [
    { type: "other", name: snakeCase(event), fields: fitFields(p) },
  ];
  return deeds.map((deed) => makeAct(base, deed));
}

// ------------------------------------------------------------------- chats

/** The session's id stands in the first line; until then the file's name is taken. */
export function geminiFile(path: string): FileState | undefined {
  const session = /[/\\]chats[/\\](session-[^/\\]+)\.jsonl$/.exec(path)?.[1];
  return session === undefined ? undefined : { session, agent: session };
}

/** Tokens as a chat and as OpenTelemetry count them: thoughts are output, tools input. */
function usageOf(f: Fields, suffix = "") {
  const count = (name: string) => numberOf(f, `${name}${suffix}`);
  return tokensOf({
    input: (count("input") ?? 0) + (count("tool") ?? 0),
    cached: count("cached") ?? numberOf(f, "cached_content_token_count"),
    output: (count("output") ?? 0) + (count("thoughts") ?? 0),
  });
}

/** One line of a chat; the same message is written again with more in it. */
export function mapGeminiLine(
  value: unknown,
  delivery: Delivery,
  file: FileState,
): Act[] {
  const line = fieldsOf(value);
  const session = nameOf(line, "sessionId");
  const type = nameOf(line, "type");
  if (session !== undefined) file.session = file.agent = session;
  const at = timeOf(line, "timestamp", "startTime") ?? delivery.at;
  const from = { source: SOURCE, lane: "transcript", at };
  const delivered = { ...from, delivery: delivery.id };
  const { agent } = file;
  const model = nameOf(line, "model");
  const about = { model };
  const base: Base = { ...delivered, session: file.session, agent, about };
  if (type === undefined) {
    const isHeader = session !== undefined;
    return isHeader ? [makeAct(base, { type: "session_started" })] : [];
  }
  const message = nameOf(line, "id");
  const content = listOf(line["content"]).map(fieldsOf);
  const text =
    textOf(line, "content") ??
    (content.map((part) => textOf(part, "text") ?? "").join("") || undefined);
  if (type === "user") {
    return text === undefined
      ? []
      : [makeAct(base, { type: "prompt", text }, { message })];
  }
  if (type === "error") {
    const deed: Deed = { type: "failed", error: text ?? "Failed" };
    return [makeAct(base, deed, { message })];
  }
  if (type !== "gemini") {
    const deed: Deed = { type: "other", name: type, fields: fitFields(line) };
    return [makeAct(base, deed, { message })];
  }
  const calls = listOf(line["toolCalls"]).map(fieldsOf);
  const acts = calls.flatMap((call) => mapCall(base, call));
  const tokens = usageOf(fieldsOf(line["tokens"]));
  if (tokens !== undefined)
    acts.push(makeAct(base, { type: "usage", model, tokens }, { message }));
  if (text !== undefined)
    acts.push(makeAct(base, { type: "answer", text }, { message }));
  // What asks for no tool waits for the next prompt; a tool is added when it is done.
  if (text !== undefined && calls.length === 0)
    acts.push(makeAct(base, { type: "turn_ended", text, isAssumed: true }));
  return acts;
}

function mapCall(base: Base, call: Fields): Act[] {
  const ids = { call: nameOf(call, "id") };
  const tool = nameOf(call, "name") ?? "tool";
  const input = fit(call["args"]);
  const status = nameOf(call, "status");
  const acts = [makeAct(base, { type: "tool_started", tool, input }, ids)];
  if (status === "success" || status === "error" || status === "cancelled") {
    const [result] = listOf(call["result"]).map(fieldsOf);
    const response = fieldsOf(fieldsOf(result?.["functionResponse"]));
    const said = fieldsOf(response["response"])["output"];
    const error =
      status === "success"
        ? exitError(tool, said)
        : (textOf(call, "resultDisplay") ?? status);
    const output = error === undefined ? fit(call["result"]) : undefined;
    const end = { ...base, at: timeOf(call, "timestamp") ?? base.at };
    const deed: Deed = { type: "tool_ended", tool, input, output, error };
    acts.push(makeAct(end, deed, ids));
  }
  return acts;
}

// ----------------------------------------------------------- OpenTelemetry

function exitOf(metadata: unknown): string | undefined {
  const fields = typeof metadata === "string" ? parseJson(metadata) : metadata;
  const exit = numberOf(fieldsOf(fields), "exitCode") ?? 0;
  return exit > 0 ? `Exit code ${String(exit)}` : undefined;
}

const NOTHING = (): readonly Deed[] => [];

const EVENTS: Readonly<Record<string, (f: Fields) => readonly Deed[]>> = {
  user_prompt: (f) => [{ type: "prompt", text: textOf(f, "prompt") }],
  tool_call: (f) => [
    {
      type: "tool_ended",
      tool: nameOf(f, "function_name"),
      input: fit(parseJson(textOf(f, "function_args") ?? "")),
      durationMs: numberOf(f, "duration_ms"),
      error:
        String(f["success"]) === "false"
          ? (textOf(f, "error", "error.message") ?? "Failed")
          : exitOf(f["metadata"]),
    },
  ],
  api_request: () => [],
  api_response: (f) => {
    const tokens = usageOf(f, "_token_count");
    const model = nameOf(f, "model");
    const durationMs = numberOf(f, "duration_ms");
    return tokens === undefined
      ? []
      : [{ type: "usage", model, tokens, durationMs }];
  },
  api_error: (f) => [
    {
      type: "failed",
      error:
        textOf(f, "error", "error.message", "error_message") ?? "API error",
      reason: nameOf(f, "status_code"),
    },
  ],
  chat_compression: () => [{ type: "compacted" }],
  "agent.start": () => [{ type: "agent_started" }],
  "agent.finish": () => [{ type: "agent_ended" }],
  hook_call: NOTHING,
  config: NOTHING,
  startup_stats: NOTHING,
  model_routing: NOTHING,
  ripgrep_fallback: NOTHING,
  file_operation: NOTHING,
  "plan.approval_mode_duration": NOTHING,
  // What api_response says, in other words.
  "gen_ai.client.inference.operation.details": NOTHING,
};

/** One OpenTelemetry log record. */
export function mapGeminiRecord(record: OtelRecord): Act[] {
  const { fields: f } = record;
  const session = nameOf(f, "session.id") ?? "unknown";
  const child = nameOf(f, "agent_id");
  const base: Base = {
    source: SOURCE,
    lane: "otel",
    at: record.at,
    delivery: record.id,
    session,
    agent: child === undefined ? session : `${session}:${child}`,
    about: { kind: nameOf(f, "agent_name") },
  };
  const name = record.name.replace(/^gemini_cli\./, "");
  const deeds = ownOf(EVENTS, name)?.(f) ?? [
    { type: "other", name, fields: f },
  ];
  return deeds.map((deed) => makeAct(base, deed));
}

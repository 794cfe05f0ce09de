/**
 * Cursor: its own hooks, and Claude Code's, which it also runs: the same act
 * may come by both.
 *
 * Template: adw_agents 1.3.0
 */
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
  unknownFields,
} from "./act.ts";
import type { Act, Base, Deed, Delivery, Fields, Outcome } from "./act.ts";
import { agentIn, snakeCase } from "./claude.ts";

const HOOK_FIELDS = new Set(
  `conversation_id session_id generation_id prompt_id hook_event_name model cursor_version workspace_roots user_email
  transcript_path cwd prompt text tool_name tool_input tool_output tool_response tool_use_id duration duration_ms error_message
  failure_type error reason status permission_mode last_assistant_message subagent_id subagent_type agent_id agent_type
  parent_conversation_id tool_call_id task source`.split(/\s+/),
);

/** Whether a payload of Claude's form comes from Cursor. */
export function isCursor(payload: unknown): boolean {
  const p = fieldsOf(payload);
  return p["cursor_version"] !== undefined || p["generation_id"] !== undefined;
}

const ended = (p: Fields, outcome: Outcome): Deed => ({
  type: "tool_ended",
  tool: nameOf(p, "tool_name"),
  input: fit(p["tool_input"]),
  durationMs: numberOf(p, "duration", "duration_ms"),
  ...outcome,
});

/** By the name of the event, which Claude's form writes with a capital. */
const HOOKS: Readonly<Record<string, (p: Fields) => readonly Deed[]>> = {
  sessionStart: () => [{ type: "session_started" }],
  sessionEnd: (p) => [{ type: "session_ended", reason: nameOf(p, "reason") }],
  beforeSubmitPrompt: (p) => [{ type: "prompt", text: textOf(p, "prompt") }],
  userPromptSubmit: (p) => [{ type: "prompt", text: textOf(p, "prompt") }],
  afterAgentResponse: (p) => [
    { type: "answer", text: textOf(p, "text") ?? "" },
  ],
  preToolUse: (p) => [
    {
      type: "tool_started",
      tool: nameOf(p, "tool_name") ?? "tool",
      input: fit(p["tool_input"]),
    },
  ],
  postToolUse: (p) => [
    ended(p, { output: fit(p["tool_output"] ?? p["tool_response"]) }),
  ],
  postToolUseFailure: (p) => [
    ended(p, { error: textOf(p, "error_message", "error") ?? "Failed" }),
  ],
  // These repeat what preToolUse and postToolUse say.
  beforeShellExecution: () => [],
  afterShellExecution: () => [],
  beforeMCPExecution: () => [],
  afterMCPExecution: () => [],
  beforeReadFile: () => [],
  afterFileEdit: () => [],
  afterAgentThought: () => [],
  subagentStart: (p) => [
    {
      type: "agent_started",
      parent: nameOf(p, "parent_conversation_id"),
      parentCall: nameOf(p, "tool_call_id"),
    },
  ],
  subagentStop: () => [{ type: "agent_ended" }],
  stop: (p) => {
    const status = nameOf(p, "status");
    if (status === "aborted") return [{ type: "interrupted" }];
    if (status === "error")
      return [
        { type: "failed", error: textOf(p, "error_message") ?? "Failed" },
      ];
    return [{ type: "turn_ended", text: textOf(p, "last_assistant_message") }];
  },
  preCompact: (p) => [{ type: "compacted", reason: nameOf(p, "trigger") }],
};

/** One payload of a hook, of either form. */
export function mapCursorHook(payload: unknown, delivery: Delivery): Act[] {
  const p = fieldsOf(payload);
  const event = nameOf(p, "hook_event_name") ?? "unknown";
  const session = nameOf(p, "conversation_id", "session_id") ?? "unknown";
  const [root] = listOf(p["workspace_roots"]);
  const isClaudeForm = /^[A-Z]/.test(event);
  const base: Base = {
    source: "cursor",
    lane: isClaudeForm ? "hook/claude" : "hook",
    at: delivery.at,
    delivery: delivery.id,
    session,
    agent: agentIn(session, nameOf(p, "subagent_id", "agent_id")),
    about: {
      cwd: textOf({ root }, "root") ?? textOf(p, "cwd"),
      model: nameOf(p, "model"),
      kind: nameOf(p, "subagent_type", "agent_type"),
      title: textOf(p, "task"),
    },
    more: unknownFields(p, HOOK_FIELDS),
  };
  const name = event.charAt(0).toLowerCase() + event.slice(1);
  const deeds = ownOf(HOOKS, name)?.(p) ?? [
    { type: "other", name: snakeCase(name), fields: fitFields(p) },
  ];
  return deeds.map((deed) => {
    const isTurn = deed.type === "prompt" || deed.type === "turn_ended";
    const prompt = isTurn ? nameOf(p, "generation_id", "prompt_id") : undefined;
    return makeAct(base, deed, { call: nameOf(p, "tool_use_id"), prompt });
  });
}

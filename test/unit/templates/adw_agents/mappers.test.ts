import {
  HOOK_SOURCES,
  mapPayload,
} from "../../../../templates/adws/adw_modules/adw_agents/sources.ts";
import {
  cut,
  fit,
  maskContent,
  MAX_TEXT_CHARS,
  MAX_VALUE_CHARS,
} from "../../../../templates/adws/adw_modules/adw_agents/act.ts";
import type {
  Act,
  FileState,
} from "../../../../templates/adws/adw_modules/adw_agents/act.ts";
import {
  mapClaudeHook,
  mapClaudeRecord,
} from "../../../../templates/adws/adw_modules/adw_agents/claude.ts";
import {
  claudeFile,
  mapClaudeLine,
} from "../../../../templates/adws/adw_modules/adw_agents/claude_lines.ts";
import {
  codexFile,
  mapCodexHook,
  mapCodexLine,
  mapCodexRecord,
} from "../../../../templates/adws/adw_modules/adw_agents/codex.ts";
import { mapCursorHook } from "../../../../templates/adws/adw_modules/adw_agents/cursor.ts";
import {
  mapGeminiHook,
  mapGeminiLine,
  mapGeminiRecord,
} from "../../../../templates/adws/adw_modules/adw_agents/gemini.ts";
import { Ledger } from "../../../../templates/adws/adw_modules/adw_agents/ledger.ts";
import {
  mapOpenCodeEvent,
  openCodeState,
} from "../../../../templates/adws/adw_modules/adw_agents/opencode.ts";
import {
  mapGenAi,
  readOtel,
} from "../../../../templates/adws/adw_modules/adw_agents/otel.ts";

const AT = Date.parse("2026-11-25T10:00:00.000Z");
const delivery = { at: AT, id: "d1" };
const file = (): FileState => ({ session: "s", agent: "s" });
const types = (acts: readonly Act[]) => acts.map(({ type }) => type);

// ---------------------------------------------------------------- Claude

test.each([
  ["SessionStart", ["session_started"]],
  ["Setup", ["other"]],
  ["UserPromptSubmit", ["prompt"]],
  ["UserPromptExpansion", ["other"]],
  ["PreToolUse", ["tool_started"]],
  ["PermissionRequest", ["wait_started"]],
  ["PermissionDenied", ["wait_ended", "tool_ended"]],
  ["PostToolUse", ["tool_ended"]],
  ["PostToolUseFailure", ["tool_ended"]],
  ["PostToolBatch", []],
  ["Notification", ["other"]],
  ["MessageDisplay", ["other"]],
  ["SubagentStart", ["agent_started"]],
  ["SubagentStop", ["agent_ended"]],
  ["TaskCreated", ["other"]],
  ["TaskCompleted", ["other"]],
  ["Stop", ["turn_ended"]],
  ["StopFailure", ["failed"]],
  ["TeammateIdle", ["other"]],
  ["InstructionsLoaded", ["other"]],
  ["ConfigChange", ["other"]],
  ["CwdChanged", ["other"]],
  ["DirectoryAdded", ["other"]],
  ["FileChanged", ["other"]],
  ["WorktreeCreate", ["other"]],
  ["WorktreeRemove", ["other"]],
  ["PreCompact", ["other"]],
  ["PostCompact", ["compacted"]],
  ["PreModelSwitch", ["other"]],
  ["PostModelSwitch", ["model_changed"]],
  ["Elicitation", ["wait_started"]],
  ["ElicitationResult", ["wait_ended"]],
  ["SessionEnd", ["session_ended"]],
  ["InventedNextYear", ["other"]],
])("Claude's hook %s", (hook_event_name, expected) => {
  const payload = { session_id: "s", hook_event_name, tool_name: "Bash" };
  const acts = mapClaudeHook(payload, delivery);
  expect(types(acts)).toEqual(expected);
  for (const act of acts) expect(act).toMatchObject({ session: "s", at: AT });
});

test("what no mapper knows is kept as it is", () => {
  const [act] = mapClaudeHook(
    { session_id: "s", hook_event_name: "InventedNextYear", color: { red: 1 } },
    delivery,
  );
  expect(act).toMatchObject({
    type: "other",
    name: "invented_next_year",
    fields: { color: { red: 1 } },
  });
  const [known] = mapClaudeHook(
    { session_id: "s", hook_event_name: "Stop", color: "red" },
    delivery,
  );
  expect(known?.more).toEqual({ color: "red" });
});

test("a subagent's call belongs to the subagent", () => {
  const [act] = mapClaudeHook(
    {
      session_id: "s",
      hook_event_name: "PreToolUse",
      agent_id: "a1",
      agent_type: "Explore",
      tool_name: "Read",
      tool_input: { file_path: "x" },
      tool_use_id: "t1",
    },
    delivery,
  );
  expect(act).toMatchObject({
    agent: "s:a1",
    about: { kind: "Explore" },
    ids: ["call:t1"],
    tool: "Read",
    input: { file_path: "x" },
  });
});

test("Claude's question waits for a person", () => {
  const payload = {
    session_id: "s",
    hook_event_name: "PreToolUse",
    tool_name: "AskUserQuestion",
    tool_use_id: "t",
    tool_input: { questions: [{ question: "Which one?" }] },
  };
  expect(mapClaudeHook(payload, delivery)[1]).toMatchObject({
    type: "wait_started",
    wait: "question",
    message: "Which one?",
    ids: ["call:t"],
  });
});

test("the files of Claude's transcripts", () => {
  expect(claudeFile("/h/.claude/projects/-p/s1.jsonl")).toEqual({
    session: "s1",
    agent: "s1",
  });
  const child = { session: "s1", agent: "s1:a9" };
  expect(claudeFile("/p/s1/subagents/agent-a9.jsonl")).toEqual(child);
  expect(claudeFile("/p/s1/subagents/agent-a9.meta.json")).toEqual(child);
  expect(claudeFile("/p/notes.txt")).toBeUndefined();
});

test("lines of Claude's transcript", () => {
  const at = { timestamp: "2026-11-25T10:00:01.000Z" };
  const map = (line: object) =>
    mapClaudeLine({ ...at, ...line }, delivery, file());
  expect(types(map({ type: "user", message: { content: "hi" } }))).toEqual([
    "prompt",
  ]);
  expect(
    map({ type: "user", isMeta: true, message: { content: "x" } }),
  ).toEqual([]);
  expect(map({ type: "file-history-snapshot" })).toEqual([]);
  expect(types(map({ type: "system", subtype: "compact_boundary" }))).toEqual([
    "compacted",
  ]);
  expect(types(map({ type: "brand-new" }))).toEqual(["other"]);
  const failed = map({
    type: "user",
    message: {
      content: [
        {
          type: "tool_result",
          tool_use_id: "t",
          is_error: true,
          content: "Exit code 3",
        },
      ],
    },
  });
  expect(failed[0]).toMatchObject({
    type: "tool_ended",
    error: "Exit code 3",
    ids: ["call:t"],
  });
  const answered = map({
    type: "assistant",
    requestId: "r",
    message: {
      id: "m",
      model: "claude-x",
      stop_reason: "end_turn",
      content: [{ type: "text", text: "Done" }],
      usage: {
        input_tokens: 3,
        output_tokens: 4,
        cache_read_input_tokens: 5,
        cache_creation_input_tokens: 6,
      },
    },
  });
  expect(types(answered)).toEqual(["answer", "usage", "turn_ended"]);
  expect(answered[1]).toMatchObject({
    ids: ["request:r", "message:m"],
    tokens: { input: 3, output: 4, cacheRead: 5, cacheWrite: 6 },
    at: AT + 1_000,
  });
  const synthetic = {
    type: "assistant",
    message: { model: "<synthetic>", usage: { input_tokens: 9 } },
  };
  expect(map(synthetic)).toEqual([]);
});

// ------------------------------------------------------- the other agents

test("Codex: hooks, rollout, telemetry", () => {
  const hook = (event: string, more: object = {}) =>
    mapCodexHook(
      {
        session_id: "s",
        turn_id: "t",
        model: "gpt",
        hook_event_name: event,
        ...more,
      },
      delivery,
    );
  expect(hook("UserPromptSubmit", { prompt: "hi" })[0]).toMatchObject({
    source: "codex",
    type: "prompt",
    ids: ["prompt:t"],
    about: { model: "gpt" },
  });
  expect(types(hook("Interrupt"))).toEqual(["interrupted"]);
  const path =
    "/x/rollout-2026-11-25T10-00-00-0199aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee.jsonl";
  expect(codexFile(path)?.session).toBe("0199aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee");
  const map = (type: string, payload: object) =>
    mapCodexLine({ type, payload }, delivery, file());
  const call = {
    type: "function_call",
    name: "exec_command",
    call_id: "c",
    arguments: '{"cmd":"ls"}',
  };
  expect(map("response_item", call)[0]).toMatchObject({
    type: "tool_started",
    tool: "exec_command",
    input: { cmd: "ls" },
    ids: ["call:c"],
  });
  expect(types(map("event_msg", { type: "turn_aborted" }))).toEqual([
    "interrupted",
  ]);
  expect(types(map("event_msg", { type: "new_thing" }))).toEqual(["other"]);
  const record = { service: "codex_exec", at: AT, id: "o" };
  const used = {
    "conversation.id": "s",
    "event.kind": "response.completed",
    model: "gpt",
    input_token_count: 10,
    cached_token_count: 4,
    output_token_count: 2,
  };
  expect(
    mapCodexRecord({ ...record, name: "codex.sse_event", fields: used })[0],
  ).toMatchObject({
    type: "usage",
    tokens: { input: 6, cacheRead: 4, output: 2 },
  });
  expect(mapCodexRecord({ ...record, name: "log", fields: {} })).toEqual([]);
});

test("Gemini: hooks, chat, telemetry", () => {
  const hook = (event: string) =>
    types(mapGeminiHook({ session_id: "s", hook_event_name: event }, delivery));
  expect(
    [
      "SessionStart",
      "BeforeAgent",
      "BeforeTool",
      "AfterTool",
      "AfterAgent",
      "PreCompress",
      "SessionEnd",
      "Next",
    ].flatMap(hook),
  ).toEqual([
    "session_started",
    "prompt",
    "tool_started",
    "tool_ended",
    "turn_ended",
    "compacted",
    "session_ended",
    "other",
  ]);
  expect(hook("AfterModel")).toEqual([]);
  const state = file();
  expect(mapGeminiLine({ $set: { x: 1 } }, delivery, state)).toEqual([]);
  mapGeminiLine(
    { sessionId: "g", startTime: "2026-11-25T10:00:00Z" },
    delivery,
    state,
  );
  expect(state).toEqual({ session: "g", agent: "g" });
  const acts = mapGeminiLine(
    {
      type: "gemini",
      id: "1",
      content: "ok",
      toolCalls: [{ id: "c", name: "ls", args: {}, status: "success" }],
    },
    delivery,
    state,
  );
  expect(types(acts)).toEqual(["tool_started", "tool_ended", "answer"]);
  const fields = {
    "session.id": "g",
    model: "m",
    input_token_count: 10,
    cached_content_token_count: 4,
    output_token_count: 2,
    thoughts_token_count: 1,
  };
  const record = {
    service: "gemini-cli",
    name: "gemini_cli.api_response",
    at: AT,
    id: "o",
    fields,
  };
  expect(mapGeminiRecord(record)[0]).toMatchObject({
    tokens: { input: 6, cacheRead: 4, output: 3 },
  });
});

test("OpenCode: parts, steps, permissions", () => {
  const state = openCodeState();
  const map = (type: string, properties: object) =>
    mapOpenCodeEvent({ type, properties }, delivery, state);
  expect(
    map("session.created", { info: { id: "c", parentID: "p" } })[0],
  ).toMatchObject({ type: "agent_started", parent: "p", agent: "c" });
  map("message.updated", { info: { id: "m", role: "user", sessionID: "s" } });
  const part = (fields: object) =>
    map("message.part.updated", {
      part: { sessionID: "s", messageID: "m2", ...fields },
    });
  expect(
    part({ messageID: "m", id: "x", type: "text", text: "hi" })[0],
  ).toMatchObject({ type: "prompt", text: "hi" });
  expect(part({ id: "y", type: "text", text: "half" })).toEqual([]);
  expect(
    part({
      id: "z",
      type: "step-finish",
      cost: 0.5,
      tokens: {
        input: 1,
        output: 2,
        reasoning: 3,
        cache: { read: 4, write: 5 },
      },
    })[0],
  ).toMatchObject({
    type: "usage",
    costUsd: 0.5,
    tokens: { input: 1, output: 5, cacheRead: 4, cacheWrite: 5 },
    ids: ["part:z"],
  });
  const done = {
    status: "completed",
    input: {},
    output: "o",
    time: { start: AT, end: AT + 20 },
  };
  expect(
    part({ type: "tool", callID: "c", tool: "bash", state: done })[1],
  ).toMatchObject({ type: "tool_ended", durationMs: 20 });
  expect(
    map("permission.asked", { id: "q", sessionID: "s", permission: "bash" })[0],
  ).toMatchObject({ type: "wait_started", ids: ["ask:q"] });
  expect(
    map("permission.replied", {
      requestID: "q",
      sessionID: "s",
      reply: "once",
    })[0],
  ).toMatchObject({ type: "wait_ended", ids: ["ask:q"] });
});

test("Cursor: a turn, a subagent, an abort", () => {
  const map = (event: string, more: object = {}) =>
    mapCursorHook(
      {
        conversation_id: "c",
        generation_id: "g",
        hook_event_name: event,
        workspace_roots: ["/p"],
        ...more,
      },
      delivery,
    );
  expect(map("beforeSubmitPrompt", { prompt: "hi" })[0]).toMatchObject({
    source: "cursor",
    type: "prompt",
    about: { cwd: "/p" },
  });
  expect(types(map("stop", { status: "aborted" }))).toEqual(["interrupted"]);
  expect(map("beforeShellExecution")).toEqual([]);
  expect(
    map("subagentStart", { subagent_id: "x", parent_conversation_id: "c" })[0],
  ).toMatchObject({ agent: "c:x", parent: "c" });
});

test("OTLP: attributes of every type, spans of any agent", () => {
  const value = (key: string, any: object) => ({ key, value: any });
  const [log] = readOtel(
    {
      resourceLogs: [
        {
          resource: {
            attributes: [value("service.name", { stringValue: "claude-code" })],
          },
          scopeLogs: [
            {
              logRecords: [
                {
                  timeUnixNano: "1795600800000000000",
                  body: { stringValue: "claude_code.api_request" },
                  attributes: [
                    value("session.id", { stringValue: "s" }),
                    value("input_tokens", { intValue: "12" }),
                    value("cost_usd", { doubleValue: 0.25 }),
                    value("list", {
                      arrayValue: { values: [{ boolValue: true }] },
                    }),
                  ],
                },
              ],
            },
          ],
        },
      ],
    },
    delivery,
  );
  expect(log).toMatchObject({
    service: "claude-code",
    at: AT,
    fields: { input_tokens: 12, cost_usd: 0.25, list: [true] },
  });
  expect(log === undefined ? [] : mapClaudeRecord(log)[0]).toMatchObject({
    type: "usage",
    costUsd: 0.25,
  });
  const acts = mapGenAi({
    service: "my-agent",
    name: "execute_tool ls",
    at: AT,
    durationMs: 7,
    id: "span",
    fields: {
      "gen_ai.operation.name": "execute_tool",
      "gen_ai.tool.name": "ls",
      "gen_ai.tool.call.id": "c",
      "gen_ai.conversation.id": "s",
    },
  });
  expect(types(acts)).toEqual(["tool_started", "tool_ended"]);
  expect(acts[1]).toMatchObject({
    at: AT + 7,
    durationMs: 7,
    source: "my-agent",
  });
});

// ------------------------------------------------------------- the face

test("a payload goes to its source's mapper, and Cursor's to Cursor's", () => {
  const payload = {
    hook_event_name: "PreToolUse",
    session_id: "s",
    tool_name: "Bash",
  };
  expect(mapPayload("claude", payload, delivery)[0]?.source).toBe(
    "claude-code",
  );
  const cursor = { ...payload, cursor_version: "3", conversation_id: "c" };
  expect(mapPayload("claude", cursor, delivery)[0]?.source).toBe("cursor");
  expect(() => mapPayload("nobody", payload, delivery)).toThrow(
    'nobody knows the source "nobody"',
  );
  for (const source of [...HOOK_SOURCES, "otel"])
    expect(mapPayload(source, null, delivery)).toBeInstanceOf(Array);
});

test("secrets in what an act tells are masked, and counted; ids are not touched", () => {
  const secret = ["gh", "p_", "Ab1".repeat(12)].join("");
  const [act] = mapPayload(
    "claude",
    {
      hook_event_name: "PreToolUse",
      session_id: secret,
      tool_use_id: "t",
      tool_name: "Bash",
      tool_input: { command: `curl -H "x: ${secret}"`, apiKey: "k" },
    },
    delivery,
  );
  let count = 0;
  const masked = act && maskContent(act, () => (count += 1));
  expect(masked).toMatchObject({
    session: secret,
    ids: ["call:t"],
    input: { apiKey: "[masked]" },
  });
  expect(
    JSON.stringify(masked?.type === "tool_started" && masked.input),
  ).not.toContain(secret);
  expect(count).toBe(2);
});

// ------------------------------------------------------- sizes, hostility

test("what is large is cut, and says so", () => {
  expect(cut("x".repeat(100), 10)).toBe("xxxxxxxxxx… [cut: 100 characters]");
  expect(cut("ab😀cd", 3)).toBe("ab… [cut: 6 characters]");
  const large = fit({ a: "x".repeat(1e6), b: Array(1e5).fill("y".repeat(50)) });
  expect(JSON.stringify(large).length).toBeLessThan(2 * MAX_VALUE_CHARS);
  let deep: unknown = 1;
  for (let depth = 0; depth < 50_000; depth += 1) deep = { deep };
  expect(JSON.stringify(fit(deep)).length).toBeLessThan(1_000);
  const [act] = mapClaudeHook(
    { hook_event_name: "UserPromptSubmit", prompt: "x".repeat(1e6) },
    delivery,
  );
  expect(act?.type === "prompt" ? act.text?.length : 0).toBeLessThan(
    MAX_TEXT_CHARS + 50,
  );
});

test("10,000 generated payloads: none throws, none is slow, the ledger takes them all", () => {
  let seed = 42;
  const random = () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
  const pick = <T>(list: readonly T[]): T =>
    list[Math.floor(random() * list.length)] as T;
  const names =
    "session_id hook_event_name tool_name tool_input tool_use_id tool_response agent_id prompt prompt_id message type timestamp payload content usage id requestId properties part info state tokens time role call_id info response_id conversation_id generation_id workspace_roots attributes resourceLogs scopeLogs logRecords __proto__ constructor questions sessionID cost toolCalls".split(
      " ",
    );
  const words = [
    "PreToolUse",
    "PostToolUse",
    "Stop",
    "Agent",
    "assistant",
    "user",
    "gemini",
    "event_msg",
    "response_item",
    "session_meta",
    "token_count",
    "message.part.updated",
    "tool",
    "text",
    "step-finish",
    "preToolUse",
    "BeforeTool",
    "tool_use",
    "tool_result",
    "😀\ud800",
    "",
    "x".repeat(5_000),
    "2026-11-25T10:00:00Z",
    "../../etc/passwd",
    "s1",
  ];
  const value = (depth: number): unknown => {
    const kind = Math.floor(random() * (depth > 4 ? 6 : 9));
    if (kind < 3) return pick(words);
    if (kind === 3) return pick([0, -1, 1e308, NaN, 12, 1_795_600_800_000]);
    if (kind === 4) return pick([null, true, false]);
    if (kind === 5) return pick(words);
    if (kind === 6)
      return Array.from({ length: Math.floor(random() * 4) }, () =>
        value(depth + 1),
      );
    return Object.fromEntries(
      Array.from({ length: Math.floor(random() * 12) }, () => [
        pick(names),
        value(depth + 1),
      ]),
    );
  };
  const state = openCodeState();
  const mappers = [
    (payload: unknown) => mapClaudeHook(payload, delivery),
    (payload: unknown) => mapClaudeLine(payload, delivery, file()),
    (payload: unknown) => mapCodexHook(payload, delivery),
    (payload: unknown) => mapCodexLine(payload, delivery, file()),
    (payload: unknown) => mapGeminiHook(payload, delivery),
    (payload: unknown) => mapGeminiLine(payload, delivery, file()),
    (payload: unknown) => mapCursorHook(payload, delivery),
    (payload: unknown) => mapOpenCodeEvent(payload, delivery, state),
    (payload: unknown) => readOtel(payload, delivery).flatMap(mapGenAi),
  ];
  const ledger = new Ledger();
  const took: number[] = [];
  for (let round = 0; round < 10_000; round += 1) {
    const payload = value(0);
    // Ten a second.
    const now = AT + round * 100;
    const started = performance.now();
    for (const map of mappers) {
      for (const act of map(payload)) {
        if (!Number.isFinite(act.at)) throw new Error(`time: ${act.at}`);
        const at = act.at === AT ? now : act.at;
        for (const call of ledger.take({ ...act, at }, now))
          JSON.stringify(call);
      }
    }
    took.push(performance.now() - started);
  }
  // Nine mappers and the ledger; single ones may meet a busy machine.
  expect(took.toSorted((a, b) => a - b)[5_000]).toBeLessThan(5);
});

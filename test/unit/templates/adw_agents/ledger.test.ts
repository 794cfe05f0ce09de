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
  mapClaudeMeta,
} from "../../../../templates/adws/adw_modules/adw_agents/claude_lines.ts";
import { mapCodexLine } from "../../../../templates/adws/adw_modules/adw_agents/codex.ts";
import { parsePrices } from "../../../../templates/adws/adw_modules/adw_agents/cost.ts";
import { mapCursorHook } from "../../../../templates/adws/adw_modules/adw_agents/cursor.ts";
import {
  mapGeminiHook,
  mapGeminiLine,
} from "../../../../templates/adws/adw_modules/adw_agents/gemini.ts";
import { Ledger } from "../../../../templates/adws/adw_modules/adw_agents/ledger.ts";
import type { LogCall } from "../../../../templates/adws/adw_modules/adw_agents/ledger.ts";

const T0 = Date.parse("2026-11-25T10:00:00.000Z");
const iso = (at: number) => new Date(T0 + at).toISOString();
const prices = parsePrices({
  date: "2026-11-25",
  models: { m: { input: 1, output: 10, cache_read: 0.1, cache_write: 2 } },
});

let deliveries = 0;

/** A payload of a hook of Claude's, `at` ms after the start. */
function hook(
  at: number,
  event: string,
  fields: object = {},
  id?: string,
): Act[] {
  const base = {
    session_id: "s1",
    cwd: "/home/me/shop",
    hook_event_name: event,
  };
  deliveries += 1;
  const delivery = { at: T0 + at, id: id ?? `f${String(deliveries)}` };
  return mapClaudeHook({ ...base, ...fields }, delivery);
}

const MAIN: FileState = { session: "s1", agent: "s1" };

function line(at: number, fields: object, file = MAIN): Act[] {
  deliveries += 1;
  const uuid = `u${String(deliveries)}`;
  return mapClaudeLine(
    { timestamp: iso(at), uuid, sessionId: "s1", ...fields },
    { at: T0 + at, id: uuid },
    file,
  );
}

function answer(at: number, message: object, more: object = {}, file = MAIN) {
  const all = { model: "m", ...message };
  return line(at, { type: "assistant", message: all, ...more }, file);
}

function record(at: number, event: string, fields: object): Act[] {
  deliveries += 1;
  return mapClaudeRecord({
    service: "claude-code",
    name: `claude_code.${event}`,
    at: T0 + at,
    id: `o${String(deliveries)}`,
    fields: { "session.id": "s1", ...fields },
  });
}

/** What the ledger logs of acts, and of the time after them. */
function ledgerOf(
  acts: readonly Act[],
  ledger = new Ledger({ prices }),
): LogCall[] {
  const calls = acts.flatMap((act) => ledger.take(act, act.at));
  return [...calls, ...ledger.settle(T0 + 100_000)];
}

type EventCall = Extract<LogCall, { type: "event" }>;
const events = (calls: readonly LogCall[], name: string): EventCall[] =>
  calls.filter(
    (call): call is EventCall => call.type === "event" && call.event === name,
  );
const sum = (calls: readonly LogCall[], field: string) =>
  events(calls, "cost_update").reduce(
    (total, { details }) => total + Number(details[field]),
    0,
  );
const statuses = (calls: readonly LogCall[], agent = "s1") =>
  calls.flatMap((call) =>
    call.type === "status" && call.agent === agent ? [call.status] : [],
  );

const usage = { input_tokens: 100, output_tokens: 10 };

test("a subagent's prompt is its own, although it carries the id of its parent's", () => {
  const said = (text: string) => ({
    type: "user",
    promptId: "p1",
    message: { role: "user", content: text },
  });
  const calls = ledgerOf([
    ...line(1, said("Count the lines.")),
    ...line(
      2,
      { ...said("Count these."), isSidechain: true, agentId: "a1" },
      { session: "s1", agent: "s1:a1" },
    ),
  ]);
  expect(
    calls.flatMap((call) =>
      call.type === "prompt" ? [[call.agent, call.text]] : [],
    ),
  ).toEqual([
    ["s1", "Count the lines."],
    ["s1:a1", "Count these."],
  ]);
});

// ------------------------------------------------------- the counting bugs

describe("counts what a request used once:", () => {
  test("the same message.id in several lines", () => {
    const calls = ledgerOf([
      ...answer(1, { id: "msg_1", usage }, { requestId: "req_1" }),
      ...answer(2, { id: "msg_1", usage }, { requestId: "req_1" }),
      ...answer(3, { id: "msg_1", usage }, { requestId: "req_1" }),
    ]);
    expect(events(calls, "cost_update")).toHaveLength(1);
    expect(sum(calls, "tokens_input")).toBe(100);
    expect(sum(calls, "cost_usd")).toBeCloseTo(0.0002, 9);
  });

  test("requestId missing on some lines", () => {
    const calls = ledgerOf([
      ...answer(1, { id: "msg_1", usage }),
      ...answer(2, { id: "msg_1", usage }, { requestId: "req_1" }),
      ...answer(3, { usage }, { requestId: "req_1" }),
    ]);
    expect(events(calls, "cost_update")).toHaveLength(1);
    expect(sum(calls, "tokens_output")).toBe(10);
  });

  test("partial snapshots of one message: the last one counts", () => {
    const file = { session: "g", agent: "g" };
    const snapshot = (at: number, output: number) =>
      mapGeminiLine(
        {
          id: "1",
          type: "gemini",
          timestamp: iso(at),
          model: "m",
          tokens: { input: 50, output, cached: 20, thoughts: 5, tool: 0 },
        },
        { at: T0 + at, id: `g${String(at)}` },
        file,
      );
    const calls = ledgerOf([
      ...snapshot(1, 1),
      ...snapshot(2, 3),
      ...snapshot(3, 9),
    ]);
    expect(events(calls, "cost_update")).toHaveLength(1);
    expect(sum(calls, "tokens_output")).toBe(14);
    expect(sum(calls, "tokens_input")).toBe(30);
    expect(sum(calls, "tokens_cache_read")).toBe(20);
  });

  test("a snapshot that comes after it was logged corrects by the difference", () => {
    const ledger = new Ledger({ prices });
    const before = answer(1, {
      id: "msg_1",
      usage: { ...usage, output_tokens: 1 },
    });
    const first = ledgerOf(before, ledger);
    const later = answer(90_000, { id: "msg_1", usage }).flatMap((act) =>
      ledger.take(act, T0 + 200_000),
    );
    const all = [...first, ...later, ...ledger.settle(T0 + 300_000)];
    expect(events(all, "cost_update")).toHaveLength(2);
    expect(sum(all, "tokens_output")).toBe(10);
    expect(sum(all, "tokens_input")).toBe(100);
  });

  test("a copy of a subagent's transcript inside the parent's", () => {
    const child = { session: "s1", agent: "s1:a1" };
    const copied = { requestId: "req_9", isSidechain: true };
    const calls = ledgerOf([
      ...answer(1, { id: "msg_9", usage }, copied),
      ...answer(2, { id: "msg_9", usage }, copied),
      ...answer(3, { id: "msg_9", usage }, { ...copied, agentId: "a1" }, child),
    ]);
    expect(events(calls, "cost_update")).toHaveLength(1);
    expect(events(calls, "cost_update")[0]?.agent).toBe("s1:a1");
    expect(sum(calls, "tokens_input")).toBe(100);
  });

  test("replayed parent rollouts", () => {
    const rollout = (session: string, lines: object[]) => {
      const file = { session, agent: session };
      return lines.flatMap((value, index) =>
        mapCodexLine(
          { timestamp: iso(1_000 + index), ...value },
          { at: T0, id: `${session}:${String(index)}` },
          file,
        ),
      );
    };
    const meta = (id: string, source: unknown = "cli") => ({
      type: "session_meta",
      payload: { id, timestamp: iso(0), cwd: "/p", source },
    });
    const used = (response_id: string) => ({
      type: "token_usage_record",
      payload: {
        response_id,
        usage: { input_tokens: 40, cached_input_tokens: 30, output_tokens: 2 },
      },
    });
    const counted = (total: number) => ({
      type: "event_msg",
      payload: {
        type: "token_count",
        info: {
          total_token_usage: { input_tokens: total, output_tokens: 1 },
          last_token_usage: {
            input_tokens: 40,
            cached_input_tokens: 30,
            output_tokens: 2,
          },
        },
      },
    });
    const parent = [
      meta("p"),
      used("r1"),
      counted(40),
      counted(40),
      used("r2"),
      counted(80),
    ];
    const spawned = { subagent: { thread_spawn: { parent_thread_id: "p" } } };
    const child = [meta("c", spawned), ...parent, used("r3"), counted(120)];
    const calls = ledgerOf([...rollout("p", parent), ...rollout("c", child)]);
    expect(events(calls, "cost_update")).toHaveLength(3);
    expect(sum(calls, "tokens_input")).toBe(30);
    expect(sum(calls, "tokens_cache_read")).toBe(90);
    const started = calls.find(
      ({ agent, type }) => agent === "c" && type === "agent",
    );
    expect(started).toMatchObject({ parent: "p" });
  });
});

// -------------------------------------------------- several roads, one act

/** One session as its hooks, its transcript and its telemetry tell it. */
function session() {
  const bash = {
    tool_name: "Bash",
    tool_input: { command: "ls" },
    tool_use_id: "t1",
  };
  const prompt_id = "p1";
  return {
    hooks: [
      ...hook(0, "SessionStart", { source: "startup" }),
      ...hook(10, "UserPromptSubmit", { prompt: "Fix it", prompt_id }),
      ...hook(1_000, "PreToolUse", { ...bash, prompt_id }),
      ...hook(1_500, "PostToolUse", {
        ...bash,
        duration_ms: 480,
        tool_response: { stdout: "a" },
      }),
      ...hook(1_501, "PostToolBatch", { tool_calls: [bash] }),
      ...hook(3_000, "Stop", { last_assistant_message: "Done", prompt_id }),
      ...hook(3_500, "SessionEnd", { reason: "other" }),
    ],
    transcript: [
      ...line(5, { type: "user", message: { content: "Fix it" } }),
      ...answer(
        990,
        {
          id: "m1",
          usage,
          content: [
            {
              type: "tool_use",
              id: "t1",
              name: "Bash",
              input: { command: "ls" },
            },
          ],
        },
        { requestId: "r1" },
      ),
      ...line(1_490, {
        type: "user",
        message: {
          content: [{ type: "tool_result", tool_use_id: "t1", content: "a" }],
        },
      }),
      ...answer(
        2_990,
        {
          id: "m2",
          usage,
          stop_reason: "end_turn",
          content: [{ type: "text", text: "Done" }],
        },
        { requestId: "r2" },
      ),
    ],
    otel: [
      ...record(12, "user_prompt", { "prompt.id": "p1", prompt: "<REDACTED>" }),
      ...record(995, "api_request", {
        request_id: "r1",
        model: "m",
        ...usage,
        cost_usd: 0.0002,
      }),
      ...record(1_000, "tool_decision", {
        tool_use_id: "t1",
        decision: "accept",
      }),
      ...record(1_495, "tool_result", {
        tool_use_id: "t1",
        tool_name: "Bash",
        success: "true",
        duration_ms: 480,
      }),
      ...record(2_995, "api_request", {
        request_id: "r2",
        model: "m",
        ...usage,
        cost_usd: 0.0002,
      }),
    ],
  };
}

function digestOf(calls: readonly LogCall[]) {
  return {
    agents: calls.filter(({ type }) => type === "agent").length,
    prompts: calls.filter(({ type }) => type === "prompt").length,
    calls: events(calls, "tool_call").map(({ details }) => [
      details["tool_use_id"],
      details["duration_ms"] !== undefined,
    ]),
    waits: events(calls, "permission_request").length,
  };
}

const ONE = {
  agents: 1,
  prompts: 1,
  calls: [
    ["t1", false],
    ["t1", true],
  ],
  waits: 0,
};

test.each(["hooks", "transcript"] as const)(
  "one road tells it all: %s",
  (road) => {
    expect(digestOf(ledgerOf(session()[road]))).toEqual(ONE);
  },
);

test.each([
  ["in the order of the roads", (acts: Act[]) => acts],
  [
    "in the order of time",
    (acts: Act[]) => acts.toSorted((a, b) => a.at - b.at),
  ],
  ["backwards", (acts: Act[]) => acts.toReversed()],
  ["each twice", (acts: Act[]) => acts.flatMap((act) => [act, act])],
])("three roads say the same act once: %s", (_name, order) => {
  const { hooks, transcript, otel } = session();
  const calls = ledgerOf(order([...hooks, ...transcript, ...otel]));
  expect(digestOf(calls)).toMatchObject({ agents: 1, prompts: 1 });
  expect(events(calls, "tool_call")).toHaveLength(2);
  expect(events(calls, "agent_message")).toHaveLength(1);
  expect(calls.filter(({ type }) => type === "prompt_result")).toHaveLength(1);
  expect(sum(calls, "tokens_input")).toBe(200);
  expect(sum(calls, "cost_usd")).toBeCloseTo(0.0004, 9);
  expect(statuses(calls).at(-1)).toBe("completed");
});

test("any order of the acts gives the same numbers", () => {
  let seed = 7;
  const random = () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
  const { hooks, transcript, otel } = session();
  const acts = [...hooks, ...transcript, ...otel];
  for (let round = 0; round < 200; round += 1) {
    const shuffled = acts
      .map((act) => ({ act, key: random() }))
      .toSorted((a, b) => a.key - b.key)
      .map(({ act }) => act);
    const calls = ledgerOf(shuffled);
    expect(digestOf(calls)).toMatchObject({ agents: 1, prompts: 1 });
    expect(events(calls, "tool_call")).toHaveLength(2);
    expect(sum(calls, "tokens_output")).toBe(20);
    expect(sum(calls, "cost_usd")).toBeCloseTo(0.0004, 9);
  }
});

test("Cursor's own hooks and Claude's, which it also runs, are one", () => {
  const cursor = (event: string, fields: object) =>
    mapCursorHook(
      {
        conversation_id: "c",
        generation_id: "g",
        hook_event_name: event,
        cursor_version: "3",
        ...fields,
      },
      { at: T0, id: event },
    );
  const call = {
    tool_name: "Shell",
    tool_input: { command: "ls" },
    tool_use_id: "t",
  };
  const calls = ledgerOf([
    ...cursor("beforeSubmitPrompt", { prompt: "hi" }),
    ...cursor("UserPromptSubmit", { prompt: "hi" }),
    ...cursor("preToolUse", call),
    ...cursor("PreToolUse", call),
    ...cursor("postToolUse", { ...call, tool_output: "x", duration: 5 }),
    ...cursor("PostToolUse", { ...call, tool_response: "x" }),
  ]);
  expect(digestOf(calls)).toMatchObject({ agents: 1, prompts: 1 });
  expect(events(calls, "tool_call")).toHaveLength(2);
});

test("Gemini's calls without an id are paired in their order", () => {
  const gemini = (at: number, event: string, fields: object) =>
    mapGeminiHook(
      {
        session_id: "g",
        hook_event_name: event,
        timestamp: iso(at),
        ...fields,
      },
      { at: T0 + at, id: `g${String(at)}` },
    );
  const call = {
    tool_name: "run_shell_command",
    tool_input: { command: "ls" },
  };
  const calls = ledgerOf([
    ...gemini(1, "BeforeTool", call),
    ...gemini(2, "AfterTool", { ...call, tool_response: { llmContent: "a" } }),
    ...gemini(3, "BeforeTool", call),
    ...gemini(4, "AfterTool", { ...call, tool_response: { llmContent: "b" } }),
  ]);
  const ids = events(calls, "tool_call").map(
    ({ details }) => details["tool_use_id"],
  );
  expect(ids).toHaveLength(4);
  expect(ids[0]).toBe(ids[1]);
  expect(ids[2]).toBe(ids[3]);
  expect(ids[0]).not.toBe(ids[2]);
});

// ------------------------------------------------------------- subagents

describe("the parent of a subagent", () => {
  const agentTool = {
    tool_name: "Agent",
    tool_input: { prompt: "look" },
    tool_use_id: "t7",
  };
  const child = { agent_id: "a1", agent_type: "Explore" };

  test("is assumed to be the session until it is known", () => {
    const calls = ledgerOf(hook(1, "SubagentStart", child));
    expect(
      calls.find(({ agent, type }) => type === "agent" && agent === "s1:a1"),
    ).toMatchObject({
      name: "Explore",
      parent: "s1",
      details: { parent_assumed: true },
    });
  });

  test("is the one whose call meta.json names, whatever comes first", () => {
    const outer = { agent_id: "a0", agent_type: "Plan" };
    const start = hook(1, "PreToolUse", { ...agentTool, ...outer });
    const meta = mapClaudeMeta(
      { agentType: "Explore", toolUseId: "t7" },
      { at: T0 + 3, id: "meta" },
      claudeFile("/x/s1/subagents/agent-a1.meta.json") ?? MAIN,
    );
    const early = ledgerOf([...start, ...meta]);
    const known = (calls: LogCall[]) =>
      calls.flatMap((call) =>
        call.agent !== "s1:a1"
          ? []
          : call.type === "agent"
            ? [call.parent]
            : call.type === "event" && call.event === "agent_updated"
              ? [call.details["parent_agent_id"]]
              : [],
      );
    expect(known(early)).toEqual(["s1:a0"]);
    const late = ledgerOf([
      ...hook(2, "SubagentStart", child),
      ...meta,
      ...start,
    ]);
    expect(known(late)).toEqual(["s1", "s1:a0"]);
  });

  test("is told by the call that started it, when it ends", () => {
    const calls = ledgerOf([
      ...hook(1, "SubagentStart", child),
      ...hook(2, "PostToolUse", {
        ...agentTool,
        tool_response: { agentId: "a1", totalTokens: 999 },
      }),
    ]);
    const told = events(calls, "agent_updated").find(
      ({ agent }) => agent === "s1:a1",
    );
    expect(told?.details).toMatchObject({
      parent_agent_id: "s1",
      parent_assumed: false,
    });
    expect(events(calls, "cost_update")).toHaveLength(0);
  });
});

// ----------------------------------------------------------------- waits

describe("a permission request", () => {
  const call = { tool_name: "Bash", tool_input: { command: "rm x" } };
  const asked = [
    ...hook(1, "PreToolUse", { ...call, tool_use_id: "t1" }),
    ...hook(2, "PermissionRequest", call),
  ];

  test("has the id of the call that it is about, and ends with that call", () => {
    const calls = ledgerOf([
      ...asked,
      ...hook(500, "PostToolUse", { ...call, tool_use_id: "t1" }),
    ]);
    expect(events(calls, "permission_request")[0]?.details["tool_use_id"]).toBe(
      "t1",
    );
    expect(events(calls, "permission_resolved")).toHaveLength(1);
    expect(events(calls, "permission_resolved")[0]?.details).toMatchObject({
      tool_use_id: "t1",
      waited_ms: 498,
    });
  });

  test("is not ended by another call that runs beside it", () => {
    const other = {
      tool_name: "Read",
      tool_input: { file_path: "a" },
      tool_use_id: "t2",
    };
    const calls = ledgerOf([
      ...asked,
      ...hook(3, "PreToolUse", other),
      ...hook(9, "PostToolUse", other),
    ]);
    expect(events(calls, "permission_resolved")).toHaveLength(0);
  });

  test.each([
    ["the next prompt", () => hook(900, "UserPromptSubmit", { prompt: "no" })],
    ["the end of the turn", () => hook(900, "Stop")],
    [
      "a denial",
      () => hook(900, "PermissionDenied", { ...call, tool_use_id: "t1" }),
    ],
    [
      "telemetry's decision",
      () =>
        record(900, "tool_decision", { tool_use_id: "t1", decision: "accept" }),
    ],
    ["the end of the session", () => hook(900, "SessionEnd")],
  ])("ends with %s", (_name, end) => {
    expect(
      events(ledgerOf([...asked, ...end()]), "permission_resolved"),
    ).toHaveLength(1);
  });

  test("is not told again by the late notification", () => {
    const calls = ledgerOf([
      ...asked,
      ...hook(6_000, "Notification", {
        notification_type: "permission_prompt",
        message: "Claude needs your permission",
      }),
    ]);
    expect(events(calls, "permission_request")).toHaveLength(1);
  });

  test("whose answer came before it is over at once", () => {
    const [start, request] = asked;
    const end = hook(500, "PostToolUse", { ...call, tool_use_id: "t1" });
    const calls = ledgerOf(
      [start, ...end, request].filter((act) => act !== undefined),
    );
    expect(events(calls, "permission_request")).toHaveLength(1);
    expect(events(calls, "permission_resolved")).toHaveLength(1);
  });
});

// ------------------------------------------------------------ time, ends

describe("an agent that is killed", () => {
  const acts = () => [
    ...hook(1, "UserPromptSubmit", { prompt: "go", prompt_id: "p" }),
    ...hook(2, "PreToolUse", {
      tool_name: "Bash",
      tool_use_id: "t1",
      tool_input: { command: "sleep" },
    }),
  ];

  test("does not stay working: its call, prompt and status end", () => {
    const ledger = new Ledger({ isAlive: () => false });
    const calls = ledgerOf(acts(), ledger);
    expect(statuses(calls)).toEqual(["executing", "cancelled"]);
    expect(events(calls, "tool_call")[1]?.details["error"]).toBe(
      "Its process is gone",
    );
    expect(calls.find(({ type }) => type === "prompt_result")).toMatchObject({
      status: "cancelled",
    });
    expect(ledger.settle(T0 + 900_000)).toEqual([]);
  });

  test("works on while its process runs, silent for hours", () => {
    const ledger = new Ledger({ isAlive: () => true });
    expect(statuses(ledgerOf(acts(), ledger))).toEqual(["executing"]);
    expect(ledger.settle(T0 + 5 * 3_600_000)).toEqual([]);
  });

  test.each([undefined, true])(
    "is given up after six hours, whether a process like it runs: %p",
    (alive) => {
      const ledger = new Ledger({ isAlive: () => alive });
      ledgerOf(acts(), ledger);
      const calls = ledger.settle(T0 + 7 * 3_600_000);
      expect(statuses(calls)).toEqual(["cancelled"]);
    },
  );

  test("does not end its session, whose process runs in another folder than the subagent", () => {
    const asked: (string | undefined)[] = [];
    const isAlive = ({ about }: { about: { cwd?: string | undefined } }) => {
      asked.push(about.cwd);
      return true;
    };
    const ledger = new Ledger({ isAlive });
    const worktree = { agent_id: "a1", cwd: "/home/me/worktrees/x" };
    const bash = { tool_name: "Bash", tool_use_id: "t9", ...worktree };
    ledgerOf([...acts(), ...hook(3, "PreToolUse", bash)], ledger);
    expect(new Set(asked)).toEqual(new Set(["/home/me/shop"]));
  });

  test("whose subagent still tells what it does is not silent", () => {
    const ledger = new Ledger();
    ledgerOf(acts(), ledger);
    const hour = 3_600_000;
    const bash = { tool_name: "Bash", tool_use_id: "t9", agent_id: "a1" };
    for (const act of hook(6 * hour, "PreToolUse", bash))
      ledger.take(act, act.at);
    expect(ledger.settle(T0 + 7 * hour)).toEqual([]);
  });
});

test("an interrupt ends the turn's calls and its prompt", () => {
  const calls = ledgerOf([
    ...hook(1, "UserPromptSubmit", { prompt: "go" }),
    ...hook(2, "PreToolUse", {
      tool_name: "Bash",
      tool_use_id: "t1",
      tool_input: {},
    }),
    ...line(500, {
      type: "user",
      message: {
        content: [{ type: "text", text: "[Request interrupted by user]" }],
      },
    }),
  ]);
  expect(statuses(calls)).toEqual(["executing", "idle"]);
  expect(events(calls, "tool_call")[1]?.details["error"]).toBe("Interrupted");
  expect(calls.find(({ type }) => type === "prompt_result")).toMatchObject({
    status: "cancelled",
  });
});

// --------------------------------------------------------------- restart

test("killed after any act, it neither loses nor repeats anything", () => {
  const { hooks, transcript, otel } = session();
  const permission = hook(1_100, "PermissionRequest", {
    tool_name: "Bash",
    tool_input: { command: "ls" },
  });
  const acts = [...hooks, ...transcript, ...otel, ...permission].toSorted(
    (a, b) => a.at - b.at,
  );
  const whole = ledgerOf(acts);
  for (let killedAt = 0; killedAt < acts.length; killedAt += 1) {
    const log: LogCall[] = [];
    const stored = new Map<string, string>();
    const store = {
      load: () => Array.from(stored, ([key, state]) => ({ key, state })),
      sessionsOf: (keys: readonly string[]) =>
        keys.some((key) => stored.has(key)) ? ["s1"] : [],
    };
    const first = new Ledger({ prices, store });
    // Committed, but what it came from was not yet deleted.
    for (const act of acts.slice(0, killedAt + 1)) {
      log.push(...first.take(act, act.at));
      for (const { key, state } of first.changes()) {
        if (state === undefined) stored.delete(key);
        else stored.set(key, state);
      }
    }
    const second = new Ledger({ prices, store });
    // All is read again that was not deleted: here everything.
    const again = acts.flatMap((act) => second.take(act, act.at));
    const all = [...log, ...again, ...second.settle(T0 + 100_000)];
    expect(digestOf(all)).toEqual(digestOf(whole));
    expect(sum(all, "cost_usd")).toBeCloseTo(0.0004, 9);
    expect(sum(all, "tokens_input")).toBe(200);
    const results = all.filter(({ type }) => type === "prompt_result");
    expect(results).toHaveLength(1);
    expect(events(all, "permission_resolved")).toHaveLength(1);
    expect(events(all, "session_ended")).toHaveLength(1);
  }
});

test("a cost that the agent reports and the table differ by more than 1 %: both are said", () => {
  const [cost] = events(
    ledgerOf(
      record(1, "api_request", {
        request_id: "r",
        model: "m",
        ...usage,
        cost_usd: 0.0003,
      }),
    ),
    "cost_update",
  );
  expect(cost?.details).toMatchObject({
    cost_usd: 0.0003,
    cost_source: "reported",
    cost_differs: { reported: 0.0003, estimated: 0.0002 },
  });
});

test("a cost that nobody knows is null, not 0", () => {
  const [cost] = events(
    ledgerOf(answer(1, { id: "x", model: "new-model", usage })),
    "cost_update",
  );
  expect(cost?.details).toMatchObject({
    cost_usd: null,
    cost_source: "unknown",
    tokens_input: 100,
  });
});

test.each([
  ["\n\n  Fix the tests \nplease", "Fix the tests"],
  [`${"x".repeat(79)}🚀`, "x".repeat(79)],
  ["\n \n", undefined],
])("the title of a session that begins with %j", (prompt, title) => {
  const calls = ledgerOf(hook(1, "UserPromptSubmit", { prompt }));
  const told = calls.flatMap((call) =>
    call.type === "agent" ? [call.details["title"]] : [],
  );
  expect(told).toEqual([title]);
});

describe("a Gemini chat, which adds a message's tools when they are done,", () => {
  const file = { session: "g", agent: "g" };
  const chat = (at: number, type: string, fields: object): Act[] => {
    const delivery = { at: T0 + at, id: `g${String((deliveries += 1))}` };
    const all = { id: String(at), timestamp: iso(at), type, ...fields };
    return mapGeminiLine(all, delivery, file);
  };
  const said = (at: number, content: string, more: object = {}) =>
    chat(at, "gemini", { content, ...more });
  const prompt = (at: number, text: string) =>
    chat(at, "user", { content: [{ text }] });
  const toolCalls = [
    { id: "c", name: "write_file", args: {}, status: "success" },
  ];
  const answers = (calls: readonly LogCall[]) =>
    calls.flatMap((call) =>
      call.type === "prompt_result" ? [call.response] : [],
    );
  const take = (ledger: Ledger, acts: readonly Act[]) =>
    acts.flatMap((act) => ledger.take(act, act.at));

  test("ends no turn with a message that calls a tool", () => {
    const ledger = new Ledger({ prices });
    const calls = take(ledger, [
      ...prompt(1, "Go"),
      ...said(100, "First the file."),
      ...said(100, "First the file.", { toolCalls }),
    ]);
    calls.push(...ledger.settle(T0 + 100_000));
    expect(answers(calls)).toEqual([]);
    expect(statuses(calls, "g")).toEqual(["executing"]);
    calls.push(...take(ledger, said(110_000, "Done.")));
    expect(ledger.settle(T0 + 119_000)).toEqual([]);
    calls.push(...ledger.settle(T0 + 121_000));
    expect(answers(calls)).toEqual(["Done."]);
    expect(statuses(calls, "g")).toEqual(["executing", "idle"]);
  });

  const ended = ["prompt_result", "status"];
  const types = (calls: readonly LogCall[]) =>
    calls.map(({ type }) => type).filter((type) => ended.includes(type));

  test("ends it after a restart too", () => {
    const first = new Ledger({ prices });
    take(first, [...prompt(1, "Go"), ...said(100, "Done.")]);
    const stored = first.changes();
    const second = new Ledger({
      prices,
      store: {
        load: () => stored.map(({ key, state = "" }) => ({ key, state })),
        sessionsOf: () => [],
      },
    });
    second.recall("g");
    expect(types(second.settle(T0 + 5_000))).toEqual([]);
    const calls = second.settle(T0 + 11_000);
    expect(types(calls)).toEqual(ended);
    expect(answers(calls)).toEqual(["Done."]);
  });

  test("ends it although the clock was set back", () => {
    const ledger = new Ledger({ prices });
    take(ledger, [...prompt(1, "Go"), ...said(100, "Done.")]);
    expect(types(ledger.settle(T0 - 3_600_000))).toEqual(ended);
  });

  test("ends at a start or a stop what is old, and no message of a moment ago", () => {
    const ledger = new Ledger({ prices });
    take(ledger, [...prompt(1, "Go"), ...said(100, "First the file.")]);
    expect(types(ledger.settle(T0 + 2_000, true))).toEqual([]);
    const old = new Ledger({ prices });
    const acts = [...prompt(1, "Go"), ...said(100, "Done.")];
    for (const act of acts) old.take(act, T0 + 60_000);
    expect(types(old.settle(T0 + 60_001, true))).toEqual(ended);
  });

  test("ends it before the next prompt, however soon that comes", () => {
    const calls = take(new Ledger({ prices }), [
      ...prompt(1, "Go"),
      ...said(100, "Done."),
      ...prompt(200, "And now?"),
    ]);
    expect(answers(calls)).toEqual(["Done."]);
  });
});

test("a turn that ends without its answer has what was said last", () => {
  const calls = ledgerOf([
    ...hook(1, "UserPromptSubmit", { prompt: "Go", prompt_id: "p" }),
    ...answer(2, { content: [{ type: "text", text: "Done." }] }),
    ...hook(3, "Stop", { prompt_id: "p" }),
  ]);
  expect(calls).toContainEqual(
    expect.objectContaining({ type: "prompt_result", response: "Done." }),
  );
});

test("a turn without its answer has none of another turn's, however late that came", () => {
  const calls = ledgerOf([
    ...hook(1, "UserPromptSubmit", { prompt: "One", prompt_id: "p1" }),
    ...hook(3, "Stop", { prompt_id: "p1" }),
    ...answer(2, { content: [{ type: "text", text: "ONE" }] }),
    ...hook(10, "UserPromptSubmit", { prompt: "Two", prompt_id: "p2" }),
    ...hook(20, "Stop", { prompt_id: "p2" }),
  ]);
  expect(
    calls.flatMap((call) =>
      call.type === "prompt_result" ? [call.response] : [],
    ),
  ).toEqual([undefined, undefined]);
});

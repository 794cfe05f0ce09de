import { at, event } from "../../../helpers/dashboard/events.ts";
import {
  fleet,
  fleetFold,
  needsYou,
} from "../../../helpers/dashboard/source.ts";
import type { WebSocketEvent } from "../../../helpers/dashboard/source.ts";

function fold(events: WebSocketEvent[]) {
  const state = fleet.createFleet();
  for (const item of events) {
    fleetFold.applyEvent(state, item, Date.parse(item.timestamp));
  }
  return state;
}

function agent(events: WebSocketEvent[], id = "a") {
  const found = fold(events).agents.get(id);
  if (found === undefined) throw new Error(`no agent ${id}`);
  return found;
}

function needs(events: WebSocketEvent[], seconds: number) {
  return needsYou
    .needsYou(fold(events), at(seconds))
    .map(({ agentId, kind, reason, since }) => ({
      agentId,
      kind,
      reason,
      since,
    }));
}

const created = (seq: number, id: string, parent: string | null = null) =>
  event(seq, "agent_created", {
    agent_id: id,
    metadata: { name: id, parent_agent_id: parent, status: "executing" },
  });

describe("an agent's state", () => {
  test("comes from what events say about it", () => {
    const state = agent([
      event(1, "agent_created", {
        metadata: {
          name: "Scout",
          agent_type: "planner",
          model: "opus",
          status: "initializing",
          session_id: "s1",
        },
      }),
      event(2, "agent_started", { message: "Scout started" }),
    ]);
    expect(state).toMatchObject({
      name: "Scout",
      type: "planner",
      model: "opus",
      sessionId: "s1",
      status: "executing",
      activity: "running",
      message: "Scout started",
      firstAt: at(1),
      lastAt: at(2),
      endedAt: 0,
    });
  });

  test("accepts event types that nobody has seen before, and no metadata", () => {
    expect(agent([event(1, "quantum_leap")]).activity).toBe("running");
  });

  test("keeps the open steps, innermost last", () => {
    const events = [
      event(1, "step_start", { metadata: { step: "build" } }),
      event(2, "step_start", { metadata: { step: "test", step_id: "x" } }),
    ];
    expect(agent(events).openSteps.map((step) => step.name)).toEqual([
      "build",
      "test",
    ]);
    events.push(event(3, "step_end", { metadata: { step: "build" } }));
    expect(agent(events).openSteps.map((step) => step.name)).toEqual(["test"]);
  });

  test("measures a step by its recorded duration, else by its two events", () => {
    const state = fold([
      event(1, "step_start", { metadata: { step: "build" } }),
      event(4, "step_end", {
        metadata: { step: "build", duration_ms: 2500, status: "failed" },
      }),
      event(5, "step_start", { metadata: { step: "build" } }),
      event(6, "step_end", { metadata: { step: "build" } }),
    ]);
    expect(fleet.stepTotals(state)).toEqual([
      { name: "build", count: 2, totalMs: 3500, maxMs: 2500, failed: 1 },
    ]);
  });

  test("adds up its prompts' tokens and cost", () => {
    const state = agent([
      event(1, "prompt_completed", {
        metadata: { tokens_input: 100, tokens_output: 10, cost_usd: 0.5 },
      }),
      event(2, "prompt_completed", {
        metadata: { tokens_input: 1, tokens_output: null, cost_usd: 0.25 },
      }),
    ]);
    expect(fleet.tokensOf(state)).toEqual({ input: 101, output: 10 });
    expect(fleet.costOf(state)).toBe(0.75);
  });

  test("does not count a reported total on top of its parts", () => {
    const state = agent([
      event(1, "prompt_completed", { metadata: { cost_usd: 0.5 } }),
      event(2, "agent_completed", { metadata: { cost_usd: 0.6 } }),
      event(3, "agent_status_changed", {
        metadata: { status: "completed", cost_usd: 0.6 },
      }),
    ]);
    expect(fleet.costOf(state)).toBe(0.6);
  });

  test("has no cost when none was recorded, and says when one is an estimate", () => {
    expect(fleet.costOf(agent([event(1, "prompt_sent")]))).toBeNull();
    // The column's default is not a recorded cost.
    const zero = event(1, "agent_status_changed", {
      metadata: { status: "executing", cost_usd: 0 },
    });
    expect(fleet.costOf(agent([zero]))).toBeNull();
    const estimate = event(1, "prompt_completed", {
      metadata: { cost_usd: 0.1, estimated: true },
    });
    expect(agent([estimate]).estimated).toBe(true);
  });

  test("leaves system events to no agent", () => {
    const state = fold([event(1, "system_event", { agent_id: "system" })]);
    expect([...state.agents.keys()]).toEqual([]);
    expect(state.events).toBe(1);
  });
});

describe("the tree", () => {
  test("puts children below their parents, with their depth", () => {
    const rows = fleet.treeRows(
      fold([
        created(1, "a"),
        created(2, "b"),
        created(3, "a1", "a"),
        created(4, "a11", "a1"),
      ]),
    );
    expect(rows.map((row) => [row.agent.id, row.depth, row.children])).toEqual([
      ["a", 0, 1],
      ["a1", 1, 1],
      ["a11", 2, 0],
      ["b", 0, 0],
    ]);
  });

  test("loses nobody in a circle, nor with an unknown parent", () => {
    const rows = fleet.treeRows(
      fold([
        created(1, "a", "b"),
        created(2, "b", "a"),
        created(3, "c", "gone"),
      ]),
    );
    expect(rows.map((row) => row.agent.id).sort()).toEqual(["a", "b", "c"]);
  });
});

describe("needs you", () => {
  test("names a permission that an agent waits for, until it works again", () => {
    const events = [
      event(1, "agent_started"),
      event(2, "permission_request", {
        metadata: { tool_name: "Bash", tool_input: { command: "git push" } },
      }),
    ];
    expect(needs(events, 5)).toEqual([
      {
        agentId: "a",
        kind: "permission",
        reason: "Bash git push",
        since: at(2),
      },
    ]);
    events.push(event(3, "tool_call", { metadata: { tool_name: "Bash" } }));
    expect(needs(events, 5)).toEqual([]);
  });

  test.each([
    ["permission_prompt", "permission"],
    ["idle_prompt", "idle"],
    ["agent_needs_input", "question"],
  ])("takes the notification %s for %s", (notification_type, kind) => {
    const note = event(2, "notification", {
      message: "Look here",
      metadata: { notification_type },
    });
    expect(needs([event(1, "agent_started"), note], 3)).toEqual([
      { agentId: "a", kind, reason: "Look here", since: at(2) },
    ]);
  });

  test("leaves other notifications alone", () => {
    const note = event(2, "notification", {
      metadata: { notification_type: "auth_success" },
    });
    expect(needs([event(1, "agent_started"), note], 3)).toEqual([]);
  });

  test.each(["waiting", "blocked"])("shows the status %s", (status) => {
    const change = event(1, "agent_status_changed", {
      message: "Waits for review",
      metadata: { status },
    });
    expect(needs([change], 2)).toMatchObject([
      { kind: "blocked", reason: "Waits for review" },
    ]);
  });

  test("shows a failure with its reason, until the agent starts again", () => {
    const events = [
      event(1, "agent_failed", { metadata: { error_message: "No disk" } }),
    ];
    expect(needs(events, 2)).toEqual([
      { agentId: "a", kind: "failed", reason: "No disk", since: at(1) },
    ]);
    events.push(event(2, "agent_started"));
    expect(needs(events, 3)).toEqual([]);
  });

  const call = (seq: number, command: string, tool_use_id = `t${seq}`) =>
    event(seq, "tool_call", {
      metadata: { tool_name: "Bash", tool_use_id, tool_input: { command } },
    });

  test("sees a loop in the third same call in a row", () => {
    const two = [call(1, "npm test"), call(2, "npm test")];
    expect(needs(two, 4)).toEqual([]);
    expect(needs([...two, call(3, "npm test")], 4)).toEqual([
      {
        agentId: "a",
        kind: "loop",
        reason: "Same call 3 times: Bash npm test",
        since: at(1),
      },
    ]);
    expect(needs([...two, call(3, "npm run lint")], 4)).toEqual([]);
  });

  test("counts the two events of one call once", () => {
    const events = [1, 2, 3].map((seq) => call(seq, "npm test", "same"));
    expect(needs(events, 4)).toEqual([]);
  });

  test("sees long silence with nothing open", () => {
    const events = [event(1, "agent_started")];
    expect(needs(events, 120)).toEqual([]);
    expect(needs(events, 121)).toMatchObject([
      { kind: "silent", since: at(1) },
    ]);
  });

  test("takes an open prompt or call for a sign of life", () => {
    const prompt = event(2, "prompt_sent", { metadata: { prompt_id: "p" } });
    expect(needs([event(1, "agent_started"), prompt], 500)).toEqual([]);
    const done = event(3, "prompt_completed", { metadata: { prompt_id: "p" } });
    expect(needs([event(1, "agent_started"), prompt, done], 999)).toMatchObject(
      [{ kind: "silent" }],
    );
  });

  test("does not blame a parent whose child is at work", () => {
    const events = [
      created(1, "parent"),
      created(2, "child", "parent"),
      event(200, "tool_call", {
        agent_id: "child",
        metadata: { duration_ms: 1 },
      }),
    ];
    expect(needs(events, 201)).toEqual([]);
  });

  test("puts the most urgent first, then the longest waiting", () => {
    const events = [
      event(1, "agent_started", { agent_id: "silent" }),
      event(100, "agent_failed", { agent_id: "failed", seconds: 100 }),
      event(110, "permission_request", { agent_id: "late" }),
      event(105, "permission_request", { agent_id: "early", seconds: 105 }),
    ];
    expect(needs(events, 200).map((need) => need.agentId)).toEqual([
      "early",
      "late",
      "failed",
      "silent",
    ]);
  });

  test("asks for nobody who has finished or was cancelled", () => {
    const events = [
      event(1, "permission_request"),
      event(2, "agent_cancelled"),
      event(3, "agent_completed", { agent_id: "b" }),
    ];
    expect(needs(events, 9999)).toEqual([]);
  });
});

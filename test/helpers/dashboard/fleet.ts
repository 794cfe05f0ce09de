/** A realistic fleet for tests and screenshots: deterministic, no clock. */
import type { NewEvent } from "./modules.ts";

export function makeEvent(
  agent_id: string,
  event_type: string,
  message: string,
  time: number,
  extra: {
    level?: string;
    type?: string;
    session?: string;
    metadata?: Record<string, unknown>;
  } = {},
): NewEvent {
  return {
    event_type,
    agent_id,
    message,
    metadata: extra.metadata ?? {},
    timestamp: new Date(time).toISOString(),
    log_type: extra.type ?? "event",
    log_level: extra.level ?? "info",
    ...(extra.session === undefined ? {} : { session_id: extra.session }),
  };
}

/** A workflow of plan, build, test, review that ends at `end`. */
export function demoFleet(end: number): NewEvent[] {
  const start = end - 11 * 60_000;
  const events: NewEvent[] = [];
  const session = "6f1c1a52-0f6e-4d5b-9f1e-2b7f0e6f9a10";
  const at = (seconds: number): number => start + seconds * 1000;
  const add = (
    seconds: number,
    agent: string,
    type: string,
    message: string,
    extra: Parameters<typeof makeEvent>[4] = {},
  ): void => {
    events.push(
      makeEvent(agent, type, message, at(seconds), { session, ...extra }),
    );
  };
  const create = (
    s: number,
    id: string,
    name: string,
    agent_type: string,
    model: string,
    parent: string | null,
  ): void =>
    add(s, id, "agent_created", `${name} created`, {
      metadata: {
        name,
        agent_type,
        model,
        parent_agent_id: parent,
        session_id: session,
        status: "initializing",
      },
    });
  const status = (
    s: number,
    id: string,
    value: string,
    previous: string,
    extra: Record<string, unknown> = {},
  ): void =>
    add(s, id, "agent_status_changed", `Status: ${previous} → ${value}`, {
      type: "state_change",
      level: value === "failed" ? "error" : "info",
      metadata: { status: value, previous_status: previous, ...extra },
    });
  const step = (
    from: number,
    to: number | null,
    id: string,
    name: string,
    failed = false,
  ): void => {
    add(from, id, "step_start", `${name} started`, {
      type: "step_start",
      metadata: { step: name, step_id: `${id}-${name}` },
    });
    if (to !== null)
      add(to, id, "step_end", `${name} ${failed ? "failed" : "completed"}`, {
        type: "step_end",
        level: failed ? "error" : "info",
        metadata: {
          step: name,
          step_id: `${id}-${name}`,
          status: failed ? "failed" : "completed",
          duration_ms: (to - from) * 1000,
        },
      });
  };
  const prompt = (
    from: number,
    to: number,
    id: string,
    n: number,
    tin: number,
    tout: number,
    cost: number,
    model: string,
  ): void => {
    add(
      from,
      id,
      "prompt_sent",
      "Prompt sent: implement the next part of the plan",
      {
        metadata: {
          prompt_id: `${id}-${n}`,
          prompt_type: "command",
          prompt_name: "/implement",
          prompt_text:
            "Implement part " +
            n +
            " of specs/checkout.md.\nKeep the public API stable.",
          model,
        },
      },
    );
    add(to, id, "prompt_completed", `Prompt completed in ${to - from} s`, {
      metadata: {
        prompt_id: `${id}-${n}`,
        status: "completed",
        model,
        tokens_input: tin,
        tokens_output: tout,
        cost_usd: cost,
        latency_ms: (to - from) * 1000,
      },
    });
  };
  const tool = (
    s: number,
    id: string,
    n: number,
    name: string,
    input: Record<string, unknown>,
    ms = 420,
  ): void =>
    add(s, id, "tool_call", `${name}: ${String(Object.values(input)[0])}`, {
      type: "tool_call",
      metadata: {
        tool_name: name,
        tool_use_id: `toolu_${id}_${n}`,
        tool_input: input,
        duration_ms: ms,
      },
    });

  const opus = "claude-opus-4-5";
  const sonnet = "claude-sonnet-4-5";
  const haiku = "claude-haiku-4-5";
  add(
    0,
    "system",
    "system_event",
    "Workflow adw_plan_build_test_review started",
    { metadata: { component: "adw", adw_id: "a91f22c0" } },
  );
  create(0, "orch", "orchestrator", "orchestrator", opus, null);
  status(1, "orch", "executing", "initializing");
  step(2, 150, "orch", "plan");
  create(3, "plan", "planner", "planner", opus, "orch");
  add(4, "plan", "agent_started", "planner started", {});
  step(5, 140, "plan", "research the codebase");
  create(8, "scout-a", "scout: payments", "utility", haiku, "plan");
  create(9, "scout-b", "scout: sessions and cookies", "utility", haiku, "plan");
  for (const [i, id] of ["scout-a", "scout-b"].entries()) {
    add(10 + i, id, "agent_started", "Reading the code", {});
    for (let n = 0; n < 14; n++)
      tool(
        14 + n * 5 + i * 2,
        id,
        n,
        n % 3 ? "Read" : "Grep",
        n % 3
          ? {
              file_path: `src/checkout/${["cart", "tax", "payment", "session"][n % 4]}.ts`,
            }
          : { pattern: "createSession\\(" },
        90 + n * 7,
      );
    prompt(30 + i * 4, 44 + i * 4, id, 1, 18_200, 1_150, 0.0241, haiku);
    add(92 + i * 6, id, "agent_completed", "Report written: 9 findings", {
      metadata: { duration_ms: 82_000 },
    });
  }
  prompt(96, 132, "plan", 1, 64_300, 5_420, 0.4571, opus);
  add(141, "plan", "milestone", "Plan written to specs/checkout.md", {
    type: "milestone",
    metadata: { file: "specs/checkout.md", parts: 4 },
  });
  add(148, "plan", "agent_completed", "planner completed", {
    metadata: { duration_ms: 144_000 },
  });
  step(152, null, "orch", "build");
  const builders: [string, string][] = [
    ["build-1", "builder: cart totals"],
    [
      "build-2",
      "builder: payment provider adapter with retries and idempotency keys",
    ],
    ["build-3", "builder: session storage"],
  ];
  for (const [i, [id, name]] of builders.entries()) {
    create(154 + i, id, name, "builder", sonnet, "orch");
    add(156 + i, id, "agent_started", `${name} started`, {});
    step(158 + i, 300 + i * 22, id, "write code");
    for (let n = 0; n < 22; n++)
      tool(
        164 + n * 6 + i,
        id,
        n,
        ["Read", "Edit", "Bash", "Edit"][n % 4] ?? "Read",
        n % 4 === 2
          ? { command: "npm test -- checkout" }
          : { file_path: `src/checkout/part_${n}.ts` },
        300 + n * 31,
      );
    for (let p = 0; p < 4; p++)
      prompt(
        170 + p * 30 + i,
        192 + p * 30 + i,
        id,
        p,
        38_000 + p * 2_100,
        2_600 + p * 300,
        0.1532 + p * 0.02,
        sonnet,
      );
  }
  step(310, 352, "build-1", "run tests");
  add(354, "build-1", "agent_completed", "All 48 tests pass", {
    metadata: { cost_usd: 0.7512 },
  });
  step(330, 372, "build-2", "run tests", true);
  add(371, "build-2", "error", "2 tests failed: retries twice on HTTP 409", {
    type: "error",
    level: "error",
    metadata: {
      error_type: "TestFailure",
      failed: 2,
      passed: 31,
      stack:
        "AssertionError: expected 1 to equal 2\n    at test/payment.test.ts:88:14",
      api_key: "sk-ant-api03-notarealkeynotarealkey00",
    },
  });
  status(374, "build-2", "failed", "executing", {
    error_message: "2 tests failed: retries twice on HTTP 409",
  });
  create(
    380,
    "build-2b",
    "builder: payment provider adapter (retry)",
    "builder",
    sonnet,
    "orch",
  );
  add(
    382,
    "build-2b",
    "agent_started",
    "Second attempt with the failing tests as context",
    {},
  );
  step(384, null, "build-2b", "fix failing tests");
  for (let p = 0; p < 3; p++)
    prompt(
      390 + p * 44,
      424 + p * 44,
      "build-2b",
      p,
      52_000,
      3_100,
      0.2024,
      sonnet,
    );
  for (let n = 0; n < 5; n++)
    tool(
      540 + n * 18,
      "build-2b",
      n,
      "Bash",
      { command: "npm test -- payment" },
      8_200,
    );
  step(348, 420, "build-3", "run tests");
  add(424, "build-3", "agent_completed", "Sessions survive a restart", {});
  create(430, "test", "tester", "tester", sonnet, "orch");
  add(432, "test", "agent_started", "tester started", {});
  step(434, null, "test", "end-to-end");
  for (let n = 0; n < 18; n++)
    tool(
      440 + n * 10,
      "test",
      n,
      n % 2 ? "Bash" : "Read",
      n % 2
        ? { command: `npx playwright test checkout-${n}` }
        : { file_path: `e2e/checkout-${n}.spec.ts` },
      5_100,
    );
  add(560, "test", "event", "Flaky selector replaced in checkout-7", {
    level: "warning",
    metadata: { file: "e2e/checkout-7.spec.ts" },
  });
  prompt(600, 626, "test", 1, 41_000, 2_240, 0.1664, sonnet);
  create(470, "review", "reviewer", "reviewer", opus, "orch");
  add(472, "review", "agent_started", "reviewer started", {});
  step(474, null, "review", "review the diff");
  for (let n = 0; n < 12; n++)
    tool(
      480 + n * 9,
      "review",
      n,
      "Read",
      { file_path: `src/checkout/part_${n}.ts` },
      160,
    );
  prompt(560, 598, "review", 1, 88_000, 6_900, 0.6125, opus);
  add(
    604,
    "review",
    "permission_request",
    "reviewer asks for permission to run a command",
    {
      level: "warning",
      metadata: {
        tool_name: "Bash",
        tool_input: { command: "git push --force-with-lease origin checkout" },
      },
    },
  );
  create(610, "docs", "writer: docs", "utility", haiku, "orch");
  add(611, "docs", "agent_started", "Writing docs/checkout.md", {});
  step(612, null, "docs", "write docs");
  for (let n = 0; n < 6; n++)
    tool(
      616 + n * 6,
      "docs",
      n,
      "Edit",
      { file_path: "docs/checkout.md", section: n },
      210,
    );
  prompt(640, 656, "docs", 1, 9_400, 1_800, 0.0112, haiku);
  return events.sort((a, b) => a.timestamp.localeCompare(b.timestamp));
}

/** Many plain events, for load: 40 agents, steps, tools, prompts, errors. */
export function manyEvents(
  count: number,
  end: number,
  spanMs = 3_600_000,
): NewEvent[] {
  const events: NewEvent[] = [];
  for (let n = 0; n < count; n++) {
    events.push(loadEvent(n, end - spanMs + (n / count) * spanMs));
  }
  return events;
}

export function loadEvent(n: number, time: number): NewEvent {
  const agent = `00000000-0000-4000-8000-${String(n % 40).padStart(12, "0")}`;
  const parent =
    n % 40 < 4
      ? null
      : `00000000-0000-4000-8000-${String((n % 40) % 4).padStart(12, "0")}`;
  const round = Math.floor(n / 40);
  const session = `session-${n % 5}`;
  if (round === 0)
    return makeEvent(agent, "agent_created", `worker ${n} created`, time, {
      session,
      metadata: {
        name: `worker ${n}`,
        agent_type: "builder",
        model: "claude-sonnet-4-5",
        parent_agent_id: parent,
        status: "executing",
      },
    });
  switch (round % 10) {
    case 1:
      return makeEvent(agent, "step_start", `step ${round} started`, time, {
        session,
        type: "step_start",
        metadata: { step: `step ${round % 7}`, step_id: `s-${round}` },
      });
    case 9:
      return makeEvent(agent, "step_end", `step ${round - 8} completed`, time, {
        session,
        type: "step_end",
        metadata: {
          step: `step ${(round - 8) % 7}`,
          step_id: `s-${round - 8}`,
          status: "completed",
          duration_ms: 8_000,
        },
      });
    case 4:
      return makeEvent(
        agent,
        "prompt_completed",
        "Prompt completed in 4.2 s",
        time,
        {
          session,
          metadata: {
            prompt_id: `p-${n}`,
            status: "completed",
            model: "claude-sonnet-4-5",
            tokens_input: 12_000,
            tokens_output: 800,
            cost_usd: 0.048,
            latency_ms: 4_200,
          },
        },
      );
    case 6:
      if (n % 400 === 7)
        return makeEvent(
          agent,
          "error",
          `Request ${n} failed with status 529`,
          time,
          {
            session,
            level: "error",
            type: "error",
            metadata: { error_type: "Overloaded", status: 529 },
          },
        );
  }
  return makeEvent(
    agent,
    "tool_call",
    `Edit: src/module_${n % 97}/file_${n}.ts`,
    time,
    {
      session,
      type: "tool_call",
      level: round % 10 === 3 ? "debug" : "info",
      metadata: {
        tool_name: "Edit",
        tool_use_id: `toolu_${n}`,
        tool_input: {
          file_path: `src/module_${n % 97}/file_${n}.ts`,
          old_string:
            "const total = items.reduce((sum, item) => sum + item.price, 0);",
          new_string: "const total = sumPrices(items);",
        },
        duration_ms: 120 + (n % 300),
      },
    },
  );
}

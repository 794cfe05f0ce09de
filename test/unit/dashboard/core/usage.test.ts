import { at, event, numbered } from "../../../helpers/dashboard/events.ts";
import { demoFleet } from "../../../helpers/dashboard/fleet.ts";
import { agentSessions } from "../../../helpers/dashboard/sessions.ts";
import {
  fleet,
  fleetFold,
  format,
  usage,
  usageRows,
} from "../../../helpers/dashboard/source.ts";
import type { WebSocketEvent } from "../../../helpers/dashboard/source.ts";

function fold(events: readonly WebSocketEvent[]) {
  const state = fleet.createFleet();
  for (const item of events) {
    fleetFold.applyEvent(state, item, Date.parse(item.timestamp));
  }
  return state;
}
const used = (events: readonly WebSocketEvent[]) =>
  fleet.totals(fold(events)).usage;
const request = (seq: number, metadata: Record<string, unknown>) =>
  event(seq, "cost_update", { metadata: { model: "m", ...metadata } });

test("each request's cost update is a part of the sum, with its cache and its source", () => {
  const sum = used([
    request(1, {
      tokens_input: 10,
      tokens_output: 5,
      tokens_cache_read: 100,
      tokens_cache_write: 20,
      cost_usd: 0.5,
      cost_source: "reported",
    }),
    request(2, { tokens_input: 3, cost_usd: 0.25, cost_source: "estimated" }),
  ]);
  expect(sum).toMatchObject({
    tokensIn: 13,
    tokensOut: 5,
    cacheRead: 100,
    cacheWrite: 20,
    cost: 0.75,
    reported: 1,
    estimated: 1,
    unknown: 0,
  });
  expect(usage.sourcesOf(sum)).toEqual(["reported", "estimated"]);
});

test("a cost that nobody knows is unknown, and no 0", () => {
  const sum = used([
    request(1, { tokens_input: 10, cost_usd: null, cost_source: "unknown" }),
  ]);
  expect(usage.knownCost(sum)).toBeNull();
  expect(usage.sourcesOf(sum)).toEqual(["unknown"]);
  expect(sum.tokensIn).toBe(10);
});

test("a cost of 0 that an agent reports is known", () => {
  const sum = used([request(1, { cost_usd: 0, cost_source: "reported" })]);
  expect(usage.knownCost(sum)).toBe(0);
});

test("a cost update without a source is a total so far, as in older logs", () => {
  const sum = used([
    request(1, { cost_usd: 0.5, tokens_input: 10 }),
    request(2, { cost_usd: 0.7, tokens_input: 30 }),
  ]);
  expect(sum).toMatchObject({ cost: 0.7, tokensIn: 30 });
});

test("tokens at the start and the end of a tool call are not counted", () => {
  const call = { tool_use_id: "t", tokens_input: 50, cost_usd: 1 };
  const sum = used([
    event(1, "tool_call", { metadata: call }),
    event(2, "tool_call", { metadata: { ...call, duration_ms: 5 } }),
    request(3, { tokens_input: 7, cost_usd: 0.1, cost_source: "reported" }),
  ]);
  expect(sum).toMatchObject({ tokensIn: 7, cost: 0.1 });
});

test("a correction changes the sum, and is no request of its own", () => {
  const sum = used([
    request(1, { tokens_output: 10, cost_usd: 0.5, cost_source: "estimated" }),
    request(2, {
      tokens_output: 4,
      cost_usd: -0.1,
      cost_source: "reported",
      previous_cost_source: "estimated",
      correction: true,
    }),
  ]);
  expect(sum).toMatchObject({ tokensOut: 14, reported: 1, estimated: 0 });
  expect(sum.cost).toBeCloseTo(0.4);
});

test("two sources that differ by more than 1 % are both told", () => {
  const differs = { reported: 0.5, estimated: 0.6 };
  expect(
    used([
      request(1, {
        cost_usd: 0.5,
        cost_source: "reported",
        cost_differs: differs,
      }),
      request(2, { cost_usd: 1, cost_source: "reported" }),
    ]),
  ).toMatchObject({
    cost: 1.5,
    differing: 1,
    differingReported: 0.5,
    differingEstimated: 0.6,
  });
});

test.each(["model", "project", "day"] as const)(
  "the sums by %s add up to the total",
  (by) => {
    for (const events of [agentSessions(at(600)), demoFleet(at(600))]) {
      const state = fold(numbered(events));
      const total = fleet.totals(state).usage;
      const sums = usage.usageBy(state, by).map((row) => row.usage);
      const add = (field: "cost" | "tokensIn" | "tokensOut" | "cacheRead") =>
        sums.reduce((sum, part) => sum + part[field], 0);
      expect(add("cost")).toBeCloseTo(total.cost);
      expect(add("tokensIn")).toBe(total.tokensIn);
      expect(add("tokensOut")).toBe(total.tokensOut);
      expect(add("cacheRead")).toBe(total.cacheRead);
    }
  },
);

test("tells models and days apart, the newest day first", () => {
  const state = fold([
    request(1, { model: "a", cost_usd: 1, cost_source: "reported" }),
    { ...request(2, { model: "b", cost_usd: 2, cost_source: "reported" }) },
    {
      ...request(3, { model: "b", cost_usd: 3, cost_source: "reported" }),
      timestamp: "2026-01-08T10:00:00.000Z",
    },
  ]);
  const told = (by: "model" | "day") =>
    usage.usageBy(state, by).map((row) => [row.name, row.usage.cost]);
  expect(told("model")).toEqual([
    ["b", 5],
    ["a", 1],
  ]);
  expect(told("day")).toEqual([
    [format.formatDay(Date.parse("2026-01-08T10:00:00.000Z")), 3],
    [format.formatDay(at(0)), 3],
  ]);
});

test("a total reported beyond the requests counts once, for its agent's model", () => {
  const state = fold([
    event(1, "agent_created", { metadata: { model: "opus" } }),
    event(2, "prompt_completed", { metadata: { cost_usd: 0.5 } }),
    event(3, "agent_completed", { metadata: { cost_usd: 0.6 } }),
  ]);
  const [row] = usage.usageBy(state, "model");
  expect(row?.name).toBe("opus");
  expect(row?.usage.cost).toBeCloseTo(0.6);
});

test("the rows of 310 agents are 300 and their rest", () => {
  const state = fold(
    Array.from({ length: 310 }, (_, n) =>
      event(n + 1, "prompt_completed", {
        agent_id: `a${n}`,
        metadata: { tokens_input: 1 },
      }),
    ),
  );
  const rows = usageRows.usageRows(state, "agent", at(0));
  expect(rows).toHaveLength(301);
  expect(rows.at(-1)).toMatchObject({ name: "and 10 more agents" });
  expect(rows.at(-1)?.usage?.tokensIn).toBe(10);
});

test("the time that hooks took is counted where agents report it", () => {
  const state = fold([
    event(1, "hook_execution_complete", { metadata: { total_duration_ms: 6 } }),
    event(2, "hook_execution_complete", {
      metadata: { total_duration_ms: "4" },
    }),
    event(3, "tool_call", { metadata: { hook_duration_ms: 2 } }),
    event(4, "tool_call", { metadata: { total_duration_ms: 900 } }),
  ]);
  expect(state.agents.get("a")).toMatchObject({ hookRuns: 3, hookMs: 12 });
});

test("the rows of 310 projects are 300 and their rest, which has the sum", () => {
  const state = fold(
    Array.from({ length: 310 }, (_, n) =>
      event(n + 1, "cost_update", {
        agent_id: `a${n}`,
        project: `p${n}`,
        metadata: { cost_usd: 1, cost_source: "reported" },
      }),
    ),
  );
  const rows = usageRows.usageRows(state, "project", at(0));
  expect(rows).toHaveLength(301);
  expect(rows.at(-1)).toMatchObject({
    name: "and 10 more",
    usage: { cost: 10 },
  });
});

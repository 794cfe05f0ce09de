import { at, numbered } from "../../../helpers/dashboard/events.ts";
import { demoFleet } from "../../../helpers/dashboard/fleet.ts";
import {
  AgentLog,
  agentSessions,
  inOrder,
} from "../../../helpers/dashboard/sessions.ts";
import { fleet, fleetFold, groups } from "../../../helpers/dashboard/source.ts";
import type { WebSocketEvent } from "../../../helpers/dashboard/source.ts";

const END = at(600);

function fold(events: readonly Omit<WebSocketEvent, "seq">[]) {
  const state = fleet.createFleet();
  for (const item of numbered(events)) {
    fleetFold.applyEvent(state, item, Date.parse(item.timestamp));
  }
  return state;
}

/** The tree as text: two spaces a level. */
function draw(
  events: readonly Omit<WebSocketEvent, "seq">[],
  open: string[] = [],
  folded: string[] = [],
) {
  return groups.groupRows(fold(events), open, folded).map((row) => {
    const indent = "  ".repeat(row.depth);
    const { kind } = row;
    switch (kind.type) {
      case "agent":
        return `${indent}${fleet.agentName(kind.agent)}`;
      case "session":
        return `${indent}session ${kind.session}, ${kind.agents} agents`;
      case "project":
        return `${indent}${kind.project}: ${kind.waiting} waiting, ${kind.running} working`;
      case "finished":
        return `${indent}${kind.count} finished`;
    }
  });
}

test("groups by project, session and agent; live ones first, finished ones folded away", () => {
  expect(draw(agentSessions(END))).toEqual([
    "api: 0 waiting, 2 working",
    "  session adw-7, 2 agents",
    "    planner",
    "    builder",
    "  1 finished",
    "shop: 1 waiting, 1 working",
    "  Upgrade the linter and fix what it finds",
    "  Make the checkout retry payments only once",
    "    1 finished",
    "  4 finished",
    "website: 0 waiting, 0 working",
    "  Write the page about prices",
    "  2 finished",
  ]);
});

test("shows finished ones where they are opened, the latest first, each as a whole", () => {
  const rows = draw(agentSessions(END), ["done project website"]);
  expect(rows.slice(-3)).toEqual([
    "  2 finished",
    "    Small task 6",
    "    Small task 5",
  ]);
});

test("hides what is below a folded row", () => {
  const rows = draw(agentSessions(END), [], ["project shop", "session adw-7"]);
  expect(rows.slice(0, 4)).toEqual([
    "api: 0 waiting, 2 working",
    "  session adw-7, 2 agents",
    "  1 finished",
    "shop: 1 waiting, 1 working",
  ]);
});

test("is the plain tree where no event names a project or a source", () => {
  const state = fold(demoFleet(END));
  const rows = groups.groupRows(state, [], []);
  expect(rows.map(({ key, depth }) => [key, depth])).toEqual(
    fleet.treeRows(state).map(({ agent, depth }) => [agent.id, depth]),
  );
  expect(groups.agentRows(state)).toEqual(fleet.treeRows(state));
});

test("keeps a finished agent in sight while one that it started works", () => {
  const about = { session: "s", project: "p", source: "codex" };
  const parent = new AgentLog("s", about, at(0));
  const child = new AgentLog("s:1", about, at(1));
  parent.created({ name: "parent" }).status("completed");
  child.created({ name: "child", parent_agent_id: "s" });
  expect(draw(inOrder([parent, child]))).toEqual([
    "p: 0 waiting, 1 working",
    "  parent",
    "    child",
  ]);
  child.status("failed");
  expect(draw(inOrder([parent, child]))).toEqual([
    "p: 0 waiting, 0 working",
    "  1 finished",
  ]);
});

test("draws 200 finished ones at most, and says how many there are", () => {
  const about = { project: "p", source: "codex" };
  const logs = Array.from({ length: 300 }, (_, n) =>
    new AgentLog(`s${n}`, { session: `s${n}`, ...about }, at(n))
      .created({ name: `n${n}` })
      .status("completed"),
  );
  const rows = groups.groupRows(fold(inOrder(logs)), ["done project p"], []);
  expect(rows).toHaveLength(202);
  expect(rows[1]?.kind).toMatchObject({ count: 300, shown: 200 });
  expect(groups.agentRows(fold(inOrder(logs)))).toHaveLength(300);
});

test("takes a chain of 20,000 parents, and names like those of every object", () => {
  const logs = Array.from({ length: 20_000 }, (_, n) => {
    const about = { session: "__proto__", project: "constructor", source: "x" };
    return new AgentLog(`a${n}`, about, at(n)).created({
      name: `n${n}`,
      ...(n === 0 ? {} : { parent_agent_id: `a${n - 1}` }),
    });
  });
  const state = fold(inOrder(logs));
  expect(groups.groupRows(state, [], [])).toHaveLength(20_001);
  expect(groups.sessionsOf(state)).toMatchObject([
    { id: "__proto__", agents: 20_000, isOver: false },
  ]);
});

test("lists sessions, those at work first, then the latest", () => {
  const names = groups
    .sessionsOf(fold(agentSessions(END)))
    .map(
      ({ main, isOver }) =>
        `${fleet.agentName(main)}${isOver ? " (over)" : ""}`,
    );
  expect(names.slice(0, 5)).toEqual([
    "Upgrade the linter and fix what it finds",
    "planner",
    "Write the page about prices",
    "Make the checkout retry payments only once",
    "Explain the rate limiter (over)",
  ]);
});

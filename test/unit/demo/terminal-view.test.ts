import { stripVTControlCharacters } from "node:util";
import { fleetStory } from "../../../src/demo/fleet.ts";
import {
  TerminalView,
  terminalAbilities,
  type ShownEvent,
} from "../../../src/demo/terminal-view.ts";

function eventOf(overrides: Partial<ShownEvent> = {}): ShownEvent {
  return {
    event_type: "tool_call",
    agent_id: "agent-1",
    message: "Read src/index.ts",
    metadata: { duration_ms: 512 },
    timestamp: "2026-01-01T00:00:00.000Z",
    log_level: "info",
    ...overrides,
  };
}

const show = (event: ShownEvent, width = 120, isColoured = false) =>
  new TerminalView(() => ({ width, isColoured })).line(event);

/** Columns of a line that holds no wide characters. */
const columns = (line: string) => [...stripVTControlCharacters(line)].length;

test("a wide terminal shows time, agent, kind, message and details", () => {
  expect(show(eventOf(), 100)).toBe(
    "  0.0s  agent-1              · tool       Read src/index.ts                                  512 ms",
  );
});

test("80 columns: no details; under 60: no time", () => {
  expect(show(eventOf(), 80)).toBe(
    "  0.0s  agent-1           · tool       Read src/index.ts",
  );
  expect(show(eventOf(), 50)).toBe(
    "agent-1      · tool       Read src/index.ts",
  );
});

test.each([20, 40, 59, 60, 80, 95, 96, 120])(
  "no line of a story is wider than %d columns, coloured or not",
  (width) => {
    const view = new TerminalView(() => ({ width, isColoured: true }));
    const widths = fleetStory(1).map(({ at_ms, ...event }) =>
      columns(
        view.line({
          ...event,
          timestamp: new Date(at_ms).toISOString(),
        }),
      ),
    );
    expect(Math.max(...widths)).toBeLessThanOrEqual(Math.max(width, 27));
  },
);

test("a pipe gets the whole message", () => {
  const message = "x".repeat(500);
  expect(show(eventOf({ message }), Infinity)).toContain(message);
});

test("a subagent stands under its parent, by the name it was created with", () => {
  const view = new TerminalView(() => ({ width: 80, isColoured: false }));
  const created = (agent_id: string, name: string, parent: string | null) =>
    eventOf({
      event_type: "agent_created",
      agent_id,
      metadata: { name, parent_agent_id: parent },
    });
  view.line(created("a", "planner", null));
  view.line(created("b", "scout", "a"));
  expect(view.line(eventOf({ agent_id: "b" }))).toContain("  └ scout  ");
});

test("tokens and cost are shown, and nothing that is unknown or nothing", () => {
  const metadata = {
    tokens_input: 12_400,
    tokens_output: 340,
    cost_usd: 0.0612,
  };
  expect(show(eventOf({ metadata }))).toMatch(/ 12\.4k→340 {2}\$0\.06$/);
  expect(
    show(eventOf({ metadata: { tokens_input: 0, tokens_output: 0 } })),
  ).toMatch(/index\.ts$/);
});

test("an event type it has never seen is shown by its name", () => {
  expect(show(eventOf({ event_type: "of_tomorrow" }))).toContain(
    "· of_tomorr…",
  );
});

test("control characters of an agent do not reach the terminal", () => {
  const evil = "a\u001b[2Jb\r\nc\u0007\u202ed";
  const line = show(
    eventOf({
      message: evil,
      event_type: evil,
      agent_id: evil,
      metadata: { name: evil },
    }),
  );
  expect(line).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  expect(line).toContain("a [2Jb c d");
});

test("wide characters count as two columns", () => {
  const line = show(eventOf({ message: "計画".repeat(30), metadata: {} }), 59);
  expect(line).toBe(
    "agent-1      · tool       計画計画計画計画計画計画計画計…",
  );
});

test("what is wrong is red, what needs a person yellow", () => {
  expect(show(eventOf({ event_type: "agent_failed" }), 80, true)).toContain(
    "\u001b[31m✗ failed",
  );
  expect(show(eventOf({ log_level: "error" }), 80, true)).toContain(
    "\u001b[31m· tool",
  );
  expect(
    show(eventOf({ event_type: "permission_request" }), 80, true),
  ).toContain("\u001b[33m? needs you");
});

test.each([
  [{ isTTY: true, columns: 100 }, {}, { width: 100, isColoured: true }],
  [{ isTTY: true }, {}, { width: 80, isColoured: true }],
  [
    { isTTY: true, columns: 100 },
    { NO_COLOR: "1" },
    { width: 100, isColoured: false },
  ],
  [
    { isTTY: true, columns: 100 },
    { NO_COLOR: "" },
    { width: 100, isColoured: true },
  ],
  [
    { isTTY: true, columns: 100 },
    { TERM: "dumb" },
    { width: 100, isColoured: false },
  ],
  [{}, {}, { width: Infinity, isColoured: false }],
])("stream %j, environment %j", (stream, environment, abilities) => {
  expect(terminalAbilities(stream, environment)).toEqual(abilities);
});

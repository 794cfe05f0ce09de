import {
  fitEvent as fitReporting,
  fitStored as fitStoredReporting,
  mapLogToEvent,
  serialize,
} from "../../../../build/rendered/default/adws/adw_modules/adw_websockets/events.ts";
import type {
  EventInput,
  StoredEvent,
} from "../../../../build/rendered/default/adws/adw_modules/adw_websockets/events.ts";

function fitEvent(input: EventInput, maxBytes: number) {
  const problems: { cause: string; text: string }[] = [];
  const fitted = fitReporting(input, maxBytes, (cause, text) => {
    problems.push({ cause, text });
  });
  return { ...fitted, problems };
}

const fitStored = (stored: StoredEvent, maxBytes: number) =>
  fitStoredReporting(stored, maxBytes, () => undefined);

const MARK = "… [truncated]";
const jsonOf = (input: Parameters<typeof fitEvent>[0], maxBytes = 1_024) =>
  serialize(Number.MAX_SAFE_INTEGER, fitEvent(input, maxBytes)).json;

test("an event that fits is sent as it is, with what was left out filled in", () => {
  const { event, body, problems } = fitEvent({ event_type: "x" }, 1_024);
  expect(event).toMatchObject({
    event_type: "x",
    agent_id: "system",
    message: "",
    metadata: {},
    log_type: "event",
    log_level: "info",
  });
  expect(JSON.parse(`{${body}`)).toEqual(event);
  expect(problems).toEqual([]);
});

test("a message that is too large is cut, and small metadata kept", () => {
  const message = "m".repeat(5_000);
  const { event, problems } = fitEvent(
    { event_type: "x", message, metadata: { a: 1 } },
    1_024,
  );
  expect(event.message).toMatch(/^m+… \[truncated\]$/);
  expect(event.metadata).toEqual({ a: 1 });
  expect(problems[0]?.text).toContain("is over 1024 bytes (metadata: 7)");
});

test("metadata that is too large is replaced by its size", () => {
  const metadata = { text: "x".repeat(5_000) };
  expect(fitEvent({ event_type: "x", metadata }, 1_024).event.metadata).toEqual(
    {
      truncated: true,
      original_bytes: 5_011,
    },
  );
});

test("a text is never cut between the halves of one character", () => {
  for (const before of ["", "a"]) {
    const message = before + "👩".repeat(2_000);
    const { event } = fitEvent({ event_type: "x", message }, 1_024);
    const kept = event.message.slice(0, -MARK.length);
    expect(kept).not.toMatch(/[\uD800-\uDBFF]$/);
  }
});

test.each([
  [
    "a cycle",
    () => {
      const a: Record<string, unknown> = {};
      a["a"] = a;
      return a;
    },
  ],
  ["a BigInt", () => ({ n: 1n })],
  [
    "a toJSON that throws",
    () => ({
      toJSON() {
        throw new Error("no");
      },
    }),
  ],
])(
  "metadata with %s is left out and reported, and the event sent",
  (_title, make) => {
    const { event, problems } = fitEvent(
      { event_type: "x", metadata: make() },
      1_024,
    );
    expect(event.metadata).toMatchObject({ unserializable: true });
    expect(problems).toHaveLength(1);
  },
);

describe.each([1_024, 4_096, 65_536])("with a bound of %d bytes", (bound) => {
  test.each([
    ["control characters", "\u0001"],
    ["quotes", '"'],
    ["ASCII", "a"],
    ["characters of three bytes", "漢"],
    ["surrogate pairs", "👩"],
  ])("no event of %s goes over it", (_title, unit) => {
    const text = unit.repeat(bound * 2);
    const names = { event_type: text, agent_id: text, session_id: text };
    for (const input of [
      { event_type: "x", message: text },
      { event_type: "x", metadata: { text } },
      { ...names, log_type: text, log_level: text, timestamp: text },
      { ...names, message: text, metadata: { text } },
    ]) {
      expect(Buffer.byteLength(jsonOf(input, bound))).toBeLessThanOrEqual(
        bound,
      );
      expect(() => JSON.parse(jsonOf(input, bound))).not.toThrow();
    }
  });
});

describe("a stored event", () => {
  const stored = (message: string) => ({
    seq: 7,
    event_type: "x",
    agent_id: "a",
    log_level: "info",
    json: JSON.stringify({ seq: 7, event_type: "x", agent_id: "a", message }),
  });

  test("that is JSON already, and fits, is the same object", () => {
    const event = stored("hello");
    expect(fitStored(event, 1_024)).toBe(event);
  });

  test("that does not fit is cut like a new one", () => {
    const message = "m".repeat(5_000);
    const event = fitStored(stored(message), 1_024);
    expect(JSON.parse(event.json)).toMatchObject({
      seq: 7,
      message: fitEvent({ event_type: "x", message }, 1_024).event.message,
    });
  });

  test("that a database has cut already comes out the same", () => {
    const message = "m".repeat(5_000);
    const cut = { ...stored(message.slice(0, 600) + MARK), original_bytes: 2 };
    expect(JSON.parse(fitStored(cut, 1_024).json).message).toMatch(
      /^m+… \[truncated\]$/,
    );
  });

  test("that is no JSON keeps its names", () => {
    const broken = { ...stored(""), json: "x".repeat(2_000) };
    expect(JSON.parse(fitStored(broken, 1_024).json)).toMatchObject({
      seq: 7,
      event_type: "x",
      agent_id: "a",
    });
  });
});

describe("a log row as an event", () => {
  test("a row of agent_logs", () => {
    expect(
      mapLogToEvent({
        id: 7,
        agent_id: "agent-1",
        log_level: "INFO",
        log_type: "step_start",
        message: "Plan",
        details: '{"step":"plan","session_id":"s-1"}',
        created_at: "2026-11-22 20:00:00",
      }),
    ).toEqual({
      event_type: "step_start",
      agent_id: "agent-1",
      message: "Plan",
      metadata: { step: "plan", session_id: "s-1" },
      timestamp: "2026-11-22T20:00:00.000Z",
      log_type: "step_start",
      log_level: "info",
      session_id: "s-1",
    });
  });

  test("a row of system_logs", () => {
    expect(
      mapLogToEvent({
        id: 1,
        log_level: "WARNING",
        component: "scheduler",
        message: "late",
        details: null,
        created_at: "2026-11-22T20:00:00.123Z",
      }),
    ).toEqual({
      event_type: "system_event",
      agent_id: "system",
      message: "late",
      metadata: { component: "scheduler" },
      timestamp: "2026-11-22T20:00:00.123Z",
      log_type: "event",
      log_level: "warning",
    });
  });

  test("the newer spelling: metadata and source", () => {
    const { metadata } = mapLogToEvent({
      source: "git",
      metadata: { branch: "main" },
      message: "m",
    });
    expect(metadata).toEqual({ branch: "main", component: "git" });
  });

  test("the PostgreSQL spelling: event_type, payload, summary, timestamp", () => {
    expect(
      mapLogToEvent({
        agent_id: "a",
        session_id: "s",
        adw_id: "adw-1",
        adw_step: "build",
        event_category: "hook",
        event_type: "PreToolUse",
        payload: { tool_name: "Read" },
        summary: "reads a file",
        timestamp: new Date(0),
      }),
    ).toMatchObject({
      event_type: "PreToolUse",
      message: "reads a file",
      metadata: { tool_name: "Read", adw_id: "adw-1", adw_step: "build" },
      timestamp: "1970-01-01T00:00:00.000Z",
      session_id: "s",
    });
  });

  test.each([
    ["prompt_text and response_text", "prompt_text", "response_text"],
    ["content and response", "content", "response"],
  ])("a row of prompts, spelled %s", (_name, text, response) => {
    const sent = {
      id: "p1",
      agent_id: "a",
      prompt_type: "command",
      prompt_name: "plan",
      [text]: "Plan it",
      [response]: null,
      status: "pending",
      model_used: "opus",
      created_at: "2026-11-22 20:00:00",
      completed_at: null,
    };
    expect(mapLogToEvent(sent)).toEqual({
      event_type: "prompt_sent",
      agent_id: "a",
      message: "Prompt sent: plan",
      metadata: {
        prompt_id: "p1",
        prompt_type: "command",
        prompt_name: "plan",
        prompt_text: "Plan it",
        model: "opus",
      },
      timestamp: "2026-11-22T20:00:00.000Z",
      log_type: "event",
      log_level: "info",
    });
    const failed = {
      ...sent,
      [response]: "No",
      status: "failed",
      tokens_input: 0,
      cost_usd: 0.5,
      error_message: "overloaded",
      completed_at: "2026-11-22 20:00:07",
    };
    expect(mapLogToEvent(failed)).toMatchObject({
      event_type: "prompt_completed",
      message: "Prompt failed: plan",
      metadata: {
        prompt_text: "Plan it",
        response_text: "No",
        status: "failed",
        tokens_input: 0,
        cost_usd: 0.5,
        error_message: "overloaded",
      },
      timestamp: "2026-11-22T20:00:07.000Z",
      log_level: "error",
    });
  });

  test.each([
    ["missing", undefined, {}],
    ["null", null, {}],
    ["empty text", "", {}],
    ["JSON null", "null", {}],
    ["an object", { a: 1 }, { a: 1 }],
    ["JSON text", '{"a":1}', { a: 1 }],
    ["a JSON list", "[1,2]", { value: [1, 2] }],
    ["a number", 7, { value: 7 }],
    ["text that is not JSON", "plain {", { text: "plain {" }],
  ])("details that are %s", (_name, details, metadata) => {
    expect(mapLogToEvent({ agent_id: "a", details }).metadata).toEqual(
      metadata,
    );
  });

  test.each([null, undefined, ""])(
    "details of %p leave the word to metadata",
    (details) => {
      const row = { agent_id: "a", details, metadata: '{"files":42}' };
      expect(mapLogToEvent(row).metadata).toEqual({ files: 42 });
    },
  );

  test("the row's own details are not changed", () => {
    const details = { a: 1 };
    mapLogToEvent({ component: "c", details });
    expect(details).toEqual({ a: 1 });
  });

  test.each([
    ["DEBUG", "debug"],
    ["Info", "info"],
    ["warn", "warning"],
    ["WARNING", "warning"],
    ["ERROR", "error"],
    ["FATAL", "critical"],
    ["CRITICAL", "critical"],
    ["strange", "info"],
    ["constructor", "info"],
    [undefined, "info"],
    [3, "info"],
  ])("level %p becomes %s", (log_level, expected) => {
    expect(mapLogToEvent({ log_level }).log_level).toBe(expected);
  });

  test.each([
    ["2026-11-22 20:00:00", "2026-11-22T20:00:00.000Z"],
    ["2026-11-22 20:00:00.5", "2026-11-22T20:00:00.500Z"],
    ["2026-11-22T20:00:00", "2026-11-22T20:00:00.000Z"],
    ["2026-11-22T20:00:00+02:00", "2026-11-22T18:00:00.000Z"],
    [1_700_000_000_000, "2023-11-14T22:13:20.000Z"],
  ])("created_at %p is %s", (created_at, expected) => {
    expect(mapLogToEvent({ created_at }).timestamp).toBe(expected);
  });

  test("the event's own type in the details is used where the log has none", () => {
    const details = { event_type: "agent_started" };
    expect(
      mapLogToEvent({ agent_id: "a", log_type: "event", details }),
    ).toMatchObject({
      event_type: "agent_started",
      log_type: "event",
    });
  });

  const throwing = {
    get message(): string {
      throw new Error("no");
    },
  };

  test.each([
    ["null", null],
    ["undefined", undefined],
    ["a number", 7],
    ["text", "text"],
    ["a list", []],
    ["an empty row", {}],
    ["wrong types", { message: 7, agent_id: 7, log_type: 7, details: null }],
    ["text that is no date", { created_at: "yesterday" }],
    ["an invalid date", { created_at: new Date(Number.NaN) }],
    ["a getter that throws", throwing],
  ])("never throws: %s", (_name, log) => {
    const event = mapLogToEvent(log);
    expect(event).toMatchObject({
      agent_id: "system",
      message: "",
      metadata: {},
      log_level: "info",
    });
    expect(Date.parse(event.timestamp)).not.toBeNaN();
  });
});

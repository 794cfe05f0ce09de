import { mapLogToEvent } from "../../../../build/rendered/default/adws/adw_modules/adw_websockets/events.ts";

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
  expect(mapLogToEvent({ agent_id: "a", details }).metadata).toEqual(metadata);
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

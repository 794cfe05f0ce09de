/** The event stream: one fact makes one event, in commit order, without gaps, whoever writes. */
import { execFileSync } from "node:child_process";
import {
  addAgent,
  eventsOf,
  expectNoGaps,
  openForTest,
  temporaryPath,
} from "../../helpers/database.ts";
import { loadRendered } from "../../helpers/rendered-modules.ts";

const { openConnection } = loadRendered("adw_modules/adw_database");
const { streamEventSchema } = loadRendered("adw_modules/orch_database_models");

/** A database with one agent, and a bare connection as another program would have it. */
function stage() {
  const path = temporaryPath();
  const database = openForTest(path);
  const parent = addAgent(database, { id: "parent" });
  const agent = addAgent(database, {
    id: "child",
    parent_agent_id: parent.id,
    config: { name: "Scout", model: "haiku", adw_id: "w1", adw_step: "plan" },
  });
  const since = database.events.lastSeq;
  const connection = openConnection(path, 1_000);
  onCleanup.push(() => connection.close());
  return {
    path,
    database,
    agent,
    parent,
    since,
    connection,
    newEvents: () => eventsOf(database, since),
  };
}
const onCleanup: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of onCleanup.splice(0)) cleanup();
});

describe("an agent", () => {
  it("makes agent_created, with all that is known of it and nothing invented", () => {
    const database = openForTest();
    const kind = database.orchestratorAgents.create({
      name: "Builder",
      agent_type: "builder",
    });
    database.agents.create({
      id: "a1",
      orchestrator_agent_id: kind.id,
      session_id: "s1",
      started_at: "2026-01-02T03:04:05.678Z",
    });
    expect(eventsOf(database)).toEqual([
      {
        seq: 1,
        event_type: "agent_created",
        agent_id: "a1",
        message: "Agent Builder created",
        metadata: {
          name: "Builder",
          agent_type: "builder",
          orchestrator_agent_id: kind.id,
          session_id: "s1",
          status: "initializing",
        },
        timestamp: "2026-01-02T03:04:05.678Z",
        log_type: "state_change",
        log_level: "info",
        session_id: "s1",
      },
    ]);
  });

  it("has its own name and model from config, its parent, and its place in the workflow", () => {
    const { database, parent } = stage();
    expect(eventsOf(database)[1]?.metadata).toMatchObject({
      name: "Scout",
      model: "haiku",
      parent_agent_id: parent.id,
      adw_id: "w1",
      adw_step: "plan",
    });
  });

  it("makes agent_status_changed once for a status that changes, and none for one that does not", () => {
    const { database, agent, newEvents } = stage();
    database.agents.update(agent.id, { status: "initializing" });
    database.agents.update(agent.id, { cost_usd: 0.5 });
    expect(newEvents()).toEqual([]);
    database.agents.update(agent.id, {
      status: "failed",
      error_message: "boom",
    });
    expect(newEvents()).toMatchObject([
      {
        event_type: "agent_status_changed",
        message: "Agent Scout: failed",
        log_level: "error",
        metadata: {
          status: "failed",
          previous_status: "initializing",
          name: "Scout",
          cost_usd: 0.5,
          error_message: "boom",
          parent_agent_id: "parent",
        },
      },
    ]);
  });
});

describe("a prompt", () => {
  it("makes prompt_sent, and prompt_completed with model, tokens, cost and latency", () => {
    const { database, agent, newEvents } = stage();
    const { id } = database.prompts.create({
      agent_id: agent.id,
      prompt_type: "command",
      prompt_name: "plan",
      prompt_text: "Plan “it”\n",
      model_used: "opus",
    });
    database.prompts.update(id, { status: "streaming" });
    database.prompts.update(id, {
      status: "completed",
      response_text: "Done",
      tokens_input: 10,
      tokens_output: 20,
      cost_usd: 0.125,
      latency_ms: 1500,
      completed_at: "2026-01-02T00:00:00.000Z",
    });
    expect(newEvents()).toMatchObject([
      {
        event_type: "prompt_sent",
        session_id: "session-1",
        metadata: {
          prompt_id: id,
          prompt_type: "command",
          prompt_name: "plan",
          prompt_text: "Plan “it”\n",
          model: "opus",
        },
      },
      {
        event_type: "prompt_completed",
        timestamp: "2026-01-02T00:00:00.000Z",
        metadata: {
          prompt_id: id,
          status: "completed",
          response_text: "Done",
          model: "opus",
          tokens_input: 10,
          tokens_output: 20,
          cost_usd: 0.125,
          latency_ms: 1500,
        },
      },
    ]);
  });

  it("that is written once, when it is over, makes both, in order", () => {
    const { database, agent, newEvents } = stage();
    database.prompts.create({
      agent_id: agent.id,
      prompt_type: "adw",
      prompt_text: "x",
      status: "failed",
      error_message: "overloaded",
    });
    expect(newEvents()).toMatchObject([
      { event_type: "prompt_sent", log_level: "info" },
      {
        event_type: "prompt_completed",
        log_level: "error",
        metadata: { status: "failed", error_message: "overloaded" },
      },
    ]);
  });
});

describe("a log row", () => {
  it("makes one event, named by details.event_type or else by its log type", () => {
    const { database, agent, newEvents } = stage();
    database.agentLogs.create({
      agent_id: agent.id,
      log_type: "tool_call",
      message: "Read",
      details: { tool_name: "Read" },
    });
    database.agentLogs.create({
      agent_id: agent.id,
      log_type: "event",
      message: "go",
      details: { event_type: "agent_started", n: 1 },
    });
    database.systemLogs.create({ component: "git", message: "clean" });
    database.systemLogs.create({
      component: "adw",
      message: "new",
      details: { event_type: "adw_created", session_id: "s9" },
    });
    expect(newEvents()).toMatchObject([
      {
        event_type: "tool_call",
        log_type: "tool_call",
        metadata: { tool_name: "Read", parent_agent_id: "parent" },
        session_id: "session-1",
      },
      { event_type: "agent_started", log_type: "event", metadata: { n: 1 } },
      {
        event_type: "system_event",
        agent_id: "system",
        metadata: { component: "git" },
      },
      {
        event_type: "adw_created",
        agent_id: "system",
        session_id: "s9",
        metadata: { component: "adw" },
      },
    ]);
    expect(newEvents()[1]?.metadata).not.toHaveProperty("event_type");
    expect(newEvents()[2]).not.toHaveProperty("session_id");
  });

  it.each([
    ["null", null, {}],
    ["the JSON null", "null", {}],
    ["text", 'say "hi"\n\u0000', { text: 'say "hi"\n\u0000' }],
    ["a list", "[1,2]", { value: [1, 2] }],
    ["a number", "7", { value: 7 }],
    ["NaN, as Python writes it", '{"a": NaN}', { text: '{"a": NaN}' }],
    ["bytes", Buffer.from('{"a":1}'), { a: 1 }],
    ["an event_type that is no text", '{"event_type":7}', { event_type: 7 }],
    ["nulls inside", '{"a":null,"b":{"c":null}}', { a: null, b: { c: null } }],
    ["pretty-printed JSON", '{\n  "a": 1.50\n}', { a: 1.5 }],
  ])(
    "whose details are %s is an event that can be read",
    (_, details, metadata) => {
      const { connection, newEvents } = stage();
      connection
        .prepare(
          "INSERT INTO agent_logs (agent_id, log_type, message, details) VALUES ('parent', 'event', ?, ?)",
        )
        .run("“quotes”, \\ and \u0001", details);
      expect(newEvents()).toMatchObject([
        { message: "“quotes”, \\ and \u0001", metadata },
      ]);
      expect(newEvents()[0]?.metadata).toEqual(metadata);
    },
  );

  it.each([
    ["2026-01-02 03:04:05", "2026-01-02T03:04:05.000Z"],
    ["2026-01-02T03:04:05.123456", "2026-01-02T03:04:05.123Z"],
    ["2026-01-02T03:04:05.5+02:00", "2026-01-02T01:04:05.500Z"],
    ["2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05.678Z"],
  ])("written at %s is stamped %s", (created_at, timestamp) => {
    const { connection, newEvents } = stage();
    connection
      .prepare(
        "INSERT INTO system_logs (component, message, created_at) VALUES ('x', 'y', ?)",
      )
      .run(created_at);
    expect(newEvents()[0]?.timestamp).toBe(timestamp);
  });

  it("with a time that is none is stamped now", () => {
    const { connection, newEvents } = stage();
    const before = new Date().toISOString();
    connection.exec(
      "INSERT INTO system_logs (component, message, created_at) VALUES ('x', 'y', 'yesterday')",
    );
    expect(String(newEvents()[0]?.timestamp) >= before).toBe(true);
  });

  it("of an agent that is missing, written with foreign keys off, is an event all the same", () => {
    const { connection, newEvents } = stage();
    connection.exec(
      "PRAGMA foreign_keys = OFF; INSERT INTO agent_logs (agent_id, log_type, message) VALUES ('ghost', 'event', 'boo')",
    );
    expect(newEvents()).toMatchObject([{ agent_id: "ghost", message: "boo" }]);
  });
});

describe("seq", () => {
  it("has no gaps, whatever fails or is rolled back", () => {
    const { database, connection } = stage();
    const log = "INSERT INTO agent_logs (agent_id, log_type, message)";
    const failing = [
      `${log} VALUES ('nobody', 'event', 'foreign key')`,
      `${log} VALUES ('parent', 'no such type', 'check')`,
      `${log} VALUES ('parent', 'event', 'first'), ('parent', 'event', NULL)`,
      "INSERT OR IGNORE INTO agents (id, orchestrator_agent_id, session_id) VALUES ('parent', 'x', 'y')",
      "INSERT OR FAIL INTO agent_logs (agent_id, log_type, message) VALUES ('parent', 'event', 'stays'), ('parent', 'event', NULL)",
      `BEGIN; ${log} VALUES ('parent', 'event', 'rolled back'); ROLLBACK`,
      `BEGIN; SAVEPOINT a; ${log} VALUES ('parent', 'event', 'rolled back'); ROLLBACK TO a; RELEASE a; ${log} VALUES ('parent', 'event', 'kept'); COMMIT`,
    ];
    for (const sql of failing) {
      try {
        connection.exec(sql);
      } catch {
        // Refused, as most of them should be: the next seq must not show it.
      }
      database.systemLogs.create({ component: "test", message: "between" });
    }
    expectNoGaps(database);
    expect(eventsOf(database, 2).map(({ message }) => message)).toEqual([
      "between",
      "between",
      "between",
      "between",
      "stays",
      "between",
      "between",
      "kept",
      "between",
    ]);
  });
});

describe("as a server's history", () => {
  it("is read by seq, in pages, ready to send", () => {
    const { database } = stage();
    for (let i = 0; i < 10; i += 1)
      database.systemLogs.create({ component: "x", message: String(i) });
    const [first, ...rest] = database.events.read(2, 4);
    expect(rest).toHaveLength(3);
    expect(first).toMatchObject({
      seq: 3,
      event_type: "system_event",
      agent_id: "system",
      session_id: null,
      log_level: "info",
    });
    expect(first?.json).toMatch(
      /^\{"seq":3,"event_type":"system_event","agent_id":"system","message":"0",/,
    );
    expect(database.events.read(12, 4)).toEqual([]);
  });

  it("leaves out what is too large to be sent: a page of it takes no memory", () => {
    const { database, agent, since } = stage();
    const prompt_text = "ä".repeat(1_000_000);
    for (let i = 0; i < 20; i += 1) {
      database.prompts.create({
        agent_id: agent.id,
        prompt_type: "adw",
        prompt_text,
      });
    }
    database.systemLogs.create({
      component: "x",
      message: "y".repeat(2_000_000),
    });
    const page = database.events.read(since, 256);
    const chars = page.reduce((sum, { json }) => sum + json.length, 0);
    expect(chars).toBeLessThan(300_000);
    const events = page.map(({ json }) =>
      streamEventSchema.parse(JSON.parse(json)),
    );
    expect(events).toHaveLength(21);
    expect(events[7]).toMatchObject({
      seq: since + 8,
      event_type: "prompt_sent",
      agent_id: agent.id,
      session_id: "session-1",
      metadata: { truncated: true, original_bytes: expect.any(Number) },
    });
    expect(Number(events[7]?.metadata["original_bytes"])).toBeGreaterThan(
      2_000_000,
    );
    expect(page[7]?.original_bytes).toBe(events[7]?.metadata["original_bytes"]);
    expect(events[20]?.message).toBe(`${"y".repeat(262_144)}… [truncated]`);
    expect(events[20]?.metadata).toEqual({ component: "x" });
    expect(events[20]).not.toHaveProperty("session_id");
    expect(database.prompts.list({}, { limit: 1 })[0]?.prompt_text).toBe(
      prompt_text,
    );
  });

  it("takes events that no row stands for, and gives them their seq", () => {
    const { database, since } = stage();
    const event = {
      event_type: "heartbeat",
      agent_id: "system",
      message: "still here",
      metadata: { n: 1 },
      timestamp: "2026-01-02T03:04:05.678Z",
      log_type: "event",
      log_level: "info",
    };
    const stored = database.events.append(event);
    expect(stored.seq).toBe(since + 1);
    expect(JSON.parse(stored.json)).toEqual({ seq: since + 1, ...event });
    expect(database.events.lastSeq).toBe(since + 1);
  });
});

/** Python's own sqlite3 module stands for every other language: it knows nothing of ours. */
const PYTHON = `
import json, sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("PRAGMA foreign_keys = ON")
with connection:
    connection.execute(
        "INSERT INTO agent_logs (agent_id, log_level, log_type, message, details) VALUES (?, ?, ?, ?, ?)",
        ("parent", "INFO", "milestone", "von Python: \\u00e4\\u20ac\\U0001F40D", json.dumps({"n": 1, "text": "\\u00e4"}, indent=2)),
    )
    connection.execute("UPDATE agents SET status = 'completed' WHERE id = 'parent'")
connection.close()
`;

describe("another language", () => {
  it("writes rows, and they are events", () => {
    const { path, newEvents } = stage();
    execFileSync("python3", ["-c", PYTHON, path]);
    expect(newEvents()).toMatchObject([
      {
        event_type: "milestone",
        log_level: "info",
        message: "von Python: ä€🐍",
        metadata: { n: 1, text: "ä" },
      },
      { event_type: "agent_status_changed", metadata: { status: "completed" } },
    ]);
  });
});

describe("a watch", () => {
  it("tells of another process's commit, and not of this connection's own", async () => {
    const { path, database } = stage();
    let told = 0;
    const watch = database.watch(() => (told += 1));
    onCleanup.push(() => watch.close());
    database.systemLogs.create({ component: "own", message: "x" });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(told).toBe(0);
    const seen = new Promise<void>((resolve) => {
      const second = database.watch(resolve);
      onCleanup.push(() => second.close());
    });
    execFileSync("python3", ["-c", PYTHON, path]);
    await seen;
    expect(eventsOf(database).at(-1)).toMatchObject({
      event_type: "agent_status_changed",
    });
  });

  it("goes on when the -wal file is not there at first, or is another one later", async () => {
    const path = temporaryPath();
    openForTest(path).close();
    const database = openForTest(path);
    let changed: () => void = () => undefined;
    const watch = database.watch(() => changed());
    onCleanup.push(() => watch.close());
    for (let round = 0; round < 3; round += 1) {
      const seen = new Promise<void>((resolve) => {
        changed = resolve;
      });
      const other = openConnection(path, 1_000);
      other.exec(
        "INSERT INTO system_logs (component, message) VALUES ('x', 'y')",
      );
      other.exec("PRAGMA wal_checkpoint(TRUNCATE)");
      other.close();
      await seen;
    }
    expect(database.events.lastSeq).toBe(3);
  });
});

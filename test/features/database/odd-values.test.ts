/** What other programs leave in the tables: no value makes a read fail, and no row hides others. */
import { isUtf8 } from "node:buffer";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LOADER } from "../../helpers/program.ts";
import { copyRendered } from "../../helpers/rendered-modules.ts";
import { sqlWriter } from "../../helpers/sqlite-writer.ts";
import {
  addAgent,
  eventsOf,
  openForTest,
  temporaryPath,
} from "../../helpers/database.ts";
import { captureStderr } from "../../helpers/servers.ts";

const TOO_LARGE = "9007199254740993"; // 2^53 + 1

function openWithWriter() {
  const path = temporaryPath();
  const database = openForTest(path);
  const { id } = addAgent(database);
  return { path, database, id, sql: sqlWriter(path) };
}

describe("integers beyond 2^53", () => {
  it("are the nearest number in lists, in every integer column, and exact in the event's JSON", () => {
    const { database, id, sql } = openWithWriter();
    sql(`INSERT INTO prompts (id, agent_id, prompt_type, prompt_text, status, tokens_input, tokens_output, latency_ms, cost_usd)
      VALUES ('p', '${id}', 'command', 'x', 'completed', ${TOO_LARGE}, -${TOO_LARGE}, 9223372036854775807, 1.5)`);
    sql(
      `INSERT INTO agent_logs (id, agent_id, log_type, message) VALUES (${TOO_LARGE}, '${id}', 'event', 'big id')`,
    );
    sql(
      "INSERT INTO system_logs (component, message) VALUES ('git', 'the next row')",
    );
    expect(database.prompts.list()).toMatchObject([
      {
        tokens_input: 9_007_199_254_740_992,
        tokens_output: -9_007_199_254_740_992,
        latency_ms: 2 ** 63,
        cost_usd: 1.5,
      },
    ]);
    expect(database.prompts.get("p")?.tokens_input).toBe(2 ** 53);
    expect(database.agentLogs.list()).toMatchObject([{ message: "big id" }]);
    expect(database.recentLogs()).toHaveLength(2);
    const completed = database.events
      .read(0, 100)
      .find(({ event_type }) => event_type === "prompt_completed");
    expect(completed?.json).toContain(`"tokens_input":${TOO_LARGE}`);
  });

  it("as the seq of an event hide no other event", () => {
    const { database, sql } = openWithWriter();
    sql(`INSERT INTO event_stream (seq, event_type, agent_id, message, metadata, timestamp, log_type, log_level)
      VALUES (${TOO_LARGE}, 'x', 'a', 'm', '{}', 't', 'event', 'info')`);
    expect(database.events.read(0, 100)).toHaveLength(1);
    expect(database.events.lastSeq).toBeLessThanOrEqual(2 ** 53 - 1);
  });
});

describe("text that is not UTF-8", () => {
  it("is read with U+FFFD, from BLOBs and invalid bytes, in lists and in events", () => {
    const { database, id, sql } = openWithWriter();
    for (const message of ["x'61ff62'", "CAST(x'61ff62' AS TEXT)"]) {
      sql(
        `INSERT INTO agent_logs (agent_id, log_type, message, details) VALUES ('${id}', 'event', ${message}, ${message})`,
      );
    }
    const rows = database.agentLogs.list();
    expect(rows.map(({ message }) => message)).toEqual(["a�b", "a�b"]);
    expect(rows.map(({ details }) => details)).toEqual(
      Array.from({ length: 2 }, () => ({ text: "a�b" })),
    );
    expect(eventsOf(database, 1)).toMatchObject([
      { message: "a�b", metadata: { text: "a�b" } },
      { message: "a�b", metadata: { text: "a�b" } },
    ]);
    for (const { json } of database.events.read(0, 9)) {
      expect(isUtf8(Buffer.from(json))).toBe(true);
    }
  });

  it("NUL characters stay, in lists and in events", () => {
    const { database, id, sql } = openWithWriter();
    database.agentLogs.create({
      agent_id: id,
      log_type: "event",
      message: "a\0b",
      details: { text: "c\0d" },
    });
    sql(
      `INSERT INTO agent_logs (agent_id, log_type, message, details) VALUES ('${id}', 'event', 'next', '{"a":1}' || char(0) || 'rest')`,
    );
    expect(database.agentLogs.list()).toMatchObject([
      { message: "next", details: { text: '{"a":1}\0rest' } },
      { message: "a\0b", details: { text: "c\0d" } },
    ]);
    expect(eventsOf(database, 1)).toMatchObject([
      { message: "a\0b", metadata: { text: "c\0d" } },
      { message: "next" },
    ]);
  });

  it("half a surrogate pair is stored as U+FFFD", () => {
    const { database, id } = openWithWriter();
    database.agentLogs.create({
      agent_id: id,
      log_type: "event",
      message: "a\ud800b 😀",
    });
    database.systemLogs.append("info", "git", "\udc00", null, "2026-01-01");
    expect(database.agentLogs.list()[0]?.message).toBe("a�b 😀");
    expect(database.systemLogs.list()[0]?.message).toBe("�");
    expect(eventsOf(database, 1).map(({ message }) => message)).toEqual([
      "a�b 😀",
      "�",
    ]);
  });

  it("names with NUL characters are whole, for the filters too", () => {
    const { database, sql } = openWithWriter();
    sql(`INSERT INTO agents (id, orchestrator_agent_id, session_id)
      SELECT 'a' || char(0) || 'b', id, 's' FROM orchestrator_agents`);
    addAgent(database);
    expect(database.events.read(1, 9)).toMatchObject([
      { agent_id: "a\0b", session_id: "s" },
      { session_id: "session-1" },
    ]);
    expect(database.agents.list()).toHaveLength(3);
  });
});

describe("a row that is none of ours", () => {
  it("hides no other row, and is reported once when it is left out", () => {
    const reports = captureStderr();
    const { database, id, sql } = openWithWriter();
    sql(`PRAGMA ignore_check_constraints = ON;
      INSERT INTO agent_logs (agent_id, log_type, log_level, message, details) VALUES ('${id}', 'unheard_of', 'info', 'm', '{');
      INSERT INTO agent_logs (agent_id, log_type, log_level, message, details) VALUES ('${id}', 'event', 'loud', 'm', '{');
      INSERT INTO prompts (id, agent_id, prompt_type, prompt_text, status, tokens_input, cost_usd)
        VALUES ('p', '${id}', 'command', 'x', 'lost', 'many', 9e999);
      UPDATE agents SET status = 'asleep'`);
    database.agentLogs.create({
      agent_id: id,
      log_type: "event",
      message: "ok",
    });
    expect(database.agentLogs.list()).toMatchObject([
      { message: "ok" },
      { message: "m", log_level: "info", details: { text: "{" } },
    ]);
    database.agentLogs.list();
    expect(database.prompts.list()).toMatchObject([
      { id: "p", status: null, tokens_input: null, cost_usd: null },
    ]);
    expect(database.agents.list()).toMatchObject([{ id, status: null }]);
    expect(reports).toHaveLength(1);
    expect(reports[0]).toContain("agent_logs 1 (log_type: ");
  });

  it("in the stream itself, with metadata that is no JSON, hides no other event", () => {
    const { database, sql } = openWithWriter();
    sql(`INSERT INTO event_stream (event_type, agent_id, message, metadata, timestamp, log_type, log_level)
      VALUES ('x', 'a', 'm', '{broken', 't', 'event', 'info'), ('x', 'a', 'm', x'ff', 't', 'event', 'info')`);
    expect(eventsOf(database, 1)).toMatchObject([
      { message: "m", metadata: { text: "{broken" } },
      { message: "m", metadata: { text: "�" } },
    ]);
  });

  it("in the stream itself, with metadata that is no object, has an object on the wire", () => {
    const { database, sql } = openWithWriter();
    const values = ["[1]", "null", "5", '"x"', ' {"a":1} '];
    for (const value of values) {
      sql(`INSERT INTO event_stream (event_type, agent_id, message, metadata, timestamp, log_type, log_level)
        VALUES ('x', 'a', 'm', '${value}', 't', 'event', 'info')`);
    }
    expect(eventsOf(database, 1).map(({ metadata }) => metadata)).toEqual([
      { value: [1] },
      {},
      { value: 5 },
      { value: "x" },
      { a: 1 },
    ]);
  });

  it("with BLOBs for ids and names is not refused, and its events have them as text", () => {
    const { database, sql } = openWithWriter();
    sql(`
      INSERT INTO orchestrator_agents (id, name, agent_type, default_model) VALUES (x'6b', x'6e', 'builder', x'6d');
      INSERT INTO agents (id, orchestrator_agent_id, session_id, project, source) VALUES (x'70', x'6b', x'73', x'71', x'72');
      INSERT INTO agents (id, orchestrator_agent_id, session_id, parent_agent_id) VALUES (x'63', x'6b', x'73', x'70');
      UPDATE agents SET status = 'executing' WHERE id = x'63';
      INSERT INTO agent_logs (agent_id, log_type, message) VALUES (x'63', 'event', 'log');
      INSERT INTO prompts (id, agent_id, prompt_type, prompt_text, status) VALUES (x'69', x'63', 'adw', 'x', 'completed');
    `);
    const child = { agent_id: "c", session_id: "s" };
    const parent = { parent_agent_id: "p" };
    expect(eventsOf(database, 1)).toMatchObject([
      { agent_id: "p", session_id: "s", project: "q", source: "r" },
      { ...child, metadata: { name: "n", model: "m", ...parent } },
      { ...child, message: "Agent n: executing", metadata: parent },
      { ...child, message: "log", metadata: parent },
      { ...child, metadata: { prompt_id: "i", ...parent } },
      { ...child, event_type: "prompt_completed", metadata: parent },
    ]);
  });
});

test("a log row lands in the columns that it is for, whatever the order of the schema's keys", () => {
  const { adwsDir, remove } = copyRendered();
  try {
    const models = join(adwsDir, "adw_modules/orch_database_models.ts");
    const text = readFileSync(models, "utf8");
    const reordered = text.replace(
      "  log_type: logTypeSchema,\n  message: z.string(),\n  details: newObject,",
      "  details: newObject,\n  message: z.string(),\n  log_type: logTypeSchema,",
    );
    expect(reordered).not.toBe(text);
    writeFileSync(models, reordered);
    const path = temporaryPath();
    const script = join(adwsDir, "log.ts");
    writeFileSync(
      script,
      `import { initLogging, closeLogging, logAgentCreated, logAgentEvent } from "./adw_modules/adw_logging.ts";
       initLogging({ path: process.argv[2] });
       const agent = logAgentCreated({ name: "A", agent_type: "builder", session_id: "s" });
       logAgentEvent(agent, "milestone", "text", { a: 1 });
       await closeLogging();`,
    );
    const { stderr } = spawnSync(process.execPath, [...LOADER, script, path], {
      encoding: "utf8",
    });
    expect(stderr).toBe("");
    expect(openForTest(path).agentLogs.list()).toMatchObject([
      { log_type: "milestone", message: "text", details: { a: 1 } },
    ]);
  } finally {
    remove();
  }
});

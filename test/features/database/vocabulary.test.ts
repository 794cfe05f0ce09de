import * as vocabulary from "../../../src/domain/vocabulary.ts";
import { addAgent, eventsOf, openForTest } from "../../helpers/database.ts";
import { loadRendered, renderedPath } from "../../helpers/rendered-modules.ts";
import { readFileSync } from "node:fs";

const models = loadRendered("adw_modules/orch_database_models");

const CHECKED_COLUMNS = [
  ["orchestrator_agents", "agent_type", vocabulary.AGENT_TYPES],
  ["agents", "status", vocabulary.AGENT_STATUSES],
  ["prompts", "prompt_type", vocabulary.PROMPT_TYPES],
  ["prompts", "status", vocabulary.PROMPT_STATUSES],
  ["agent_logs", "log_type", vocabulary.LOG_TYPES],
  ["agent_logs", "log_level", vocabulary.LOG_LEVELS],
  ["system_logs", "log_level", vocabulary.LOG_LEVELS],
] as const;

describe("one vocabulary", () => {
  it.each(CHECKED_COLUMNS)(
    "is what the CHECK of %s.%s lists",
    (table, column, words) => {
      const sql = readFileSync(
        renderedPath("schema/schema_orchestrator.sql"),
        "utf8",
      );
      const [, body = ""] =
        new RegExp(
          `CREATE TABLE IF NOT EXISTS ${table} \\((.*?)\\n\\);`,
          "s",
        ).exec(sql) ?? [];
      const [, list = ""] =
        new RegExp(`CHECK \\(${column} IN \\((.*?)\\)\\)`).exec(body) ?? [];
      expect(list.split(", ")).toEqual(words.map((word) => `'${word}'`));
    },
  );

  it("is what the zod enums list", () => {
    expect(models.AGENT_TYPES).toEqual(vocabulary.AGENT_TYPES);
    expect(models.AGENT_STATUSES).toEqual(vocabulary.AGENT_STATUSES);
    expect(models.PROMPT_TYPES).toEqual(vocabulary.PROMPT_TYPES);
    expect(models.PROMPT_STATUSES).toEqual(vocabulary.PROMPT_STATUSES);
    expect(models.LOG_TYPES).toEqual(vocabulary.LOG_TYPES);
    expect(models.LOG_LEVELS).toEqual(vocabulary.LOG_LEVELS);
    expect(models.FINAL_STATUSES).toEqual(vocabulary.FINAL_STATUSES);
  });

  it("names every event type that the log types and triggers make", () => {
    const database = openForTest();
    const agent = addAgent(database);
    for (const log_type of vocabulary.LOG_TYPES) {
      database.agentLogs.create({
        agent_id: agent.id,
        log_type,
        message: log_type,
      });
    }
    database.systemLogs.create({ component: "test", message: "hello" });
    const prompt = database.prompts.create({
      agent_id: agent.id,
      prompt_type: "adw",
      prompt_text: "Do it",
    });
    database.prompts.update(prompt.id, { status: "completed" });
    database.agents.update(agent.id, { status: "completed" });
    const made = new Set(eventsOf(database).map((event) => event.event_type));
    expect(made.size).toBe(vocabulary.LOG_TYPES.length + 5);
    for (const type of made) expect(vocabulary.EVENT_TYPES).toContain(type);
  });
});

describe("every value can be written and read back", () => {
  it.each(vocabulary.AGENT_TYPES)("agent type %s", (agent_type) => {
    const kind = openForTest().orchestratorAgents.create({
      name: "A",
      agent_type,
    });
    expect(kind.agent_type).toBe(agent_type);
  });

  it.each(vocabulary.AGENT_STATUSES)("agent status %s", (status) => {
    const database = openForTest();
    expect(
      database.agents.update(addAgent(database).id, { status })?.status,
    ).toBe(status);
  });

  it.each(vocabulary.PROMPT_TYPES)("prompt type %s", (prompt_type) => {
    const database = openForTest();
    const { id } = addAgent(database);
    expect(
      database.prompts.create({ agent_id: id, prompt_type, prompt_text: "x" })
        .prompt_type,
    ).toBe(prompt_type);
  });

  it.each(vocabulary.PROMPT_STATUSES)("prompt status %s", (status) => {
    const database = openForTest();
    const { id } = addAgent(database);
    expect(
      database.prompts.create({
        agent_id: id,
        prompt_type: "adw",
        prompt_text: "x",
        status,
      }).status,
    ).toBe(status);
  });

  it.each(vocabulary.LOG_TYPES)("log type %s", (log_type) => {
    const database = openForTest();
    const { id } = addAgent(database);
    expect(
      database.agentLogs.create({ agent_id: id, log_type, message: "x" })
        .log_type,
    ).toBe(log_type);
  });

  it.each(
    vocabulary.LOG_LEVELS.flatMap((level) => [level, level.toUpperCase()]),
  )("log level %s", (level) => {
    const database = openForTest();
    const { id } = addAgent(database);
    const lower = level.toLowerCase();
    const log_level = models.logLevelSchema.parse(level);
    expect(
      database.agentLogs.create({
        agent_id: id,
        log_type: "event",
        message: "x",
        log_level,
      }).log_level,
    ).toBe(lower);
    database.systemLogs.append(
      level,
      "test",
      "as another language writes it",
      null,
      null,
    );
    expect(database.systemLogs.list({ log_level })[0]?.log_level).toBe(lower);
    expect(eventsOf(database).at(-1)).toMatchObject({ log_level: lower });
  });

  it("refuses what is not in the vocabulary", () => {
    const database = openForTest();
    const { id } = addAgent(database);
    expect(() =>
      database.agentLogs.append(id, "info", "no_such_type", "x", null, null),
    ).toThrow("CHECK constraint failed");
    expect(() =>
      database.agentLogs.append(id, "loud", "event", "x", null, null),
    ).toThrow("CHECK constraint failed");
  });
});

/** adw_database: typed rows in, typed rows out; transactions; retention. */
import {
  addAgent,
  eventsOf,
  expectNoGaps,
  openForTest,
  temporaryPath,
} from "../../helpers/database.ts";
import { loadRendered } from "../../helpers/rendered-modules.ts";

const { databasePath, openDatabase } = loadRendered("adw_modules/adw_database");
const DAY_MS = 86_400_000;
const daysAgo = (days: number) =>
  new Date(Date.now() - days * DAY_MS).toISOString();

describe("the file", () => {
  const before = process.env["TAC_ORCHESTRATOR_DB"];
  afterEach(() => {
    if (before === undefined) delete process.env["TAC_ORCHESTRATOR_DB"];
    else process.env["TAC_ORCHESTRATOR_DB"] = before;
  });

  it("is the project's own by default", () => {
    delete process.env["TAC_ORCHESTRATOR_DB"];
    expect(databasePath()).toMatch(/adws\/schema\/orchestrator\.db$/);
  });

  it("is what TAC_ORCHESTRATOR_DB names", () => {
    process.env["TAC_ORCHESTRATOR_DB"] = "/tmp/other.db";
    expect(databasePath()).toBe("/tmp/other.db");
  });

  it("is in WAL mode, with foreign keys on, synchronous = NORMAL and a busy timeout", () => {
    const { openConnection } = loadRendered("adw_modules/adw_database");
    const connection = openConnection(temporaryPath(), 1_234);
    const pragma = (name: string) =>
      Object.values(Object(connection.prepare(`PRAGMA ${name}`).get()));
    expect(pragma("journal_mode")).toEqual(["wal"]);
    expect(pragma("foreign_keys")).toEqual([1]);
    expect(pragma("synchronous")).toEqual([1]);
    expect(pragma("busy_timeout")).toEqual([1_234]);
    connection.close();
  });

  it("is given up when it stays locked, though the clock is set back", () => {
    const { openConnection } = loadRendered("adw_modules/adw_database");
    const path = temporaryPath();
    const other = openConnection(path, 1_000);
    other.exec("PRAGMA journal_mode = DELETE");
    other.exec("BEGIN EXCLUSIVE");
    const [now, start] = [Date.now.bind(Date), performance.now()];
    const clock = jest.spyOn(Date, "now").mockImplementation(() => {
      const isSetBack = performance.now() - start > 100;
      return now() - (isSetBack ? 5_000 : 0);
    });
    expect(() => openDatabase({ path, busyTimeoutMs: 500 })).toThrow("locked");
    expect(performance.now() - start).toBeLessThan(4_000);
    clock.mockRestore();
    other.close();
  });

  it("is made with its folders, and keeps its stream when opened again", () => {
    const path = `${temporaryPath()}.d/deeper/orchestrator.db`;
    const first = openDatabase({ path });
    const { streamId } = first.events;
    first.close();
    expect(openForTest(path).events.streamId).toBe(streamId);
    expect(openForTest().events.streamId).not.toBe(streamId);
  });
});

describe("rows", () => {
  it("come back as they were written, with ids, times and defaults filled in", () => {
    const database = openForTest();
    const kind = database.orchestratorAgents.create({
      name: "Planner",
      agent_type: "planner",
      capabilities: ["read", "plan"],
    });
    expect(kind).toMatchObject({
      description: null,
      capabilities: ["read", "plan"],
    });
    const agent = database.agents.create({
      orchestrator_agent_id: kind.id,
      session_id: "s",
      config: { name: "Planner 1", limits: { turns: 5 } },
    });
    expect(agent).toMatchObject({
      status: "initializing",
      cost_usd: 0,
      config: { name: "Planner 1", limits: { turns: 5 } },
    });
    expect(agent.started_at).toMatch(
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
    );
    expect(database.agents.get(agent.id)).toEqual(agent);
    expect(database.agents.get("nobody")).toBeUndefined();
  });

  it("are listed newest first, by equal columns, null included, in pages", () => {
    const database = openForTest();
    const parent = addAgent(database, { id: "a1" });
    addAgent(database, { id: "a2", parent_agent_id: parent.id });
    addAgent(database, {
      id: "a3",
      parent_agent_id: parent.id,
      session_id: "other",
    });
    const ids = (rows: { id: string }[]) => rows.map(({ id }) => id);
    expect(ids(database.agents.list())).toEqual(["a3", "a2", "a1"]);
    expect(ids(database.agents.list({ parent_agent_id: "a1" }))).toEqual([
      "a3",
      "a2",
    ]);
    expect(ids(database.agents.list({ parent_agent_id: null }))).toEqual([
      "a1",
    ]);
    expect(
      ids(database.agents.list({ parent_agent_id: "a1", session_id: "other" })),
    ).toEqual(["a3"]);
    expect(ids(database.agents.list({}, { limit: 1, offset: 1 }))).toEqual([
      "a2",
    ]);
  });

  it("are updated in the columns given, and in no other", () => {
    const database = openForTest();
    const { id } = addAgent(database, { config: { name: "A" } });
    const updated = database.agents.update(id, {
      status: "failed",
      error_message: "boom",
    });
    expect(updated).toMatchObject({
      status: "failed",
      error_message: "boom",
      config: { name: "A" },
    });
    expect(
      database.agents.update(id, { error_message: null })?.error_message,
    ).toBeNull();
    expect(
      database.agents.update("nobody", { status: "failed" }),
    ).toBeUndefined();
  });

  it("keep updated_at current, whoever updates", async () => {
    const database = openForTest();
    const kind = database.orchestratorAgents.create({
      name: "A",
      agent_type: "utility",
    });
    await new Promise((resolve) => setTimeout(resolve, 5));
    const updated = database.orchestratorAgents.update(kind.id, {
      description: "x",
    });
    expect(String(updated?.updated_at) > String(kind.updated_at)).toBe(true);
  });

  it("are refused when they are none", () => {
    const database = openForTest();
    const { id } = addAgent(database);
    const anything = (value: unknown) => JSON.parse(JSON.stringify(value));
    expect(() => database.agents.create(anything({ session_id: "s" }))).toThrow(
      "orchestrator_agent_id",
    );
    expect(() =>
      database.agents.update(id, anything({ status: "asleep" })),
    ).toThrow("status");
    expect(() =>
      database.agents.update(id, anything({ "status = 1; --": 1 })),
    ).toThrow("Unrecognized key");
    expect(() =>
      database.agents.list(anything({ "1 = 1 OR id": "x" })),
    ).toThrow('agents has no column "1 = 1 OR id"');
    expect(() =>
      database.agents.create({
        orchestrator_agent_id: "none",
        session_id: "s",
      }),
    ).toThrow("FOREIGN KEY");
  });

  it("of another writer are read, whatever its JSON columns hold", () => {
    const database = openForTest();
    const { id } = addAgent(database);
    for (const details of [null, "null", "not json", "[1]", '{"a":1}']) {
      database.agentLogs.append(
        id,
        "INFO",
        "event",
        "x",
        details,
        "2026-01-02 03:04:05",
      );
    }
    expect(
      database.agentLogs
        .list({}, { limit: 5 })
        .map((row) => row.details)
        .toReversed(),
    ).toEqual([null, null, { text: "not json" }, { value: [1] }, { a: 1 }]);
  });

  it("go with their agent: foreign keys are on", () => {
    const path = temporaryPath();
    const database = openForTest(path);
    const { id } = addAgent(database);
    database.agentLogs.create({
      agent_id: id,
      log_type: "event",
      message: "x",
    });
    const { openConnection } = loadRendered("adw_modules/adw_database");
    const connection = openConnection(path, 1_000);
    connection.prepare("DELETE FROM agents WHERE id = ?").run(id);
    connection.close();
    expect(database.agentLogs.list()).toEqual([]);
  });
});

describe("logs", () => {
  it("are queried by columns and by time, in any writer's spelling of it", () => {
    const database = openForTest();
    const { id } = addAgent(database);
    database.agentLogs.append(
      id,
      "info",
      "event",
      "old",
      null,
      "2026-01-01 10:00:00",
    );
    database.agentLogs.append(
      id,
      "error",
      "error",
      "bad",
      null,
      "2026-01-01T11:00:00.500Z",
    );
    database.agentLogs.append(
      id,
      "info",
      "event",
      "new",
      null,
      "2026-01-01T14:00:00+02:00",
    );
    const messages = (query: Parameters<typeof database.agentLogs.query>[0]) =>
      database.agentLogs.query(query).map(({ message }) => message);
    expect(messages({ since: new Date("2026-01-01T10:30:00Z") })).toEqual([
      "new",
      "bad",
    ]);
    expect(messages({ until: new Date("2026-01-01T11:00:00Z") })).toEqual([
      "old",
    ]);
    expect(messages({ where: { log_level: "error" } })).toEqual(["bad"]);
  });

  it("of agents and system come together in recentLogs, newest first", () => {
    const database = openForTest();
    const { id } = addAgent(database);
    database.agentLogs.append(
      id,
      "info",
      "event",
      "1",
      null,
      "2026-01-01 10:00:00",
    );
    database.systemLogs.append(
      "info",
      "git",
      "2",
      null,
      "2026-01-01T10:00:01.000Z",
    );
    database.agentLogs.append(
      id,
      "info",
      "event",
      "3",
      null,
      "2026-01-01T10:00:02.000Z",
    );
    expect(database.recentLogs().map(({ message }) => message)).toEqual([
      "3",
      "2",
      "1",
    ]);
    expect(database.recentLogs(2).map(({ source }) => source)).toEqual([
      "agent",
      "system",
    ]);
  });
});

describe("a transaction", () => {
  it("commits all its rows and events at once, and tells listeners once", () => {
    const database = openForTest();
    let commits = 0;
    const stop = database.onCommit(() => (commits += 1));
    database.transaction(() => {
      const { id } = addAgent(database);
      database.transaction(() => addAgent(database, { parent_agent_id: id }));
    });
    expect(commits).toBe(1);
    expect(database.events.lastSeq).toBe(2);
    stop();
    addAgent(database);
    expect(commits).toBe(1);
  });

  it("leaves nothing when it throws, not even a gap in seq", () => {
    const database = openForTest();
    const { id } = addAgent(database);
    const before = database.events.lastSeq;
    expect(() =>
      database.transaction(() => {
        database.agentLogs.create({
          agent_id: id,
          log_type: "event",
          message: "lost",
        });
        throw new Error("stop");
      }),
    ).toThrow("stop");
    expect(database.agentLogs.list()).toEqual([]);
    database.agentLogs.create({
      agent_id: id,
      log_type: "event",
      message: "kept",
    });
    expect(database.events.lastSeq).toBe(before + 1);
    expectNoGaps(database);
  });

  it("must be synchronous", () => {
    const database = openForTest();
    expect(() => database.transaction(async () => undefined)).toThrow(
      "a transaction's work must be synchronous",
    );
    expect(() => addAgent(database)).not.toThrow();
  });

  it("lets others read meanwhile", () => {
    const path = temporaryPath();
    const writer = openForTest(path);
    const reader = openForTest(path);
    addAgent(writer);
    writer.transaction(() => {
      addAgent(writer);
      expect(reader.agents.list()).toHaveLength(1);
    });
    expect(reader.agents.list()).toHaveLength(2);
  });
});

describe("retention", () => {
  it("deletes rows older than the days, prunes the stream, and never reuses a seq", async () => {
    const database = openForTest();
    const { id } = addAgent(database);
    for (let day = 40; day > 0; day -= 1) {
      database.agentLogs.append(
        id,
        "info",
        "event",
        `day ${day}`,
        null,
        daysAgo(day - 0.5),
      );
    }
    database.systemLogs.append("info", "git", "old", null, daysAgo(99));
    // The first event is agent_created, of today: the stream starts at it.
    expect(await database.cleanupOldLogs(30)).toEqual({
      agent_logs: 10,
      system_logs: 1,
      events: 0,
    });
    expect(database.agentLogs.list({}, { limit: 100 })).toHaveLength(30);

    const last = database.events.lastSeq;
    const all = await database.cleanupOldLogs(0);
    expect(all).toEqual({ agent_logs: 30, system_logs: 0, events: last });
    expect(database.events).toMatchObject({
      firstSeq: last + 1,
      lastSeq: last,
    });
    expect(database.agents.get(id)).toBeDefined();
    addAgent(database);
    expect(database.events).toMatchObject({
      firstSeq: last + 1,
      lastSeq: last + 1,
    });
  });

  it("moves firstSeq to the first event that is young enough", async () => {
    const database = openForTest();
    for (let day = 40; day > 0; day -= 1) {
      database.systemLogs.append(
        "info",
        "git",
        `day ${day}`,
        null,
        daysAgo(day - 0.5),
      );
    }
    expect(await database.cleanupOldLogs(30)).toMatchObject({ events: 10 });
    expect(database.events).toMatchObject({ firstSeq: 11, lastSeq: 40 });
    expect(eventsOf(database)[0]?.message).toBe("day 30");
    expectNoGaps(database);
  });

  it("is not held up by a clock that is years ahead", async () => {
    const database = openForTest();
    database.systemLogs.append(
      "info",
      "git",
      "wrong clock",
      null,
      "2199-01-01 00:00:00",
    );
    database.systemLogs.append("info", "git", "old", null, daysAgo(50));
    database.systemLogs.append("info", "git", "new", null, daysAgo(1));
    expect(await database.cleanupOldLogs(30)).toMatchObject({ events: 2 });
    expect(database.events.firstSeq).toBe(3);
  });

  it("gives up after 30 s of another writer, though the clock is set back", async () => {
    const path = temporaryPath();
    openForTest(path).systemLogs.append("info", "git", "x", null, daysAgo(50));
    const { openConnection } = loadRendered("adw_modules/adw_database");
    const writer = openConnection(path, 1_000);
    writer.exec("BEGIN IMMEDIATE");
    const database = openDatabase({ path, busyTimeoutMs: 0 });
    jest.useFakeTimers();
    const failed = jest.fn();
    database.cleanupOldLogs(30).catch(failed);
    await jest.advanceTimersByTimeAsync(1_000);
    jest.setSystemTime(Date.now() - 3_600_000);
    await jest.advanceTimersByTimeAsync(28_000);
    expect(failed).not.toHaveBeenCalled();
    await jest.advanceTimersByTimeAsync(2_000);
    expect(failed).toHaveBeenCalledTimes(1);
    jest.useRealTimers();
    writer.close();
    database.close();
  });

  it("works through many ranges, and lets other work go on in between", async () => {
    const database = openForTest();
    database.transaction(() => {
      for (let i = 0; i < 12_000; i += 1) {
        database.systemLogs.append("info", "git", "x", null, daysAgo(50));
      }
    });
    let turns = 0;
    const counting = setInterval(() => (turns += 1), 0);
    expect(await database.cleanupOldLogs(1)).toEqual({
      agent_logs: 0,
      system_logs: 12_000,
      events: 12_000,
    });
    clearInterval(counting);
    expect(turns).toBeGreaterThan(0);
  });

  it("waits for its turn while others write, without holding up its own process", async () => {
    const path = temporaryPath();
    const database = openForTest(path);
    const other = openForTest(path);
    database.setBusyTimeout(0);
    other.systemLogs.append("info", "git", "old", null, daysAgo(50));
    const { openConnection } = loadRendered("adw_modules/adw_database");
    const connection = openConnection(path, 1_000);
    connection.exec("BEGIN IMMEDIATE");
    const cleaning = database.cleanupOldLogs(30);
    await new Promise((resolve) => setTimeout(resolve, 200));
    connection.exec("COMMIT");
    connection.close();
    expect(await cleaning).toMatchObject({ system_logs: 1, events: 1 });
  });

  it("refuses a number of days that is none", async () => {
    const database = openForTest();
    await expect(database.cleanupOldLogs(-1)).rejects.toThrow(
      "days must be a number of at least 0, not -1",
    );
    await expect(database.cleanupOldLogs(Number.NaN)).rejects.toThrow(
      RangeError,
    );
  });
});

/** adw_logging: what a workflow calls. */
import { rmSync } from "node:fs";
import { basename, dirname } from "node:path";
import {
  addAgent,
  eventsOf,
  openForTest,
  temporaryPath,
} from "../../helpers/database.ts";
import { loadRendered } from "../../helpers/rendered-modules.ts";

const logging = loadRendered("adw_modules/adw_logging");
const { openConnection } = loadRendered("adw_modules/adw_database");

let lines: string[] = [];
let path = "";

beforeEach(() => {
  lines = [];
  path = temporaryPath();
});
afterEach(() => logging.closeLogging());

function start(options: Parameters<typeof logging.initLogging>[0] = {}): void {
  logging.initLogging({ path, report: (line) => lines.push(line), ...options });
}

/** The events so far, once they are committed. */
async function events() {
  expect(await logging.flushLogging()).toBe(true);
  return eventsOf(openForTest(path));
}

function createAgent(id?: string): string {
  return logging.logAgentCreated({
    ...(id === undefined ? {} : { id }),
    name: "Scout",
    agent_type: "planner",
    session_id: "s1",
    model: "opus",
    adw_id: "w1",
  });
}

describe("what is logged", () => {
  it("is one event a call, complete", async () => {
    start();
    const agent = createAgent();
    logging.logAgentEvent(agent, "tool_call", "Read it", { tool_name: "Read" });
    logging.logAgentEvent(agent, "agent_started", "Started");
    logging.logAgentEvent(agent, "agent_failed", "Failed");
    logging.logAgentEvent(agent, "milestone", "Careful", {}, "warning");
    logging.logSystemEvent("git", "Uncommitted work", "warning", { files: 3 });
    logging.logAgentStatus(agent, "failed", {
      cost_usd: 0.5,
      error: new Error("boom"),
    });
    const prompt = logging.logPromptSent({
      agent_id: agent,
      prompt_text: "Plan it",
      model_used: "opus",
    });
    logging.logPromptCompleted(prompt, {
      response_text: "Planned",
      tokens_input: 7,
      cost_usd: 0.25,
      latency_ms: 9,
    });
    expect(await events()).toMatchObject([
      {
        event_type: "agent_created",
        agent_id: agent,
        metadata: { name: "Scout", model: "opus", adw_id: "w1" },
      },
      {
        event_type: "tool_call",
        log_type: "tool_call",
        metadata: { tool_name: "Read" },
      },
      { event_type: "agent_started", log_type: "event", log_level: "info" },
      { event_type: "agent_failed", log_level: "error" },
      { event_type: "milestone", log_level: "warning" },
      { event_type: "system_event", metadata: { component: "git", files: 3 } },
      {
        event_type: "agent_status_changed",
        metadata: { status: "failed", cost_usd: 0.5, error_message: "boom" },
      },
      {
        event_type: "prompt_sent",
        metadata: { prompt_id: prompt, prompt_text: "Plan it" },
      },
      {
        event_type: "prompt_completed",
        metadata: {
          prompt_id: prompt,
          tokens_input: 7,
          cost_usd: 0.25,
          latency_ms: 9,
        },
      },
    ]);
    expect(openForTest(path).agents.get(agent)?.completed_at).toMatch(/Z$/);
    expect(lines).toEqual([]);
  });

  it("says of which project it is: the one given, else the git root or folder that it runs in", async () => {
    start();
    createAgent();
    const run = { name: "Scout", agent_type: "planner" } as const;
    const shop = { ...run, session_id: "s2", project: "shop" };
    const agent = logging.logAgentCreated(shop);
    logging.logAgentEvent(agent, "milestone", "Half way");
    const project = basename(process.cwd());
    expect(await events()).toMatchObject([
      { event_type: "agent_created", project, source: "adw" },
      { event_type: "agent_created", project: "shop", source: "adw" },
      { event_type: "milestone", project: "shop", source: "adw" },
    ]);
  });

  it("of two agents of one kind shares the kind", async () => {
    start();
    const run = {
      agent_type: "builder",
      kind: "Builder",
      session_id: "s",
    } as const;
    logging.logAgentCreated({ ...run, name: "Builder 1" });
    logging.logAgentCreated({ ...run, name: "Builder 2" });
    await logging.flushLogging();
    const database = openForTest(path);
    expect(database.orchestratorAgents.list()).toHaveLength(1);
    expect(database.agents.list()).toHaveLength(2);
  });

  it("of a step is its start and its end, with how long it took", async () => {
    start();
    const agent = createAgent();
    const step = logging.logStepStart(agent, "plan", { attempt: 1 });
    logging.logStepEnd(step, { details: { files: 2 } });
    const failing = logging.withStep(agent, "build", () => {
      throw new Error("does not compile");
    });
    await expect(failing).rejects.toThrow("does not compile");
    expect(await logging.withStep(agent, "test", () => 42)).toBe(42);
    const [, begin, end, , failed, , passed] = await events();
    expect(begin).toMatchObject({
      event_type: "step_start",
      metadata: { step: "plan", step_id: step.id, attempt: 1 },
    });
    expect(end).toMatchObject({
      event_type: "step_end",
      metadata: {
        step: "plan",
        step_id: step.id,
        status: "completed",
        files: 2,
      },
    });
    expect(end?.metadata["duration_ms"]).toEqual(expect.any(Number));
    expect(failed).toMatchObject({
      log_level: "error",
      metadata: {
        step: "build",
        status: "failed",
        error_message: "does not compile",
      },
    });
    expect(passed).toMatchObject({
      metadata: { step: "test", status: "completed" },
    });
  });

  it("before initLogging waits for it, and stderr says so once", async () => {
    const stderr = jest.spyOn(process.stderr, "write").mockReturnValue(true);
    logging.logSystemEvent("early", "one");
    logging.logSystemEvent("early", "two");
    const said = stderr.mock.calls.map(([text]) => text);
    stderr.mockRestore();
    expect(said).toEqual([
      "adw_logging: initLogging() has not been called: log rows wait for it\n",
    ]);
    start();
    expect(await events()).toMatchObject([
      { message: "one" },
      { message: "two" },
    ]);
  });

  it("in withLogging calls within and beside one another is written until the last one ends", async () => {
    const options = { path, report: (line: string) => lines.push(line) };
    const log = (message: string) => logging.logSystemEvent("x", message);
    const stored = () => eventsOf(openForTest(path)).length;
    const outer = logging.withLogging(async () => {
      await logging.withLogging(() => log("inner"), options);
      expect(stored()).toBe(1);
      log("outer");
    }, options);
    const beside = logging.withLogging(async () => {
      await outer;
      log("beside");
    }, options);
    await Promise.all([outer, beside]);
    expect(eventsOf(openForTest(path))).toMatchObject([
      { message: "inner" },
      { message: "outer" },
      { message: "beside" },
    ]);
    expect(lines).toEqual([]);
    // Closed: the next one counts from 0.
    expect(logging.loggingStats().written).toBe(0);
  });

  it("in withLogging is in the database when it ends, also when it throws", async () => {
    const work = logging.withLogging(
      () => {
        logging.logSystemEvent("x", "last words");
        throw new Error("stop");
      },
      { path },
    );
    await expect(work).rejects.toThrow("stop");
    expect(eventsOf(openForTest(path))).toMatchObject([
      { message: "last words" },
    ]);
  });

  it("in one tick is one commit, and a listener is told of it", async () => {
    let commits = 0;
    start({ onCommit: () => (commits += 1) });
    for (let i = 0; i < 100; i += 1) logging.logSystemEvent("x", String(i));
    expect(await logging.flushLogging()).toBe(true);
    expect(commits).toBe(1);
    expect(logging.loggingStats()).toEqual({
      queued: 0,
      written: 100,
      dropped: 0,
    });
  });

  it("is written once, also when a listener throws", async () => {
    const stderr = jest.spyOn(process.stderr, "write").mockReturnValue(true);
    start({
      onCommit: () => {
        throw new Error("not the writer's fault");
      },
    });
    logging.logSystemEvent("x", "once");
    const all = await events();
    const said = stderr.mock.calls.map(([text]) => text);
    stderr.mockRestore();
    expect(all).toHaveLength(1);
    expect(said).toEqual([
      "adw_logging: a commit listener threw: not the writer's fault\n",
    ]);
  });

  it("in a tick that runs long is written along the way: nothing is dropped", async () => {
    start();
    for (let i = 0; i < 100_000; i += 1) logging.logSystemEvent("x", String(i));
    expect(await logging.flushLogging(60_000)).toBe(true);
    expect(logging.loggingStats()).toEqual({
      queued: 0,
      written: 100_000,
      dropped: 0,
    });
    const { events } = openForTest(path);
    expect(events.lastSeq).toBe(100_000);
    expect(JSON.parse(String(events.read(99_999, 1)[0]?.json))).toMatchObject({
      message: "99999",
    });
    expect(lines).toEqual([]);
  });

  it("in many megabytes at once is written along the way too", async () => {
    start();
    const details = { text: "x".repeat(1_000_000) };
    for (let i = 0; i < 80; i += 1) {
      logging.logSystemEvent("x", String(i), "info", details);
    }
    expect(await logging.flushLogging(30_000)).toBe(true);
    expect(logging.loggingStats()).toMatchObject({ written: 80, dropped: 0 });
    expect(lines).toEqual([]);
  });

  it("goes where the first initLogging said, and a second one that says otherwise is told so", async () => {
    start();
    start();
    expect(lines).toEqual([]);
    const other = temporaryPath();
    start({ path: other });
    logging.logSystemEvent("x", "here");
    expect(await events()).toMatchObject([{ message: "here" }]);
    expect(lines).toEqual([
      `adw_logging: logging goes to ${path} until closeLogging(): ${other} is not used\n`,
    ]);
  });

  it("goes to the file that a relative path named at the start, wherever the process goes", async () => {
    const folder = process.cwd();
    process.chdir(dirname(path));
    try {
      start({ path: basename(path) });
      process.chdir(folder);
      logging.logSystemEvent("x", "here");
      expect(await events()).toMatchObject([{ message: "here" }]);
    } finally {
      process.chdir(folder);
    }
  });

  it("is as it was at the time of the call", async () => {
    start();
    const config = { tools: ["Read"] };
    logging.logAgentCreated({
      id: "a",
      name: "A",
      agent_type: "builder",
      session_id: "s",
      config,
    });
    config.tools.push("Write");
    await logging.flushLogging();
    expect(openForTest(path).agents.get("a")?.config).toEqual({
      name: "A",
      tools: ["Read"],
    });
  });
});

describe("a row that cannot be written", () => {
  it("is dropped, counted, and reported once per cause; the others are written", async () => {
    start();
    const agent = createAgent();
    createAgent(agent);
    logging.logAgentEvent(agent, "tool_call", "kept");
    createAgent(agent);
    expect((await events()).map(({ message }) => message)).toEqual([
      "Agent Scout created",
      "kept",
      "Log rows dropped: 2",
    ]);
    expect(logging.loggingStats()).toEqual({
      queued: 0,
      written: 2,
      dropped: 2,
    });
    expect(lines).toEqual([
      "adw_logging: a log row was dropped, the database refuses it: UNIQUE constraint failed: agents.id\n",
    ]);
    await logging.closeLogging();
    expect(lines.at(-1)).toBe("adw_logging: log rows dropped: 2, written: 2\n");
  });

  it("for its agent or prompt, which the database does not have, is written as an event of the system", async () => {
    start();
    logging.logAgentEvent("nobody", "tool_call", "Read a file", { n: 1 });
    logging.logAgentStatus("nobody", "failed", { error: "lost" });
    const prompt = logging.logPromptSent({
      agent_id: "nobody",
      prompt_text: "Go on",
    });
    logging.logPromptCompleted(prompt, { response_text: "Done" });
    const orphan = logging.logAgentCreated({
      name: "Orphan",
      agent_type: "utility",
      session_id: "s",
      parent_agent_id: "nobody",
    });
    logging.logAgentEvent(orphan, "event", "at work");
    expect(await events()).toMatchObject([
      {
        agent_id: "system",
        event_type: "tool_call",
        message: "Read a file",
        metadata: { agent_id: "nobody", n: 1 },
      },
      {
        agent_id: "system",
        event_type: "agent_status_changed",
        log_level: "error",
        message: "Agent nobody is failed",
        metadata: { agent_id: "nobody", error_message: "lost" },
      },
      {
        agent_id: "system",
        event_type: "prompt_sent",
        metadata: { agent_id: "nobody", prompt_text: "Go on" },
      },
      {
        agent_id: "system",
        event_type: "prompt_completed",
        metadata: { prompt_id: prompt, response_text: "Done" },
      },
      { agent_id: orphan, event_type: "agent_created" },
      { agent_id: orphan, message: "at work" },
    ]);
    expect(logging.loggingStats()).toEqual({
      queued: 0,
      written: 6,
      dropped: 0,
    });
    const what =
      "adw_logging: a log row was written without its agent or prompt, the database refuses it:";
    expect(lines).toEqual([
      `${what} FOREIGN KEY constraint failed (the row's agent is not in the database: see logAgentCreated)\n`,
      `${what} there is no agent nobody\n`,
      `${what} there is no prompt ${prompt}\n`,
    ]);
  });

  it("as it is for its details is written with them described", async () => {
    start();
    const cycle: Record<string, unknown> = {};
    cycle["self"] = cycle;
    logging.logSystemEvent("x", "a cycle", "info", cycle);
    logging.logSystemEvent("x", "a BigInt", "info", { n: 1n });
    expect(await events()).toMatchObject([
      {
        message: "a cycle",
        metadata: { self: "[circular]" },
      },
      {
        message: "a BigInt",
        metadata: { n: "1" },
      },
    ]);
    expect(lines).toHaveLength(2);
  });

  it("as it is, for another cause each time, is written; only a hundred causes are told", async () => {
    start();
    for (let i = 0; i < 300; i += 1) {
      logging.logAgentStatus(`nobody-${i}`, "completed");
    }
    expect(await logging.flushLogging()).toBe(true);
    expect(logging.loggingStats()).toMatchObject({ written: 300 });
    expect(lines).toHaveLength(100);
    expect(lines[0]).toContain("there is no agent nobody-0");
  });

  it("is dropped, and no other, when the option report throws", async () => {
    const stderr = jest.spyOn(process.stderr, "write").mockReturnValue(true);
    try {
      start({
        report: () => {
          throw new Error("no report today");
        },
      });
      const agent = createAgent();
      createAgent(agent);
      logging.logSystemEvent("x", "after");
      expect(await logging.flushLogging()).toBe(true);
      expect(logging.loggingStats()).toEqual({
        queued: 0,
        written: 2,
        dropped: 1,
      });
      await logging.closeLogging();
      expect(eventsOf(openForTest(path))).toMatchObject([
        { message: "Agent Scout created" },
        { message: "after" },
        { message: "Log rows dropped: 1" },
      ]);
      expect(stderr).toHaveBeenCalledWith(
        expect.stringMatching(
          /^adw_logging: a log row was dropped, .*\nadw_logging: the option report threw: no report today\n$/,
        ),
      );
    } finally {
      stderr.mockRestore();
    }
  });

  it("for a getter that throws, or details of many megabytes, loses only them", async () => {
    start();
    const agent = createAgent();
    const throwing = {
      get secret(): string {
        throw new Error("not for you");
      },
    };
    logging.logAgentEvent(agent, "agent_started", "a getter", throwing);
    const step = logging.logStepStart(agent, "plan", throwing);
    const huge = "x".repeat(20_000_000);
    logging.logAgentEvent(agent, "agent_completed", "huge", { huge });
    logging.logStepEnd(step, { error: Object.create(null) });
    const cycle: Record<string, unknown> = {};
    cycle["self"] = cycle;
    logging.logAgentCreated({
      id: "b",
      name: "B",
      agent_type: "builder",
      session_id: "s",
      config: cycle,
    });
    const [, ...all] = await events();
    expect(all).toMatchObject([
      {
        event_type: "agent_started",
        metadata: { secret: "[not readable: not for you]" },
      },
      {
        event_type: "step_start",
        metadata: { step: "plan", secret: "[not readable: not for you]" },
      },
      {
        event_type: "agent_completed",
        metadata: { truncated: true, original_chars: expect.any(Number) },
      },
      {
        event_type: "step_end",
        metadata: {
          status: "failed",
          error_message: "{}",
        },
      },
      { event_type: "agent_created", agent_id: "b", metadata: { name: "B" } },
    ]);
    expect(lines).toEqual([
      "adw_logging: not stored as it was passed: a value could not be read: not for you\n",
      expect.stringMatching(
        /^adw_logging: not stored as it was passed: details were dropped: 200000\d\d characters, more than 16777216\n$/,
      ),
      "adw_logging: not stored as it was passed: a value that contains itself was stored up to there\n",
    ]);
  });
});

describe("a database file that is deleted", () => {
  it("while it is written is made anew, and the loss is told", async () => {
    start();
    logging.logSystemEvent("x", "before");
    await events();
    rmSync(dirname(path), { recursive: true });
    await new Promise((resolve) => setTimeout(resolve, 1_050));
    logging.logSystemEvent("x", "after");
    expect(await events()).toMatchObject([{ seq: 1, message: "after" }]);
    expect(lines).toEqual([
      `adw_logging: the database ${path} was deleted or replaced while it was written: rows of the last moments are lost. It is opened anew\n`,
    ]);
  });
});

describe("a database that is locked", () => {
  function lock(): () => void {
    openForTest(path);
    const other = openConnection(path, 1_000);
    other.exec("BEGIN IMMEDIATE");
    return () => {
      other.exec("COMMIT");
      other.close();
    };
  }

  it("makes rows wait, holds nobody up, and gets them in order when it is free", async () => {
    const unlock = lock();
    start();
    const before = performance.now();
    for (let i = 0; i < 2_000; i += 1) logging.logSystemEvent("x", String(i));
    expect(performance.now() - before).toBeLessThan(500);
    expect(await logging.flushLogging(50)).toBe(false);
    expect(logging.loggingStats()).toMatchObject({ queued: 2_000, written: 0 });
    unlock();
    expect((await events()).map(({ message }) => message)).toEqual(
      Array.from({ length: 2_000 }, (_, i) => String(i)),
    );
    expect(lines).toEqual([]);
  });

  it("for long is reported once, and once more when it is over", async () => {
    const unlock = lock();
    start();
    logging.logSystemEvent("x", "patience");
    // As long as it may be somebody's turn, nothing is said.
    expect(await logging.flushLogging(4_000)).toBe(false);
    expect(lines).toEqual([]);
    while (lines.length === 0) {
      expect(await logging.flushLogging(500)).toBe(false);
    }
    unlock();
    await events();
    expect(lines).toEqual([
      `adw_logging: the database ${path} cannot be written: database is locked (another process holds its write lock). Log rows wait and are retried\n`,
      expect.stringMatching(
        /^adw_logging: the database can be written again after \d+\.\d s\n$/,
      ),
    ]);
  });

  it("takes no more than the queue holds: the rest is dropped, counted, reported, and told in the log", async () => {
    const unlock = lock();
    start({ maxQueuedRows: 10 });
    for (let i = 0; i < 25; i += 1) logging.logSystemEvent("x", String(i));
    expect(logging.loggingStats()).toEqual({
      queued: 10,
      written: 0,
      dropped: 15,
    });
    expect(lines).toEqual([
      "adw_logging: 10 rows wait for the database, no more are taken: new rows are dropped\n",
    ]);
    unlock();
    const all = await events();
    expect(all).toHaveLength(11);
    expect(all.at(-1)).toMatchObject({
      message: "Log rows dropped: 15",
      log_level: "warning",
      metadata: { component: "adw_logging", dropped: 15 },
    });
  });

  it("is told in the log of rows dropped in a later turn, though no row follows them", async () => {
    start({ maxQueuedRows: 10 });
    logging.logSystemEvent("x", "before");
    await events();
    const unlock = lock();
    for (let i = 0; i < 10; i += 1) logging.logSystemEvent("x", String(i));
    await new Promise((resolve) => setTimeout(resolve, 20));
    for (let i = 0; i < 5; i += 1) logging.logSystemEvent("x", "too many");
    unlock();
    while (logging.loggingStats().queued > 0) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await logging.closeLogging();
    expect(eventsOf(openForTest(path)).at(-1)?.message).toBe(
      "Log rows dropped: 5",
    );
  });

  it("by one who commits now and then is waited for, at the end of the workflow too", async () => {
    const other = openForTest(path);
    const { id } = addAgent(other);
    let unlock = lock();
    start();
    logging.logSystemEvent("x", "in time");
    // Others come first for three seconds, longer than a stuck lock is waited for.
    const before = performance.now();
    const taking = setInterval(() => {
      unlock();
      if (performance.now() - before < 3_000) {
        other.agents.update(id, { cost_usd: performance.now() });
        unlock = lock();
      } else {
        clearInterval(taking);
        unlock = () => undefined;
      }
    }, 200);
    // The writer, on a thread of its own, may get in between two of them.
    await logging.closeLogging();
    clearInterval(taking);
    unlock();
    expect(lines).toEqual([]);
    expect(eventsOf(other)).toContainEqual(
      expect.objectContaining({ message: "in time" }),
    );
  });

  it("at the end of the workflow costs it two seconds at most, and the loss is told", async () => {
    start();
    logging.logSystemEvent("x", "in time");
    await events();
    const unlock = lock();
    logging.logSystemEvent("x", "too late");
    const before = performance.now();
    await logging.closeLogging();
    expect(performance.now() - before).toBeLessThan(3_000);
    expect(lines.at(-1)).toBe(
      "adw_logging: log rows dropped: 1, written: 1: database is locked\n",
    );
    unlock();
  });
});

/** A database that goes away while a workflow runs, once and again. */
import { rmSync } from "node:fs";
import { dirname } from "node:path";
import {
  addAgent,
  temporaryPath,
  eventsOf,
  openForTest,
} from "../../helpers/database.ts";
import { loadRendered } from "../../helpers/rendered-modules.ts";
import { startWriter } from "../../helpers/writers.ts";

const logging = loadRendered("adw_modules/adw_logging");
const { openConnection } = loadRendered("adw_modules/adw_database");

jest.setTimeout(120_000);

let lines: string[] = [];
let path = "";

beforeEach(() => {
  lines = [];
  path = temporaryPath();
  logging.initLogging({ path, report: (line) => lines.push(line) });
});
afterEach(() => logging.closeLogging());

const run = {
  name: "A",
  kind: "Builder",
  agent_type: "builder",
  session_id: "s",
} as const;

it("a workflow whose database was deleted writes on: what this run needs is written again, and no later row is lost", async () => {
  const parent = logging.logAgentCreated({ ...run, id: "parent" });
  const child = logging.logAgentCreated({
    ...run,
    id: "child",
    name: "B",
    parent_agent_id: parent,
    config: { tools: ["Read"] },
  });
  const over = logging.logAgentCreated({ ...run, id: "over" });
  logging.logAgentStatus(over, "completed");
  logging.logAgentStatus(child, "executing", { cost_usd: 0.5 });
  const prompt = logging.logPromptSent({ agent_id: child, prompt_text: "Go" });
  expect(await logging.flushLogging()).toBe(true);
  rmSync(dirname(path), { recursive: true });
  await new Promise((resolve) => setTimeout(resolve, 1_050));

  logging.logAgentEvent(child, "tool_call", "after");
  logging.logAgentEvent(over, "tool_call", "late");
  logging.logPromptCompleted(prompt, { response_text: "Done" });
  logging.logAgentStatus(child, "completed");
  expect(await logging.flushLogging()).toBe(true);
  expect(logging.loggingStats().dropped).toBe(0);

  const database = openForTest(path);
  expect(
    eventsOf(database).map(({ event_type, agent_id }) => [
      event_type,
      agent_id,
    ]),
  ).toEqual([
    ["agent_created", "parent"],
    ["agent_created", "child"],
    ["tool_call", "child"],
    ["agent_created", "over"],
    ["tool_call", "over"],
    ["prompt_sent", "child"],
    ["prompt_completed", "child"],
    ["agent_status_changed", "child"],
  ]);
  expect(database.agents.get(child)).toMatchObject({
    parent_agent_id: parent,
    status: "completed",
    cost_usd: 0.5,
    config: { name: "B", tools: ["Read"] },
  });
  expect(database.agents.get(over)?.status).toBe("completed");
  expect(lines).toEqual([
    expect.stringContaining("was deleted or replaced while it was written"),
  ]);
});

it("a workflow whose database was deleted writes on, also where a parent was another process's", async () => {
  const elsewhere = addAgent(openForTest(path), { id: "elsewhere" });
  const child = logging.logAgentCreated({
    ...run,
    id: "child",
    parent_agent_id: elsewhere.id,
  });
  expect(await logging.flushLogging()).toBe(true);
  rmSync(dirname(path), { recursive: true });
  await new Promise((resolve) => setTimeout(resolve, 1_050));

  logging.logAgentEvent(child, "tool_call", "after");
  logging.logSystemEvent("x", "too");
  expect(await logging.flushLogging()).toBe(true);
  expect(logging.loggingStats().dropped).toBe(0);

  const database = openForTest(path);
  expect(eventsOf(database)).toMatchObject([
    { event_type: "agent_created", agent_id: "child" },
    { event_type: "tool_call", message: "after" },
    { message: "too" },
  ]);
  expect(database.agents.get(child)?.parent_agent_id).toBeNull();
});

it("a second outage within a minute is reported too, after the first has been declared over", async () => {
  logging.logSystemEvent("x", "before");
  expect(await logging.flushLogging()).toBe(true);
  let overAt = 0;
  for (const outage of [1, 2]) {
    const other = openConnection(path, 1_000);
    other.exec("BEGIN IMMEDIATE");
    logging.logSystemEvent("x", `during ${outage}`);
    while (lines.length < outage * 2 - 1) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    // Not only once the first report is a minute old.
    if (outage === 2) expect(performance.now() - overAt).toBeLessThan(30_000);
    other.exec("COMMIT");
    other.close();
    expect(await logging.flushLogging()).toBe(true);
    while (lines.length < outage * 2) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    overAt = performance.now();
  }
  const begins = expect.stringMatching(/cannot be written: database is locked/);
  const ends = expect.stringMatching(/can be written again after \d/);
  expect(lines).toEqual([begins, ends, begins, ends]);
});

it("a workflow whose database can be made nowhere is told so, and ends", async () => {
  // Linux says that a folder is missing there, whoever asks; others that it is no folder.
  const root = process.platform === "linux" ? "/proc" : "/dev/null";
  const nowhere = `${root}/none/log.db`;
  const task = { path: nowhere, agent: "a", rows: 10, patience: 500 };
  const writer = startWriter(task);
  expect(await writer.ended).toMatchObject({ done: true, written: 0 });
  expect(writer.stderr()).toContain(
    `the database ${nowhere} cannot be written`,
  );
}, 30_000);

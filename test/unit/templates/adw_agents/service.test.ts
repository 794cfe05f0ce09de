/** Nothing that was taken is lost, whatever fails and however the service ends. */
import {
  mkdtempSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  append,
  claudeFile,
  claudeTurn,
  CLAUDE_TURN_TOKENS,
  writeOpenCode,
} from "../../../helpers/transcripts.ts";
import { loadRendered } from "../../../helpers/rendered-modules.ts";

const { startAgents } = loadRendered("adw_modules/adw_agents");
const { TRANSCRIPTS } = loadRendered("adw_modules/adw_agents/sources");
const { OpenCodeDatabase } = loadRendered(
  "adw_modules/adw_agents/opencode_database",
);
const { AgentStore, isRefused } = loadRendered("adw_modules/adw_agents/store");
const { Lock, OvertakenError } = loadRendered("adw_modules/adw_agents/lock");
const { openDatabase } = loadRendered("adw_modules/adw_database");
const { openConnection } = loadRendered("adw_modules/adw_database/connection");

let home = "";
let problems: string[] = [];
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "adw-service-"));
  problems = [];
});
afterEach(() => {
  jest.restoreAllMocks();
  rmSync(home, { recursive: true, force: true });
});

const database = () => join(home, "log.db");
const spool = () => join(home, "spool");
const start = () =>
  startAgents({
    database: database(),
    spool: spool(),
    home,
    transcripts: "all",
    thread: false,
    report: (problem) => problems.push(problem),
  });
const prompts = () => rows("prompts").length;
const TWICE = Object.fromEntries(
  Object.entries(CLAUDE_TURN_TOKENS).map(([name, count]) => [name, 2 * count]),
);
const AT = Date.now() - 60_000;
const session = { session: "s1", cwd: "/home/me/shop", at: AT };
const NEXT_TURN = claudeTurn({ ...session, at: AT + 9_000, prompt: "More" }, 2);

function events(type: string): Record<string, unknown>[] {
  const opened = openDatabase({ path: database() });
  try {
    return opened.events
      .read(0, 10_000)
      .map(({ json }) => JSON.parse(json))
      .filter(({ event_type }) => event_type === type);
  } finally {
    opened.close();
  }
}

function rows(table: string): unknown[] {
  const connection = openConnection(database(), 1_000);
  try {
    return connection.prepare(`SELECT * FROM ${table}`).all();
  } finally {
    connection.close();
  }
}

/** The sum over all cost updates. */
function tokens(): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { metadata } of events("cost_update"))
    for (const [name, value] of Object.entries(metadata as object))
      if (name.startsWith("tokens_")) sums[name] = (sums[name] ?? 0) + value;
  return sums;
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 40_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(problems.join("\n"));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function change(sql: string): void {
  const connection = openConnection(database(), 1_000);
  connection.exec(sql);
  connection.close();
}

test("what is held for more to come is logged at the end", async () => {
  const agents = await start();
  await agents.ready;
  append(claudeFile(home, session), claudeTurn(session));
  await until(() => rows("agent_logs").length > 0);
  expect(tokens()).toEqual({});
  await agents.stop();
  expect(tokens()).toEqual(CLAUDE_TURN_TOKENS);
});

test("a line that cannot be read stops no other one", async () => {
  const { mapLine } = TRANSCRIPTS.claude;
  jest
    .spyOn(TRANSCRIPTS.claude, "mapLine")
    .mockImplementation((line, ...rest) => {
      if (JSON.stringify(line).includes("tripwire")) throw new Error("oops");
      return mapLine(line, ...rest);
    });
  append(claudeFile(home, session), [
    { type: "tripwire" },
    ...claudeTurn(session),
  ]);
  const agents = await start();
  await agents.ready;
  await agents.stop();
  expect(tokens()).toEqual(CLAUDE_TURN_TOKENS);
  expect(problems.join("\n")).toMatch(/s1\.jsonl: a line .* left out: oops/);
});

test("while another process has the lock nothing is read, and all of it afterwards", async () => {
  append(claudeFile(home, session), claudeTurn(session));
  const first = await start();
  await first.ready;
  expect(tokens()).toEqual(CLAUDE_TURN_TOKENS);
  // Another process has taken over, as after a suspend.
  writeFileSync(join(spool(), "lock.new"), String(process.ppid));
  renameSync(join(spool(), "lock.new"), join(spool(), "lock"));
  append(claudeFile(home, session), NEXT_TURN);
  await later(1_500);
  expect(prompts()).toBe(1);
  const past = Date.now() / 1_000 - 60;
  utimesSync(join(spool(), "lock"), past, past);
  await until(() => prompts() > 1);
  await first.stop();
  expect(tokens()).toEqual(TWICE);
});

test("what could not be stored is not known, also when the database cannot even be read", async () => {
  append(claudeFile(home, session), claudeTurn(session));
  const agents = await start();
  await agents.ready;
  change("ALTER TABLE agent_acts RENAME TO away");
  append(claudeFile(home, session), NEXT_TURN);
  await until(() => problems.length > 0);
  // Time passes meanwhile.
  await later(1_200);
  change("ALTER TABLE away RENAME TO agent_acts");
  await until(() => prompts() > 1);
  await agents.stop();
  expect(prompts()).toBe(2);
  expect(tokens()).toEqual(TWICE);
});

test("a session of which something is left to log is looked after, however old", () => {
  const store = new AgentStore(database(), 1_000, () => undefined);
  const entry = {
    agent: "",
    at: 0,
    look: [""],
    ids: [],
    deliveries: [],
    lanes: [],
  };
  const state = (more: object) => JSON.stringify({ ...entry, ...more });
  const logged = {
    said: [],
    logged: { tokens: {}, usd: 0, source: "unknown" },
  };
  store.write({
    changes: [
      ["held", "usage 1", state({ logged: [], usage: { said: [] } })],
      ["logged", "usage 2", state({ logged: ["start"], usage: logged })],
      ["waits", "wait 3", state({ logged: ["start"] })],
      ["answered", "wait 4", state({ logged: ["start", "end"] })],
    ].map(([id = "", key = "", json]) => ({ session: id, key, state: json })),
  });
  store.close();
  change("UPDATE agent_acts SET heard_at = '2020-01-01T00:00:00.000Z'");
  const again = new AgentStore(database(), 1_000, () => undefined);
  expect(again.openSessions().toSorted()).toEqual(["held", "waits"]);
  again.close();
});

test("that another process was faster is not the payload's fault", () => {
  const lock = new Lock(join(home, "lock"));
  lock.hold();
  writeFileSync(join(home, "lock"), "1 elsewhere");
  let thrown: unknown;
  try {
    lock.confirm();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(OvertakenError);
  expect(isRefused(thrown)).toBe(false);
  expect(isRefused(new TypeError("a payload that cannot be bound"))).toBe(true);
});

test("a server that is overtaken again and again stores in the end, and sets nothing aside", async () => {
  const path = join(home, "log.db");
  const store = new AgentStore(path, 1_000, () => undefined);
  const other = new AgentStore(path, 1_000, () => undefined);
  const change = (key: string) => ({ session: "s1", key, state: "{}" });
  store.beginReading();
  other.beginReading();
  other.write({ changes: [change("agent a")] });
  expect(() => store.write({ changes: [change("agent b")] })).toThrow(
    OvertakenError,
  );
  store.alone(() => {
    store.beginReading();
    store.write({ changes: [change("agent b")] });
  });
  expect(store.load("s1")).toHaveLength(2);
  store.close();
  other.close();
});

test("what OpenCode writes after the clock was set back is read from its tables", () => {
  const path = join(home, "opencode.db");
  const took: string[] = [];
  const opencode = new OpenCodeDatabase({
    path,
    take: (acts) => took.push(...acts.map((act) => act.session)),
  });
  // As before version 1.18, which has no table `event`.
  const write = (name: string, at: number) => {
    writeOpenCode(path, { ...session, session: name, at });
    const connection = openConnection(path, 1_000);
    connection.exec("DROP TABLE event");
    connection.close();
  };
  write("ses_1", Date.now());
  opencode.look();
  const now = Date.now() - 3_600_000;
  jest.spyOn(Date, "now").mockReturnValue(now);
  write("ses_2", now);
  opencode.look();
  expect(new Set(took)).toEqual(new Set(["ses_1", "ses_2"]));
});

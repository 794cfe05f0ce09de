/**
 * The real programs, at their newest versions, against a scripted model on loopback: what
 * they did is in the log exactly once, by whatever road it came.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CLI } from "../../helpers/cli.ts";
import { eventsOf, openForTest } from "../../helpers/database.ts";
import { PROGRAMS } from "../../helpers/agents/programs.ts";
import { story, type Turn } from "../../helpers/agents/script.ts";
import type { Road, SessionTask } from "../../helpers/agents/session.ts";
import { run } from "../../helpers/processes.ts";
import { LOADER } from "../../helpers/program.ts";
import { renderedPath } from "../../helpers/rendered-modules.ts";
import { sharedTemporaryFolder } from "../../helpers/temporary-folder.ts";

jest.setTimeout(300_000);

const folder = sharedTemporaryFolder();

const namespaceOptions = () => (process.getuid?.() === 0 ? ["-n"] : ["-rn"]);

/** ADW_TEST_AGENTS names a folder that has them already. */
const given = process.env["ADW_TEST_AGENTS"];
const installed = () => given ?? join(folder(), "programs");

/** Why the real programs cannot be run here; undefined where they can. */
const obstacle = (() => {
  const tried = spawnSync(
    "unshare",
    [...namespaceOptions(), "sh", "-c", "ip link set lo up"],
    { encoding: "utf8" },
  );
  return tried.status === 0
    ? undefined
    : `no network namespace can be made: ${tried.error?.message ?? tried.stderr}`;
})();

beforeAll(async () => {
  if (obstacle !== undefined || given !== undefined) return;
  mkdirSync(installed());
  const result = await run(
    "npm",
    [
      "install",
      "--ignore-scripts",
      "--no-audit",
      "--no-fund",
      "--prefix",
      installed(),
      ...Object.values(PROGRAMS).map((program) => `${program.package}@latest`),
    ],
    { cwd: installed(), timeoutMs: 240_000 },
  );
  if (result.code !== 0)
    throw new Error(`the agents could not be installed: ${result.stderr}`);
  // It only puts the binary of its own package in its place.
  spawnSync(process.execPath, ["postinstall.mjs"], {
    cwd: join(installed(), "node_modules/opencode-ai"),
  });
});

interface Told {
  tree: { name: string; child: boolean }[];
  calls: { tool: string; starts: number; ends: number; failed: boolean }[];
  prompts: number;
  answers: unknown[];
  tokens: { input: number; output: number; read: number };
}

/** Plays the session, and reads from the log what is said of it. */
async function watched(agent: string, roads: readonly Road[]) {
  const work = join(folder(), `${agent}-${roads.join("-")}`);
  mkdirSync(work);
  const task: SessionTask = {
    agent,
    roads,
    folder: installed(),
    adws: join(renderedPath("adw_server.ts"), ".."),
    work,
    cli: CLI,
  };
  const command = [
    process.execPath,
    ...LOADER,
    join(__dirname, "../../helpers/agents/session.ts"),
    JSON.stringify(task),
  ];
  const { code, stdout, stderr } = await run(
    "unshare",
    [
      ...namespaceOptions(),
      "sh",
      "-c",
      'ip link set lo up; exec "$@"',
      "sh",
      ...command,
    ],
    { cwd: work, timeoutMs: 240_000 },
  );
  if (code !== 0) throw new Error(`${stdout}\n${stderr}`);
  const result: {
    code: number | null;
    problems: string[];
    sessions: { cost_usd: number | null; cost_source: string }[];
  } = JSON.parse(stdout.trim().split("\n").at(-1) ?? "{}");
  const told = toldBy(join(work, "log.db"));
  return { ...result, told, notices: noticesIn(work) };
}

/**
 * How often the agent was prompted by itself, by its own records: a newer Claude Code
 * lets a subagent work in the background, and its end is a prompt.
 */
function noticesIn(work: string): number {
  const projects = join(work, "home/.claude/projects");
  if (!existsSync(projects)) return 0;
  return readdirSync(projects, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".jsonl"))
    .flatMap((name) => readFileSync(join(projects, name), "utf8").split("\n"))
    .filter((line) => line !== "")
    .map((line): { type?: string; turnOrigin?: string } => JSON.parse(line))
    .filter(
      ({ type, turnOrigin }) =>
        type === "user" && turnOrigin === "task_notification",
    ).length;
}

function toldBy(path: string): Told {
  expect(existsSync(path)).toBe(true);
  const events = eventsOf(openForTest(path));
  const of = (type: string) =>
    events.filter(({ event_type }) => event_type === type);
  const calls = new Map<string, Told["calls"][number]>();
  for (const { metadata } of of("tool_call")) {
    const id = String(metadata["tool_use_id"]);
    const call = calls.get(id) ?? {
      tool: "",
      starts: 0,
      ends: 0,
      failed: false,
    };
    const isEnd = "duration_ms" in metadata || "error" in metadata;
    calls.set(id, {
      tool: String(metadata["tool_name"]),
      starts: call.starts + (isEnd ? 0 : 1),
      ends: call.ends + (isEnd ? 1 : 0),
      failed: call.failed || "error" in metadata,
    });
  }
  const sum = (name: string) =>
    of("cost_update").reduce(
      (total, { metadata }) => total + Number(metadata[name] ?? 0),
      0,
    );
  return {
    tree: of("agent_created").map(({ metadata, message }) => ({
      name: message,
      child: typeof metadata["parent_agent_id"] === "string",
    })),
    calls: [...calls.values()],
    prompts: of("prompt_sent").length,
    answers: of("prompt_completed").map(
      ({ metadata }) => metadata["response_text"],
    ),
    tokens: {
      input: sum("tokens_input"),
      output: sum("tokens_output"),
      read: sum("tokens_cache_read"),
    },
  };
}

/** What the script makes of it. */
function truth(agent: string) {
  const program = PROGRAMS[agent];
  if (program === undefined) throw new Error(agent);
  const script = story(program.hasSubagents);
  const turns: Turn[] = [
    ...script.turns,
    ...(program.hasSubagents ? Object.values(script.subagents).flat() : []),
  ];
  const sum = (of: (turn: Turn) => number) =>
    turns.reduce((total, turn) => total + of(turn), 0);
  return {
    agents: program.hasSubagents ? 2 : 1,
    calls: turns
      .flatMap(({ call }) => (call === undefined ? [] : [call]))
      .map((call) => ({
        tool: program.tools[call.tool],
        starts: 1,
        ends: 1,
        failed: call.command === "exit 3",
      })),
    tokens: {
      input: sum(({ usage }) => usage.input),
      output: sum(({ usage }) => usage.output),
      read: sum(({ usage }) => usage.cacheRead),
    },
  };
}

const inOrder = (calls: Told["calls"]) =>
  calls.toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));

const ROADS: readonly (readonly Road[])[] = [
  ["hooks"],
  ["telemetry"],
  ["transcripts"],
  ["hooks", "telemetry", "transcripts"],
];
const CASES = Object.entries(PROGRAMS).flatMap(([agent, { hasHooks }]) =>
  (hasHooks ? ROADS : [["transcripts"] as const]).map(
    (roads) => [agent, roads] as const,
  ),
);

/** Most of a session is waiting, so some go on side by side. */
const LANES = 3;
const played = new Map<string, ReturnType<typeof watched>>();

beforeAll(() => {
  if (obstacle !== undefined) return;
  const lanes: Promise<unknown>[] = [];
  for (const [n, [agent, roads]] of CASES.entries()) {
    const before = lanes[n % LANES] ?? Promise.resolve();
    const session = before.then(() => watched(agent, roads));
    // Whether it failed, its own test says.
    lanes[n % LANES] = session.catch(() => undefined);
    played.set(`${agent} ${roads.join()}`, session);
  }
});

if (obstacle !== undefined)
  process.stderr.write(`\nSKIPPED: real coding agents: ${obstacle}\n\n`);

(obstacle === undefined ? describe : describe.skip)("real programs", () => {
  test.each(CASES)(
    "%s by %j: tree, calls, answer and tokens are those of the script",
    async (agent, roads) => {
      const session = played.get(`${agent} ${roads.join()}`);
      if (session === undefined) throw new Error("it was not played");
      const { code, told, sessions, notices } = await session;
      const wanted = truth(agent);
      expect(code).toBe(0);
      expect(inOrder(told.calls)).toEqual(inOrder(wanted.calls));
      expect(told.tokens).toEqual(wanted.tokens);
      // Telemetry names no subagent: it tells what each asked for, not which one it was.
      const isTold = roads.length > 1 || roads[0] !== "telemetry";
      // The call that starts a subagent prompts it.
      expect(told.prompts).toBe((isTold ? wanted.agents : 1) + notices);
      expect(sessions).toHaveLength(1);
      if (isTold) {
        // Gemini's hook gives all that was said.
        expect(told.answers).toContainEqual(
          expect.stringMatching(/All done: two lines\.$/),
        );
        expect(told.tree).toHaveLength(wanted.agents);
        expect(told.tree.filter(({ child }) => child)).toHaveLength(
          wanted.agents - 1,
        );
      }
    },
  );
});

/** All sessions of a machine, from the files that the agents write. */
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { addAgent, openForTest } from "../../helpers/database.ts";
import { loadRendered } from "../../helpers/rendered-modules.ts";

const { startAgents } = loadRendered("adw_modules/adw_agents");

let home = "";
beforeEach(() => (home = mkdtempSync(join(tmpdir(), "adw-sessions-"))));
afterEach(() => rmSync(home, { recursive: true, force: true }));

const write = (path: string, ...lines: object[]) => {
  const file = join(home, path);
  mkdirSync(dirname(file), { recursive: true });
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
  writeFileSync(file, text);
  return file;
};
const at = (second: number) =>
  new Date(
    Date.parse("2026-11-25T10:00:00.000Z") + second * 1_000,
  ).toISOString();
const answer = (id: string, second: number, more: object = {}) => ({
  type: "assistant",
  uuid: `u${id}`,
  timestamp: at(second),
  requestId: `r${id}`,
  message: {
    id: `m${id}`,
    model: "claude-sonnet-4-5",
    usage: { input_tokens: 1_000, output_tokens: 100 },
    content: [{ type: "text", text: "Done" }],
    ...more,
  },
});

async function once() {
  const agents = await startAgents({
    database: join(home, "state/log.db"),
    home,
    transcripts: "all",
    thread: false,
    report: (problem) => {
      throw new Error(problem);
    },
  });
  await agents.ready;
  const found = await agents.sessions();
  const stats = await agents.stats();
  await agents.stop();
  return { found, stats };
}

test("each session with its tokens, cost and subagents; nothing is read twice", async () => {
  const uuid = "01234567-89ab-cdef-0123-456789abcdef";
  const claude = write(
    ".claude/projects/-p-shop/s1.jsonl",
    {
      type: "user",
      uuid: "u0",
      timestamp: at(0),
      cwd: "/p/shop",
      gitBranch: "main",
      message: { content: "Fix it" },
    },
    answer("1", 1),
    answer("2", 2, { stop_reason: "end_turn" }),
  );
  write(".claude/projects/-p-shop/s1/subagents/agent-a.jsonl", answer("3", 3));
  write(
    `.codex/sessions/2026/11/25/rollout-2026-11-25T10-00-00-${uuid}.jsonl`,
    {
      timestamp: at(10),
      type: "session_meta",
      payload: { id: uuid, cwd: "/p/api", timestamp: at(10) },
    },
    {
      timestamp: at(11),
      type: "turn_context",
      payload: { model: "nobody-knows" },
    },
    {
      timestamp: at(12),
      type: "token_usage_record",
      payload: {
        response_id: "x",
        usage: { input_tokens: 50, cached_input_tokens: 20, output_tokens: 5 },
      },
    },
  );
  const first = await once();
  expect(first.found).toMatchObject([
    {
      session_id: uuid,
      source: "codex",
      project: "api",
      model: "nobody-knows",
      tokens_input: 30,
      tokens_cache_read: 20,
      tokens_output: 5,
      cost_usd: null,
      cost_source: "unknown",
      subagents: 0,
    },
    {
      session_id: "s1",
      source: "claude-code",
      project: "shop",
      branch: "main",
      title: "Fix it",
      status: "idle",
      subagents: 1,
      started_at: at(0),
      last_activity: at(3),
      tokens_input: 3_000,
      tokens_output: 300,
      cost_source: "estimated",
    },
  ]);
  expect(first.found[1]?.cost_usd).toBeGreaterThan(0);
  // A workflow's agent is none of them, although it says where it comes from.
  const database = openForTest(join(home, "state/log.db"));
  addAgent(database, { source: "adw" });
  const second = await once();
  expect(second.found).toEqual(first.found);
  expect(second.stats.taken).toBe(0);
  appendFileSync(
    claude,
    `${JSON.stringify(answer("4", 4))}\n${JSON.stringify(answer("4", 4)).slice(0, 40)}`,
  );
  const third = await once();
  expect(third.stats.taken).toBe(1);
  expect(third.found[1]?.tokens_input).toBe(4_000);
});

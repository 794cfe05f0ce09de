/** Several servers beside each other: what agents say is taken once, whoever takes it. */
import { join } from "node:path";
import { AgentsProject, claude, ofType } from "../../helpers/agents-project.ts";
import {
  append,
  claudeFile,
  claudeTurn,
  CLAUDE_TURN_TOKENS,
} from "../../helpers/transcripts.ts";

const CALLS = 40;
const call = (number: number) => ({
  tool_name: "Bash",
  tool_input: { command: `echo ${String(number)}` },
  tool_use_id: `t${String(number)}`,
});

test("two with spools of their own share a database: nothing is lost, and nothing is there twice", async () => {
  const one = new AgentsProject();
  const { home, database } = one;
  const two = new AgentsProject({ home, database });
  const session = { session: "s1", cwd: "/home/me/shop" };
  const transcript = claudeFile(home, session);
  const turn = (number: number) =>
    append(
      transcript,
      claudeTurn({ ...session, at: Date.now() - 30_000 + number }, number),
    );
  turn(1);
  await one.start();
  one.say(claude("SessionStart", { transcript_path: transcript }));
  await one.eventsWhen((all) => ofType(all, "prompt_sent").length === 1);
  // It finds a session that is being told, and its transcript.
  await two.start();
  for (let number = 0; number < CALLS; number += 1) {
    for (const project of [one, two]) {
      const fields = { ...call(number), transcript_path: transcript };
      project.say(claude("PreToolUse", fields));
      project.say(claude("PostToolUse", { ...fields, tool_response: "x" }));
    }
    one.say(claude("SessionStart", { session_id: `one-${String(number)}` }));
    two.say(claude("SessionStart", { session_id: `two-${String(number)}` }));
    if (number % 10 === 5) turn(number);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  const turns = 1 + CALLS / 10;
  await one.eventsWhen(
    (all) =>
      one.left().length + two.left().length === 0 &&
      ofType(all, "prompt_sent").length === turns,
  );
  await Promise.all([one.kill("SIGTERM"), two.kill("SIGTERM")]);
  const events = one.events();
  const ids = ofType(events, "tool_call")
    .map(({ metadata }) => String(metadata["tool_use_id"]))
    .filter((id) => /^t\d+$/.test(id));
  expect(ids).toHaveLength(2 * CALLS);
  expect(new Set(ids).size).toBe(CALLS);
  expect(ofType(events, "agent_created")).toHaveLength(1 + 2 * CALLS);
  expect(ofType(events, "prompt_sent")).toHaveLength(turns);
  const tokens = ofType(events, "cost_update").map(({ metadata }) =>
    Number(metadata["tokens_output"]),
  );
  expect(tokens.reduce((sum, count) => sum + count, 0)).toBe(
    turns * CLAUDE_TURN_TOKENS.tokens_output,
  );
}, 120_000);

test("two with one spool and databases of their own: each payload is in one of them", async () => {
  const one = new AgentsProject();
  const { adwsDir, home } = one;
  const two = new AgentsProject({
    adwsDir,
    home,
    database: join(home, "other.db"),
  });
  // Set to nothing, as in a line of an .env file, it is not set.
  await one.start({ ADW_SPOOL: "" });
  await two.start();
  const sessions = 60;
  for (let number = 0; number < sessions; number += 1) {
    one.say(claude("SessionStart", { session_id: `s${String(number)}` }));
    // The other one goes on where this one ended.
    if (number === sessions / 2) await one.kill("SIGTERM");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await two.eventsWhen(() => two.left().length === 0);
  const heard = [one, two].map((project) =>
    ofType(project.events(), "agent_created").map(({ agent_id }) => agent_id),
  );
  expect(heard.flat().toSorted()).toEqual(
    Array.from({ length: sessions }, (_, n) => `s${String(n)}`).toSorted(),
  );
  expect(heard.map(({ length }) => length > 0)).toEqual([true, true]);
}, 120_000);

/** Tokens and cost come from the transcript that a hook names, where nothing better says them. */
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AgentsProject, claude, ofType } from "../../helpers/agents-project.ts";

const line = (value: object) => `${JSON.stringify(value)}\n`;
const used = (id: string, tokens: number, more: object = {}) =>
  line({
    type: "assistant",
    uuid: `u-${id}-${String(tokens)}`,
    timestamp: "2026-11-25T10:00:01.000Z",
    sessionId: "s1",
    requestId: `req-${id}`,
    message: {
      id: `msg-${id}`,
      model: "claude-sonnet-4-5",
      usage: { input_tokens: tokens, output_tokens: 10 },
      content: [],
    },
    ...more,
  });

test("each request once, also when the server is killed before it is complete; subagents with their real parent", async () => {
  const project = new AgentsProject();
  await project.start();
  const folder = join(project.home, ".claude/projects/-home-me-shop");
  const transcript_path = join(folder, "s1.jsonl");
  mkdirSync(join(folder, "s1/subagents"), { recursive: true });
  writeFileSync(transcript_path, used("1", 100) + used("1", 100));
  const elsewhere = join(project.home, "other.jsonl");
  writeFileSync(elsewhere, used("9", 9_999));
  project.say(claude("SessionStart", { transcript_path: elsewhere }));
  const task = {
    tool_name: "Agent",
    tool_input: { prompt: "look" },
    tool_use_id: "t7",
    transcript_path,
  };
  project.say(claude("PreToolUse", task));
  await project.eventsWhen((all) => ofType(all, "tool_call").length === 1);
  writeFileSync(
    join(folder, "s1/subagents/agent-a1.meta.json"),
    JSON.stringify({ agentType: "Explore", toolUseId: "t7" }),
  );
  writeFileSync(
    join(folder, "s1/subagents/agent-a1.jsonl"),
    used("2", 200, { agentId: "a1" }),
  );
  const events = await project.eventsWhen(
    (all) => ofType(all, "agent_created").length === 2,
  );
  expect(ofType(events, "agent_created")[1]).toMatchObject({
    agent_id: "s1:a1",
    metadata: { parent_agent_id: "s1", name: "Explore" },
  });
  expect(ofType(events, "agent_created")[1]?.metadata).not.toHaveProperty(
    "parent_assumed",
  );
  await project.kill("SIGKILL");
  appendFileSync(transcript_path, used("3", 300));
  await project.start();
  await project.eventsWhen((all) => ofType(all, "cost_update").length === 3);
  const again = await project.eventsWhen(() => true);
  const costs = ofType(again, "cost_update").map(({ agent_id, metadata }) => [
    agent_id,
    metadata["tokens_input"],
    metadata["cost_source"],
  ]);
  expect(costs.toSorted()).toEqual([
    ["s1", 100, "estimated"],
    ["s1", 300, "estimated"],
    ["s1:a1", 200, "estimated"],
  ]);
}, 120_000);

test("of two servers one reads them, and the other goes on when that one is killed", async () => {
  const project = new AgentsProject();
  await project.start();
  const first = project.program;
  const folder = join(project.home, ".claude/projects/-home-me-shop");
  const transcript_path = join(folder, "s1.jsonl");
  mkdirSync(folder, { recursive: true });
  writeFileSync(transcript_path, used("1", 100));
  project.say(claude("SessionStart", { transcript_path }));
  await project.eventsWhen((all) => ofType(all, "agent_created").length === 1);
  await project.start();
  appendFileSync(transcript_path, used("2", 200));
  await project.eventsWhen((all) => ofType(all, "cost_update").length >= 2);
  first?.child.kill("SIGKILL");
  await first?.exited;
  appendFileSync(transcript_path, used("3", 300));
  await project.eventsWhen((all) => ofType(all, "cost_update").length >= 3);
  await project.kill("SIGTERM");
  const costs = ofType(project.events(), "cost_update");
  const tokens = costs.map(({ metadata }) => metadata["tokens_input"]);
  expect(tokens.toSorted()).toEqual([100, 200, 300]);
}, 120_000);

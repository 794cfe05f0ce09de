/** What hooks put into the spool becomes rows and events, each once. */
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { AgentsProject, claude, ofType } from "../../helpers/agents-project.ts";

const bash = {
  tool_name: "Bash",
  tool_input: { command: "npm test" },
  tool_use_id: "t1",
};

test("a session of Claude Code, as its hooks tell it", async () => {
  const project = new AgentsProject();
  const repository = join(project.home, "shop");
  mkdirSync(join(repository, ".git"), { recursive: true });
  mkdirSync(join(repository, "src"));
  await project.start();
  const cwd = join(repository, "src");
  const say = (at: number, event: string, fields: object = {}) =>
    project.say(
      claude(event, { cwd, ...fields }),
      Date.parse("2026-11-25T10:00:00Z") + at,
    );
  say(0, "SessionStart", { source: "startup", model: "claude-sonnet-5" });
  say(10, "UserPromptSubmit", {
    prompt: "Fix the tests\nplease",
    prompt_id: "p1",
  });
  say(20, "PreToolUse", bash);
  say(30, "PermissionRequest", {
    tool_name: "Bash",
    tool_input: bash.tool_input,
  });
  say(2_500, "PostToolUse", {
    ...bash,
    tool_response: { stdout: "ok" },
    duration_ms: 480,
  });
  say(2_600, "SubagentStart", { agent_id: "a1", agent_type: "Explore" });
  say(3_000, "SubagentStop", {
    agent_id: "a1",
    agent_type: "Explore",
    last_assistant_message: "Found",
  });
  say(4_000, "Stop", { last_assistant_message: "Done", prompt_id: "p1" });
  say(5_000, "SessionEnd", { reason: "other" });
  const events = await project.eventsWhen(
    (all) => ofType(all, "session_ended").length === 1,
  );
  for (const event of events)
    expect(event).toMatchObject({
      project: "shop",
      source: "claude-code",
      session_id: "s1",
    });
  expect(
    events.map(({ event_type, message }) => [event_type, message]),
  ).toEqual([
    ["agent_created", "Agent claude-code src created"],
    ["agent_status_changed", "Agent claude-code src: idle"],
    ["agent_updated", "claude-code src is known better"],
    ["agent_status_changed", "Agent claude-code src: executing"],
    ["prompt_sent", "Prompt sent: command"],
    ["tool_call", "Bash npm test"],
    ["permission_request", "Bash npm test"],
    ["tool_call", "Bash npm test"],
    ["permission_resolved", "allowed"],
    ["agent_created", "Agent Explore created"],
    ["agent_status_changed", "Agent Explore: executing"],
    ["agent_status_changed", "Agent Explore: completed"],
    ["prompt_completed", "Prompt completed: command"],
    ["agent_status_changed", "Agent claude-code src: idle"],
    ["session_ended", "Session ended: other"],
    ["agent_status_changed", "Agent claude-code src: completed"],
  ]);
  const [created, child] = ofType(events, "agent_created");
  expect(created).toMatchObject({
    agent_id: "s1",
    timestamp: "2026-11-25T10:00:00.000Z",
    metadata: { model: "claude-sonnet-5", cwd },
  });
  expect(child?.metadata).toMatchObject({
    parent_agent_id: "s1",
    parent_assumed: true,
  });
  expect(ofType(events, "agent_updated")[0]?.metadata).toEqual({
    title: "Fix the tests",
  });
  const [started, ended] = ofType(events, "tool_call");
  expect(started?.metadata).toEqual({ ...bash });
  expect(ended?.metadata).toEqual({
    ...bash,
    duration_ms: 480,
    tool_output: { stdout: "ok" },
  });
  expect(ofType(events, "permission_resolved")[0]?.metadata).toMatchObject({
    tool_use_id: "t1",
    waited_ms: 2_470,
  });
  expect(ofType(events, "prompt_completed")[0]).toMatchObject({
    timestamp: "2026-11-25T10:00:04.000Z",
    metadata: { response_text: "Done", latency_ms: 3_990, status: "completed" },
  });
  expect(events.at(-1)?.timestamp).toBe("2026-11-25T10:00:05.000Z");
  expect(project.left()).toEqual([]);
  expect(statSync(project.spool).mode & 0o777).toBe(0o700);
  expect(project.program?.stderr()).toBe("");
});

test("what came while no server ran is taken at its start, and once", async () => {
  const project = new AgentsProject();
  await project.start();
  project.say(claude("UserPromptSubmit", { prompt: "one" }));
  await project.eventsWhen((all) => ofType(all, "prompt_sent").length === 1);
  await project.kill("SIGTERM");
  project.say(claude("PreToolUse", bash));
  project.say(claude("PostToolUse", { ...bash, tool_response: "a" }));
  await project.start();
  const events = await project.eventsWhen(
    (all) => ofType(all, "tool_call").length === 2,
  );
  expect(ofType(events, "agent_created")).toHaveLength(1);
});

test("killed at any moment, the server neither loses nor repeats what was said", async () => {
  const project = new AgentsProject();
  await project.start();
  const calls = 240;
  const said: Record<string, unknown>[] = [];
  for (let call = 0; call < calls; call += 1) {
    const tool = { ...bash, tool_use_id: `t${String(call)}` };
    said.push(
      claude("PreToolUse", tool),
      claude("PostToolUse", { ...tool, tool_response: "x" }),
    );
  }
  const at = Date.now() - 60_000;
  for (const [index, payload] of said.entries()) {
    project.say(payload, at + index);
    if (index % 160 !== 150) continue;
    await new Promise((resolve) => setTimeout(resolve, (index * 7) % 60));
    await project.kill("SIGKILL");
    await project.start();
  }
  await project.eventsWhen(() => project.left().length === 0);
  const events = project.events();
  const tools = ofType(events, "tool_call");
  expect(tools).toHaveLength(2 * calls);
  expect(
    new Set(tools.map(({ metadata }) => metadata["tool_use_id"])).size,
  ).toBe(calls);
  expect(ofType(events, "agent_created")).toHaveLength(1);
}, 300_000);

test("half a payload is kept aside, and said; whole leftovers of tmp/ are taken", async () => {
  const project = new AgentsProject();
  await project.start();
  project.say('{"half":');
  project.say(claude("Stop"), Date.now(), "nobody");
  project.say(claude("UserPromptSubmit", { prompt: "after" }));
  await project.eventsWhen((all) => ofType(all, "prompt_sent").length === 1);
  await project.eventsWhen(() =>
    /nobody knows/.test(project.program?.stderr() ?? ""),
  );
  expect(project.left("broken")).toHaveLength(2);
  expect(project.left()).toEqual([]);
  expect(project.program?.stderr()).toMatch(
    /is no JSON: it is kept as .*broken/,
  );
  expect(project.program?.stderr()).toMatch(
    /cannot be stored \(nobody knows the source "nobody"\)/,
  );
});

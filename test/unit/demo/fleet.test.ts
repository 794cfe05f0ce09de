import { endlessFleet, fleetStory } from "../../../src/demo/fleet.ts";
import { naturalRate, play } from "../../../src/demo/play.ts";

const story = fleetStory(1);

const ofType = (type: string) =>
  story.filter(({ event_type }) => event_type === type);

test("one seed, one story; another seed or chapter, another one", () => {
  expect(fleetStory(1)).toEqual(story);
  expect(fleetStory(2)).not.toEqual(story);
  expect(fleetStory(1, 1)).not.toEqual(story);
});

test("with ids of its own, the same story shares no id with another run", () => {
  const own = fleetStory(1, 0, Math.random);
  const told = (events: typeof story) => events.map(({ message }) => message);
  expect(told(own)).toEqual(told(story));
  const idsOf = (events: typeof story) =>
    events.flatMap(({ agent_id, metadata }) => [
      ...(agent_id === "system" ? [] : [agent_id]),
      String(metadata["session_id"] ?? metadata["adw_id"]),
      String(metadata["prompt_id"] ?? metadata["adw_id"]),
    ]);
  const known = new Set(idsOf(story));
  expect(idsOf(own).filter((id) => known.has(id))).toEqual([]);
});

test("is told in the order of time, in less than a minute", () => {
  const times = story.map(({ at_ms }) => at_ms);
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect(times.at(-1)).toBeLessThan(60_000);
  expect(story.length).toBeGreaterThan(200);
});

test("holds everything that a dashboard has to show", () => {
  const types = new Set(story.map(({ event_type }) => event_type));
  expect([...types].sort()).toEqual([
    "adw_created",
    "adw_step_change",
    "adw_updated",
    "agent_completed",
    "agent_created",
    "agent_failed",
    "agent_started",
    "agent_status_changed",
    "cost_update",
    "error",
    "event",
    "milestone",
    "performance",
    "permission_request",
    "prompt_completed",
    "prompt_sent",
    "step_end",
    "step_start",
    "tool_call",
  ]);
});

test("every agent is created before it does anything, and ends", () => {
  const created = new Set<string>();
  for (const { agent_id, event_type } of story) {
    if (event_type === "agent_created") created.add(agent_id);
    else if (agent_id !== "system") expect(created).toContain(agent_id);
  }
  const ended = [...ofType("agent_completed"), ...ofType("agent_failed")];
  expect(new Set(ended.map(({ agent_id }) => agent_id))).toEqual(created);
});

test("its agents work in several projects, those of one workflow in the same", () => {
  const created = ofType("agent_created").map(({ metadata }) => metadata);
  const projects = new Map(
    created.map(({ adw_id, project }) => [adw_id, project]),
  );
  for (const { adw_id, project } of created)
    expect(project).toBe(projects.get(adw_id));
  expect(new Set(projects.values()).size).toBeGreaterThan(1);
});

test("subagents name a parent that exists; names are unique", () => {
  const agents = ofType("agent_created");
  const ids = new Set(agents.map(({ agent_id }) => agent_id));
  const parents = agents.flatMap(
    ({ metadata }) => metadata["parent_agent_id"] ?? [],
  );
  expect(parents.length).toBeGreaterThan(5);
  for (const parent of parents) expect(ids).toContain(parent);
  const names = agents.map(({ metadata }) => metadata["name"]);
  expect(new Set(names).size).toBe(names.length);
});

test("every prompt is answered once, with model, tokens and cost", () => {
  const answers = ofType("prompt_completed").map(({ metadata }) => metadata);
  expect(answers.map((metadata) => metadata["prompt_id"]).sort()).toEqual(
    ofType("prompt_sent")
      .map(({ metadata }) => metadata["prompt_id"])
      .sort(),
  );
  for (const metadata of answers) {
    expect(metadata).toMatchObject({
      model: expect.stringMatching(/^claude-/),
      tokens_input: expect.any(Number),
      tokens_output: expect.any(Number),
      cost_usd: expect.any(Number),
      latency_ms: expect.any(Number),
    });
  }
});

test("what an agent reports at its end is the sum of its prompts", () => {
  for (const { agent_id, metadata } of ofType("agent_completed")) {
    const own = ofType("prompt_completed").filter(
      (e) => e.agent_id === agent_id,
    );
    const sum = (key: string) =>
      own.reduce((total, e) => total + Number(e.metadata[key]), 0);
    expect(metadata["tokens_input"]).toBe(sum("tokens_input"));
    expect(metadata["cost_usd"]).toBeCloseTo(sum("cost_usd"), 6);
  }
});

test("every workflow fails once, retries, and asks a person", () => {
  expect(ofType("agent_failed")).toHaveLength(3);
  expect(ofType("permission_request")).toHaveLength(3);
  const waiting = ofType("agent_status_changed").filter(
    ({ metadata }) => metadata["status"] === "waiting",
  );
  expect(waiting).toHaveLength(3);
});

test("builders work in parallel", () => {
  const spans = ofType("agent_created")
    .filter(({ metadata }) => /build-(api|ui)$/.test(String(metadata["name"])))
    .map(({ agent_id, at_ms }) => ({
      workflow: story.find((e) => e.agent_id === agent_id)?.metadata["adw_id"],
      from: at_ms,
      to:
        ofType("agent_completed").find((e) => e.agent_id === agent_id)?.at_ms ??
        0,
    }));
  expect(spans).toHaveLength(6);
  for (const span of spans) {
    const other = spans.find((s) => s !== span && s.workflow === span.workflow);
    expect(other?.from).toBeLessThan(span.to);
  }
});

test("the endless fleet goes on after a chapter, later", () => {
  const events: Array<ReturnType<typeof fleetStory>[number]> = [];
  for (const event of endlessFleet(1)) {
    events.push(event);
    if (events.length > story.length) break;
  }
  expect(events.slice(0, story.length)).toEqual(story);
  expect(events.at(-1)?.at_ms).toBeGreaterThan(story.at(-1)?.at_ms ?? 0);
});

describe("play", () => {
  const events = [0, 10, 20, 400].map((at_ms) => ({ at_ms }));
  const never = new AbortController().signal;

  test("emits each event when its time has come, faster with speed", async () => {
    const startMs = performance.now();
    const times: number[] = [];
    const count = await play(
      events,
      () => void times.push(performance.now() - startMs),
      { speed: 4, signal: never },
    );
    expect(count).toBe(4);
    expect(times[3]).toBeGreaterThanOrEqual(98);
    expect(times[3]).toBeLessThan(390);
  });

  test("an abort ends it without emitting what is left", async () => {
    const aborter = new AbortController();
    const count = await play(
      events,
      ({ at_ms }) => {
        if (at_ms === 20) aborter.abort();
      },
      { speed: 1, signal: aborter.signal },
    );
    expect(count).toBe(3);
  });

  test("lets the event loop turn, however fast it plays", async () => {
    let turns = 0;
    const count = function schedule(): void {
      setImmediate(() => {
        turns++;
        if (turns < 1_000) schedule();
      });
    };
    count();
    await play(
      Array.from({ length: 1_000 }, () => ({ at_ms: 0 })),
      () => {},
      { speed: 1, signal: never },
    );
    expect(turns).toBeGreaterThan(5);
  });

  test("the natural rate is in events a second", () => {
    expect(naturalRate(events)).toBe(10);
    expect(naturalRate([])).toBe(1);
  });
});

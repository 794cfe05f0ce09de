/**
 * The story that the demo plays: three workflows side by side, each of them
 * plan → build (agents in parallel, with subagents) → test (one fails and is
 * started again) → review (which has to ask a person).
 *
 * Pure and deterministic: one seed, one story. It knows neither a server nor a
 * clock, so the same story can go to a socket, a database or a test.
 */
import type { FleetEvent, Random } from "./agent.ts";
import { TASKS } from "./tasks.ts";
import { Workflow } from "./workflow.ts";

const WORKFLOWS_AT_ONCE = 3;

/**
 * One story of about 200 events. Another chapter of the same seed is another story.
 *
 * @param ids - where the ids come from; by default from the seed too, so that they
 * are the same in every run
 */
export function fleetStory(
  seed: number,
  chapter = 0,
  ids: Random = randomFrom(-(seed * 1_000 + chapter + 1)),
): FleetEvent[] {
  const random = randomFrom(seed * 1_000 + chapter);
  const firstTask = Math.floor(random() * TASKS.length);
  const story: FleetEvent[] = [];
  for (let index = 0; index < WORKFLOWS_AT_ONCE; index++) {
    const task = TASKS[(firstTask + index) % TASKS.length];
    if (task === undefined) continue;
    const startMs = index * 1_500;
    story.push(...new Workflow(task, { random, ids, startMs }).run());
  }
  // A stable sort: what an agent does at one moment stays in its order.
  return story.sort((a, b) => a.at_ms - b.at_ms);
}

/** Chapter after chapter, for as long as somebody watches. */
export function* endlessFleet(
  seed: number,
  ids?: Random,
): Generator<FleetEvent> {
  let startMs = 0;
  for (let chapter = 0; ; chapter++) {
    let endMs = startMs;
    for (const event of fleetStory(seed, chapter, ids)) {
      endMs = startMs + event.at_ms;
      yield { ...event, at_ms: endMs };
    }
    startMs = endMs + 2_000;
  }
}

/** mulberry32: small, seedable, the same on every machine. */
function randomFrom(seed: number): Random {
  let state = Math.imul(seed, 0x9e3779b1) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

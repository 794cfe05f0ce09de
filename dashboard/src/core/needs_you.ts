/** The queue on top: agents that wait for a person, failed, or look stuck. */
import type { Agent, Need } from "./types.ts";
import type { Fleet } from "./fleet.ts";
import { agentName } from "./fleet.ts";
import { formatDuration } from "./format.ts";
import { timesInARow } from "./repeats.ts";

/** The same tool call this many times in a row looks like a loop. */
export const LOOP_CALLS = 3;
/** Silent for this long with nothing open looks stuck. */
export const SILENT_MS = 120_000;
/** A call or prompt may take long; open and silent for this long looks dead. */
export const SILENT_WHILE_OPEN_MS = 600_000;

/** Most urgent first. */
const ORDER: readonly Need["kind"][] = [
  "permission",
  "question",
  "failed",
  "loop",
  "blocked",
  "idle",
  "silent",
];

/**
 * @param now ms since the epoch: the present, or the replay's moment
 * @returns most urgent first, then the longest waiting
 */
export function needsYou(fleet: Fleet, now: number): Need[] {
  const busyParents = parentsOfBusyAgents(fleet, now);
  const needs: Need[] = [];
  for (const agent of fleet.agents.values()) {
    for (const wait of agent.waits) {
      needs.push(need(agent, wait.kind, wait.reason, wait.since, wait.seq));
    }
    if (agent.waits.length > 0 && agent.failure === null) continue;
    const other = needOf(agent, now, busyParents);
    if (other !== null) needs.push(other);
  }
  return needs.sort(
    (a, b) =>
      ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind) || a.since - b.since,
  );
}

/** What an agent that waits for nothing needs all the same. */
function needOf(
  agent: Agent,
  now: number,
  busyParents: Set<string>,
): Need | null {
  const { failure, repeat } = agent;
  if (failure !== null) {
    const reason = failure.reason || "Failed without a reason given";
    return need(agent, "failed", reason, failure.since, failure.seq);
  }
  if (agent.activity === "idle") {
    const reason = "Idle: waits for its next instruction";
    return need(agent, "idle", reason, agent.lastAt, agent.lastSeq);
  }
  const times = timesInARow(agent);
  if (times >= LOOP_CALLS) {
    const reason = `Same call ${times} times: ${repeat.label}`;
    return need(agent, "loop", reason, repeat.since, repeat.seq);
  }
  if (isSilent(agent, now) && !busyParents.has(agent.id)) {
    const reason = `Silent for ${formatDuration(now - agent.lastAt)}, ${openCallsOf(agent)}`;
    return need(agent, "silent", reason, agent.lastAt, agent.lastSeq);
  }
  return null;
}

function need(
  agent: Agent,
  kind: Need["kind"],
  reason: string,
  since: number,
  seq: number,
): Need {
  // Two requests may be made in the same millisecond.
  const isAsked = kind === "permission" || kind === "question";
  const which = isAsked ? ` ${seq}` : "";
  const key = `${agent.id} ${kind} ${since}${which}`;
  return {
    key,
    agentId: agent.id,
    agentName: agentName(agent),
    kind,
    reason,
    since,
    seq,
  };
}

function isSilent(agent: Agent, now: number) {
  const patience = agent.openCalls.size > 0 ? SILENT_WHILE_OPEN_MS : SILENT_MS;
  return agent.activity === "running" && now - agent.lastAt >= patience;
}

function openCallsOf({ openCalls }: Agent) {
  const [first] = openCalls.values();
  if (first === undefined) return "and no call is open";
  const what = first.label || first.name;
  return openCalls.size === 1
    ? `with ${what} open`
    : `with ${openCalls.size} calls open, the first ${what}`;
}

/** Agents that have a descendant at work: they are quiet because they wait. */
function parentsOfBusyAgents(fleet: Fleet, now: number) {
  const parents = new Set<string>();
  for (const agent of fleet.agents.values()) {
    const busy =
      (agent.activity === "running" && !isSilent(agent, now)) ||
      agent.waits.length > 0;
    if (!busy) continue;
    let parent = agent.parentId;
    while (parent !== "" && !parents.has(parent)) {
      parents.add(parent);
      parent = fleet.agents.get(parent)?.parentId ?? "";
    }
  }
  return parents;
}

/**
 * The queue on top: agents that wait for a person, failed, or look stuck.
 *
 * @import { Agent, Need } from "./types.js"
 * @import { Fleet } from "./fleet.js"
 */
import { agentName } from "./fleet.js";

/** The same tool call this many times in a row looks like a loop. */
export const LOOP_CALLS = 3;
/** Silent for this long with nothing open looks stuck. */
export const SILENT_MS = 120_000;

/** Most urgent first. */
/** @type {readonly Need["kind"][]} */
const ORDER = [
  "permission",
  "question",
  "failed",
  "loop",
  "blocked",
  "idle",
  "silent",
];

/**
 * @param {Fleet} fleet
 * @param {number} now ms since the epoch: the present, or the replay's moment
 * @returns {Need[]} most urgent first, then the longest waiting
 */
export function needsYou(fleet, now) {
  const busyParents = parentsOfBusyAgents(fleet, now);
  /** @type {Need[]} */
  const needs = [];
  for (const agent of fleet.agents.values()) {
    const need = needOf(agent, now, busyParents);
    if (need !== null) needs.push(need);
  }
  return needs.sort(
    (a, b) =>
      ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind) || a.since - b.since,
  );
}

/**
 * @param {Agent} agent
 * @param {number} now
 * @param {Set<string>} busyParents
 * @returns {Need | null}
 */
function needOf(agent, now, busyParents) {
  const { wait, failure, repeat } = agent;
  if (wait !== null) {
    return need(agent, wait.kind, wait.reason, wait.since, wait.seq);
  }
  if (failure !== null) {
    const reason = failure.reason || "Failed without a reason given";
    return need(agent, "failed", reason, failure.since, failure.seq);
  }
  if (agent.activity === "idle") {
    const reason = "Idle: waits for its next instruction";
    return need(agent, "idle", reason, agent.lastAt, agent.lastSeq);
  }
  if (repeat.count >= LOOP_CALLS) {
    const reason = `Same call ${repeat.count} times: ${repeat.label}`;
    return need(agent, "loop", reason, repeat.since, repeat.seq);
  }
  if (isSilent(agent, now) && !busyParents.has(agent.id)) {
    const reason = "No sign of life, and no call is open";
    return need(agent, "silent", reason, agent.lastAt, agent.lastSeq);
  }
  return null;
}

/**
 * @param {Agent} agent
 * @param {Need["kind"]} kind
 * @param {string} reason
 * @param {number} since
 * @param {number} seq
 * @returns {Need}
 */
function need(agent, kind, reason, since, seq) {
  const key = `${agent.id} ${kind} ${since}`;
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

/**
 * @param {Agent} agent
 * @param {number} now
 */
function isSilent(agent, now) {
  return (
    agent.activity === "running" &&
    now - agent.lastAt >= SILENT_MS &&
    Object.keys(agent.openCalls).length === 0
  );
}

/**
 * Agents that have a descendant at work: they are quiet because they wait.
 *
 * @param {Fleet} fleet
 * @param {number} now
 */
function parentsOfBusyAgents(fleet, now) {
  const parents = new Set();
  for (const agent of fleet.agents.values()) {
    const busy =
      (agent.activity === "running" && !isSilent(agent, now)) ||
      agent.wait !== null;
    if (!busy) continue;
    let parent = agent.parentId;
    while (parent !== "" && !parents.has(parent)) {
      parents.add(parent);
      parent = fleet.agents.get(parent)?.parentId ?? "";
    }
  }
  return parents;
}

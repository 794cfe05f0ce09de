/** The fleet, and what can be asked of it: names, numbers, the tree of agents. */
import type { Agent, Filter, StepStats } from "./types.ts";
import { knownCost, sumUsage, usageOf } from "./usage.ts";

export interface Fleet {
  /** by id, in order of appearance */
  agents: Map<string, Agent>;
  events: number;
  /** events of level error or critical, or of type error */
  errors: number;
}

export function createFleet(): Fleet {
  return { agents: new Map(), events: 0, errors: 0 };
}

export function cloneFleet(fleet: Fleet): Fleet {
  return structuredClone(fleet);
}

/** Of a coding agent its task: it has no name of its own. */
export function agentName(agent: Agent) {
  return (agent.source && agent.title) || agent.name || shortId(agent.id);
}

export function shortId(id: string) {
  return /^[0-9a-f]{8}-[0-9a-f-]{27}$/i.test(id) ? id.slice(0, 8) : id;
}

/** Tokens of an agent: the sum of its prompts, or its own report if larger. */
export function tokensOf(agent: Agent) {
  const { tokensIn, tokensOut } = usageOf(agent);
  return { input: tokensIn, output: tokensOut };
}

/** Recorded cost of an agent in US dollars, or null when none was recorded. */
export function costOf(agent: Agent) {
  return knownCost(usageOf(agent));
}

/** Whether it waits for a person, and so does not work. */
export function isWaiting(agent: Agent) {
  return agent.waits.length > 0 || agent.activity === "waiting";
}

/** How long an agent has been at it, or was. */
export function elapsedOf(agent: Agent, time: number) {
  const end = agent.endedAt === 0 ? time : agent.endedAt;
  return Math.max(0, end - agent.firstAt);
}

/** What chooses a part of the fleet. */
export type Scope = Pick<Filter, "sessions" | "projects" | "sources">;

/** Whether a scope is everything. */
export function isWhole({ sessions, projects, sources }: Scope) {
  return sessions.length + projects.length + sources.length === 0;
}

/** The agents of some sessions, projects or sources, and what was counted of them. */
export function partOf(fleet: Fleet, scope: Scope): Fleet {
  if (isWhole(scope)) return fleet;
  const { sessions, projects, sources } = scope;
  const part = createFleet();
  for (const [id, agent] of fleet.agents) {
    const isIn =
      (sessions.length === 0 || sessions.some((s) => agent.sessions.has(s))) &&
      (projects.length === 0 || projects.includes(agent.project)) &&
      (sources.length === 0 || sources.includes(agent.source));
    if (!isIn) continue;
    part.agents.set(id, agent);
    part.events += agent.events;
    part.errors += agent.errors;
  }
  return part;
}

export function totals(fleet: Fleet) {
  const sum = {
    agents: fleet.agents.size,
    running: 0,
    waiting: 0,
    failed: 0,
    usage: sumUsage(fleet.agents.values()),
    events: fleet.events,
    errors: fleet.errors,
  };
  for (const agent of fleet.agents.values()) {
    if (isWaiting(agent)) sum.waiting += 1;
    else if (agent.activity === "running") sum.running += 1;
    if (agent.activity === "failed") sum.failed += 1;
  }
  return sum;
}

/** Durations by step name over the whole fleet, longest in total first. */
export function stepTotals(fleet: Fleet): StepStats[] {
  const sums: Map<string, StepStats> = new Map();
  for (const agent of fleet.agents.values()) {
    for (const step of agent.steps.values()) {
      const sum = sums.get(step.name);
      if (sum === undefined) sums.set(step.name, { ...step });
      else {
        sum.count += step.count;
        sum.totalMs += step.totalMs;
        sum.maxMs = Math.max(sum.maxMs, step.maxMs);
        sum.failed += step.failed;
      }
    }
  }
  return [...sums.values()].sort((a, b) => b.totalMs - a.totalMs);
}

/**
 * The tree in the order it is drawn: parents before their children, each with
 * its depth. A parent that was never seen, or a circle, makes a root.
 */
export function treeRows(
  fleet: Fleet,
): { agent: Agent; depth: number; children: number }[] {
  const childrenOf: Map<string, Agent[]> = new Map();
  const roots: Agent[] = [];
  for (const agent of fleet.agents.values()) {
    if (agent.parentId !== "" && fleet.agents.has(agent.parentId)) {
      const siblings = childrenOf.get(agent.parentId);
      if (siblings === undefined) childrenOf.set(agent.parentId, [agent]);
      else siblings.push(agent);
    } else {
      roots.push(agent);
    }
  }
  const rows: { agent: Agent; depth: number; children: number }[] = [];
  const seen = new Set<string>();
  const walk = (start: Agent) => {
    const stack: { agent: Agent; depth: number }[] = [
      { agent: start, depth: 0 },
    ];
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      if (seen.has(next.agent.id)) continue;
      seen.add(next.agent.id);
      const children = childrenOf.get(next.agent.id) ?? [];
      rows.push({ ...next, children: children.length });
      for (const child of children.toReversed()) {
        stack.push({ agent: child, depth: next.depth + 1 });
      }
    }
  };
  roots.forEach(walk);
  for (const agent of fleet.agents.values())
    if (!seen.has(agent.id)) walk(agent);
  return rows;
}

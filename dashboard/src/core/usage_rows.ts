/** The rows of the table of tokens and cost, whatever it is told by. */
import { agentName, elapsedOf, type Fleet } from "./fleet.ts";
import { formatInteger } from "./format.ts";
import { agentRows } from "./groups.ts";
import type { Agent } from "./types.ts";
import {
  addUsage,
  noUsage,
  sumUsage,
  type Usage,
  usageBy,
  type UsageKey,
  usageOf,
} from "./usage.ts";

export interface UsageRow {
  key: string;
  name: string;
  depth: number;
  /** the agent, where the row is one's */
  agent?: Agent;
  /** ms */
  elapsed?: number;
  /** absent where nothing can be said of it */
  usage?: Usage;
  /** absent where they are not counted */
  errors?: number;
}

/** Rows drawn; what is beyond is summed up in one more. */
const MOST_ROWS = 300;

const UNNAMED = { model: "Unknown model", project: "No project", day: "–" };

/** @param time ms since the epoch, the moment shown */
export function usageRows(fleet: Fleet, by: UsageKey, time: number) {
  return by === "agent" ? rowsOfAgents(fleet, time) : rowsBy(fleet, by);
}

/** The row below all others. */
export function totalRow(fleet: Fleet, by: UsageKey): UsageRow {
  return {
    key: "total",
    name: `Total of ${formatInteger(fleet.agents.size)} agents`,
    depth: 0,
    usage: sumUsage(fleet.agents.values()),
    ...(by === "agent" ? { errors: fleet.errors } : {}),
  };
}

function rowsOfAgents(fleet: Fleet, time: number): UsageRow[] {
  const all = agentRows(fleet);
  const rows = all.slice(0, MOST_ROWS).map(({ agent, depth }): UsageRow => ({
    key: agent.id,
    name: agentName(agent),
    depth,
    agent,
    elapsed: elapsedOf(agent, time),
    usage: usageOf(agent),
    errors: agent.errors,
  }));
  const rest = all.slice(MOST_ROWS).map(({ agent }) => agent);
  if (rest.length > 0) {
    rows.push({
      key: "more",
      name: `and ${formatInteger(rest.length)} more agents`,
      depth: 0,
      usage: sumUsage(rest),
      errors: errorsOf(rest),
    });
  }
  const errors = fleet.errors - errorsOf([...fleet.agents.values()]);
  if (errors > 0) {
    rows.push({ key: "none", name: "Of no agent", depth: 0, errors });
  }
  return rows;
}

function rowsBy(fleet: Fleet, by: Exclude<UsageKey, "agent">): UsageRow[] {
  const sums = usageBy(fleet, by);
  const rows = sums.slice(0, MOST_ROWS).map(({ name, usage }): UsageRow => ({
    key: name,
    name: name || UNNAMED[by],
    depth: 0,
    usage,
  }));
  const rest = sums.slice(MOST_ROWS);
  if (rest.length > 0) {
    const usage = noUsage();
    for (const sum of rest) addUsage(usage, sum.usage);
    const name = `and ${formatInteger(rest.length)} more`;
    rows.push({ key: "more", name, depth: 0, usage });
  }
  return rows;
}

function errorsOf(agents: readonly Agent[]) {
  return agents.reduce((errors, agent) => errors + agent.errors, 0);
}

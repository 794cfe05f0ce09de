/**
 * Tokens and cost: what was used, by whom, and how that is known. What nobody
 * knows stays unknown; it is never a 0.
 */
import { count, isRecord, text } from "./event_facts.ts";
import type { Fleet } from "./fleet.ts";
import { dayOf, formatDay } from "./format.ts";
import type { Agent } from "./types.ts";

export type CostSource = "reported" | "estimated" | "unknown";
const COST_SOURCES: readonly CostSource[] = [
  "reported",
  "estimated",
  "unknown",
];

/** What the numbers can be told by. */
export const USAGE_KEYS = ["agent", "model", "project", "day"] as const;
export type UsageKey = (typeof USAGE_KEYS)[number];

export interface Usage extends Record<CostSource, number> {
  /** neither read from nor written to a cache, where that is told apart */
  tokensIn: number;
  tokensOut: number;
  cacheRead: number;
  cacheWrite: number;
  /** US dollars, of the requests whose cost is known */
  cost: number;
  /** requests whose two sources of cost differ by more than 1 % */
  differing: number;
  /** what each source says of those, US dollars */
  differingReported: number;
  differingEstimated: number;
}

/** What one agent used of one model on one day. */
export interface Share extends Usage {
  model: string;
  /** ms since the epoch, when that day began here */
  day: number;
}

export function noUsage(): Usage {
  return {
    tokensIn: 0,
    tokensOut: 0,
    cacheRead: 0,
    cacheWrite: 0,
    cost: 0,
    reported: 0,
    estimated: 0,
    unknown: 0,
    differing: 0,
    differingReported: 0,
    differingEstimated: 0,
  };
}

export function addUsage(sum: Usage, more: Usage) {
  sum.tokensIn += more.tokensIn;
  sum.tokensOut += more.tokensOut;
  sum.cacheRead += more.cacheRead;
  sum.cacheWrite += more.cacheWrite;
  sum.cost += more.cost;
  sum.reported += more.reported;
  sum.estimated += more.estimated;
  sum.unknown += more.unknown;
  sum.differing += more.differing;
  sum.differingReported += more.differingReported;
  sum.differingEstimated += more.differingEstimated;
}

/** Whether an event's cost is one request's, and not its agent's so far. */
export function isRequest(metadata: Record<string, unknown>) {
  return isSource(metadata["cost_source"]);
}

/** The number that an event gives as a cost, or null. */
export function costIn(metadata: Record<string, unknown>) {
  const value = metadata["cost_usd"] ?? metadata["total_cost_usd"];
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

export function isEstimate(metadata: Record<string, unknown>) {
  return (
    metadata["cost_source"] === "estimated" ||
    metadata["estimated"] === true ||
    metadata["cost_estimated"] === true ||
    metadata["cost_is_estimate"] === true
  );
}

/** Counts what a prompt or a model request used. */
export function takeUsage(
  agent: Agent,
  metadata: Record<string, unknown>,
  at: number,
) {
  const usage = noUsage();
  usage.tokensIn = count(metadata["tokens_input"]);
  usage.tokensOut = count(metadata["tokens_output"]);
  usage.cacheRead = count(metadata["tokens_cache_read"]);
  usage.cacheWrite = count(metadata["tokens_cache_write"]);
  const cost = costIn(metadata);
  usage.cost = cost ?? 0;
  // What comes later of the same request is no second one.
  if (metadata["correction"] === true) correct(usage, metadata);
  else {
    const said = metadata["cost_source"];
    if (isSource(said)) usage[cost === null ? "unknown" : said] = 1;
    else if (cost !== null) {
      usage[isEstimate(metadata) ? "estimated" : "reported"] = 1;
    }
  }
  const differs = metadata["cost_differs"];
  if (isRecord(differs)) {
    usage.differing = 1;
    usage.differingReported = count(differs["reported"]);
    usage.differingEstimated = count(differs["estimated"]);
  }
  addUsage(agent.used, usage);
  const model = text(metadata["model"]) || agent.model;
  const day = dayOf(at);
  const key = `${model}\n${day}`;
  let share = agent.shares.get(key);
  if (share === undefined) {
    share = { model, day, ...noUsage() };
    agent.shares.set(key, share);
  }
  addUsage(share, usage);
}

/** Where a correction says how the cost was known before, that no longer holds. */
function correct(usage: Usage, metadata: Record<string, unknown>) {
  const before = metadata["previous_cost_source"];
  const now = metadata["cost_source"];
  if (!isSource(before) || !isSource(now)) return;
  usage[before] -= 1;
  usage[now] += 1;
}

/** What an agent used: the sum of its requests, or its own report if larger. */
export function usageOf(agent: Agent): Usage {
  const usage = { ...agent.used };
  addUsage(usage, unsharedOf(agent));
  // Said of a total that is no larger than its parts.
  if (agent.estimated) usage.estimated ||= 1;
  return usage;
}

/** What an agent reported beyond its requests. */
function unsharedOf(agent: Agent): Usage {
  const { used } = agent;
  const rest = noUsage();
  // A sum of floats may miss by a little.
  const beyond = (total: number, parts: number) =>
    total - parts > 1e-9 ? total - parts : 0;
  rest.tokensIn = beyond(agent.reportedTokensIn, used.tokensIn);
  rest.tokensOut = beyond(agent.reportedTokensOut, used.tokensOut);
  rest.cost = beyond(agent.reportedCost, used.cost);
  if (rest.cost > 0) rest[agent.estimated ? "estimated" : "reported"] = 1;
  return rest;
}

/**
 * The sums of a fleet by model, project or day, the most expensive first; days
 * newest first. A total that an agent reported counts for its model, on the day
 * it did so.
 */
export function usageBy(fleet: Fleet, by: Exclude<UsageKey, "agent">) {
  const sums = new Map<string, { name: string; day: number; usage: Usage }>();
  for (const agent of fleet.agents.values()) {
    const rest = {
      ...unsharedOf(agent),
      model: agent.model,
      day: dayOf(agent.reportedAt),
    };
    for (const share of [...agent.shares.values(), rest]) {
      if (isNothing(share)) continue;
      const name =
        by === "day"
          ? formatDay(share.day)
          : by === "model"
            ? share.model
            : agent.project;
      const sum = sums.get(name) ?? { name, day: share.day, usage: noUsage() };
      sums.set(name, sum);
      addUsage(sum.usage, share);
    }
  }
  const isTokenHeavier = (a: Usage, b: Usage) =>
    b.cost - a.cost || b.tokensIn + b.tokensOut - a.tokensIn - a.tokensOut;
  return [...sums.values()].sort((a, b) =>
    by === "day" ? b.day - a.day : isTokenHeavier(a.usage, b.usage),
  );
}

export function sumUsage(agents: Iterable<Agent>): Usage {
  const sum = noUsage();
  for (const agent of agents) addUsage(sum, usageOf(agent));
  return sum;
}

/** The cost that is known, or null when none is. */
export function knownCost({ cost, reported, estimated }: Usage) {
  return reported + estimated > 0 || cost > 0 ? cost : null;
}

/** How the cost is known: reported, estimated, unknown, in that order. */
export function sourcesOf(usage: Usage): CostSource[] {
  return COST_SOURCES.filter((source) => usage[source] > 0);
}

function isNothing(usage: Usage) {
  const { tokensIn, tokensOut, cacheRead, cacheWrite, cost } = usage;
  return (
    tokensIn + tokensOut + cacheRead + cacheWrite + cost === 0 &&
    sourcesOf(usage).length === 0
  );
}

function isSource(value: unknown): value is CostSource {
  return COST_SOURCES.some((source) => source === value);
}

/**
 * The sessions of coding agents, read from their rows.
 *
 * Template: adw_agents 1.3.0
 */
import { AGENT_STATUSES, parseJson } from "../adw_events.ts";
import type { AgentStatus } from "../adw_events.ts";
import { fieldsOf, nameOf, numberOf, textOf } from "./act.ts";
import type { Fields } from "./act.ts";

/** One session of a coding agent, its subagents included. */
export interface AgentSession {
  session_id: string;
  /** claude-code, codex, gemini-cli, opencode, cursor, … */
  source: string;
  project: string | null;
  cwd: string | null;
  branch: string | null;
  model: string | null;
  title: string | null;
  /** Of its main agent; "waiting" while one of its agents waits for a person. */
  status: AgentStatus | "waiting";
  /** ISO 8601, UTC. */
  started_at: string;
  last_activity: string;
  /** Its subagents, however deep. */
  subagents: number;
  tokens_input: number;
  tokens_output: number;
  tokens_cache_read: number;
  tokens_cache_write: number;
  /** US dollars; null when nothing of it is known. */
  cost_usd: number | null;
  /** "partial": some of its requests have no known cost. */
  cost_source: "reported" | "estimated" | "mixed" | "partial" | "unknown";
}

/** Workflows log themselves, as "adw"; of what has no source, the comparison is not true. */
const AGENTS = `SELECT id, parent_agent_id, source, project, status, started_at, config
  FROM agents WHERE source <> 'adw'`;

const USAGE = `SELECT log.agent_id AS id,
    total(json_extract(log.details, '$.tokens_input')) AS input,
    total(json_extract(log.details, '$.tokens_output')) AS output,
    total(json_extract(log.details, '$.tokens_cache_read')) AS cache_read,
    total(json_extract(log.details, '$.tokens_cache_write')) AS cache_write,
    total(json_extract(log.details, '$.cost_usd')) AS usd,
    total(json_extract(log.details, '$.cost_source') = 'reported') AS reported,
    total(json_extract(log.details, '$.cost_source') = 'estimated') AS estimated,
    total(json_extract(log.details, '$.cost_source') = 'unknown') AS unknown
  FROM agent_logs AS log JOIN agents AS agent ON agent.id = log.agent_id
  WHERE log.log_type = 'cost_update' AND agent.source <> 'adw' GROUP BY log.agent_id`;

const HEARD = `SELECT substr(key, 7) AS id, json_extract(state, '$.lastAt') AS at
  FROM agent_acts WHERE key >= 'agent ' AND key < 'agent!'`;

const WAITS = `SELECT DISTINCT json_extract(state, '$.agent') AS id FROM agent_acts
  WHERE key >= 'wait ' AND key < 'wait!' AND json_extract(state, '$.look[0]') <> 'idle'
  AND json_extract(state, '$.logged') = '["start"]'`;

/** @param rows runs a query; the last active session comes first */
export function readSessions(rows: (sql: string) => Fields[]): AgentSession[] {
  const byId = new Map(rows(AGENTS).map((row) => [nameOf(row, "id"), row]));
  const rootOf = (id: string | undefined): string => {
    let root = id ?? "";
    // Parents that are each other's children would never end.
    for (let steps = 0; steps < 100; steps += 1) {
      const parent = nameOf(byId.get(root) ?? {}, "parent_agent_id");
      if (parent === undefined || !byId.has(parent)) break;
      root = parent;
    }
    return root;
  };
  const byRoot = (found: Iterable<Fields>) => {
    const groups = new Map<string, Fields[]>();
    for (const row of found) {
      const root = rootOf(nameOf(row, "id"));
      const group = groups.get(root) ?? [];
      groups.set(root, group);
      group.push(row);
    }
    return groups;
  };
  const members = byRoot(byId.values());
  const [usage, heard, waits] = [USAGE, HEARD, WAITS].map((sql) =>
    byRoot(rows(sql)),
  );
  return Array.from(members, ([id, agents]) =>
    sessionOf(byId.get(id) ?? {}, {
      agents,
      usage: usage?.get(id) ?? [],
      heard: heard?.get(id) ?? [],
      isWaiting: waits?.has(id) ?? false,
    }),
  ).toSorted((a, b) => (a.last_activity < b.last_activity ? 1 : -1));
}

interface Parts {
  agents: readonly Fields[];
  usage: readonly Fields[];
  heard: readonly Fields[];
  isWaiting: boolean;
}

function sessionOf(
  main: Fields,
  { agents, usage, heard, isWaiting }: Parts,
): AgentSession {
  const config = fieldsOf(parseJson(textOf(main, "config") ?? "{}"));
  const sum = (name: string) =>
    usage.reduce((total, row) => total + (numberOf(row, name) ?? 0), 0);
  const started = nameOf(main, "started_at") ?? "";
  const lastAt = Math.max(0, ...heard.map((row) => numberOf(row, "at") ?? 0));
  const status = AGENT_STATUSES.find((known) => known === main["status"]);
  const known = sum("reported") + sum("estimated");
  return {
    session_id: nameOf(main, "id") ?? "",
    source: nameOf(main, "source") ?? "unknown",
    project: nameOf(main, "project") ?? null,
    cwd: textOf(config, "cwd") ?? null,
    branch: nameOf(config, "branch") ?? null,
    model: nameOf(config, "model") ?? null,
    title: textOf(config, "title") ?? null,
    status: isWaiting ? "waiting" : (status ?? "initializing"),
    started_at: started,
    last_activity: lastAt === 0 ? started : new Date(lastAt).toISOString(),
    subagents: agents.length - 1,
    tokens_input: sum("input"),
    tokens_output: sum("output"),
    tokens_cache_read: sum("cache_read"),
    tokens_cache_write: sum("cache_write"),
    cost_usd: known > 0 ? Math.round(sum("usd") * 1e9) / 1e9 : null,
    cost_source: costSource(sum("reported"), sum("estimated"), sum("unknown")),
  };
}

function costSource(reported: number, estimated: number, unknown: number) {
  if (reported + estimated === 0) return "unknown";
  if (unknown > 0) return "partial";
  if (estimated === 0) return "reported";
  return reported === 0 ? "estimated" : "mixed";
}

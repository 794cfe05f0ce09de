/**
 * The values that occur in the events held, and how often: what the filter
 * menus offer.
 */
import type { AgentEvent, FilterField } from "./types.ts";
import { sessionOf } from "./filter.ts";

export type Facets = Record<FilterField, Map<string, number>>;

export function createFacets(): Facets {
  return {
    agents: new Map(),
    types: new Map(),
    levels: new Map(),
    sessions: new Map(),
    projects: new Map(),
    sources: new Map(),
  };
}

export function countFacets(facets: Facets, event: AgentEvent, change: 1 | -1) {
  add(facets.agents, event.agent_id, change);
  add(facets.types, event.event_type, change);
  add(facets.levels, event.log_level, change);
  add(facets.sessions, sessionOf(event), change);
  add(facets.projects, event.project, change);
  add(facets.sources, event.source, change);
}

function add(
  counts: Map<string, number>,
  value: string | undefined,
  change: number,
) {
  if (!value) return;
  const count = (counts.get(value) ?? 0) + change;
  if (count > 0) counts.set(value, count);
  else counts.delete(value);
}

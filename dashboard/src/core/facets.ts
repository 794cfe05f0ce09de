/**
 * The values that occur in the events held, and how often: what the filter
 * menus offer.
 */
import type { AgentEvent } from "./types.ts";
import { sessionOf } from "./filter.ts";

export interface Facets {
  agents: Map<string, number>;
  types: Map<string, number>;
  levels: Map<string, number>;
  sessions: Map<string, number>;
}

export function createFacets(): Facets {
  return {
    agents: new Map(),
    types: new Map(),
    levels: new Map(),
    sessions: new Map(),
  };
}

export function countFacets(facets: Facets, event: AgentEvent, change: 1 | -1) {
  add(facets.agents, event.agent_id, change);
  add(facets.types, event.event_type, change);
  add(facets.levels, event.log_level, change);
  const session = sessionOf(event);
  if (session !== "") add(facets.sessions, session, change);
}

function add(counts: Map<string, number>, value: string, change: number) {
  const count = (counts.get(value) ?? 0) + change;
  if (count > 0) counts.set(value, count);
  else counts.delete(value);
}

/**
 * The values that occur in the events held, and how often: what the filter
 * menus offer.
 *
 * @import { AgentEvent } from "./types.ts"
 */
import { sessionOf } from "./filter.ts";

/**
 * @typedef {object} Facets
 * @property {Map<string, number>} agents
 * @property {Map<string, number>} types
 * @property {Map<string, number>} levels
 * @property {Map<string, number>} sessions
 */

/** @returns {Facets} */
export function createFacets() {
  return {
    agents: new Map(),
    types: new Map(),
    levels: new Map(),
    sessions: new Map(),
  };
}

/**
 * @param {Facets} facets
 * @param {AgentEvent} event
 * @param {1 | -1} change
 */
export function countFacets(facets, event, change) {
  add(facets.agents, event.agent_id, change);
  add(facets.types, event.event_type, change);
  add(facets.levels, event.log_level, change);
  const session = sessionOf(event);
  if (session !== "") add(facets.sessions, session, change);
}

/**
 * @param {Map<string, number>} counts
 * @param {string} value
 * @param {number} change
 */
function add(counts, value, change) {
  const count = (counts.get(value) ?? 0) + change;
  if (count > 0) counts.set(value, count);
  else counts.delete(value);
}

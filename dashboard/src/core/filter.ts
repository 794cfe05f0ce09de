/**
 * Which events the log, the timeline and an export show.
 *
 * @import { AgentEvent, Filter } from "./types.ts"
 */

/** @returns {Filter} */
export function emptyFilter() {
  return {
    agents: [],
    types: [],
    levels: [],
    sessions: [],
    text: "",
    from: null,
    to: null,
  };
}

/** @param {Filter} filter */
export function isEmptyFilter(filter) {
  return (
    filter.agents.length === 0 &&
    filter.types.length === 0 &&
    filter.levels.length === 0 &&
    filter.sessions.length === 0 &&
    filter.text.trim() === "" &&
    filter.from === null &&
    filter.to === null
  );
}

/**
 * Compiles a filter once, to be asked a hundred thousand times.
 *
 * @param {Filter} filter
 * @param {(agentId: string) => string} nameOf an agent's name, searched too
 * @returns {(event: AgentEvent, at: number) => boolean}
 */
export function compileFilter(filter, nameOf) {
  const agents = setOf(filter.agents);
  const types = setOf(filter.types);
  const levels = setOf(filter.levels);
  const sessions = setOf(filter.sessions);
  const terms = searchTerms(filter.text).map(
    (term) => new RegExp(escapeRegExp(term), "i"),
  );
  const from = filter.from ?? -Infinity;
  const to = filter.to ?? Infinity;
  return (event, at) =>
    at >= from &&
    at <= to &&
    (agents === null || agents.has(event.agent_id)) &&
    (types === null || types.has(event.event_type)) &&
    (levels === null || levels.has(event.log_level)) &&
    (sessions === null || sessions.has(sessionOf(event))) &&
    terms.every((term) => matchesText(event, term, nameOf));
}

/**
 * Words, and "phrases in quotes": every one of them has to occur.
 *
 * @param {string} text
 * @returns {string[]}
 */
export function searchTerms(text) {
  return [...text.matchAll(/"([^"]+)"|(\S+)/g)].map(
    (match) => match[1] ?? match[2] ?? "",
  );
}

/**
 * Splits a text where a term occurs: odd parts are the occurrences.
 *
 * @param {string} text
 * @param {string} search
 * @returns {string[]}
 */
export function splitAtMatches(text, search) {
  const terms = searchTerms(search);
  if (terms.length === 0) return [text];
  return text.split(new RegExp(`(${terms.map(escapeRegExp).join("|")})`, "i"));
}

/** @param {AgentEvent} event */
export function sessionOf(event) {
  if (event.session_id) return event.session_id;
  const session = event.metadata["session_id"];
  return typeof session === "string" ? session : "";
}

/**
 * @param {AgentEvent} event
 * @param {RegExp} term
 * @param {(agentId: string) => string} nameOf
 */
function matchesText(event, term, nameOf) {
  return (
    term.test(event.message) ||
    term.test(event.event_type) ||
    term.test(event.agent_id) ||
    term.test(nameOf(event.agent_id)) ||
    valueMatches(event.metadata, term, 0)
  );
}

/**
 * @param {unknown} value
 * @param {RegExp} term
 * @param {number} depth
 * @returns {boolean}
 */
function valueMatches(value, term, depth) {
  if (typeof value === "string") return term.test(value);
  if (typeof value === "number") return term.test(String(value));
  if (typeof value !== "object" || value === null || depth > 20) return false;
  if (Array.isArray(value)) {
    return value.some((item) => valueMatches(item, term, depth + 1));
  }
  const record = /** @type {Record<string, unknown>} */ (value);
  for (const key in record) {
    if (valueMatches(record[key], term, depth + 1)) return true;
  }
  return false;
}

/** @param {string[]} values */
function setOf(values) {
  return values.length === 0 ? null : new Set(values);
}

/** @param {string} text */
function escapeRegExp(text) {
  return text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, String.raw`\$&`);
}

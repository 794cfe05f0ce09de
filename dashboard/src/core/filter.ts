/** Which events the log, the timeline and an export show. */
import { isRecord } from "./event_facts.ts";
import { FILTER_FIELDS, type AgentEvent, type Filter } from "./types.ts";

export function emptyFilter(): Filter {
  return {
    agents: [],
    types: [],
    levels: [],
    sessions: [],
    projects: [],
    sources: [],
    text: "",
    from: null,
    to: null,
  };
}

export function isEmptyFilter(filter: Filter) {
  return (
    FILTER_FIELDS.every((field) => filter[field].length === 0) &&
    filter.text.trim() === "" &&
    filter.from === null &&
    filter.to === null
  );
}

/**
 * Compiles a filter once, to be asked a hundred thousand times.
 *
 * @param nameOf an agent's name, searched too
 */
export function compileFilter(
  filter: Filter,
  nameOf: (agentId: string) => string,
): (event: AgentEvent, at: number) => boolean {
  const agents = setOf(filter.agents);
  const types = setOf(filter.types);
  const levels = setOf(filter.levels);
  const sessions = setOf(filter.sessions);
  const projects = setOf(filter.projects);
  const sources = setOf(filter.sources);
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
    (projects === null || projects.has(event.project ?? "")) &&
    (sources === null || sources.has(event.source ?? "")) &&
    terms.every((term) => matchesText(event, term, nameOf));
}

/** Words, and "phrases in quotes": every one of them has to occur. */
export function searchTerms(text: string): string[] {
  return [...text.matchAll(/"([^"]+)"|(\S+)/g)].map(
    (match) => match[1] ?? match[2] ?? "",
  );
}

/** Splits a text where a term occurs: odd parts are the occurrences. */
export function splitAtMatches(text: string, search: string): string[] {
  const terms = searchTerms(search);
  if (terms.length === 0) return [text];
  return text.split(new RegExp(`(${terms.map(escapeRegExp).join("|")})`, "i"));
}

export function sessionOf(event: AgentEvent) {
  if (event.session_id) return event.session_id;
  const session = event.metadata["session_id"];
  return typeof session === "string" ? session : "";
}

function matchesText(
  event: AgentEvent,
  term: RegExp,
  nameOf: (agentId: string) => string,
) {
  return (
    term.test(event.message) ||
    term.test(event.event_type) ||
    term.test(event.agent_id) ||
    term.test(nameOf(event.agent_id)) ||
    valueMatches(event.metadata, term, 0)
  );
}

function valueMatches(value: unknown, term: RegExp, depth: number): boolean {
  if (typeof value === "string") return term.test(value);
  if (typeof value === "number") return term.test(String(value));
  if (!isRecord(value) || depth > 20) return false;
  if (Array.isArray(value)) {
    return value.some((item) => valueMatches(item, term, depth + 1));
  }
  for (const key in value) {
    if (valueMatches(value[key], term, depth + 1)) return true;
  }
  return false;
}

function setOf(values: string[]) {
  return values.length === 0 ? null : new Set(values);
}

function escapeRegExp(text: string) {
  return text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, String.raw`\$&`);
}

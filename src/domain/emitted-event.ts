/** An event that a script tells the log: what it may have, and what it gets. */
import { UsageError, type SourceLocation } from "./errors.ts";
import { nearest } from "./nearest.ts";
import { LOG_LEVELS, LOG_TYPES } from "./vocabulary.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Longer names are cut on the wire (docs/protocol.md). */
const MAX_NAME = 1024;

const name = (value: unknown) =>
  typeof value === "string" && value !== "" && value.length <= MAX_NAME
    ? undefined
    : `a text of 1 to ${String(MAX_NAME)} characters`;
const oneOf = (words: readonly string[]) => (value: unknown) =>
  words.some((word) => word === value)
    ? undefined
    : `one of ${words.join(", ")}`;

/** For each key what is wrong with a value: the words after "must be". */
const KEYS: ReadonlyMap<string, (value: unknown) => string | undefined> =
  new Map([
    ["event_type", name],
    ["agent_id", name],
    [
      "message",
      (value: unknown) => (typeof value === "string" ? undefined : "a text"),
    ],
    [
      "metadata",
      (value: unknown) => (isObject(value) ? undefined : "an object"),
    ],
    [
      "timestamp",
      (value: unknown) =>
        typeof value === "string" &&
        /^\d{4}-\d\d-\d\dT/.test(value) &&
        !Number.isNaN(Date.parse(value))
          ? undefined
          : "a time in ISO 8601, such as 2026-01-31T12:00:00Z",
    ],
    ["log_level", oneOf(LOG_LEVELS)],
    ["log_type", oneOf(LOG_TYPES)],
    ["session_id", name],
    ["project", name],
    ["source", name],
    ["id", name],
  ]);

export interface EmittedEvent extends Fields {
  event_type: string;
  /** "system" where none is named. */
  agent_id: string;
  /** Of two events with the same, the log takes one. */
  id: string;
  timestamp: string;
}

/**
 * @param locate - where the event, or a key of it, stands
 * @throws {UsageError} for what is no event
 */
export function parseEvent(
  value: unknown,
  given: { id: string; now: Date },
  locate: (key?: string) => SourceLocation,
): EmittedEvent {
  if (!isObject(value)) throw invalid("an event is an object", locate(), HINT);
  for (const key of Object.keys(value)) {
    const problem = KEYS.get(key);
    if (problem === undefined) {
      const meant = nearest(key, [...KEYS.keys()]);
      throw invalid(
        `unknown key "${key}"`,
        locate(key),
        meant === undefined
          ? "What is your own goes into metadata."
          : `Did you mean "${meant}"? What is your own goes into metadata.`,
      );
    }
    const wanted = problem(value[key]);
    if (wanted !== undefined)
      throw invalid(`"${key}" must be ${wanted}`, locate(key));
  }
  const { event_type, agent_id, id, timestamp } = value;
  if (typeof event_type !== "string")
    throw invalid('"event_type" is missing', locate(), HINT);
  return {
    ...value,
    event_type,
    agent_id: typeof agent_id === "string" ? agent_id : "system",
    id: typeof id === "string" ? id : given.id,
    timestamp: (typeof timestamp === "string"
      ? new Date(timestamp)
      : given.now
    ).toISOString(),
  };
}

const HINT = 'Like this: {"event_type":"deploy_done","agent_id":"ci"}';

function invalid(
  message: string,
  where: SourceLocation,
  hint = "Nothing was put into the log.",
): UsageError {
  return new UsageError(message, { where, hint });
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

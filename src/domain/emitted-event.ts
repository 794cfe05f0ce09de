/** An event that a script tells the log: what it may have, and what it gets. */
import { isCalendarDay } from "./calendar-day.ts";
import { UsageError, type SourceLocation } from "./errors.ts";
import { nearest } from "./nearest.ts";
import { LOG_LEVELS, LOG_TYPES } from "./vocabulary.ts";

type Fields = Readonly<Record<string, unknown>>;

/** As the server has them (adw_agents/api_events.ts); a test compares. */
const MAX_NAME = 300;
const MAX_MESSAGE = 16_000;
const TIME =
  /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?$/;
/** A later one has a year that ISO 8601 cannot write. */
const END_OF_TIME = Date.parse("9999-12-31T23:59:59.999Z");

const name = (value: unknown) =>
  typeof value === "string" && value !== "" && value.length <= MAX_NAME
    ? undefined
    : `a text of 1 to ${String(MAX_NAME)} characters`;
const oneOf = (words: readonly string[]) => (value: unknown) =>
  words.some((word) => word === value)
    ? undefined
    : `one of ${words.join(", ")}`;
const isLevel = oneOf(LOG_LEVELS);
const time = (value: unknown) =>
  typeof value === "string" &&
  TIME.test(value) &&
  isCalendarDay(value.slice(0, 10)) &&
  Date.parse(value) <= END_OF_TIME
    ? undefined
    : "a time in ISO 8601, such as 2026-01-31T12:00:00Z";

/** For each key what is wrong with a value: the words after "must be". */
const KEYS: ReadonlyMap<string, (value: unknown) => string | undefined> =
  new Map([
    ["event_type", name],
    ["agent_id", name],
    [
      "message",
      (value: unknown) =>
        typeof value === "string" && value.length <= MAX_MESSAGE
          ? undefined
          : `a text of at most ${String(MAX_MESSAGE)} characters`,
    ],
    [
      "metadata",
      (value: unknown) => (isObject(value) ? undefined : "an object"),
    ],
    ["timestamp", time],
    [
      "log_level",
      (value: unknown) =>
        isLevel(typeof value === "string" ? value.toLowerCase() : value),
    ],
    ["log_type", oneOf(LOG_TYPES)],
    ["session_id", name],
    ["project", name],
    ["source", name],
    ["idempotency_key", name],
    // A shorter word for it.
    ["id", name],
  ]);

export interface EmittedEvent extends Fields {
  event_type: string;
  /** "system" where none is named. */
  agent_id: string;
  /** Of two events with the same, the log takes one. */
  idempotency_key: string;
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
  const { id, ...event } = value;
  const { event_type, agent_id, idempotency_key = id, timestamp } = event;
  if (typeof event_type !== "string")
    throw invalid('"event_type" is missing', locate(), HINT);
  return {
    ...event,
    event_type,
    agent_id: typeof agent_id === "string" ? agent_id : "system",
    idempotency_key:
      typeof idempotency_key === "string" ? idempotency_key : given.id,
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

/**
 * Events that programs post as they are: one, or a batch.
 *
 * Template: adw_agents 1.3.0
 */
import { z } from "zod/v4";
import { isRecord, LOG_LEVELS } from "../adw_events.ts";
import type { NewEvent } from "../adw_events.ts";
import type { Delivery } from "./act.ts";

const MAX_EVENTS = 1_000;
const name = z.string().min(1).max(300);

/** One event; all but its type may be left out. */
export const postedEventSchema = z.strictObject({
  event_type: name,
  agent_id: name.default("system"),
  message: z.string().max(16_000).default(""),
  metadata: z.record(z.string(), z.unknown()).default({}),
  /** ISO 8601. Default: when it was taken. */
  timestamp: z.iso.datetime({ offset: true }).optional(),
  log_type: name.default("event"),
  log_level: z.string().toLowerCase().pipe(z.enum(LOG_LEVELS)).default("info"),
  session_id: name.optional(),
  project: name.optional(),
  source: name.optional(),
  /** An event with a key that was posted before is not stored again. */
  idempotency_key: name.optional(),
});

/** The events of a body: `{…}`, `[{…}]` or `{"events":[{…}]}`. */
export function listEvents(body: unknown): readonly unknown[] {
  const list = isRecord(body) && "events" in body ? body["events"] : body;
  return Array.isArray(list) ? list : [list];
}

/** What is wrong with a body, in a sentence; undefined: nothing. */
export function checkEvents(body: unknown): string | undefined {
  const list = listEvents(body);
  if (list.length === 0) return "There is no event in it.";
  if (list.length > MAX_EVENTS)
    return `At most ${String(MAX_EVENTS)} events at a time.`;
  for (const [index, event] of list.entries()) {
    const parsed = postedEventSchema.safeParse(event);
    if (parsed.success) continue;
    const [issue] = parsed.error.issues;
    const where = ["event", index, ...(issue?.path ?? [])].join(".");
    return `${where}: ${issue?.message ?? "not an event"}`;
  }
  return undefined;
}

/** The events of a body, each with the key that it is known by, and what was wrong with the others. */
export function eventsIn(
  body: unknown,
  { at, id }: Delivery,
): [{ key: string; event: NewEvent }[], string[]] {
  const events: { key: string; event: NewEvent }[] = [];
  const problems: string[] = [];
  for (const [index, each] of listEvents(body).entries()) {
    const parsed = postedEventSchema.safeParse(each);
    if (!parsed.success) {
      problems.push(`An event is left out: ${checkEvents([each]) ?? ""}`);
      continue;
    }
    const {
      idempotency_key,
      timestamp,
      session_id,
      project,
      source,
      ...event
    } = parsed.data;
    const time = new Date(timestamp ?? at).toISOString();
    const own = idempotency_key ?? `${id}#${String(index)}`;
    events.push({
      key: `event ${own}`,
      event: {
        ...event,
        timestamp: time,
        ...(session_id === undefined ? {} : { session_id }),
        ...(project === undefined ? {} : { project }),
        ...(source === undefined ? {} : { source }),
      },
    });
  }
  return [events, problems];
}

/** Where the log writes the day before a time. */
import { dayOf, formatShortDay } from "../core/format.ts";
import type { AgentEvent } from "../core/types.ts";
import { now, store } from "../state.ts";

/** Whether the log reaches back beyond today, so that days need room. */
export function hasOtherDays(): boolean {
  return store.length > 0 && dayOf(store.firstTime) !== dayOf(now.peek());
}

/**
 * The day to write before a time: of every event that is not of today, and
 * where the day changes.
 */
export function shownDay(
  event: AgentEvent,
  before: AgentEvent | undefined,
): string {
  const time = Date.parse(event.timestamp);
  if (Number.isNaN(time)) return "";
  const day = dayOf(time);
  const isToday = day === dayOf(now.peek());
  const changes =
    before !== undefined && dayOf(Date.parse(before.timestamp)) !== day;
  return isToday && !changes ? "" : formatShortDay(time);
}

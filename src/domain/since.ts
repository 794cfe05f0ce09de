/** From when on: an age such as `7d`, or a date. */
import { isCalendarDay } from "./calendar-day.ts";
import { UsageError } from "./errors.ts";

const UNITS: ReadonlyMap<string, number> = new Map([
  ["m", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
  ["w", 7 * 86_400_000],
]);
const DATE =
  /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})?)?$/;

/**
 * @param text - `30m`, `12h`, `7d`, `2w`, or a date, which starts at the user's own midnight
 * @param now - ms since the epoch
 * @returns ms since the epoch
 * @throws {UsageError} with examples
 */
export function parseSince(text: string, now: number): number {
  const [, count = "", unit = ""] = /^(\d{1,6})([a-z])$/.exec(text) ?? [];
  const length = UNITS.get(unit);
  if (length !== undefined && Number(count) > 0)
    return now - Number(count) * length;
  // Without a time, JavaScript takes a date for midnight in Greenwich.
  const isDate = DATE.test(text) && isCalendarDay(text.slice(0, 10));
  const time = isDate
    ? Date.parse(text.includes("T") ? text : `${text}T00:00`)
    : NaN;
  if (time <= now) return time;
  throw new UsageError(
    time > now
      ? `--since ${text} is in the future`
      : `--since must be an age or a date, not "${text}"`,
    {
      hint: "For example --since 30m, --since 12h, --since 7d or --since 2026-11-20.",
    },
  );
}

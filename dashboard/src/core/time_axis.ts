/** Where times lie on a screen: ticks, zoom, pan. All pure. */

/** ms since the epoch */
export type TimeRange = { from: number; to: number };

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500,
  SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND, 15 * SECOND, 30 * SECOND,
  MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE,
  HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR,
  DAY, 2 * DAY, 7 * DAY, 30 * DAY, 365 * DAY,
]; // prettier-ignore

/** Nothing is zoomed closer than this. */
export const MIN_SPAN_MS = 50;

/**
 * Round times within the range, at least `minGap` pixels apart.
 *
 * @param width pixels
 * @param minGap pixels
 */
export function ticks(
  range: TimeRange,
  width: number,
  minGap: number,
): { times: number[]; step: number } {
  const span = range.to - range.from;
  const step =
    STEPS.find((candidate) => (candidate / span) * width >= minGap) ?? span;
  // Round in the time zone of the reader.
  const offset = new Date(range.from).getTimezoneOffset() * MINUTE;
  const first = Math.ceil((range.from - offset) / step) * step + offset;
  const times = [];
  for (let time = first; time <= range.to; time += step) times.push(time);
  return { times, step };
}

/**
 * Zooms by a factor, around a time that stays where it is.
 *
 * @param factor below 1 zooms in
 */
export function zoom(
  range: TimeRange,
  factor: number,
  anchor: number,
  limits: TimeRange,
): TimeRange {
  const from = anchor - (anchor - range.from) * factor;
  const to = anchor + (range.to - anchor) * factor;
  if (to - from < MIN_SPAN_MS) return range;
  return clampRange({ from, to }, limits);
}

export function pan(
  range: TimeRange,
  ms: number,
  limits: TimeRange,
): TimeRange {
  return clampRange({ from: range.from + ms, to: range.to + ms }, limits);
}

/** Keeps a range within the limits, and its length where it can. */
export function clampRange(range: TimeRange, limits: TimeRange): TimeRange {
  const length = Math.min(range.to - range.from, limits.to - limits.from);
  const from = Math.min(Math.max(range.from, limits.from), limits.to - length);
  return { from, to: from + length };
}

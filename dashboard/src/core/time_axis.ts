/** Where times lie on a screen: ticks, zoom, pan. All pure. */

/** @typedef {{ from: number, to: number }} TimeRange ms since the epoch */

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
 * @param {TimeRange} range
 * @param {number} width pixels
 * @param {number} minGap pixels
 * @returns {{ times: number[], step: number }}
 */
export function ticks(range, width, minGap) {
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
 * @param {TimeRange} range
 * @param {number} factor below 1 zooms in
 * @param {number} anchor
 * @param {TimeRange} limits
 * @returns {TimeRange}
 */
export function zoom(range, factor, anchor, limits) {
  const from = anchor - (anchor - range.from) * factor;
  const to = anchor + (range.to - anchor) * factor;
  if (to - from < MIN_SPAN_MS) return range;
  return clampRange({ from, to }, limits);
}

/**
 * @param {TimeRange} range
 * @param {number} ms
 * @param {TimeRange} limits
 * @returns {TimeRange}
 */
export function pan(range, ms, limits) {
  return clampRange({ from: range.from + ms, to: range.to + ms }, limits);
}

/**
 * Keeps a range within the limits, and its length where it can.
 *
 * @param {TimeRange} range
 * @param {TimeRange} limits
 * @returns {TimeRange}
 */
export function clampRange(range, limits) {
  const length = Math.min(range.to - range.from, limits.to - limits.from);
  const from = Math.min(Math.max(range.from, limits.from), limits.to - length);
  return { from, to: from + length };
}

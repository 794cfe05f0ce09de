/** Where things lie on the timeline, and what lies under a point. */
import { type Lane, lowerBound, type Span } from "../core/lanes.ts";
import type { TimeRange } from "../core/time_axis.ts";

export const LANE_HEIGHT = 32;
export const RULER_HEIGHT = 24;

export interface LaneRow {
  lane: Lane | undefined;
  agentId: string;
  name: string;
  depth: number;
  /** CSS variable of its status. */
  color: string;
  /** Not among the chosen agents. */
  dim: boolean;
}

/** A place that the keyboard has gone to: a lane, and one of its marks or -1. */
export interface Cursor {
  row: number;
  mark: number;
}

export interface Scene {
  rows: readonly LaneRow[];
  range: TimeRange;
  /** Width of the names, in pixels. */
  gutter: number;
  scrollTop: number;
  /** What lies after it is dimmed. */
  moment: number;
  live: boolean;
  /** The time range of the filter. */
  chosen: TimeRange | null;
  /** 0 for none. */
  selectedSeq: number;
  cursor: Cursor | null;
}

export interface Hit extends Cursor {
  span: Span | null;
}

export function xOf(scene: Scene, width: number, time: number): number {
  const { range, gutter } = scene;
  const share = (time - range.from) / (range.to - range.from);
  return gutter + share * (width - gutter);
}

export function timeOf(scene: Scene, width: number, x: number): number {
  const { range, gutter } = scene;
  const share = (x - gutter) / (width - gutter);
  return range.from + share * (range.to - range.from);
}

/** What lies under a point: a mark, a span, or a row at least. */
export function hitTest(
  scene: Scene,
  width: number,
  x: number,
  y: number,
): Hit | null {
  const inside = y - RULER_HEIGHT + scene.scrollTop;
  const row = Math.floor(inside / LANE_HEIGHT);
  const lane = scene.rows[row]?.lane;
  if (y < RULER_HEIGHT || scene.rows[row] === undefined) return null;
  if (lane === undefined || x < scene.gutter) {
    return { row, mark: -1, span: null };
  }
  const offset = inside - row * LANE_HEIGHT;
  if (offset > 17) {
    const mark = nearestMark(lane, timeOf(scene, width, x));
    const time = lane.times[mark];
    if (time !== undefined && Math.abs(xOf(scene, width, time) - x) <= 7) {
      return { row, mark, span: null };
    }
  }
  const time = timeOf(scene, width, x);
  const span = lane.spans.findLast(
    (candidate) =>
      candidate.start <= time && Math.min(candidate.end, scene.moment) >= time,
  );
  return { row, mark: -1, span: offset <= 18 ? (span ?? null) : null };
}

/** The mark of a lane that is nearest to a time. */
export function nearestMark(lane: Lane, time: number): number {
  const after = lowerBound(lane.times, time);
  const before = after - 1;
  if (before < 0) return after;
  if (after >= lane.times.length) return before;
  const left = time - (lane.times[before] ?? 0);
  const right = (lane.times[after] ?? 0) - time;
  return left <= right ? before : after;
}

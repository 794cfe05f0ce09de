/** What is said of a place on the timeline, in its tip and by its reader. */
import {
  cutText,
  formatClockMs,
  formatDuration,
  formatWord,
} from "../core/format.ts";
import { nameOf, store } from "../state.ts";
import {
  type Cursor,
  hitTest,
  LANE_HEIGHT,
  RULER_HEIGHT,
  type Scene,
  xOf,
} from "./timeline_geometry.ts";

export interface Tip {
  x: number;
  y: number;
  /** The first is its title. */
  lines: readonly string[];
}

/** The tip for what lies under a point. */
export function tipAt(
  scene: Scene,
  width: number,
  x: number,
  y: number,
): Tip | null {
  const hit = hitTest(scene, width, x, y);
  if (hit === null) return null;
  const row = scene.rows[hit.row];
  const place = { x: x + 14, y: y + 14 };
  if (row?.lane !== undefined && hit.mark >= 0) {
    return { ...place, lines: markLines(row.lane.seqs[hit.mark] ?? 0) };
  }
  if (hit.span !== null) {
    const { span } = hit;
    const open = span.end === Infinity;
    const end = open ? scene.moment : span.end;
    const length = Math.max(0, end - span.start);
    const state = open ? "running for" : span.failed ? "failed after" : "took";
    return {
      ...place,
      lines: [
        span.name,
        `${nameOf(row?.agentId ?? "")}, ${state} ${formatDuration(length)}`,
        `since ${formatClockMs(span.start)}`,
      ],
    };
  }
  if (x < scene.gutter && row !== undefined) {
    return { ...place, lines: [row.name, "Click to show only its events"] };
  }
  return null;
}

/** The tip for where the keyboard has gone to. */
export function tipAtCursor(
  scene: Scene,
  width: number,
  cursor: Cursor | null,
): Tip | null {
  if (cursor === null || document.activeElement?.className !== "lanes") {
    return null;
  }
  const lane = scene.rows[cursor.row]?.lane;
  const time = lane?.times[cursor.mark];
  if (lane === undefined || time === undefined) return null;
  return {
    x: xOf(scene, width, time) + 10,
    y: RULER_HEIGHT + (cursor.row + 1) * LANE_HEIGHT - scene.scrollTop + 4,
    lines: markLines(lane.seqs[cursor.mark] ?? 0),
  };
}

/** The same in a sentence, to be read out. */
export function describeMark(scene: Scene, cursor: Cursor | null): string {
  const row = cursor === null ? undefined : scene.rows[cursor.row];
  if (row === undefined || cursor === null) return "";
  const seq = row.lane?.seqs[cursor.mark];
  return seq === undefined ? row.name : markLines(seq).join(", ");
}

function markLines(seq: number): string[] {
  const index = store.indexOf(seq);
  const event = store.events[index];
  if (event === undefined) return ["Event"];
  return [
    formatWord(event.event_type),
    cutText(event.message, 160),
    `${nameOf(event.agent_id)}, ${formatClockMs(store.happenedAt(index))}`,
  ].filter((line) => line !== "");
}

/** The timeline's keys: from mark to mark, from lane to lane, zoom and pan. */
import type { TargetedKeyboardEvent } from "preact";
import { selectEvent } from "../state.ts";
import { nearestMark } from "./timeline_geometry.ts";
import type { TimelineView } from "./use_timeline_view.ts";

/** One step of the zoom makes what is shown shorter by this factor. */
export const ZOOM_STEP = 0.6;
/** One step of panning, as a share of the width. */
const PAN_STEP = 0.2;

export function onTimelineKey(
  event: TargetedKeyboardEvent<HTMLDivElement>,
  view: TimelineView,
): void {
  const { scene } = view;
  const { cursor, range } = scene;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const place = cursor ?? { row: 0, mark: -1 };
  const lane = scene.rows[place.row]?.lane;
  switch (event.key) {
    case "+":
    case "=":
      view.zoomBy(ZOOM_STEP);
      break;
    case "-":
    case "_":
      view.zoomBy(1 / ZOOM_STEP);
      break;
    case "0":
      view.setShown("all");
      break;
    case "ArrowLeft":
    case "ArrowRight": {
      const step = event.key === "ArrowLeft" ? -1 : 1;
      if (event.shiftKey) {
        view.panBy(step * PAN_STEP);
        break;
      }
      if (lane === undefined) break;
      const mark =
        place.mark < 0
          ? nearestMark(lane, step < 0 ? range.to : range.from)
          : Math.min(Math.max(place.mark + step, 0), lane.times.length - 1);
      view.setCursor({ row: place.row, mark });
      view.showTime(lane.times[mark] ?? range.to);
      break;
    }
    case "ArrowUp":
    case "ArrowDown": {
      const step = event.key === "ArrowUp" ? -1 : 1;
      const row = Math.min(
        Math.max(place.row + (cursor === null ? 0 : step), 0),
        scene.rows.length - 1,
      );
      const target = scene.rows[row]?.lane;
      const time = lane?.times[place.mark] ?? range.to;
      view.setCursor({ row, mark: target ? nearestMark(target, time) : -1 });
      view.scrollToRow(row);
      break;
    }
    case "Home":
    case "End": {
      if (lane === undefined) break;
      const mark = event.key === "Home" ? 0 : lane.times.length - 1;
      view.setCursor({ row: place.row, mark });
      view.showTime(lane.times[mark] ?? range.to);
      break;
    }
    case "Escape":
      // First what lies over the lanes, then what is open elsewhere.
      if (view.hover === null && cursor === null) return;
      view.setHover(null);
      view.setCursor(null);
      break;
    case "Enter": {
      const seq = lane?.seqs[place.mark];
      if (seq !== undefined) selectEvent(seq, { panel: "log" });
      break;
    }
    default:
      return;
  }
  event.preventDefault();
  event.stopPropagation();
}

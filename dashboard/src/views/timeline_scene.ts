/** What the timeline has to show: which lanes, and which part of the time. */
import { agentName, isWhole } from "../core/fleet.ts";
import { agentRows } from "../core/groups.ts";
import { clampRange, type TimeRange } from "../core/time_axis.ts";
import {
  filter,
  fleet,
  lanes,
  moment,
  now,
  replay,
  scope,
  store,
} from "../state.ts";
import type { LaneRow } from "./timeline_geometry.ts";

/** How much the timeline shows while it follows the present. */
const FOLLOW_MS = 15 * 60_000;

/** What is shown: the latest, everything, or what was chosen. */
export type TimeWindow = "follow" | "all" | TimeRange;

/** From the first event to the last, with a little room around. */
export function timeLimits(): TimeRange {
  if (store.length === 0) {
    const time = now.value;
    return { from: time - 60_000, to: time };
  }
  const last = latestTime();
  // A row written late may tell of a time before the first event's.
  let first = store.firstTime;
  for (const lane of lanes.values()) {
    first = Math.min(first, lane.times[0] ?? first);
  }
  const span = Math.max(last - first, 1_000);
  return { from: first - span * 0.02, to: last + span * 0.03 };
}

/** The last event, or the present unless it is long after that. */
function latestTime() {
  if (replay.value !== null) return store.lastTime;
  const present = Math.min(moment.value, store.lastTime + FOLLOW_MS);
  return Math.max(store.lastTime, present);
}

/** The part of the time that a choice of the reader means now. */
export function shownRange(shown: TimeWindow, limits: TimeRange): TimeRange {
  if (shown === "all") return limits;
  if (shown !== "follow") return clampRange(shown, limits);
  if (limits.to - limits.from <= FOLLOW_MS) return limits;
  if (replay.value === null) {
    // The room beside a long history would be hours of nothing.
    const to = Math.min(limits.to, latestTime() + FOLLOW_MS * 0.03);
    return { from: to - FOLLOW_MS, to };
  }
  const middle = moment.value + FOLLOW_MS * 0.1;
  return clampRange({ from: middle - FOLLOW_MS, to: middle }, limits);
}

/** Room for the agents' names, in pixels. */
export function gutterOf(width: number): number {
  if (width < 520) return 96;
  if (width < 900) return 140;
  return Math.min(280, Math.round(width * 0.18));
}

const STATUS_COLORS: ReadonlyMap<string, string> = new Map([
  ["running", "--running"],
  ["waiting", "--waiting"],
  ["idle", "--idle"],
  ["done", "--done"],
  ["failed", "--failed"],
]);

/** A lane for each agent, in the order of the fleet, and one for what is of none. */
export function laneRows(): LaneRow[] {
  const chosen = filter.value.agents;
  const isDim = (id: string) => chosen.length > 0 && !chosen.includes(id);
  const rows = agentRows(fleet.value.current).map(({ agent, depth }) => ({
    lane: lanes.get(agent.id),
    agentId: agent.id,
    name: agentName(agent),
    depth,
    color:
      agent.waits.length === 0
        ? (STATUS_COLORS.get(agent.activity) ?? "--idle")
        : "--waiting",
    dim: isDim(agent.id),
  }));
  if (lanes.has("system") && isWhole(scope.value)) {
    rows.push({
      lane: lanes.get("system"),
      agentId: "system",
      name: "system",
      depth: 0,
      color: "--idle",
      dim: isDim("system"),
    });
  }
  return rows;
}

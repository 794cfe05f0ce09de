/** Swimlanes: a lane for each agent, steps as spans, events as marks. */
import { useEffect, useRef, useState } from "preact/hooks";
import { agentName, treeRows } from "../core/fleet.ts";
import {
  cutText,
  formatClockMs,
  formatDuration,
  formatWord,
} from "../core/format.ts";
import { clampRange, pan, zoom } from "../core/time_axis.ts";
import {
  changeFilter,
  filter,
  fleet,
  lanes,
  moment,
  nameOf,
  now,
  overviewVersion,
  replay,
  reveal,
  selected,
  selectEvent,
  store,
} from "../state.ts";
import { chooseAgent } from "./fleet.tsx";
import { useCanvas } from "./canvas.ts";
import { Icon } from "./icons.tsx";
import { memo } from "./memo.ts";
import {
  drawTimeline,
  hitTest,
  LANE_HEIGHT,
  nearestMark,
  RULER_HEIGHT,
  timeOf,
  xOf,
} from "./timeline_draw.ts";

/** How much the timeline shows while it follows the present. */
const FOLLOW_MS = 15 * 60_000;

/** @typedef {import("../core/time_axis.js").TimeRange} TimeRange */
/** @typedef {import("./timeline_draw.js").Scene} Scene */
/** What is shown: the latest, everything, or what was chosen. */
/** @typedef {"follow" | "all" | TimeRange} Window */

export function Timeline() {
  void overviewVersion.value;
  const canvas = useRef<HTMLCanvasElement | null>(null);
  const scroller = useRef<HTMLElement | null>(null);
  const [shown, setShown] = useState<Window>("follow");
  const [scrollTop, setScrollTop] = useState(0);
  const [width, setWidth] = useState(800);
  const [cursor, setCursor] = useState<{ row: number; mark: number } | null>(
    null,
  );
  const [hover, setHover] = useState<{
    x: number;
    y: number;
    lines: string[];
  } | null>(null);
  const [brush, setBrush] = useState<TimeRange | null>(null);

  const limits = timeLimits();
  const range = shownRange(shown, limits);
  const { from, to } = filter.value;
  /** @type {Scene} */
  const scene = {
    rows: laneRows(),
    range,
    gutter: gutterOf(width),
    scrollTop,
    moment: moment.value,
    live: replay.value === null,
    chosen:
      brush ??
      (from === null && to === null
        ? null
        : { from: from ?? limits.from, to: to ?? limits.to }),
    selectedSeq: selected.value ?? 0,
    cursor,
  };
  const latest = useRef(scene);
  latest.current = scene;

  const redraw = useCanvas(canvas, (context, surface) =>
    drawTimeline(context, surface, latest.current),
  );
  useEffect(redraw);

  useEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => {
      setWidth(element.clientWidth);
      const height = `${element.clientHeight}px`;
      element.style.setProperty("--lanes-height", height);
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const scrollToRow = (row: number) => {
    const element = scroller.current;
    if (element === null) return;
    const top = row * LANE_HEIGHT;
    const room = element.clientHeight - RULER_HEIGHT;
    if (top < element.scrollTop) element.scrollTop = top;
    if (top + LANE_HEIGHT > element.scrollTop + room) {
      element.scrollTop = top + LANE_HEIGHT - room;
    }
  };

  /** Brings a time into sight. */
  const showTime = (time: number) => {
    const { range: seen } = latest.current;
    if (time >= seen.from && time <= seen.to) return;
    const half = (seen.to - seen.from) / 2;
    setShown(clampRange({ from: time - half, to: time + half }, limits));
  };

  // Something elsewhere asks to see an event.
  const wanted = reveal.value;
  useEffect(() => {
    if (wanted.n === 0) return;
    const event = store.events[store.indexOf(wanted.seq)];
    const row = scene.rows.findIndex((r) => r.agentId === event?.agent_id);
    const lane = scene.rows[row]?.lane;
    if (lane === undefined) return;
    showTime(wanted.time);
    setCursor({ row, mark: lane.seqs.indexOf(wanted.seq) });
    scrollToRow(row);
  }, [wanted.n]);

  const zoomBy = (factor: number, anchor?: number) => {
    const { range: seen } = latest.current;
    const middle = (seen.from + seen.to) / 2;
    setShown(zoom(seen, factor, anchor ?? middle, timeLimits()));
  };
  /** @param share of the width */
  const panBy = (share: number) => {
    const { range: seen } = latest.current;
    setShown(pan(seen, share * (seen.to - seen.from), timeLimits()));
  };

  useEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    const onWheel = (event: WheelEvent) => {
      const sideways =
        event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
      if (event.ctrlKey || event.metaKey) {
        const x = event.clientX - element.getBoundingClientRect().left;
        const time = timeOf(latest.current, element.clientWidth, x);
        zoomBy(Math.exp(event.deltaY / 300), time);
      } else if (sideways) {
        panBy((event.deltaX || event.deltaY) / element.clientWidth);
      } else return;
      event.preventDefault();
    };
    // Not passive: the page may neither zoom nor scroll instead.
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => element.removeEventListener("wheel", onWheel);
  }, []);

  const pointOf = (event: PointerEvent) => {
    const box = canvas.current?.getBoundingClientRect();
    return {
      x: event.clientX - (box?.left ?? 0),
      y: event.clientY - (box?.top ?? 0),
    };
  };

  const drag = useRef(
    /** @type {{ x: number, range: TimeRange, moved: boolean, ruler: boolean } | null} */ null,
  );
  const onPointerDown = (event: PointerEvent) => {
    if (event.button !== 0) return;
    const { x, y } = pointOf(event);
    drag.current = {
      x,
      range,
      moved: false,
      ruler: y < RULER_HEIGHT && x > scene.gutter,
    };
    canvas.current?.setPointerCapture(event.pointerId);
  };
  const onPointerMove = (event: PointerEvent) => {
    const { x, y } = pointOf(event);
    const started = drag.current;
    if (started === null) {
      setHover(describe(scene, width, x, y));
      return;
    }
    if (!started.moved && Math.abs(x - started.x) < 4) return;
    started.moved = true;
    setHover(null);
    if (started.ruler) {
      const times = [timeOf(scene, width, started.x), timeOf(scene, width, x)];
      setBrush({ from: Math.min(...times), to: Math.max(...times) });
      return;
    }
    const perPixel =
      (started.range.to - started.range.from) / (width - scene.gutter);
    setShown(pan(started.range, (started.x - x) * perPixel, limits));
  };
  const onPointerUp = (event: PointerEvent) => {
    const started = drag.current;
    drag.current = null;
    if (brush !== null) {
      changeFilter({
        from: Math.floor(brush.from),
        to: Math.ceil(brush.to),
      });
      setBrush(null);
      return;
    }
    if (started === null || started.moved) return;
    const { x, y } = pointOf(event);
    const hit = hitTest(scene, width, x, y);
    const row = hit === null ? undefined : scene.rows[hit.row];
    if (hit === null || row === undefined) return;
    const seq = row.lane?.seqs[hit.mark];
    if (x < scene.gutter) chooseAgent(event, row.agentId);
    else if (seq !== undefined) {
      setCursor({ row: hit.row, mark: hit.mark });
      selectEvent(seq, { panel: "log" });
    } else if (hit.span !== null) {
      selectEvent(hit.span.startSeq, { panel: "log" });
    }
  };

  const onKey = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const place = cursor ?? { row: 0, mark: -1 };
    const lane = scene.rows[place.row]?.lane;
    switch (event.key) {
      case "+":
      case "=":
        zoomBy(0.6);
        break;
      case "-":
      case "_":
        zoomBy(1 / 0.6);
        break;
      case "0":
        setShown("all");
        break;
      case "ArrowLeft":
      case "ArrowRight": {
        const step = event.key === "ArrowLeft" ? -1 : 1;
        if (event.shiftKey) {
          panBy(step * 0.2);
          break;
        }
        if (lane === undefined) break;
        const mark =
          place.mark < 0
            ? nearestMark(lane, step < 0 ? range.to : range.from)
            : Math.min(Math.max(place.mark + step, 0), lane.times.length - 1);
        setCursor({ row: place.row, mark });
        showTime(lane.times[mark] ?? range.to);
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
        setCursor({ row, mark: target ? nearestMark(target, time) : -1 });
        scrollToRow(row);
        break;
      }
      case "Home":
      case "End": {
        if (lane === undefined) break;
        const mark = event.key === "Home" ? 0 : lane.times.length - 1;
        setCursor({ row: place.row, mark });
        showTime(lane.times[mark] ?? range.to);
        break;
      }
      case "Escape":
        // First what lies over the lanes, then what is open elsewhere.
        if (hover === null && cursor === null) return;
        setHover(null);
        setCursor(null);
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
  };

  const said = describeMark(scene, cursor);
  const tip = hover ?? tipAtCursor(scene, width, cursor);
  return (
    <>
      <section class="panel timeline" aria-labelledby="timeline-title">
        <header class="panel-head">
          <h2 id="timeline-title">Timeline</h2>
          <Legend />
          <span class="spacer"></span>
          <div class="tools" role="group" aria-label="Zoom">
            <button
              type="button"
              class="icon-button"
              aria-label="Zoom out"
              title="Zoom out (−)"
              onClick={() => zoomBy(1 / 0.6)}
            >
              <Icon name="minus" />
            </button>
            <button
              type="button"
              class="icon-button"
              aria-label="Zoom in"
              title="Zoom in (+)"
              onClick={() => zoomBy(0.6)}
            >
              <Icon name="plus" />
            </button>
            <button
              type="button"
              class="button small"
              aria-pressed={shown === "all"}
              title="Show everything (0)"
              onClick={() => setShown("all")}
            >
              All
            </button>
            <button
              type="button"
              class="button small"
              aria-pressed={shown === "follow"}
              title="Follow the latest"
              onClick={() => setShown("follow")}
            >
              Latest
            </button>
          </div>
        </header>
        <div
          class="lanes"
          ref={scroller}
          tabindex="0"
          role="application"
          aria-roledescription="timeline"
          aria-label="Timeline. Arrow keys go from mark to mark and from lane to lane, plus and minus zoom, Enter opens the event."
          onKeyDown={onKey}
          onScroll={() => setScrollTop(scroller.current?.scrollTop ?? 0)}
          onBlur={() => setHover(null)}
        >
          <div
            class="lanes-space"
            style={{
              height: `${RULER_HEIGHT + scene.rows.length * LANE_HEIGHT}px`,
            }}
          >
            <canvas
              ref={canvas}
              aria-hidden="true"
              data-testid="timeline-canvas"
              onPointerDown={onPointerDown}
              onPointerMove={onPointerMove}
              onPointerUp={onPointerUp}
              onPointerLeave={() => setHover(null)}
            ></canvas>
          </div>
          {tip !== null && (
            <div
              class="tip"
              style={{
                left: `${Math.min(Math.max(tip.x, 8), Math.max(8, width - 268))}px`,
                top: `${tip.y + scrollTop}px`,
              }}
            >
              {tip.lines.map((line, index) =>
                index === 0 ? <b>{line}</b> : <span>{line}</span>,
              )}
            </div>
          )}
        </div>
        {scene.rows.length === 0 && (
          <div class="empty over">
            <p>
              <strong>Nothing to draw yet</strong>
            </p>
            <p>Each agent gets a lane with its first event.</p>
          </div>
        )}
        <Said text={said} />
      </section>
    </>
  );
}

/** Drawn again only when it says something else: a change is read out. */
const Said = memo(
  /** @param {{ text: string }} props */
  ({ text }) => (
    <p class="visually-hidden" aria-live="polite">
      {text}
    </p>
  ),
);

/** Room for the agents' names, in pixels. */
function gutterOf(width: number) {
  if (width < 520) return 96;
  if (width < 900) return 140;
  return Math.min(280, Math.round(width * 0.18));
}

function Legend() {
  return (
    <ul class="legend" aria-label="Marks">
      <li data-mark="error">Error</li>
      <li data-mark="needs">Needs you</li>
      <li data-mark="tool">Tool call</li>
      <li data-mark="prompt">Prompt</li>
      <li data-mark="status">Status</li>
    </ul>
  );
}

/** @returns {TimeRange} */
function timeLimits() {
  if (store.length === 0) {
    const time = now.value;
    return { from: time - 60_000, to: time };
  }
  const last =
    replay.value === null
      ? Math.max(
          store.lastTime,
          Math.min(moment.value, store.lastTime + FOLLOW_MS),
        )
      : store.lastTime;
  // A row written late may tell of a time before the first event's.
  let first = store.firstTime;
  for (const lane of lanes.values()) {
    first = Math.min(first, lane.times[0] ?? first);
  }
  const span = Math.max(last - first, 1_000);
  return { from: first - span * 0.02, to: last + span * 0.03 };
}

function shownRange(shown: Window, limits: TimeRange): TimeRange {
  if (shown === "all") return limits;
  if (shown !== "follow") return clampRange(shown, limits);
  if (limits.to - limits.from <= FOLLOW_MS) return limits;
  if (replay.value === null)
    return { from: limits.to - FOLLOW_MS, to: limits.to };
  const middle = moment.value + FOLLOW_MS * 0.1;
  return clampRange({ from: middle - FOLLOW_MS, to: middle }, limits);
}

/** @type {ReadonlyMap<string, string>} */
const STATUS_COLORS = new Map([
  ["running", "--running"],
  ["waiting", "--waiting"],
  ["idle", "--idle"],
  ["done", "--done"],
  ["failed", "--failed"],
]);

/** @returns {import("./timeline_draw.js").LaneRow[]} */
function laneRows() {
  const chosen = filter.value.agents;
  const isDim = (id: string) => chosen.length > 0 && !chosen.includes(id);
  const rows = treeRows(fleet.value.current).map(({ agent, depth }) => ({
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
  if (lanes.has("system") && filter.value.sessions.length === 0) {
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

function describe(scene: Scene, width: number, x: number, y: number) {
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

function markLines(seq: number) {
  const index = store.indexOf(seq);
  const event = store.events[index];
  if (event === undefined) return ["Event"];
  return [
    formatWord(event.event_type),
    cutText(event.message, 160),
    `${nameOf(event.agent_id)}, ${formatClockMs(store.happenedAt(index))}`,
  ].filter((line) => line !== "");
}

function describeMark(
  scene: Scene,
  cursor: { row: number; mark: number } | null,
) {
  const row = cursor === null ? undefined : scene.rows[cursor.row];
  if (row === undefined || cursor === null) return "";
  const seq = row.lane?.seqs[cursor.mark];
  return seq === undefined ? row.name : markLines(seq).join(", ");
}

function tipAtCursor(
  scene: Scene,
  width: number,
  cursor: { row: number; mark: number } | null,
) {
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

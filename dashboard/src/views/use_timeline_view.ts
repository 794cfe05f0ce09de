/** What part of the timeline is in sight, and how to move it. */
import { useEffect, useRef, useState } from "preact/hooks";
import { clampRange, pan, type TimeRange, zoom } from "../core/time_axis.ts";
import { filter, moment, replay, reveal, selected, store } from "../state.ts";
import { useCanvas } from "./canvas.ts";
import { drawTimeline } from "./timeline_draw.ts";
import {
  type Cursor,
  LANE_HEIGHT,
  RULER_HEIGHT,
  type Scene,
  timeOf,
} from "./timeline_geometry.ts";
import {
  gutterOf,
  laneRows,
  shownRange,
  timeLimits,
  type TimeWindow,
} from "./timeline_scene.ts";
import type { Tip } from "./timeline_tip.ts";

export type TimelineView = ReturnType<typeof useTimelineView>;

export function useTimelineView() {
  const canvas = useRef<HTMLCanvasElement | null>(null);
  const scroller = useRef<HTMLDivElement | null>(null);
  const [shown, setShown] = useState<TimeWindow>("follow");
  const [scrollTop, setScrollTop] = useState(0);
  const [width, setWidth] = useState(800);
  const [cursor, setCursor] = useState<Cursor | null>(null);
  const [hover, setHover] = useState<Tip | null>(null);
  const [brush, setBrush] = useState<TimeRange | null>(null);

  const limits = timeLimits();
  const range = shownRange(shown, limits);
  const { from, to } = filter.value;
  const scene: Scene = {
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

  /** Shows less below 1, more above, around a time or the middle. */
  const zoomBy = (factor: number, anchor?: number) => {
    const { range: seen } = latest.current;
    const middle = (seen.from + seen.to) / 2;
    setShown(zoom(seen, factor, anchor ?? middle, timeLimits()));
  };
  /** By a share of the width. */
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

  return {
    canvas,
    scroller,
    scene,
    width,
    limits,
    shown,
    setShown,
    setCursor,
    hover,
    setHover,
    brush,
    setBrush,
    zoomBy,
    panBy,
    showTime,
    scrollToRow,
    onScroll: () => setScrollTop(scroller.current?.scrollTop ?? 0),
  };
}

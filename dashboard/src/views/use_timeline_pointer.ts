/** The timeline's pointer: drag to pan, drag the ruler to choose, click, hover. */
import type { TargetedPointerEvent } from "preact";
import { useRef } from "preact/hooks";
import { pan, type TimeRange } from "../core/time_axis.ts";
import { changeFilter, selectEvent } from "../state.ts";
import { choose } from "./agent_words.ts";
import { hitTest, RULER_HEIGHT, timeOf } from "./timeline_geometry.ts";
import { tipAt } from "./timeline_tip.ts";
import type { TimelineView } from "./use_timeline_view.ts";

type CanvasEvent = TargetedPointerEvent<HTMLCanvasElement>;

interface Drag {
  x: number;
  /** What was shown when it began. */
  range: TimeRange;
  moved: boolean;
  ruler: boolean;
}

export function useTimelinePointer(view: TimelineView) {
  const { canvas, scene, width, brush, setBrush, setCursor, setHover } = view;

  const pointOf = (event: CanvasEvent) => {
    const box = canvas.current?.getBoundingClientRect();
    return {
      x: event.clientX - (box?.left ?? 0),
      y: event.clientY - (box?.top ?? 0),
    };
  };

  const drag = useRef<Drag | null>(null);
  const onDown = (event: CanvasEvent) => {
    if (event.button !== 0) return;
    const { x, y } = pointOf(event);
    drag.current = {
      x,
      range: scene.range,
      moved: false,
      ruler: y < RULER_HEIGHT && x > scene.gutter,
    };
    canvas.current?.setPointerCapture(event.pointerId);
  };
  const onMove = (event: CanvasEvent) => {
    const { x, y } = pointOf(event);
    const started = drag.current;
    if (started === null) {
      setHover(tipAt(scene, width, x, y));
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
    view.setShown(pan(started.range, (started.x - x) * perPixel, view.limits));
  };
  const onUp = (event: CanvasEvent) => {
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
    if (x < scene.gutter) choose(event, "agents", row.agentId);
    else if (seq !== undefined) {
      setCursor({ row: hit.row, mark: hit.mark });
      selectEvent(seq, { panel: "log" });
    } else if (hit.span !== null) {
      selectEvent(hit.span.startSeq, { panel: "log" });
    }
  };

  return { onDown, onMove, onUp };
}

/** Swimlanes: a lane for each agent, steps as spans, events as marks. */
import { overviewVersion } from "../state.ts";
import { LANE_HEIGHT, RULER_HEIGHT } from "./timeline_geometry.ts";
import { onTimelineKey } from "./timeline_keys.ts";
import { describeMark, type Tip, tipAtCursor } from "./timeline_tip.ts";
import { Legend, Said, ZoomTools } from "./timeline_tools.tsx";
import { useTimelinePointer } from "./use_timeline_pointer.ts";
import { useTimelineView } from "./use_timeline_view.ts";

export function Timeline() {
  void overviewVersion.value;
  const view = useTimelineView();
  const pointer = useTimelinePointer(view);
  const { scene, width } = view;
  const tip = view.hover ?? tipAtCursor(scene, width, scene.cursor);
  return (
    <section class="panel timeline" aria-labelledby="timeline-title">
      <header class="panel-head">
        <h2 id="timeline-title">Timeline</h2>
        <Legend />
        <span class="spacer"></span>
        <ZoomTools
          shown={view.shown}
          onZoom={view.zoomBy}
          onShow={view.setShown}
        />
      </header>
      <div
        class="lanes"
        ref={view.scroller}
        tabindex={0}
        role="application"
        aria-roledescription="timeline"
        aria-label="Timeline. Arrow keys go from mark to mark and from lane to lane, plus and minus zoom, Enter opens the event."
        onKeyDown={(event) => onTimelineKey(event, view)}
        onScroll={view.onScroll}
        onBlur={() => view.setHover(null)}
      >
        <div
          class="lanes-space"
          style={{
            height: `${RULER_HEIGHT + scene.rows.length * LANE_HEIGHT}px`,
          }}
        >
          <canvas
            ref={view.canvas}
            aria-hidden="true"
            data-testid="timeline-canvas"
            onPointerDown={pointer.onDown}
            onPointerMove={pointer.onMove}
            onPointerUp={pointer.onUp}
            onPointerLeave={() => view.setHover(null)}
          ></canvas>
        </div>
        {tip !== null && (
          <TipBox tip={tip} width={width} scrollTop={scene.scrollTop} />
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
      <Said text={describeMark(scene, scene.cursor)} />
    </section>
  );
}

function TipBox({
  tip,
  width,
  scrollTop,
}: {
  tip: Tip;
  width: number;
  scrollTop: number;
}) {
  return (
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
  );
}

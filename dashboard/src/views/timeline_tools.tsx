/** What stands around the lanes: zoom, legend, and what is read out. */
import { Icon } from "./icons.tsx";
import { memo } from "./memo.ts";
import { ZOOM_STEP } from "./timeline_keys.ts";
import type { TimeWindow } from "./timeline_scene.ts";

export function ZoomTools({
  shown,
  onZoom,
  onShow,
}: {
  shown: TimeWindow;
  onZoom: (factor: number) => void;
  onShow: (shown: TimeWindow) => void;
}) {
  return (
    <div class="tools" role="group" aria-label="Zoom">
      <button
        type="button"
        class="icon-button"
        aria-label="Zoom out"
        title="Zoom out (−)"
        onClick={() => onZoom(1 / ZOOM_STEP)}
      >
        <Icon name="minus" />
      </button>
      <button
        type="button"
        class="icon-button"
        aria-label="Zoom in"
        title="Zoom in (+)"
        onClick={() => onZoom(ZOOM_STEP)}
      >
        <Icon name="plus" />
      </button>
      <button
        type="button"
        class="button small"
        aria-pressed={shown === "all"}
        title="Show everything (0)"
        onClick={() => onShow("all")}
      >
        All
      </button>
      <button
        type="button"
        class="button small"
        aria-pressed={shown === "follow"}
        title="Follow the latest"
        onClick={() => onShow("follow")}
      >
        Latest
      </button>
    </div>
  );
}

export function Legend() {
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

/** Drawn again only when it says something else: a change is read out. */
export const Said = memo(({ text }: { text: string }) => (
  <p class="visually-hidden" aria-live="polite">
    {text}
  </p>
));

import { selectEvent, showInTimeline, showPanel } from "../state.ts";

/** Below this width only one panel is in sight (narrow.css). */
const ONE_PANEL = matchMedia("(max-width: 899px)");

/** From a part of a story to its row in the log, and to its mark. */
export function EventLinks({ seq }: { seq: number }) {
  return (
    <span class="part-links">
      <button
        type="button"
        class="link"
        aria-label={`Event ${seq} in the log`}
        title="Show it in the log"
        onClick={() => selectEvent(seq, { panel: "log" })}
      >
        Log
      </button>{" "}
      <button
        type="button"
        class="link"
        aria-label={`Event ${seq} in the timeline`}
        title="Show it in the timeline"
        onClick={() => {
          // Where the timeline stands beside the story, both stay in sight.
          if (ONE_PANEL.matches) showPanel("timeline");
          showInTimeline(seq);
        }}
      >
        Timeline
      </button>
    </span>
  );
}

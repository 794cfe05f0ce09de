/** The pane of one event, and the ways to the next, the previous and out. */
import { useLayoutEffect, useRef } from "preact/hooks";
import { formatInteger } from "../core/format.ts";
import {
  closeEvent,
  logEnd,
  logIndex,
  logVersion,
  selected,
  selectEvent,
  store,
} from "../state.ts";
import { EventView } from "./event_view.tsx";
import { Icon } from "./icons.tsx";
import { isFocusLost } from "./keep_focus.ts";

export function Detail() {
  const seq = selected.value;
  useReturnedFocus(seq !== null);
  // Not here yet while the stored events are still being read.
  if (seq !== null && store.indexOf(seq) < 0) void logVersion.value;
  if (seq === null) return null;
  const event = store.events[store.indexOf(seq)];
  return (
    <aside class="panel detail" aria-labelledby="detail-title">
      <header class="panel-head">
        <h2 id="detail-title">Event {formatInteger(seq)}</h2>
        <span class="spacer"></span>
        <Step seq={seq} step={-1} label="Previous event" />
        <Step seq={seq} step={1} label="Next event" />
        <button
          type="button"
          class="icon-button"
          aria-label="Close the event"
          title="Close (Esc)"
          onClick={closeEvent}
        >
          <Icon name="close" />
        </button>
      </header>
      <div
        class="detail-body"
        id="detail"
        tabindex={0}
        role="group"
        aria-label="Event"
      >
        {event === undefined ? (
          <div class="empty">
            <p>
              <strong>This event is not held here</strong>
            </p>
            <p>It may have been pruned, or belong to another stream.</p>
          </div>
        ) : (
          <EventView key={seq} event={event} />
        )}
      </div>
    </aside>
  );
}

/** When the event is closed, the focus goes back to where it was opened from. */
function useReturnedFocus(open: boolean) {
  const opener = useRef<Element | null>(null);
  useLayoutEffect(() => {
    if (!open) return;
    opener.current = document.activeElement;
    return () => {
      if (!isFocusLost()) return;
      const before = opener.current;
      const isThere = before?.isConnected && before !== document.body;
      const target = isThere ? before : document.getElementById("log-list");
      if (target instanceof HTMLElement) target.focus({ preventScroll: true });
    };
  }, [open]);
}

function Step({
  seq,
  step,
  label,
}: {
  seq: number;
  step: -1 | 1;
  label: string;
}) {
  const row = logIndex.indexOf(seq);
  const next =
    row < 0 || row + step >= logIndex.count(logEnd.peek())
      ? undefined
      : logIndex.at(row + step);
  return (
    <button
      type="button"
      class={`icon-button ${step < 0 ? "turn-up" : "turn-down"}`}
      aria-label={label}
      title={label}
      disabled={next === undefined}
      onClick={() => next && selectEvent(next.seq)}
    >
      <Icon name="chevron" />
    </button>
  );
}

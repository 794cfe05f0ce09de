import { dayOf, formatClock, formatShortDay } from "../core/format.ts";
import { changeFilter, filter, now } from "../state.ts";
import { Icon } from "./icons.tsx";

/** The chosen time range, and the way to be rid of it. */
export function TimeRangeChip() {
  const { from, to } = filter.value;
  if (from === null && to === null) return null;
  const label = `${from === null ? "start" : formatMoment(from)} – ${to === null ? "now" : formatMoment(to)}`;
  return (
    <span class="chip">
      {label}
      <button
        type="button"
        aria-label="Remove the time range"
        onClick={() => changeFilter({ from: null, to: null })}
      >
        <Icon name="close" />
      </button>
    </span>
  );
}

/** A time of today, or with its day. */
function formatMoment(time: number) {
  const isToday = dayOf(time) === dayOf(now.peek());
  return isToday
    ? formatClock(time)
    : `${formatShortDay(time)} ${formatClock(time)}`;
}

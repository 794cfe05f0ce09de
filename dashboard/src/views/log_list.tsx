/** The list of the log: draws only the rows in sight. */
import type { TargetedKeyboardEvent } from "preact";
import { isEmptyFilter } from "../core/filter.ts";
import { formatInteger } from "../core/format.ts";
import {
  clearFilter,
  filter,
  logIndex,
  selected,
  selectEvent,
  store,
} from "../state.ts";
import { EmptyLog } from "./empty.tsx";
import { Icon } from "./icons.tsx";
import { hasOtherDays, shownDay } from "./log_days.ts";
import { LogRow } from "./log_row.tsx";
import { useLogScroll } from "./use_log_scroll.ts";

/** Rows drawn beyond the edge, so that scrolling shows no blank. */
const MARGIN_ROWS = 12;

export function LogList({ total }: { total: number }) {
  const selectedRow =
    selected.value === null ? -1 : logIndex.indexOf(selected.value);
  const scroll = useLogScroll(total, selectedRow);
  const { rowHeight, top, height } = scroll;
  const firstRow = Math.max(0, Math.floor(top / rowHeight) - MARGIN_ROWS);
  const lastRow = Math.min(
    total - 1,
    Math.ceil((top + height) / rowHeight) + MARGIN_ROWS,
  );
  const { rows, hasDays } = drawRows(firstRow, lastRow, total, rowHeight);

  const onKey = (event: TargetedKeyboardEvent<HTMLDivElement>) => {
    const page = Math.max(1, Math.floor(height / rowHeight) - 1);
    const start = selectedRow < 0 ? lastRow + 1 : selectedRow;
    const targets = new Map([
      ["ArrowDown", selectedRow < 0 ? lastRow : start + 1],
      ["ArrowUp", start - 1],
      ["PageDown", start + page],
      ["PageUp", start - page],
      ["Home", 0],
      ["End", total - 1],
    ]);
    const target = targets.get(event.key);
    if (target === undefined) {
      if (event.key === "Enter") document.getElementById("detail")?.focus();
      return;
    }
    event.preventDefault();
    const row = logIndex.at(Math.min(Math.max(target, 0), total - 1));
    if (row === undefined) return;
    scroll.showRow(logIndex.indexOf(row.seq), row.seq);
    selectEvent(row.seq);
  };

  const hiddenSelection =
    selected.value !== null &&
    selectedRow < 0 &&
    store.indexOf(selected.value) >= 0;
  return (
    <div
      class="log-frame"
      data-days={hasDays || undefined}
      data-narrow={scroll.narrow || undefined}
    >
      {hiddenSelection && !isEmptyFilter(filter.value) && (
        <p class="log-note">
          The open event is hidden by the filters.
          <button type="button" class="link" onClick={clearFilter}>
            Clear them
          </button>
        </p>
      )}
      <div
        id="log-list"
        class="log-list"
        role="listbox"
        tabindex={0}
        aria-label="Events, oldest first"
        aria-activedescendant={
          selectedRow >= firstRow && selectedRow <= lastRow
            ? `event-${selected.value}`
            : undefined
        }
        ref={scroll.viewport}
        onScroll={scroll.onScroll}
        onKeyDown={onKey}
      >
        <div
          class="log-space"
          role="presentation"
          style={{ height: `${total * rowHeight}px` }}
        >
          {rows}
        </div>
      </div>
      {total === 0 && <EmptyLog />}
      {!scroll.isFollowing && total > 0 && (
        <button type="button" class="to-end" onClick={scroll.jumpToEnd}>
          <Icon name="down" />
          {scroll.unread > 0 ? `${formatInteger(scroll.unread)} new` : "Latest"}
        </button>
      )}
    </div>
  );
}

/** The rows in sight, each in its place. */
function drawRows(
  first: number,
  last: number,
  total: number,
  rowHeight: number,
) {
  const rows = [];
  let hasDays = hasOtherDays();
  let before = logIndex.at(first - 1);
  for (let n = first; n <= last; n++) {
    const event = logIndex.at(n);
    if (event === undefined) continue;
    const day = shownDay(event, before);
    hasDays ||= day !== "";
    before = event;
    rows.push(
      <LogRow
        key={event.seq}
        event={event}
        day={day}
        n={n}
        total={total}
        top={n * rowHeight}
        chosen={event.seq === selected.value}
      />,
    );
  }
  return { rows, hasDays };
}

/** The log: its filters, and a list that draws only the rows in sight. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { isEmptyFilter, splitAtMatches } from "../core/filter.ts";
import {
  cutText,
  dayOf,
  formatClock,
  formatClockMs,
  formatDay,
  formatInteger,
  formatShortDay,
} from "../core/format.ts";
import {
  changeFilter,
  clearFilter,
  connection,
  filter,
  logEnd,
  logIndex,
  logVersion,
  nameOf,
  now,
  overviewVersion,
  panel,
  pausedAt,
  replay,
  selected,
  selectEvent,
  store,
  togglePause,
} from "../state.ts";
import { FilterMenus } from "./filter_menus.tsx";
import { Icon } from "./icons.tsx";
import { agentHue } from "./hue.ts";

const WIDE_ROW = 28;
const NARROW_ROW = 48;
/** Rows drawn beyond the edge, so that scrolling shows no blank. */
const MARGIN_ROWS = 12;

export function LogPanel() {
  void logVersion.value;
  const total = logIndex.count(logEnd.value);
  const filtered = !isEmptyFilter(filter.value);
  return (
    <>
      <section class="panel log" aria-labelledby="log-title">
        <header class="panel-head log-head">
          <h2 id="log-title">Log</h2>
          <span class="panel-count" data-testid="log-count">
            {formatInteger(total)}
            {filtered ? ` of ${formatInteger(store.length)}` : ""}
          </span>
          <button
            type="button"
            class="switch"
            onClick={() => (panel.value = "numbers")}
          >
            Numbers
          </button>
          <SearchBox />
          <FilterMenus />
          <TimeRangeChip />
          {filtered && (
            <button type="button" class="button quiet" onClick={clearFilter}>
              Clear
            </button>
          )}
          <span class="spacer"></span>
          <PauseButton />
        </header>
        <LogList total={total} />
      </section>
    </>
  );
}

function SearchBox() {
  const [text, setText] = useState(filter.value.text);
  const timer = useRef<number | undefined>(undefined);
  const shown = filter.value.text;
  useEffect(() => setText(shown), [shown]);
  const onInput = (event: InputEvent) => {
    const value = event.currentTarget.value;
    setText(value);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => changeFilter({ text: value }), 120);
  };
  return (
    <>
      <div class="search">
        <Icon name="search" />
        <input
          id="search"
          type="search"
          aria-label="Search messages and metadata"
          placeholder="Search messages and metadata"
          autocomplete="off"
          spellcheck={false}
          value={text}
          onInput={onInput}
          onKeyDown={(/** @type {KeyboardEvent} */ event) => {
            if (event.key === "Escape") {
              document.getElementById("log-list")?.focus();
            } else if (event.key === "Enter" || event.key === "ArrowDown") {
              document.getElementById("log-list")?.focus();
              event.preventDefault();
            }
          }}
        />
        <kbd aria-hidden="true">/</kbd>
      </div>
    </>
  );
}

function TimeRangeChip() {
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

function PauseButton() {
  void logVersion.value;
  const paused = pausedAt.value !== null;
  const waiting = paused ? logIndex.count() - logIndex.count(logEnd.value) : 0;
  if (replay.value !== null) return null;
  return (
    <button
      type="button"
      class="button pause"
      aria-pressed={paused}
      title={paused ? "Let the log run (Space)" : "Pause the log (Space)"}
      onClick={togglePause}
    >
      <Icon name={paused ? "play" : "pause"} />
      {paused ? "Resume" : "Pause"}
      {waiting > 0 && <span class="badge">{formatInteger(waiting)} new</span>}
    </button>
  );
}

function LogList({ total }: { total: number }) {
  const viewport = useRef<HTMLElement | null>(null);
  const [scroll, setScroll] = useState({ top: 0, height: 400, narrow: false });
  // Follows the newest row until the reader scrolls up.
  const following = useRef(true);
  const leftAt = useRef(0);
  const trimmedBefore = useRef(store.trimmed);
  const rowHeight = scroll.narrow ? NARROW_ROW : WIDE_ROW;

  useEffect(() => {
    const element = viewport.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => {
      const narrow = element.clientWidth < 640;
      setScroll((old) => ({ ...old, height: element.clientHeight, narrow }));
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const stickToEnd = () => {
    const element = viewport.current;
    if (element === null) return;
    if (following.current) {
      element.scrollTop = element.scrollHeight;
    } else if (
      store.trimmed > trimmedBefore.current &&
      isEmptyFilter(filter.peek())
    ) {
      // The oldest rows left: keep what is read where it is.
      element.scrollTop -= (store.trimmed - trimmedBefore.current) * rowHeight;
    }
    trimmedBefore.current = store.trimmed;
  };
  // Before the browser can tell of a scroll: it would look like the reader's.
  useLayoutEffect(stickToEnd, [total, rowHeight, scroll.height, filter.value]);

  // A selection made elsewhere is brought into sight.
  const selectedRow =
    selected.value === null ? -1 : logIndex.indexOf(selected.value);
  const wanted = useRef(0);
  useEffect(() => {
    const element = viewport.current;
    if (element === null || selected.value === null || selectedRow < 0) return;
    if (wanted.current === selected.value || element.clientHeight === 0) return;
    wanted.current = selected.value;
    const top = selectedRow * rowHeight;
    const seen =
      top >= element.scrollTop &&
      top + rowHeight <= element.scrollTop + element.clientHeight;
    if (seen) return;
    following.current = false;
    leftAt.current = total;
    element.scrollTop = top - element.clientHeight / 2;
  });

  const onScroll = () => {
    const element = viewport.current;
    if (element === null) return;
    const rest =
      element.scrollHeight - element.scrollTop - element.clientHeight;
    const atEnd = rest < rowHeight;
    if (following.current && !atEnd) leftAt.current = total;
    following.current = atEnd;
    setScroll((old) => ({ ...old, top: element.scrollTop }));
  };

  const jumpToEnd = () => {
    following.current = true;
    stickToEnd();
    viewport.current?.focus();
  };

  const onKey = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor(scroll.height / rowHeight) - 1);
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
    const element = viewport.current;
    if (row === undefined || element === null) return;
    const index = logIndex.indexOf(row.seq);
    const top = index * rowHeight;
    if (top < element.scrollTop) element.scrollTop = top;
    const bottom = top + rowHeight - element.clientHeight;
    if (bottom > element.scrollTop) element.scrollTop = bottom;
    following.current = index === total - 1;
    leftAt.current = total;
    wanted.current = row.seq;
    selectEvent(row.seq);
  };

  // While following, the rows at the end are drawn before the browser scrolls.
  const top = following.current
    ? Math.max(0, total * rowHeight - scroll.height)
    : scroll.top;
  const firstRow = Math.max(0, Math.floor(top / rowHeight) - MARGIN_ROWS);
  const lastRow = Math.min(
    total - 1,
    Math.ceil((top + scroll.height) / rowHeight) + MARGIN_ROWS,
  );
  const rows = [];
  let hasDays = hasOtherDays();
  let before = logIndex.at(firstRow - 1);
  for (let n = firstRow; n <= lastRow; n++) {
    const event = logIndex.at(n);
    if (event !== undefined) {
      const day = shownDay(event, before);
      hasDays ||= day !== "";
      before = event;
      rows.push(
        <>
          <LogRow
            key={event.seq}
            event={event}
            day={day}
            n={n}
            total={total}
            top={n * rowHeight}
            chosen={event.seq === selected.value}
          />
        </>,
      );
    }
  }
  const behind = following.current ? 0 : Math.max(0, total - leftAt.current);
  const hiddenSelection =
    selected.value !== null &&
    selectedRow < 0 &&
    store.indexOf(selected.value) >= 0;
  return (
    <>
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
          tabindex="0"
          aria-label="Events, oldest first"
          aria-activedescendant={
            selectedRow >= firstRow && selectedRow <= lastRow
              ? `event-${selected.value}`
              : undefined
          }
          ref={viewport}
          onScroll={onScroll}
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
        {!following.current && total > 0 && (
          <button type="button" class="to-end" onClick={jumpToEnd}>
            <Icon name="down" />
            {behind > 0 ? `${formatInteger(behind)} new` : "Latest"}
          </button>
        )}
      </div>
    </>
  );
}

/** Whether the log reaches back beyond today, so that days need room. */
function hasOtherDays() {
  return store.length > 0 && dayOf(store.firstTime) !== dayOf(now.peek());
}

/**
 * The day to write before a time: of every event that is not of today, and
 * where the day changes.
 */
function shownDay(
  event: import("../core/types.js").AgentEvent,
  before: import("../core/types.js").AgentEvent | undefined,
) {
  const time = Date.parse(event.timestamp);
  if (Number.isNaN(time)) return "";
  const day = dayOf(time);
  const isToday = day === dayOf(now.peek());
  const changes =
    before !== undefined && dayOf(Date.parse(before.timestamp)) !== day;
  return isToday && !changes ? "" : formatShortDay(time);
}

function LogRow({
  event,
  day,
  n,
  total,
  top,
  chosen,
}: {
  event: import("../core/types.js").AgentEvent;
  /** "" when it goes without saying */ day: string;
  n: number;
  total: number;
  top: number;
  chosen: boolean;
}) {
  const time = Date.parse(event.timestamp);
  const name = nameOf(event.agent_id);
  const search = filter.value.text;
  return (
    <>
      <div
        id={`event-${event.seq}`}
        class="log-row"
        role="option"
        data-seq={event.seq}
        data-level={event.log_level}
        aria-selected={chosen}
        aria-posinset={n + 1}
        aria-setsize={total}
        style={{ top: `${top}px` }}
        onClick={() => selectEvent(event.seq, { timeline: true })}
      >
        <time
          class="log-time"
          datetime={event.timestamp}
          title={
            Number.isNaN(time)
              ? event.timestamp
              : `${formatDay(time)}, ${formatClockMs(time)} (${event.timestamp})`
          }
        >
          {day !== "" && (
            <>
              <b class="log-day">{day}</b>{" "}
            </>
          )}
          {Number.isNaN(time) ? "–" : formatClockMs(time)}
        </time>{" "}
        <span class="log-level" title={event.log_level}>
          {event.log_level}
        </span>{" "}
        <span
          class="log-agent"
          title={name}
          data-hue={agentHue(event.agent_id)}
        >
          {name}
        </span>{" "}
        <span class="log-type">{event.event_type}</span>{" "}
        <span class="log-message">{highlight(event.message, search)}</span>
      </div>
    </>
  );
}

function highlight(text: string, search: string) {
  const line = text.length > 500 ? `${cutText(text, 500)}…` : text;
  if (search.trim() === "") return line;
  return splitAtMatches(line, search).map((part, index) =>
    index % 2 === 1 ? <mark>{part}</mark> : part,
  );
}

function EmptyLog() {
  void overviewVersion.value;
  if (store.length > 0) {
    return (
      <div class="empty over">
        <p>
          <strong>No event matches</strong>
        </p>
        <p>
          {formatInteger(store.length)} events are held.{" "}
          <button type="button" class="link" onClick={clearFilter}>
            Clear the filters
          </button>
        </p>
      </div>
    );
  }
  const loading = connection.value.state === "loading";
  return (
    <div class="empty over">
      <p>
        <strong>
          {loading ? "Reading the stored events…" : "No event yet"}
        </strong>
      </p>
      {!loading && <p>Events appear here the moment they are logged.</p>}
    </div>
  );
}

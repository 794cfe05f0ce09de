/** One event in full: its fields, its metadata as a tree, ways on from it. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import {
  cutText,
  formatClockMs,
  formatDay,
  formatDuration,
  formatInteger,
} from "../core/format.ts";
import { sessionOf } from "../core/filter.ts";
import { maskEvent } from "../core/mask.ts";
import { copyText } from "../io/download.ts";
import {
  changeFilter,
  logEnd,
  logIndex,
  logVersion,
  nameOf,
  panel,
  seek,
  selected,
  selectEvent,
  showInTimeline,
  store,
} from "../state.ts";
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
    <>
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
            onClick={() => (selected.value = null)}
          >
            <Icon name="close" />
          </button>
        </header>
        <div
          class="detail-body"
          id="detail"
          tabindex="0"
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
    </>
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

function EventView({
  event,
}: {
  event: import("../core/types.js").AgentEvent;
}) {
  const time = Date.parse(event.timestamp);
  const session = sessionOf(event);
  return (
    <>
      <p class="detail-tags">
        <span class="level-tag" data-level={event.log_level}>
          {event.log_level}
        </span>
        <code>{event.event_type}</code>
      </p>
      <Message text={event.message} />
      <div class="detail-actions">
        <button
          type="button"
          class="button"
          onClick={() => {
            panel.value = "timeline";
            showInTimeline(event.seq);
          }}
          aria-label="Show in timeline"
          title="Show in timeline"
        >
          <Icon name="timeline" /> Timeline
        </button>
        <button
          type="button"
          class="button"
          aria-label="Replay from here"
          title="Replay from here"
          onClick={() => seek(store.timeAt(store.indexOf(event.seq)))}
        >
          <Icon name="play" /> Replay
        </button>
        <CopyButton event={event} />
      </div>
      <dl class="fields">
        <div>
          <dt>Agent</dt>
          <dd>
            <button
              type="button"
              class="link"
              title={`Show only this agent (${event.agent_id})`}
              onClick={() => changeFilter({ agents: [event.agent_id] })}
            >
              {nameOf(event.agent_id)}
            </button>
          </dd>
        </div>
        <div>
          <dt>Time</dt>
          <dd>
            <time datetime={event.timestamp}>
              {Number.isNaN(time)
                ? event.timestamp || "–"
                : `${formatDay(time)}, ${formatClockMs(time)}`}
            </time>
          </dd>
        </div>
        <div>
          <dt>Log type</dt>
          <dd>
            <code>{event.log_type}</code>
          </dd>
        </div>
        {session !== "" && (
          <div>
            <dt>Session</dt>
            <dd>
              <button
                type="button"
                class="link mono"
                title="Show only this session"
                onClick={() => changeFilter({ sessions: [session] })}
              >
                {session}
              </button>
            </dd>
          </div>
        )}
        <div>
          <dt>Agent id</dt>
          <dd>
            <code>{event.agent_id}</code>
          </dd>
        </div>
      </dl>
      <h3>Metadata</h3>
      {Object.keys(event.metadata).length === 0 ? (
        <p class="muted">None</p>
      ) : (
        <div class="tree-view">
          <Branch value={event.metadata} depth={0} />
        </div>
      )}
    </>
  );
}

/** Characters of a message shown at first, so that the rest stays in sight. */
const MESSAGE_CHARS = 700;

function Message({ text }: { text: string }) {
  const [whole, setWhole] = useState(false);
  if (text === "") {
    return (
      <p class="detail-message">
        <em>No message</em>
      </p>
    );
  }
  const isLong = text.length > MESSAGE_CHARS + 100;
  const shown = isLong && !whole ? `${cutText(text, MESSAGE_CHARS)}…` : text;
  return (
    <>
      <p class="detail-message">{shown}</p>
      {isLong && (
        <button
          type="button"
          class="link"
          aria-expanded={whole}
          onClick={() => setWhole(!whole)}
        >
          {whole
            ? "Show less"
            : `Show all ${formatInteger(text.length)} characters`}
        </button>
      )}
    </>
  );
}

function CopyButton({
  event,
}: {
  event: import("../core/types.js").AgentEvent;
}) {
  const [said, setSaid] = useState("");
  useEffect(() => {
    if (said === "") return;
    const timer = setTimeout(() => setSaid(""), 2_000);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = async () => {
    const text = JSON.stringify(maskEvent(event), null, 2);
    setSaid((await copyText(text)) ? "Copied" : "Not allowed");
  };
  return (
    <button
      type="button"
      class="button"
      title="Copy as JSON, with secrets masked"
      onClick={copy}
    >
      <Icon name={said === "Copied" ? "check" : "copy"} />
      <span aria-live="polite">{said || "Copy JSON"}</span>
    </button>
  );
}

/** Children drawn at once in a branch of the tree. */
const MOST_CHILDREN = 200;

function Branch({ value, depth }: { depth: number }) {
  const entries = Object.entries(value);
  return (
    <ul class="branch">
      {entries.slice(0, MOST_CHILDREN).map(([key, item]) => (
        <li key={key}>
          <Leaf name={key} value={item} depth={depth} />
        </li>
      ))}
      {entries.length > MOST_CHILDREN && (
        <li class="muted">and {entries.length - MOST_CHILDREN} more</li>
      )}
    </ul>
  );
}

function Leaf({
  name,
  value,
  depth,
}: {
  name: string;
  value: unknown;
  depth: number;
}) {
  const [open, setOpen] = useState(depth < 2);
  if (typeof value === "object" && value !== null) {
    const size = Object.keys(value).length;
    const brackets = Array.isArray(value) ? `[${size}]` : `{${size}}`;
    if (size === 0) {
      return (
        <>
          <span class="key">{name}</span>
          <span class="muted mono">{Array.isArray(value) ? "[]" : "{}"}</span>
        </>
      );
    }
    return (
      <details
        open={open}
        onToggle={(event) => setOpen(event.currentTarget.open)}
      >
        <summary>
          <span class="key">{name}</span>
          <span class="muted mono">{brackets}</span>
        </summary>
        {open && <Branch value={value} depth={depth + 1} />}
      </details>
    );
  }
  const isText = typeof value === "string";
  const long = isText && (value.length > 60 || value.includes("\n"));
  const shown = isText ? value : String(value);
  // Below a second it would say the same again.
  const note =
    name.endsWith("_ms") && typeof value === "number" && value >= 1_000
      ? ` = ${formatDuration(value)}`
      : "";
  return (
    <>
      <span class="key">{name}</span>
      <span
        class={`value ${long ? "long" : ""}`}
        data-type={value === null ? "null" : typeof value}
      >
        {shown}
      </span>
      {note !== "" && <span class="muted">{note}</span>}
    </>
  );
}

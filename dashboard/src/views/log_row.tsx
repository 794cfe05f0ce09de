/** One event as a row of the log. */
import { splitAtMatches } from "../core/filter.ts";
import { cutText, formatClockMs, formatDay } from "../core/format.ts";
import type { AgentEvent } from "../core/types.ts";
import { filter, nameOf, selectEvent } from "../state.ts";
import { agentHue } from "./hue.ts";

/** Characters of a message that may fit in a row. */
const ROW_CHARS = 500;

export function LogRow({
  event,
  day,
  n,
  total,
  top,
  chosen,
}: {
  event: AgentEvent;
  /** "" when it goes without saying. */
  day: string;
  /** Place in the log, from 0. */
  n: number;
  total: number;
  top: number;
  chosen: boolean;
}) {
  const time = Date.parse(event.timestamp);
  const name = nameOf(event.agent_id);
  const search = filter.value.text;
  return (
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
      <span class="log-agent" title={name} data-hue={agentHue(event.agent_id)}>
        {name}
      </span>{" "}
      <span class="log-type">{event.event_type}</span>{" "}
      <span class="log-message">{highlight(event.message, search)}</span>
    </div>
  );
}

function highlight(text: string, search: string) {
  const line = text.length > ROW_CHARS ? `${cutText(text, ROW_CHARS)}…` : text;
  if (search.trim() === "") return line;
  return splitAtMatches(line, search).map((part, index) =>
    index % 2 === 1 ? <mark>{part}</mark> : part,
  );
}

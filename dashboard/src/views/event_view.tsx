/** One event in full: its fields, its metadata as a tree, ways on from it. */
import { useEffect, useState } from "preact/hooks";
import { sessionOf } from "../core/filter.ts";
import { formatClockMs, formatDay } from "../core/format.ts";
import { maskEvent } from "../core/mask.ts";
import type { AgentEvent } from "../core/types.ts";
import { copyText } from "../io/download.ts";
import {
  changeFilter,
  nameOf,
  seek,
  showInTimeline,
  showPanel,
  store,
  tellStory,
} from "../state.ts";
import { EventMessage } from "./event_message.tsx";
import { Icon } from "./icons.tsx";
import { Branch } from "./value_tree.tsx";

export function EventView({ event }: { event: AgentEvent }) {
  const session = sessionOf(event);
  return (
    <>
      <p class="detail-tags">
        <span class="level-tag" data-level={event.log_level}>
          {event.log_level}
        </span>
        <code>{event.event_type}</code>
      </p>
      <EventMessage text={event.message} />
      <div class="detail-actions">
        <button
          type="button"
          class="button"
          onClick={() => {
            showPanel("timeline");
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
        {session !== "" && (
          <button
            type="button"
            class="button"
            aria-label="Show in the story of its session"
            title="Show in the story of its session"
            onClick={() => tellStory(session)}
          >
            <Icon name="story" /> Story
          </button>
        )}
        <CopyButton event={event} />
      </div>
      <EventFields event={event} />
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

function EventFields({ event }: { event: AgentEvent }) {
  const time = Date.parse(event.timestamp);
  const session = sessionOf(event);
  return (
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
              title="Show only its session"
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
  );
}

function CopyButton({ event }: { event: AgentEvent }) {
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
      onClick={() => void copy()}
    >
      <Icon name={said === "Copied" ? "check" : "copy"} />
      <span aria-live="polite">{said || "Copy JSON"}</span>
    </button>
  );
}

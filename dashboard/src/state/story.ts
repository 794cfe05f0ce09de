/** Whose story is told, and the story up to the moment that the page shows. */
import { computed } from "@preact/signals";
import { sessionOf } from "../core/filter.ts";
import { sessionsOf } from "../core/groups.ts";
import { Story } from "../core/story.ts";
import type { AgentEvent } from "../core/types.ts";
import { filter, fleet, logEnd } from "../state.ts";
import { store } from "./events.ts";

export interface StoryScope {
  /** none: all of the session */
  agents: readonly string[];
  /** none: whatever session the agents are of */
  sessions: readonly string[];
}

/** What the filter leaves no doubt of; null while it fits several sessions. */
export const storyScope = computed((): StoryScope | null => {
  const { agents, sessions } = filter.value;
  if (agents.length > 0) return { agents, sessions };
  const [only, ...others] =
    sessions.length > 0
      ? sessions
      : sessionsOf(fleet.value.current).map(({ id }) => id);
  return only === undefined || others.length > 0
    ? null
    : { agents: [], sessions: [only] };
});

let told = {
  scope: "",
  events: store.events,
  trimmed: 0,
  /** in the store: up to where it is told */
  end: 0,
  story: new Story(),
};

/** Told on from where it stood; from the start when it is another, or earlier. */
export function storyOf(scope: StoryScope): Story {
  const end = logEnd.peek();
  const { events, trimmed } = store;
  const name = JSON.stringify(scope);
  const goesOn =
    told.scope === name &&
    told.events === events &&
    told.trimmed === trimmed &&
    told.end <= end;
  if (!goesOn) {
    told = { scope: name, events, trimmed, end: trimmed, story: new Story() };
  }
  for (let index = told.end - trimmed; index < end - trimmed; index++) {
    const event = events[index];
    if (event === undefined) break;
    if (isOf(scope, event)) told.story.tell(event, store.happenedAt(index));
  }
  told.end = end;
  return told.story;
}

/** The part of a story that an event is told in; -1 when it is not of it, or not here yet. */
export function partOfEvent(scope: StoryScope, seq: number | null) {
  if (seq === null) return -1;
  const index = store.indexOf(seq);
  const event = store.events[index];
  const isTold = event !== undefined && index + store.trimmed < told.end;
  return isTold && isOf(scope, event) ? storyOf(scope).indexOf(seq) : -1;
}

function isOf({ agents, sessions }: StoryScope, event: AgentEvent) {
  return (
    (agents.length === 0 || agents.includes(event.agent_id)) &&
    (sessions.length === 0 || sessions.includes(sessionOf(event)))
  );
}

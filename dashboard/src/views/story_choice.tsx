import { agentName } from "../core/fleet.ts";
import { formatClock, formatDay, formatInteger } from "../core/format.ts";
import { type Session, sessionsOf } from "../core/groups.ts";
import { fleet, tellStory } from "../state.ts";
import { statusWord } from "./agent_words.ts";
import { SourceBadge } from "./source_badge.tsx";

/** Sessions offered at once. */
const MOST_SESSIONS = 100;

/** The sessions whose story can be read, those at work first. */
export function StoryChoice() {
  const sessions = sessionsOf(fleet.value.current);
  if (sessions.length === 0) {
    return (
      <div class="empty">
        <p>
          <strong>No session to tell of</strong>
        </p>
        <p>Choose an agent in the fleet to read what it did.</p>
      </div>
    );
  }
  return (
    <div class="story-body" tabindex={0} role="group" aria-label="Sessions">
      <p class="muted">
        Whose story? {formatInteger(sessions.length)} sessions, those at work
        first.
      </p>
      <ul class="story-choice">
        {sessions.slice(0, MOST_SESSIONS).map((session) => (
          <Choice key={session.id} session={session} />
        ))}
      </ul>
      {sessions.length > MOST_SESSIONS && (
        <p class="muted">
          {formatInteger(sessions.length - MOST_SESSIONS)} more: choose one in
          the fleet.
        </p>
      )}
    </div>
  );
}

function Choice({ session }: { session: Session }) {
  const { main, agents, lastAt } = session;
  const facts = [
    main.project,
    agents > 1 ? `${formatInteger(agents)} agents` : "",
    `${formatDay(lastAt)}, ${formatClock(lastAt)}`,
  ].filter((fact) => fact !== "");
  return (
    <li>
      <button
        type="button"
        class="session-choice"
        onClick={() => tellStory(session.id)}
      >
        <span class="clip session-name">{agentName(main)}</span>{" "}
        <span class="muted">
          <SourceBadge source={main.source} /> {statusWord(main)} ·{" "}
          {facts.join(" · ")}
        </span>
      </button>
    </li>
  );
}

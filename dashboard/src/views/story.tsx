/** A session as a story: what was asked, said, done, changed and answered. */
import { agentName } from "../core/fleet.ts";
import { formatInteger } from "../core/format.ts";
import {
  changeFilter,
  fleet,
  moment,
  overviewVersion,
  panel,
  pausedAt,
  selected,
} from "../state.ts";
import {
  partOfEvent,
  storyOf,
  storyScope,
  type StoryScope,
} from "../state/story.ts";
import { PanelSwitch } from "./panel_switch.tsx";
import { SourceBadge } from "./source_badge.tsx";
import { StoryChoice } from "./story_choice.tsx";
import { StoryPart } from "./story_part.tsx";
import { useStoryPages } from "./use_story_pages.ts";

export function Story() {
  // Out of sight it would only cost time.
  if (panel.value !== "story") return null;
  const scope = storyScope.value;
  return (
    <section class="panel story" aria-labelledby="story-title">
      <header class="panel-head">
        <PanelSwitch current="story" />
        <span class="spacer"></span>
        {scope !== null && <Choose scope={scope} />}
      </header>
      {scope === null ? <StoryChoice /> : <Told scope={scope} />}
    </section>
  );
}

/** Ways to a wider view: from an agent to its session, from there to all. */
function Choose({ scope }: { scope: StoryScope }) {
  const { agents } = fleet.value.current;
  const [id = ""] = scope.agents;
  const session = agents.get(id)?.sessionId ?? "";
  return (
    <>
      {session !== "" && (
        <button
          type="button"
          class="button quiet"
          onClick={() => changeFilter({ agents: [], sessions: [session] })}
        >
          Whole session
        </button>
      )}
      <button
        type="button"
        class="button quiet"
        onClick={() => changeFilter({ agents: [], sessions: [] })}
      >
        All sessions
      </button>
    </>
  );
}

function Told({ scope }: { scope: StoryScope }) {
  // Twice a second is enough to read along.
  void overviewVersion.value;
  void moment.value;
  void pausedAt.value;
  const { parts } = storyOf(scope);
  const seq = selected.value;
  const wanted = partOfEvent(scope, seq);
  const pages = useStoryPages(JSON.stringify(scope), parts.length, wanted, seq);
  const { from, to } = pages;
  const mainId = scope.agents[0] ?? parts[0]?.agentId ?? "";
  return (
    <>
      {parts.length > to - from && (
        <nav class="story-pages" aria-label="Parts of the story">
          <PageButton label="Start" to={pages.hasEarlier && pages.toStart} />
          <PageButton
            label="Earlier"
            to={pages.hasEarlier && pages.toEarlier}
          />
          <span class="muted">
            {formatInteger(from + 1)}–{formatInteger(to)} of{" "}
            {formatInteger(parts.length)}
          </span>
          <PageButton label="Later" to={pages.hasLater && pages.toLater} />
          <PageButton label="End" to={pages.hasLater && pages.toEnd} />
        </nav>
      )}
      <div
        class="story-body"
        tabindex={0}
        role="group"
        aria-label="Story of the session"
        ref={pages.viewport}
        onScroll={pages.onScroll}
      >
        <StoryTitle agentId={mainId} isEmpty={parts.length === 0} />
        <ol class="story-parts">
          {parts.slice(from, to).map((part, index) => (
            <StoryPart
              key={part.seq}
              part={part}
              version={part.version}
              index={from + index}
              isWanted={from + index === wanted}
              isOther={part.agentId !== mainId}
            />
          ))}
        </ol>
      </div>
    </>
  );
}

function PageButton({
  label,
  to,
}: {
  label: string;
  to: (() => void) | false;
}) {
  return (
    <button
      type="button"
      class="button"
      disabled={to === false}
      onClick={() => to !== false && to()}
    >
      {label}
    </button>
  );
}

function StoryTitle({
  agentId,
  isEmpty,
}: {
  agentId: string;
  isEmpty: boolean;
}) {
  const agent = fleet.value.current.agents.get(agentId);
  const facts = [agent?.project, agent?.model, agent?.cwd].filter(Boolean);
  return (
    <div class="story-title">
      {agent !== undefined && (
        <>
          <h3>{agentName(agent)}</h3>
          <p class="muted">
            <SourceBadge source={agent.source} /> {facts.join(" · ")}
          </p>
        </>
      )}
      {isEmpty && <p class="muted">Nothing has been told yet.</p>}
    </div>
  );
}

/** One part of a story, with the ways to its row in the log and its mark. */
import { formatClock, formatClockMs, formatDay } from "../core/format.ts";
import type { Part } from "../core/story.ts";
import { nameOf } from "../state.ts";
import { EventLinks } from "./event_links.tsx";
import { EventMessage } from "./event_message.tsx";
import { agentHue } from "./hue.ts";
import { memo } from "./memo.ts";
import { StoryCalls } from "./story_calls.tsx";
import { StoryEdit } from "./story_edit.tsx";

interface StoryPartProps {
  /** Changed in place: `version` tells when. */
  part: Part;
  version: number;
  /** Place in the story, from 0. */
  index: number;
  isWanted: boolean;
  /** Whether another agent than the story's own did it. */
  isOther: boolean;
}

const TITLES = {
  prompt: "Prompt",
  said: "Said",
  answer: "Answer",
  step: "Step",
  calls: "Tool calls",
  edit: "Edit",
} as const;

export const StoryPart = memo(
  ({ part, index, isWanted, isOther }: StoryPartProps) => (
    <li
      class="part"
      data-kind={part.kind}
      data-level={part.kind === "note" ? part.level : undefined}
      data-part={index}
      aria-current={isWanted || undefined}
    >
      <div class="part-head">
        {part.kind === "note" ? (
          <code>{part.type}</code>
        ) : (
          <h4>{TITLES[part.kind]}</h4>
        )}{" "}
        {isOther && (
          <span
            class="log-agent clip"
            data-hue={agentHue(part.agentId)}
            title={part.agentId}
          >
            {nameOf(part.agentId)}
          </span>
        )}{" "}
        <time
          datetime={new Date(part.at).toISOString()}
          title={`${formatDay(part.at)}, ${formatClockMs(part.at)}`}
        >
          {formatClock(part.at)}
        </time>
        <EventLinks seq={part.seq} />
      </div>
      <PartBody part={part} />
    </li>
  ),
);

function PartBody({ part }: { part: Part }) {
  switch (part.kind) {
    case "calls":
      return <StoryCalls calls={part.calls} />;
    case "edit":
      return <StoryEdit call={part.calls[0]} />;
    case "prompt":
    case "said":
    case "answer":
    case "step":
    case "note":
      return <EventMessage text={part.text} class="part-text" />;
  }
}

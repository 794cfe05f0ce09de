/** What a call changed in files, as a diff. */
import { useState } from "preact/hooks";
import {
  countChanges,
  type DiffLine,
  editsOf,
  type FileEdit,
} from "../core/diff.ts";
import { formatInteger } from "../core/format.ts";
import type { Call } from "../core/story.ts";
import { Outcome } from "./story_calls.tsx";

/** Lines of a diff shown at first, and at most. */
const FIRST_LINES = 24;
const MOST_LINES = 2_000;

export function StoryEdit({ call }: { call: Call | undefined }) {
  if (call === undefined) return null;
  const edits = editsOf(call.input);
  return (
    <>
      {edits.map((edit, index) => (
        <FileDiff key={index} edit={edit} call={call} />
      ))}
      {call.error !== "" && <p class="part-text bad">{call.error}</p>}
    </>
  );
}

function FileDiff({ edit, call }: { edit: FileEdit; call: Call }) {
  const [whole, setWhole] = useState(false);
  const { added, removed } = countChanges([edit]);
  const { length } = edit.lines;
  const shown = whole || length <= FIRST_LINES + 4 ? MOST_LINES : FIRST_LINES;
  return (
    <div class="diff">
      <p class="diff-head">
        <code>{edit.path}</code>{" "}
        <span class="diff-count">
          +{formatInteger(added)} −{formatInteger(removed)}
        </span>{" "}
        <Outcome calls={[call]} />
      </p>
      <div class="diff-lines">
        {edit.lines.slice(0, shown).map((line, index) => (
          <Line key={index} line={line} />
        ))}
      </div>
      {length > FIRST_LINES + 4 && (
        <button
          type="button"
          class="link"
          aria-expanded={whole}
          onClick={() => setWhole(!whole)}
        >
          {whole ? "Show less" : `Show all ${formatInteger(length)} lines`}
        </button>
      )}
      {whole && length > MOST_LINES && (
        <p class="muted">
          {formatInteger(length - MOST_LINES)} more lines are in the event.
        </p>
      )}
    </div>
  );
}

function Line({ line }: { line: DiffLine }) {
  const { text } = line;
  switch (line.kind) {
    case "added":
      return <ins class="diff-line">+ {text}</ins>;
    case "removed":
      return <del class="diff-line">− {text}</del>;
    case "gap":
      return <span class="diff-line muted">⋯ {text}</span>;
    case "same":
      return (
        <span class="diff-line">
          {"  "}
          {text}
        </span>
      );
  }
}

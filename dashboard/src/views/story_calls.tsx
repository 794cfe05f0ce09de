/** Tool calls that follow one another: how many of which, how they ended, and each when unfolded. */
import { useState } from "preact/hooks";
import { cutText, formatDuration, formatInteger } from "../core/format.ts";
import { type Call, countTools, outputText } from "../core/story.ts";
import { EventLinks } from "./event_links.tsx";
import { EventMessage } from "./event_message.tsx";

/** Calls drawn of a group; the others are in the log. */
const MOST_CALLS = 200;
/** Tools named in a summary. */
const MOST_TOOLS = 4;
const LABEL_CHARS = 300;

export function StoryCalls({ calls }: { calls: readonly Call[] }) {
  const [open, setOpen] = useState(false);
  const [only, ...others] = calls;
  if (only !== undefined && others.length === 0) return <OneCall call={only} />;
  return (
    <details
      class="calls"
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary>
        {toolWords(calls)} <Outcome calls={calls} />
      </summary>
      {open && (
        <ol class="call-list">
          {calls.slice(0, MOST_CALLS).map((call, index) => (
            <li key={index}>
              <OneCall call={call} />
            </li>
          ))}
          {calls.length > MOST_CALLS && (
            <li class="muted">
              {formatInteger(calls.length - MOST_CALLS)} more are in the log.
            </li>
          )}
        </ol>
      )}
    </details>
  );
}

function toolWords(calls: readonly Call[]) {
  const tools = countTools(calls);
  const named = tools
    .slice(0, MOST_TOOLS)
    .map(([name, times]) => `${formatInteger(times)} ${name}`);
  if (tools.length > MOST_TOOLS) named.push("…");
  return `${formatInteger(calls.length)} calls: ${named.join(", ")}`;
}

/** How calls ended, in words. */
export function Outcome({ calls }: { calls: readonly Call[] }) {
  const failed = calls.filter(({ error }) => error !== "").length;
  const running = calls.filter(({ isOpen }) => isOpen).length;
  const time = calls.reduce((sum, { duration }) => sum + (duration ?? 0), 0);
  const isOne = calls.length === 1;
  return (
    <span class="outcome">
      {failed > 0 && (
        <span class="bad">{isOne ? "failed" : `${failed} failed`}</span>
      )}
      {running > 0 && (
        <span class="running">{isOne ? "open" : `${running} open`}</span>
      )}
      {failed + running === 0 && (
        <span class="done">{isOne ? "done" : "all done"}</span>
      )}
      {time > 0 && <span>{formatDuration(time)}</span>}
    </span>
  );
}

function OneCall({ call }: { call: Call }) {
  const [open, setOpen] = useState(false);
  return (
    <details
      class="call"
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary>
        <code>{cutText(call.label, LABEL_CHARS)}</code>{" "}
        <Outcome calls={[call]} />
      </summary>
      {open && (
        <div class="call-body">
          <EventLinks seq={call.seq} />
          <Words title="Input" text={outputText(call.input)} />
          {call.error !== "" && <Words title="Error" text={call.error} />}
          <Words title="Output" text={outputText(call.output)} />
        </div>
      )}
    </details>
  );
}

function Words({ title, text }: { title: string; text: string }) {
  if (text === "") return null;
  return (
    <>
      <h5>{title}</h5>
      <EventMessage text={text} class="part-text mono" />
    </>
  );
}

/** The queue on top of everything: who waits for a person, and why. */
import { useRef, useState } from "preact/hooks";
import { formatDuration, formatInteger } from "../core/format.ts";
import type { Need } from "../core/types.ts";
import {
  changeFilter,
  connection,
  dismissNeed,
  filter,
  fleet,
  moment,
  needs,
  needsElsewhere,
  selectEvent,
} from "../state.ts";
import { Icon, type IconName } from "./icons.tsx";

const KINDS: Readonly<Record<Need["kind"], { icon: IconName; label: string }>> =
  {
    permission: { icon: "hand", label: "Permission" },
    question: { icon: "question", label: "Question" },
    failed: { icon: "alert", label: "Failed" },
    loop: { icon: "loop", label: "Looks stuck" },
    blocked: { icon: "pause", label: "Blocked" },
    idle: { icon: "moon", label: "Idle" },
    silent: { icon: "silent", label: "Silent" },
  };

export function NeedsYou() {
  const [open, setOpen] = useState(true);
  const box = useRef<HTMLElement | null>(null);
  const list = needs.value;
  const elsewhere = needsElsewhere.value;
  if (list.length === 0) {
    const agents = fleet.value.current.agents.size;
    const isEmpty = agents === 0 && elsewhere === 0;
    if (isEmpty || connection.value.state === "loading") return null;
    return (
      <section
        class="needs calm"
        aria-label="Needs you"
        tabindex={-1}
        ref={box}
      >
        <p>
          <Icon name="check" />
          Nothing needs you{elsewhere > 0 && ` in the chosen ${scopeWord()}`}
          <Elsewhere count={elsewhere} />
        </p>
      </section>
    );
  }
  const dismiss = (need: Need) => {
    const index = list.indexOf(need);
    dismissNeed(need.key);
    // The next one takes its place, and the focus.
    requestAnimationFrame(() => {
      const cards = box.current?.querySelectorAll(".need-dismiss") ?? [];
      const next = cards[Math.min(index, cards.length - 1)] ?? box.current;
      if (next instanceof HTMLElement) next.focus();
    });
  };
  return (
    <section class="needs" aria-labelledby="needs-title" ref={box}>
      <h2 id="needs-title">
        <button
          type="button"
          class="needs-toggle"
          aria-expanded={open}
          onClick={() => setOpen(!open)}
        >
          <Icon name="chevron" />
          Needs you <span class="count">{list.length}</span>
        </button>
        <Elsewhere count={elsewhere} />
      </h2>
      {open && (
        <ul class="needs-list" tabindex={0} aria-label="Agents that need you">
          {list.map((need) => (
            <NeedCard
              key={need.key}
              need={need}
              onDismiss={() => dismiss(need)}
            />
          ))}
        </ul>
      )}
    </section>
  );
}

/** Nobody is to be overlooked because of a filter. */
function Elsewhere({ count }: { count: number }) {
  if (count === 0) return null;
  return (
    <>
      {" "}
      <button
        type="button"
        class="link"
        onClick={() =>
          changeFilter({ sessions: [], projects: [], sources: [] })
        }
      >
        {formatInteger(count)} in other {scopeWord()}s
      </button>
    </>
  );
}

/** What hides the others: a project, a source, or a session. */
function scopeWord() {
  const { projects, sources } = filter.value;
  if (projects.length > 0) return "project";
  return sources.length > 0 ? "source" : "session";
}

function NeedCard({ need, onDismiss }: { need: Need; onDismiss: () => void }) {
  const { icon, label } = KINDS[need.kind];
  return (
    <li class="need" data-kind={need.kind}>
      <button
        type="button"
        class="need-main"
        onClick={() =>
          need.seq > 0 &&
          selectEvent(need.seq, { panel: "log", timeline: true })
        }
      >
        <span class="need-head">
          <Icon name={icon} />
          <span class="need-kind">{label}</span>{" "}
          <span class="need-since">
            {formatDuration(Math.max(0, moment.value - need.since))}
          </span>{" "}
        </span>{" "}
        <span class="need-agent">{need.agentName}</span>{" "}
        <span class="need-reason" title={need.reason}>
          {need.reason}
        </span>
      </button>
      <button
        type="button"
        class="icon-button need-dismiss"
        aria-label={`Dismiss: ${need.agentName}, ${label}`}
        title="Dismiss"
        onClick={onDismiss}
      >
        <Icon name="close" />
      </button>
    </li>
  );
}

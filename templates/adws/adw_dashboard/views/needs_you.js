/** The queue on top of everything: who waits for a person, and why. */
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { formatElapsed } from "../core/format.js";
import {
  connection,
  dismissNeed,
  fleet,
  moment,
  needs,
  selectEvent,
} from "../state.js";
import { Icon } from "./icons.js";

/** @type {Record<import("../core/types.js").Need["kind"], { icon: import("./icons.js").IconName, label: string }>} */
const KINDS = {
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
  const list = needs.value;
  if (list.length === 0) {
    const agents = fleet.value.current.agents.size;
    if (agents === 0 || connection.value.state === "loading") return null;
    return html`<section class="needs calm" aria-label="Needs you">
      <p><${Icon} name="check" /> Nothing needs you</p>
    </section>`;
  }
  return html`
    <section class="needs" aria-labelledby="needs-title">
      <h2 id="needs-title">
        <button
          type="button"
          class="needs-toggle"
          aria-expanded=${open}
          onClick=${() => setOpen(!open)}
        >
          <${Icon} name="chevron" />
          Needs you <span class="count">${list.length}</span>
        </button>
      </h2>
      ${
        open &&
        html`<ul
          class="needs-list"
          tabindex="0"
          aria-label="Agents that need you"
        >
          ${list.map(
            (need) => html`<${NeedCard} key=${need.key} need=${need} />`,
          )}
        </ul>`
      }
    </section>
  `;
}

/**
 * @param {object} props
 * @param {import("../core/types.js").Need} props.need
 */
function NeedCard({ need }) {
  const { icon, label } = KINDS[need.kind];
  return html`
    <li class="need" data-kind=${need.kind}>
      <button
        type="button"
        class="need-main"
        onClick=${() =>
          need.seq > 0 &&
          selectEvent(need.seq, { panel: "log", timeline: true })}
      >
        <span class="need-head">
          <${Icon} name=${icon} />
          <span class="need-kind">${label}</span>
          <span class="need-since"
            >${formatElapsed(moment.value - need.since)}</span
          >
        </span>
        <span class="need-agent">${need.agentName}</span>
        <span class="need-reason" title=${need.reason}>${need.reason}</span>
      </button>
      <button
        type="button"
        class="icon-button need-dismiss"
        aria-label=${`Dismiss: ${need.agentName}, ${label}`}
        title="Dismiss"
        onClick=${() => dismissNeed(need.key)}
      >
        <${Icon} name="close" />
      </button>
    </li>
  `;
}

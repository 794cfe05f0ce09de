/** The page's frame: what stands where, and what is in front when it is narrow. */
import { html } from "htm/preact";
import { useRef } from "preact/hooks";
import { isShutOut, panel, selected } from "../state.js";
import { Announcer } from "./announcer.js";
import { Boundary } from "./boundary.js";
import { ConnectionNotice } from "./connection_notice.js";
import { Detail } from "./detail.js";
import { Fleet } from "./fleet.js";
import { Header } from "./header.js";
import { HelpDialog } from "./help.js";
import { useKeptFocus } from "./keep_focus.js";
import { useShortcuts } from "./shortcuts.js";
import { LogPanel } from "./log_panel.js";
import { NeedsYou } from "./needs_you.js";
import { Numbers } from "./numbers.js";
import { Timeline } from "./timeline.js";
import { Transport } from "./transport.js";

const TABS = [
  ["fleet", "Fleet"],
  ["timeline", "Timeline"],
  ["log", "Log"],
  ["numbers", "Numbers"],
];

/**
 * @param {object} props
 * @param {() => void} props.onRetry
 * @param {(token: string) => void} props.onToken
 */
export function App({ onRetry, onToken }) {
  const help = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const openHelp = () => help.current?.showModal();
  useShortcuts({ onHelp: openHelp });
  useKeptFocus();

  const refused = isShutOut();
  const classes = `app show-${panel.value}${selected.value === null ? "" : " has-detail"}`;
  const notice = html`<${Boundary} name="The connection notice">
    <${ConnectionNotice} onRetry=${onRetry} onToken=${onToken} />
  <//>`;
  return html`
    <div class=${classes}>
      ${!refused && html`<a class="skip" href="#log-list">Skip to the log</a>`}
      <${Announcer} />
      <${Boundary} name="Header" place="topbar">
        <${Header} onHelp=${openHelp} />
      <//>
      ${refused ? html`<main class="gate-frame">${notice}</main>` : notice}
      ${
        !refused &&
        html`
          <${Boundary} name="Needs you" place="needs">
            <${NeedsYou} />
          <//>
          <nav class="tabs" aria-label="Panels">
            ${TABS.map(
              ([id = "", label]) => html`
                <button
                  type="button"
                  class="tab"
                  aria-current=${panel.value === id ? "page" : undefined}
                  onClick=${() => (panel.value = id)}
                >
                  ${label}
                </button>
              `,
            )}
          </nav>
          <main class="panels">
            <${Boundary} name="Fleet" place="panel fleet"><${Fleet} /><//>
            <${Boundary} name="Timeline" place="panel timeline">
              <${Timeline} />
            <//>
            <${Boundary} name="Log" place="panel log"><${LogPanel} /><//>
            <${Boundary} name="Numbers" place="panel numbers"><${Numbers} /><//>
            <${Boundary} name="Event" place="panel detail"><${Detail} /><//>
          </main>
          <${Boundary} name="Replay" place="transport"><${Transport} /><//>
        `
      }
      <${HelpDialog} dialog=${help} />
    </div>
  `;
}

/** The page's frame: what stands where, and what is in front when it is narrow. */
import { useRef } from "preact/hooks";
import { isUnauthorized, panel, selected, showPanel } from "../state.ts";
import { Announcer } from "./announcer.tsx";
import { Boundary } from "./boundary.tsx";
import { ConnectionNotice } from "./connection_notice.tsx";
import { Detail } from "./detail.tsx";
import { Fleet } from "./fleet.tsx";
import { Header } from "./header.tsx";
import { HelpDialog } from "./help.tsx";
import { useKeptFocus } from "./keep_focus.ts";
import { useShortcuts } from "./shortcuts.ts";
import { LogPanel } from "./log_panel.tsx";
import { NeedsYou } from "./needs_you.tsx";
import { Numbers } from "./numbers.tsx";
import { Story } from "./story.tsx";
import { Timeline } from "./timeline.tsx";
import { Transport } from "./transport.tsx";

const TABS: readonly (readonly [id: string, label: string])[] = [
  ["fleet", "Fleet"],
  ["timeline", "Timeline"],
  ["log", "Log"],
  ["story", "Story"],
  ["numbers", "Numbers"],
];

export function App({
  onRetry,
  onToken,
}: {
  onRetry: () => void;
  onToken: (token: string) => void;
}) {
  const help = useRef<HTMLDialogElement | null>(null);
  const openHelp = () => help.current?.showModal();
  useShortcuts({ onHelp: openHelp });
  useKeptFocus();

  const unauthorized = isUnauthorized();
  const classes = `app show-${panel.value}${selected.value === null ? "" : " has-detail"}`;
  const notice = (
    <Boundary name="The connection notice">
      <ConnectionNotice onRetry={onRetry} onToken={onToken} />
    </Boundary>
  );
  return (
    <div class={classes}>
      {!unauthorized && (
        <a class="skip" href="#log-list">
          Skip to the log
        </a>
      )}
      <Announcer />
      <Boundary name="Header" place="topbar">
        <Header onHelp={openHelp} />
      </Boundary>
      {unauthorized ? <main class="gate-frame">{notice}</main> : notice}
      {!unauthorized && (
        <>
          <Boundary name="Needs you" place="needs">
            <NeedsYou />
          </Boundary>
          <nav class="tabs" aria-label="Panels">
            {TABS.map(([id, label]) => (
              <button
                type="button"
                class="tab"
                aria-current={panel.value === id ? "page" : undefined}
                onClick={() => showPanel(id)}
              >
                {label}
              </button>
            ))}
          </nav>
          <main class="panels">
            <Boundary name="Fleet" place="panel fleet">
              <Fleet />
            </Boundary>
            <Boundary name="Timeline" place="panel timeline">
              <Timeline />
            </Boundary>
            <Boundary name="Log" place="panel log">
              <LogPanel />
            </Boundary>
            <Boundary name="Story" place="panel story">
              <Story />
            </Boundary>
            <Boundary name="Numbers" place="panel numbers">
              <Numbers />
            </Boundary>
            <Boundary name="Event" place="panel detail">
              <Detail />
            </Boundary>
          </main>
          <Boundary name="Replay" place="transport">
            <Transport />
          </Boundary>
        </>
      )}
      <HelpDialog dialog={help} />
    </div>
  );
}

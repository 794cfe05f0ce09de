import type { RefObject } from "preact";
import { setShortcutsOn, shortcutsOn } from "../state.ts";
import { forgetToken, hasToken } from "../io/token.ts";
import { Icon } from "./icons.tsx";

const KEYS: readonly (readonly [keys: string, text: string])[] = [
  ["/", "Search the log"],
  ["Space", "Pause the log, or let it run"],
  ["↑ ↓", "Previous or next row, agent or lane"],
  ["← →", "Fold a tree; previous or next mark on the timeline"],
  ["Page Up, Page Down, Home, End", "Further, in the log"],
  ["Enter", "Open the event; on an agent, show only its events, or all again"],
  [
    "Ctrl + Enter",
    "On an agent, show its events too; Ctrl + click is the same",
  ],
  ["+ −", "Zoom the timeline"],
  ["Shift + ← →", "Pan the timeline"],
  ["0", "Show the whole timeline"],
  ["p", "Play the past, or stop"],
  ["l", "Back to live"],
  ["s", "Read the session as a story"],
  ["Esc", "Close what is open"],
  ["?", "This help"],
];

export function HelpDialog({
  dialog,
}: {
  dialog: RefObject<HTMLDialogElement | null>;
}) {
  return (
    <dialog class="dialog" ref={dialog} aria-labelledby="help-title">
      <header class="dialog-head">
        <h2 id="help-title">Keyboard and mouse</h2>
        <form method="dialog">
          <button class="icon-button" aria-label="Close help">
            <Icon name="close" />
          </button>
        </form>
      </header>
      <dl class="keys">
        {KEYS.map(([keys, text]) => (
          <div>
            <dt>
              {keys.split(", ").map((key) => (
                <>
                  <kbd>{key}</kbd>{" "}
                </>
              ))}
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      <label class="check">
        <input
          type="checkbox"
          checked={shortcutsOn.value}
          onChange={(event) => setShortcutsOn(event.currentTarget.checked)}
        />
        Keys of a single character work everywhere on the page
      </label>
      <p class="hint">
        On the timeline, drag to pan, hold Ctrl or ⌘ and turn the wheel to zoom,
        and drag along its ruler to choose a time range.
      </p>
      {hasToken() && (
        <p class="hint">
          This browser keeps the server's token for this page, so that a copied
          link opens without asking.{" "}
          <button
            type="button"
            class="link"
            onClick={() => {
              forgetToken();
              location.reload();
            }}
          >
            Forget the token
          </button>
        </p>
      )}
    </dialog>
  );
}

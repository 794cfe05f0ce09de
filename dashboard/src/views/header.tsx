/** The top bar: where we are connected, the fleet's numbers, exports, help. */
import { formatInteger } from "../core/format.ts";
import {
  connection,
  isUnauthorized,
  loading,
  logVersion,
  replay,
  store,
} from "../state.ts";
import { CONNECTION_WORDS } from "./connection_words.ts";
import { ExportMenu } from "./export_menu.tsx";
import { Icon } from "./icons.tsx";
import { pageTitle } from "./page_title.ts";
import { Stats } from "./stats.tsx";

export function Header({ onHelp }: { onHelp: () => void }) {
  // Without access there is nothing to count, and nothing to export.
  const unauthorized = isUnauthorized();
  return (
    <header class="topbar">
      <div class="brand">
        <span class="logo" aria-hidden="true">
          <i></i>
          <i></i>
          <i></i>
        </span>
        <h1>{pageTitle()}</h1>
      </div>
      <ConnectionPill />
      {!unauthorized && <Stats />}
      <div class="topbar-actions">
        {!unauthorized && <ExportMenu />}
        <button
          type="button"
          class="icon-button"
          aria-label="Help: keyboard shortcuts"
          title="Help (?)"
          onClick={onHelp}
        >
          <Icon name="help" />
        </button>
      </div>
    </header>
  );
}

function ConnectionPill() {
  const { state } = connection.value;
  void logVersion.value;
  const past = replay.value !== null && state === "live";
  const { done, total } = loading.value;
  const progress =
    state === "loading" && total > 0
      ? ` ${Math.min(100, Math.round((100 * done) / total))} %`
      : "";
  return (
    <div class="pill" data-state={past ? "replay" : state}>
      <span class="pill-dot" aria-hidden="true"></span>
      <span class="pill-text">
        {past ? "Replay" : CONNECTION_WORDS[state]}
        {progress}
      </span>{" "}
      {store.lastSeq > 0 && (
        <span class="pill-seq" title="Newest event that this page holds">
          seq {formatInteger(store.lastSeq)}
        </span>
      )}
    </div>
  );
}

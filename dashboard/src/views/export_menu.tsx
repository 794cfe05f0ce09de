/** Saves what the log shows as a file. */
import { useRef, useState } from "preact/hooks";
import { toCsv, toJsonl } from "../core/export_text.ts";
import { formatInteger } from "../core/format.ts";
import { download } from "../io/download.ts";
import { toReplayPage } from "../io/export_page.ts";
import { connection, logEnd, logIndex, showNotice } from "../state.ts";
import { Icon } from "./icons.tsx";
import { pageTitle } from "./page_title.ts";
import { useDismiss } from "./use_dismiss.ts";

export function ExportMenu() {
  const [open, setOpen] = useState(false);
  const [busy, setBusy] = useState(false);
  const box = useRef<HTMLDivElement | null>(null);
  useDismiss(box, open, () => setOpen(false));

  const save = async (kind: "jsonl" | "csv" | "html") => {
    setOpen(false);
    box.current?.querySelector("button")?.focus();
    setBusy(true);
    const events = logIndex.list(logEnd.value);
    const stamp = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
    const name = `agents-${stamp}.${kind}`;
    try {
      if (kind === "jsonl") {
        download(name, "application/x-ndjson", toJsonl(events));
      } else if (kind === "csv") {
        download(name, "text/csv", toCsv(events));
      } else {
        const title = `${pageTitle()} · recording of ${stamp.replace("T", " ")}`;
        download(name, "text/html", await toReplayPage(events, title));
      }
    } catch (error) {
      // A recording takes the page's own files along, from the server.
      const reason = error instanceof Error ? error.message : String(error);
      showNotice(`The export could not be made: ${reason}`);
    } finally {
      setBusy(false);
    }
  };

  const count = open ? logIndex.count(logEnd.value) : 0;
  const offline = connection.value.state === "offline";
  return (
    <div class="menu-anchor" ref={box}>
      <button
        type="button"
        class="button"
        aria-expanded={open}
        aria-haspopup="true"
        aria-disabled={busy}
        onClick={() => setOpen(!open && !busy)}
      >
        <Icon name="download" />
        <span class="wide-only">{busy ? "Exporting…" : "Export"}</span>
        <span class="visually-hidden narrow-label">Export</span>
      </button>
      {open && (
        <div class="menu menu-right">
          <p class="menu-note">
            {formatInteger(count)} events of the current selection; secrets are
            masked.
          </p>
          <button type="button" onClick={() => void save("jsonl")}>
            JSONL <small>one event a line</small>
          </button>
          <button type="button" onClick={() => void save("csv")}>
            CSV <small>for a spreadsheet</small>
          </button>
          {!offline && (
            <button type="button" onClick={() => void save("html")}>
              HTML <small>a page that replays offline</small>
            </button>
          )}
        </div>
      )}
    </div>
  );
}

/** The top bar: where we are connected, the fleet's numbers, exports, help. */
import { useEffect, useRef, useState } from "preact/hooks";
import { totals } from "../core/fleet.ts";
import { sessionOf } from "../core/filter.ts";
import { toCsv, toJsonl } from "../core/export_text.ts";
import { formatCost, formatCount, formatInteger } from "../core/format.ts";
import { download } from "../io/download.ts";
import { toReplayPage } from "../io/export_page.ts";
import {
  connection,
  filter,
  fleet,
  isShutOut,
  loading,
  logEnd,
  logIndex,
  logVersion,
  moment,
  overviewVersion,
  replay,
  store,
  streamNotice,
} from "../state.ts";
import { Icon } from "./icons.tsx";

export function Header({ onHelp }: { onHelp: () => void }) {
  // Behind a closed door there is nothing to count, and nothing to export.
  const refused = isShutOut();
  return (
    <>
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
        {!refused && <Stats />}
        <div class="topbar-actions">
          {!refused && <ExportMenu />}
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
    </>
  );
}

function pageTitle() {
  return document.title.replace(/^\(\d+\) /, "") || "Agents";
}

const STATES = {
  loading: "Loading",
  live: "Live",
  reconnecting: "Reconnecting",
  resyncing: "Resyncing",
  refused: "Refused",
  offline: "Recording",
};

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
    <>
      <div class="pill" data-state={past ? "replay" : state}>
        <span class="pill-dot" aria-hidden="true"></span>
        <span class="pill-text">
          {past ? "Replay" : STATES[state]}
          {progress}
        </span>{" "}
        {store.lastSeq > 0 && (
          <span class="pill-seq" title="Newest event that this page holds">
            seq {formatInteger(store.lastSeq)}
          </span>
        )}
      </div>
    </>
  );
}

function Stats() {
  void overviewVersion.value;
  const sum = totals(fleet.value.current);
  const rates = ratesUntil(moment.value, filter.value.sessions);
  const estimate = sum.estimated ? "partly estimated" : "as recorded";
  return (
    <>
      <dl class="stats">
        <div class="stat stat-working">
          <dt>Working</dt>
          <dd>
            {sum.running}
            <small> of {sum.agents}</small>
            {sum.waiting > 0 && <small>, {sum.waiting} waiting</small>}
            <small class="stat-word" aria-hidden="true">
              working
            </small>
          </dd>
        </div>
        <div class="stat">
          <dt>Events a minute</dt>
          <dd>
            {formatCount(rates.lastMinute)}
            <Sparkline values={rates.buckets} />
          </dd>
        </div>
        <div class="stat">
          <dt>Tokens in / out</dt>
          <dd>
            {formatCount(sum.tokensIn)}
            <small> / </small>
            {formatCount(sum.tokensOut)}
          </dd>
        </div>
        <div class="stat stat-cost" title={`Cost in US dollars, ${estimate}`}>
          <dt>Cost{sum.estimated ? " (est.)" : ""}</dt>
          <dd>{formatCost(sum.costRecorded ? sum.cost : null)}</dd>
        </div>
        <div class="stat stat-errors" data-alarm={sum.failed > 0 || undefined}>
          <dt>Failed</dt>
          <dd>
            {sum.failed}
            <small class="stat-word" aria-hidden="true">
              failed
            </small>
          </dd>
        </div>
        <div
          class="stat"
          title="Events of level error or critical, or of type error"
        >
          <dt>Error events</dt>
          <dd>{formatCount(sum.errors)}</dd>
        </div>
      </dl>
    </>
  );
}

const BUCKET_MS = 15_000;
const BUCKETS = 40;

/**
 * Events in the last minute, and in each quarter of the ten minutes before.
 *
 *
 * @param sessions none: of all
 */
function ratesUntil(time: number, sessions: string[]) {
  const buckets = [];
  let before = store.countUntil(time - BUCKETS * BUCKET_MS);
  for (let bucket = BUCKETS - 1; bucket >= 0; bucket--) {
    const until = store.countUntil(time - bucket * BUCKET_MS);
    buckets.push(eventsBetween(before, until, sessions));
    before = until;
  }
  const minuteAgo = store.countUntil(time - 60_000);
  return { buckets, lastMinute: eventsBetween(minuteAgo, before, sessions) };
}

function eventsBetween(from: number, until: number, sessions: string[]) {
  if (sessions.length === 0) return until - from;
  let events = 0;
  for (let index = from; index < until; index++) {
    const event = store.events[index];
    if (event !== undefined && sessions.includes(sessionOf(event))) events += 1;
  }
  return events;
}

export function Sparkline({ values }: { values: number[] }) {
  const most = Math.max(1, ...values);
  const points = values.map(
    (value, index) =>
      `${Math.round((index * 80) / (values.length - 1))},${Math.round(19 - (17 * value) / most)}`,
  );
  return (
    <>
      <svg
        class="sparkline"
        viewBox="0 0 80 20"
        preserveAspectRatio="none"
        role="img"
        aria-label="Events over the last ten minutes"
      >
        <polygon points={`0,20 ${points.join(" ")} 80,20`} />
        <polyline points={points.join(" ")} />
      </svg>
    </>
  );
}

function ExportMenu() {
  const [open, setOpen] = useState(false);
  const [busy, setBusy] = useState(false);
  const box = useRef<HTMLElement | null>(null);
  useEffect(() => {
    if (!open) return;
    const close = (event: Event) => {
      if (event instanceof KeyboardEvent) {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        box.current?.querySelector("button")?.focus();
      } else if (box.current?.contains(/** @type {Node} */ event.target)) {
        return;
      }
      setOpen(false);
    };
    addEventListener("pointerdown", close);
    addEventListener("keydown", close, true);
    return () => {
      removeEventListener("pointerdown", close);
      removeEventListener("keydown", close, true);
    };
  }, [open]);

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
      streamNotice.value = `The export could not be made: ${reason}`;
    } finally {
      setBusy(false);
    }
  };

  const count = open ? logIndex.count(logEnd.value) : 0;
  const offline = connection.value.state === "offline";
  return (
    <>
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
              {formatInteger(count)} events of the current selection; secrets
              are masked.
            </p>
            <button type="button" onClick={() => save("jsonl")}>
              JSONL <small>one event a line</small>
            </button>
            <button type="button" onClick={() => save("csv")}>
              CSV <small>for a spreadsheet</small>
            </button>
            {!offline && (
              <button type="button" onClick={() => save("html")}>
                HTML <small>a page that replays offline</small>
              </button>
            )}
          </div>
        )}
      </div>
    </>
  );
}

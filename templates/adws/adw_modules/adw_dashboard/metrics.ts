/**
 * /healthz and /metrics: whether the server works, and how much.
 *
 * Template: adw_dashboard 1.3.0
 */
import { messageOf } from "../adw_stderr.ts";
import type { EventHistory } from "../adw_websockets.ts";
import { sendBody, sendError, sendJson } from "./answers.ts";
import type { Answer } from "./answers.ts";

/** What the page shows: the stored events, and the server's counters. */
export interface DashboardSource {
  readonly history: EventHistory;
  /** Plain counters for /metrics, as `manager.stats()` and `agents.counters` have them. */
  stats?(): object;
}

/** Unhealthy is a server that cannot read what it is to send. */
export function answerHealth(source: () => DashboardSource): Answer {
  return async (_request, response) => {
    try {
      const { history } = source();
      await history.read(history.lastSeq, 1);
      sendJson(response, 200, '{"status":"ok"}');
    } catch (error) {
      sendError(response, 503, "unavailable", messageOf(error));
    }
  };
}

/** What each of these counters is called in Prometheus; a gauge where it is no `_total`. */
const METRICS: Readonly<Record<string, readonly [name: string, help: string]>> =
  {
    connections: ["adw_connections", "Clients connected now."],
    events: ["adw_events_total", "Events published since the server started."],
    deliveries: [
      "adw_deliveries_total",
      "Events handed to a client, counted once for each client.",
    ],
    drops: ["adw_dropped_events_total", "Events that could not be published."],
    catch_ups: [
      "adw_catch_ups_total",
      "Times a slow client was moved to paged catch-up.",
    ],
    behind: [
      "adw_clients_behind",
      "Clients that are being fed from the history now.",
    ],
    timeouts: [
      "adw_timeouts_total",
      "Clients dropped because nothing was heard from them.",
    ],
    evictions: [
      "adw_evictions_total",
      "Clients closed because they could not keep up.",
    ],
    queue_bytes: [
      "adw_queue_bytes",
      "Bytes waiting in the send queues of all clients.",
    ],
    max_lag_events: [
      "adw_max_lag_events",
      "Events that the slowest client is behind.",
    ],
    taken: [
      "adw_agent_payloads_total",
      "Payloads and lines of transcripts of coding agents that were read.",
    ],
    written: ["adw_agent_rows_total", "Rows that were made of them."],
    masked: [
      "adw_masked_secrets_total",
      "Secrets masked in what coding agents said, before it was stored.",
    ],
  };

/** Prometheus text exposition format 0.0.4. */
export function answerMetrics(source: () => DashboardSource): Answer {
  return (_request, response) => {
    response.setHeader("Cache-Control", "no-store");
    const type = "text/plain; version=0.0.4; charset=utf-8";
    sendBody(response, 200, type, metricsText(source()));
  };
}

function metricsText(source: DashboardSource): string {
  const { history } = source;
  const lines: string[] = [];
  const add = (name: string, help: string, value: number): void => {
    const type = name.endsWith("_total") ? "counter" : "gauge";
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
    lines.push(`${name} ${String(value)}`);
  };
  for (const [key, value] of Object.entries(source.stats?.() ?? {})) {
    // The stream's ends come from the history itself, below.
    if (typeof value !== "number" || key.endsWith("_seq")) continue;
    const name = `adw_${key.replaceAll(/[^A-Za-z0-9_]/g, "_")}`;
    add(...(METRICS[key] ?? [name, `The server's own '${key}'.`]), value);
  }
  add("adw_first_seq", "Oldest event still stored.", history.firstSeq);
  add("adw_last_seq", "Newest event stored.", history.lastSeq);
  add(
    "process_resident_memory_bytes",
    "Resident memory size in bytes.",
    process.memoryUsage.rss(),
  );
  add(
    "process_start_time_seconds",
    "Start time of the process since the Unix epoch in seconds.",
    Math.round(Date.now() / 1_000 - process.uptime()),
  );
  return `${lines.join("\n")}\n`;
}

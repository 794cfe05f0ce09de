/** /healthz and /metrics: whether the server works, and how much. */
import type { ServerResponse } from "node:http";
import type { EventHistory } from "../adw_websockets.ts";
import { sendBody, sendError, sendJson } from "./answers.ts";

/** What the page shows: the stored events, and the server's counters. */
export interface DashboardSource {
  readonly history: EventHistory;
  /** Plain counters for /metrics, as `manager.stats()` returns them. */
  stats?(): object;
}

/** Unhealthy is a server that cannot read what it is to send. */
export async function sendHealth(
  response: ServerResponse,
  history: EventHistory,
): Promise<void> {
  try {
    await history.read(history.lastSeq, 1);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    sendError(response, 503, "unavailable", text);
    return;
  }
  sendJson(response, 200, '{"status":"ok"}');
}

interface Metric {
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
}

/** How each counter of `manager.stats()` is called and typed in Prometheus. */
const METRICS: Readonly<Record<string, Metric>> = {
  connections: {
    name: "adw_connections",
    type: "gauge",
    help: "Clients connected now.",
  },
  events: {
    name: "adw_events_total",
    type: "counter",
    help: "Events published since the server started.",
  },
  deliveries: {
    name: "adw_deliveries_total",
    type: "counter",
    help: "Events handed to a client, counted once for each client.",
  },
  drops: {
    name: "adw_dropped_events_total",
    type: "counter",
    help: "Events that could not be published.",
  },
  catch_ups: {
    name: "adw_catch_ups_total",
    type: "counter",
    help: "Times a slow client was moved to paged catch-up.",
  },
  behind: {
    name: "adw_clients_behind",
    type: "gauge",
    help: "Clients that are being fed from the history now.",
  },
  timeouts: {
    name: "adw_timeouts_total",
    type: "counter",
    help: "Clients dropped because nothing was heard from them.",
  },
  evictions: {
    name: "adw_evictions_total",
    type: "counter",
    help: "Clients closed because they could not keep up.",
  },
  queue_bytes: {
    name: "adw_queue_bytes",
    type: "gauge",
    help: "Bytes waiting in the send queues of all clients.",
  },
  max_lag_events: {
    name: "adw_max_lag_events",
    type: "gauge",
    help: "Events that the slowest client is behind.",
  },
};

/** Prometheus text exposition format 0.0.4. */
export function sendMetrics(
  response: ServerResponse,
  source: DashboardSource,
): void {
  const { history } = source;
  const lines: string[] = [];
  const add = (metric: Metric, value: number): void => {
    lines.push(
      `# HELP ${metric.name} ${metric.help}`,
      `# TYPE ${metric.name} ${metric.type}`,
      `${metric.name} ${String(value)}`,
    );
  };
  for (const [key, value] of Object.entries(source.stats?.() ?? {})) {
    // The stream's ends come from the history itself, below.
    if (typeof value !== "number" || key.endsWith("_seq")) continue;
    const name = `adw_${key.replaceAll(/[^A-Za-z0-9_]/g, "_")}`;
    const help = `The server's own '${key}'.`;
    add(METRICS[key] ?? { name, type: "gauge", help }, value);
  }
  const gauge = (name: string, help: string, value: number): void => {
    add({ name, type: "gauge", help }, value);
  };
  gauge("adw_first_seq", "Oldest event still stored.", history.firstSeq);
  gauge("adw_last_seq", "Newest event stored.", history.lastSeq);
  gauge(
    "process_resident_memory_bytes",
    "Resident memory size in bytes.",
    process.memoryUsage.rss(),
  );
  gauge(
    "process_start_time_seconds",
    "Start time of the process since the Unix epoch in seconds.",
    Math.round(Date.now() / 1_000 - process.uptime()),
  );
  response.setHeader("Cache-Control", "no-store");
  sendBody(
    response,
    200,
    "text/plain; version=0.0.4; charset=utf-8",
    `${lines.join("\n")}\n`,
  );
}

import { dashboard, websockets } from "./modules.ts";
import type { EventHistory, NewEvent } from "./modules.ts";

export type RunningServer = Awaited<ReturnType<typeof startDashboard>>;

/** A real server with the dashboard on it. */
export async function startDashboard(
  options: {
    port?: number;
    token?: string;
    history?: EventHistory;
    directory?: string;
    maxConnections?: number;
  } = {},
) {
  const history = options.history ?? dashboard.createMemoryHistory(300_000);
  const page = dashboard.createDashboard({
    source: () => ({ history, stats: () => server.manager.stats() }),
    ...(options.directory === undefined
      ? {}
      : { directory: options.directory }),
  });
  const server = await websockets.startServer({
    port: options.port ?? 0,
    token: options.token,
    history,
    ...(options.maxConnections === undefined
      ? {}
      : { maxConnections: options.maxConnections }),
    onRequest: page.onRequest,
  });
  return {
    server,
    history,
    port: server.port,
    url: `http://127.0.0.1:${server.port}/`,
    /** Stored before anyone listens: no fan-out. */
    store: (events: Iterable<NewEvent>) => {
      for (const item of events) history.append?.(item);
    },
    publish: (item: NewEvent) => server.manager.broadcast(item),
    stop: () => websockets.stopServer(server),
  };
}

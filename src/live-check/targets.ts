/** The two things there are to try: the installed server, or the module alone. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { startServerProcess } from "../infrastructure/server-process.ts";
import { expect } from "./report.ts";
import type { Target } from "./server-steps.ts";

const TOKEN = "live-check";

interface Server {
  port: number;
  manager: unknown;
}

interface WebSocketsModule {
  startServer: (options: object) => Promise<Server>;
  stopServer: (server: Server) => Promise<void>;
  broadcastAgentEvent: (
    manager: unknown,
    ...event: unknown[]
  ) => Promise<unknown>;
}

interface DatabaseModule {
  openDatabase: (options: { path: string }) => {
    systemLogs: { create: (row: object) => unknown };
    close: () => unknown;
  };
}

/** Starts adw_server.ts as its npm script does, on a database and with a token of its own. */
export async function installedServer(
  file: string,
  databaseModule: string,
  scratch: string,
): Promise<Target> {
  const path = join(scratch, "live-check.db");
  const { url, stop } = await startServerProcess(
    process.execArgv,
    serverOptions(file, path),
    { env: { ...process.env, ADW_TOKEN: TOKEN } },
  );
  const { openDatabase }: DatabaseModule = await import(
    pathToFileURL(databaseModule).href
  );
  const database = openDatabase({ path });
  return {
    port: Number(new URL(url).port),
    token: TOKEN,
    hasPage: true,
    emit: async (message) =>
      database.systemLogs.create({ component: "live-check", message }),
    stop: async () => {
      database.close();
      expect(await stop(), 0, "exit code");
    },
  };
}

/** Options with which the server touches nothing of its owner's. */
export function serverOptions(file: string, database: string): string[] {
  return [file, "--port", "0", "--host", "127.0.0.1", "--database", database];
}

/** Starts the WebSocket module by itself, for projects without adw_server. */
export async function moduleAlone(file: string): Promise<Target> {
  const adw: WebSocketsModule = await import(pathToFileURL(file).href);
  const server = await adw.startServer({
    port: 0,
    host: "127.0.0.1",
    token: TOKEN,
  });
  return {
    port: server.port,
    token: TOKEN,
    hasPage: false,
    emit: (message) =>
      adw.broadcastAgentEvent(
        server.manager,
        "live-check",
        "step_start",
        message,
        {},
      ),
    stop: () => adw.stopServer(server),
  };
}

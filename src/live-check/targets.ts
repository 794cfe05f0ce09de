/** The two things there are to try: the installed server, or the module alone. */
import { lastLines } from "../domain/program-output.ts";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, limit } from "./report.ts";
import type { Target } from "./server-steps.ts";

const TOKEN = "live-check";
/** A server that has not said where it is by then does not start. */
const START_MS = 30_000;

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
  const child = spawn(
    process.execPath,
    [...process.execArgv, ...serverOptions(file, path)],
    {
      env: serverEnvironment(scratch),
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  process.once("exit", () => child.kill("SIGKILL"));
  const ended = once(child, "exit");
  let output = "";
  let errors = "";
  child.stderr.on("data", (chunk) => (errors += String(chunk)));
  const port = await new Promise<number>((resolve, reject) => {
    const fail = () => {
      const said = lastLines(errors);
      reject(new Error(said === "" ? "it did not start" : said));
    };
    const timer = setTimeout(fail, START_MS);
    child.stdout.on("data", (chunk) => {
      output += String(chunk);
      const [, found] = /ws:\/\/127\.0\.0\.1:(\d+)/.exec(output) ?? [];
      if (found === undefined) return;
      clearTimeout(timer);
      resolve(Number(found));
    });
    child.once("close", () => {
      clearTimeout(timer);
      fail();
    });
  });
  const { openDatabase }: DatabaseModule = await import(
    pathToFileURL(databaseModule).href
  );
  const database = openDatabase({ path });
  return {
    port,
    token: TOKEN,
    hasPage: true,
    emit: async (message) =>
      database.systemLogs.create({ component: "live-check", message }),
    stop: async () => {
      database.close();
      child.kill("SIGTERM");
      const [code] = await Promise.race([
        ended,
        once(limit(10_000), "abort").then(() => ["still running"]),
      ]);
      expect(code, 0, "exit code");
    },
  };
}

/**
 * With it the server makes no file of its owner's, and takes nothing out of the
 * spool, which would be lost with the scratch database.
 */
export function serverEnvironment(scratch: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    ADW_TOKEN: TOKEN,
    ADW_INGEST_TOKEN: `${TOKEN}-ingest`,
    ADW_SPOOL: join(scratch, "spool"),
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

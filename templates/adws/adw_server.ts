/**
 * adw_server: starts the event server with its dashboard, and prints where to
 * look and where to connect.
 *
 * Its history is the database: what any process logs there is streamed within
 * milliseconds, and a client resumes where it was, also after a restart. What
 * coding agents say comes in by the spool (`.adw_spool/`) and by HTTP.
 *
 *     npm run adw:server -- --port 0
 *
 * Template: adw_server 1.3.0
 * Needs:    ws >= 8.21. Node >= 22.18, or tsx on Node 20.
 * Update:   npx adw-scaffold update
 */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { startAgents } from "./adw_modules/adw_agents.ts";
import { databasePath, LiveDatabase } from "./adw_modules/adw_database.ts";
import { createDashboard } from "./adw_modules/adw_dashboard.ts";
import { messageOf, writeStderr } from "./adw_modules/adw_stderr.ts";
import {
  DEFAULT_HOST,
  DEFAULT_PORT,
  startServer,
  stopServer,
} from "./adw_modules/adw_websockets.ts";
import type { AdwServer } from "./adw_modules/adw_websockets.ts";
import {
  codeOf,
  INGEST_TOKEN,
  READ_TOKEN,
  readToken,
  UsageError,
} from "./adw_server/token.ts";

/** Other processes write all the time; no client may wait for one of them. */
const BUSY_TIMEOUT_MS = 100;
const DAY_MS = 86_400_000;
/** Where installed hooks put what agents say; `ADW_SPOOL` names another folder. */
const { ADW_SPOOL: namedSpool = "" } = process.env;
const SPOOL = resolve(
  import.meta.dirname,
  namedSpool === "" ? ".adw_spool" : namedSpool,
);

const HELP = `Streams agent events to dashboards over WebSocket.

Usage: adw_server [options]

  --port <number>    port to listen on; 0 takes any free one (default ${String(DEFAULT_PORT)})
  --host <name>      address to bind (default ${DEFAULT_HOST})
  --database <file>  SQLite file to stream from
                     (default ${databasePath()})
  --keep-days <n>    delete logs and events that are older, now and once a day
                     (default: keep all)
  --no-token         let every local program connect, and write events, without a token
  --help             show this text

The token comes from the environment variable ADW_TOKEN; without it, from the file
${READ_TOKEN.file},
which the first start creates. Delete the file to get a new token. What may write
events, and read nothing: ADW_INGEST_TOKEN, or else the token in
${INGEST_TOKEN.file}.
`;

interface Settings {
  host: string;
  port: number;
  database: string;
  /** undefined: for ever. */
  keepDays: number | undefined;
  hasToken: boolean;
  isHelp: boolean;
}

async function main(): Promise<void> {
  const settings = readSettings(process.argv.slice(2));
  if (settings.isHelp) {
    say(HELP);
    return;
  }
  const { host, port } = settings;
  const token = settings.hasToken ? readToken(READ_TOKEN) : undefined;
  // Commits may come before it is there.
  const running: { server?: AdwServer } = {};
  // What this process writes itself, and what the others write.
  const database = new LiveDatabase({
    path: settings.database,
    busyTimeoutMs: BUSY_TIMEOUT_MS,
    onCommit: () => running.server?.manager.notify(),
    onNewStream: () => running.server?.manager.changeStream(),
  });
  const { history } = database;
  const dashboard = createDashboard({
    source: () => ({
      history,
      stats: () => ({ ...server.manager.stats(), ...agents.counters }),
    }),
  });
  const agents = await startAgents({
    database: settings.database,
    spool: SPOOL,
    ingestToken: settings.hasToken ? readToken(INGEST_TOKEN) : undefined,
  });
  const server = await startServer({
    host,
    port,
    token,
    history,
    onRequest: (request, response, access) => {
      if (agents.handle(request, response)) return undefined;
      return dashboard.onRequest(request, response, access);
    },
  }).catch(async (error: unknown) => {
    await agents.stop();
    throw error;
  });
  running.server = server;
  const cleaning = keepClean(database, settings.keepDays);
  const page = server.url.replace(/^ws/, "http");
  const fragment = token === undefined ? "" : `#token=${token}`;
  const query = token === undefined ? "" : "?token=…";
  say(
    `Agent events are streamed at ${server.url}\n` +
      `Open     ${page}/${fragment}\n` +
      `Connect  ${server.url}/${query} (a client: npx adw-scaffold add adw_websocket_client)\n` +
      "Ctrl-C stops the server.\n",
  );

  const finish = async () => {
    await stopServer(server);
    await agents.stop();
    database.close();
  };
  let isStopping = false;
  const stop = (signal: "SIGINT" | "SIGTERM") => {
    // Whoever asks twice does not want to wait.
    if (isStopping) process.exit(signal === "SIGINT" ? 130 : 143);
    isStopping = true;
    clearInterval(cleaning);
    finish().catch(fail);
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
}

/** Deletes what is older than the days, now and once a day. */
function keepClean(
  database: LiveDatabase,
  days: number | undefined,
): NodeJS.Timeout | undefined {
  if (days === undefined) return undefined;
  const clean = () => {
    database.cleanupOldLogs(days).catch((error: unknown) => {
      writeStderr(`adw_server: clean-up: ${messageOf(error)}\n`);
    });
  };
  clean();
  return setInterval(clean, DAY_MS).unref();
}

function readSettings(args: string[]): Settings {
  try {
    const { values } = parseArgs({
      args,
      options: {
        host: { type: "string", default: DEFAULT_HOST },
        port: { type: "string", default: String(DEFAULT_PORT) },
        database: { type: "string", default: databasePath() },
        "keep-days": { type: "string" },
        "no-token": { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    const port = Number(values.port);
    if (!/^\d{1,5}$/.test(values.port) || port > 65_535) {
      throw new UsageError(
        `--port must be a number from 0 to 65535, not "${values.port}".`,
      );
    }
    if (values.host === "") {
      throw new UsageError("--host must not be empty.");
    }
    const keepDays = values["keep-days"];
    if (keepDays !== undefined && !/^[1-9]\d{0,5}$/.test(keepDays)) {
      throw new UsageError(
        `--keep-days must be a whole number of days from 1 on, not "${keepDays}".`,
      );
    }
    return {
      host: values.host,
      port,
      database: resolve(values.database),
      keepDays: keepDays === undefined ? undefined : Number(keepDays),
      hasToken: !values["no-token"],
      isHelp: values.help,
    };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    // parseArgs says what is wrong: an unknown option, a missing value.
    throw new UsageError(messageOf(error), { cause: error });
  }
}

/** On stdout, which may be a closed pipe or a full disk: the server serves on. */
function say(text: string): void {
  try {
    process.stdout.on("error", () => undefined);
    process.stdout.write(text);
  } catch (error) {
    writeStderr(`adw_server: stdout: ${messageOf(error)}\n`);
  }
}

function fail(error: unknown): void {
  const isUsage = error instanceof UsageError;
  const isPortTaken = codeOf(error) === "EADDRINUSE";
  const advice = isUsage
    ? "\nRun with --help to see the options."
    : isPortTaken
      ? "\nFor another port: --port <number>, or --port 0 for any free one."
      : "";
  writeStderr(`adw_server: ${messageOf(error)}${advice}\n`);
  process.exitCode = isUsage ? 2 : 1;
}

main().catch(fail);

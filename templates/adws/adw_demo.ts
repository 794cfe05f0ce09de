/**
 * adw_demo: a fleet of agents at work, to see the event stream without having
 * agents. It starts a server of its own on a database of its own, has a second
 * process play a story into that database through adw_logging, and shows what a
 * real client receives over its socket.
 *
 *     npm run adw:demo -- --seconds 10
 *
 * Template: adw_demo 1.2.0
 * Needs:    ws >= 8.21. Node >= 22.18, or tsx on Node 20.
 * Update:   npx adw-scaffold update
 */
import { fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { WebSocket } from "ws";
import type { WriterSettings } from "./adw_demo/writer.ts";
import { TerminalView, terminalAbilities } from "./adw_demo/terminal_view.ts";
import { writeStderr } from "./adw_modules/adw_stderr.ts";
import { createDashboard } from "./adw_modules/adw_dashboard.ts";
import { openDatabase } from "./adw_modules/adw_database.ts";
import { AdwWebSocketClient } from "./adw_modules/adw_websocket_client.ts";
import { startServer, stopServer } from "./adw_modules/adw_websockets.ts";

/** Time for the last events to arrive before they count as lost, in ms. */
const DRAIN_MS = 5_000;

const HELP = `Plays a fleet of agents and shows its events live.

Usage: adw_demo [options]

  --seconds <n>   stop after n seconds; 0 goes on until Ctrl-C
                  (default: one story to its end, under a minute)
  --rate <n>      events a second, on average (default: the story's own, about 8)
  --seed <n>      the same seed plays the same story (default 1)
  --port <n>      port to listen on (default 0: any free one)
  --help          show this text

Ends with "sent <n>, received <n>"; the exit code is 1 when the two differ.
`;

/** A mistake of the caller: exit code 2. */
class UsageError extends Error {}

interface Settings {
  /** undefined: one story. */
  seconds: number | undefined;
  rate: number | undefined;
  seed: number;
  port: number;
  isHelp: boolean;
}

async function main(): Promise<void> {
  const settings = readSettings(process.argv.slice(2));
  if (settings.isHelp) {
    process.stdout.write(HELP);
    return;
  }
  const token = randomBytes(24).toString("base64url");
  const folder = mkdtempSync(join(tmpdir(), "adw-demo-"));
  process.on("exit", () => {
    rmSync(folder, { recursive: true, force: true });
  });
  const path = join(folder, "orchestrator.db");
  const database = openDatabase({ path });
  const history = database.events;
  const dashboard = createDashboard({
    source: () => ({ history, stats: () => server.manager.stats() }),
  });
  const server = await startServer({
    port: settings.port,
    token,
    history,
    onRequest: dashboard.onRequest,
  });
  const watch = database.watch(() => {
    server.manager.notify();
  });
  const client = new AdwWebSocketClient({
    url: server.url,
    token,
    since: 0,
    // Node 20 has no WebSocket of its own.
    WebSocket: "WebSocket" in globalThis ? undefined : WebSocket,
  });
  const received = showEvents(client);

  const page = server.url.replace(/^ws/, "http");
  process.stdout.write(
    `Open ${page}/#token=${token}  (Ctrl-C ends the demo)\n\n`,
  );

  const sent = await playStory({ ...settings, path });

  const late = setTimeout(() => {
    client.close("gave up waiting");
  }, DRAIN_MS);
  const count = await received.reached(sent);
  clearTimeout(late);
  client.close();
  watch.close();
  await stopServer(server);
  database.close();
  process.stdout.write(`\nsent ${String(sent)}, received ${String(count)}\n`);
  process.exitCode = sent === count ? 0 : 1;
}

/** Prints what arrives, and counts it. */
function showEvents(client: AdwWebSocketClient): {
  /** Resolves once so many events have arrived, or the client was closed. */
  reached: (goal: number) => Promise<number>;
} {
  const view = new TerminalView(() =>
    terminalAbilities(process.stdout, process.env),
  );
  let count = 0;
  let goal = Infinity;
  let settle: () => void = () => undefined;
  const settled = new Promise<void>((resolve) => {
    settle = resolve;
  });
  const show = async () => {
    for await (const event of client) {
      process.stdout.write(`${view.line(event)}\n`);
      count++;
      if (count >= goal) settle();
    }
    settle();
  };
  show().catch(fail);
  return {
    reached: async (expected) => {
      goal = expected;
      if (count >= goal) settle();
      await settled;
      return count;
    },
  };
}

/** Has the writer play, in a process of its own; resolves to the number of events it logged. */
async function playStory(settings: WriterSettings): Promise<number> {
  const writer = fork(new URL("adw_demo/writer.ts", import.meta.url), [
    JSON.stringify(settings),
  ]);
  let sent = 0;
  writer.on("message", (count) => {
    sent = Number(count);
  });
  onInterrupt(() => writer.connected && writer.send("end"));
  const ended: unknown[] = await once(writer, "close");
  const [code] = ended;
  if (code !== 0) throw new Error(`the writer ended with ${String(code)}`);
  return sent;
}

/** The first Ctrl-C ends the story, the second one the process. */
function onInterrupt(end: () => void): void {
  let isEnding = false;
  const interrupt = (signal: "SIGINT" | "SIGTERM") => {
    if (isEnding) process.exit(signal === "SIGINT" ? 130 : 143);
    isEnding = true;
    end();
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
}

function readSettings(args: string[]): Settings {
  const options = {
    seconds: { type: "string" },
    rate: { type: "string" },
    seed: { type: "string", default: "1" },
    port: { type: "string", default: "0" },
    help: { type: "boolean", short: "h", default: false },
  } as const;
  let values: ReturnType<
    typeof parseArgs<{ options: typeof options }>
  >["values"];
  try {
    ({ values } = parseArgs({ args, options }));
  } catch (error) {
    // parseArgs says what is wrong: an unknown option, a missing value.
    throw new UsageError(messageOf(error), { cause: error });
  }
  const optional = (name: string, text: string | undefined, low: number) =>
    text === undefined ? undefined : numberFrom(name, text, low, 86_400);
  return {
    seconds: optional("seconds", values.seconds, 0),
    rate: optional("rate", values.rate, 0.1),
    seed: Math.trunc(numberFrom("seed", values.seed, 0, 1e9)),
    port: Math.trunc(numberFrom("port", values.port, 0, 65_535)),
    isHelp: values.help,
  };
}

function numberFrom(
  name: string,
  text: string,
  low: number,
  high: number,
): number {
  const value = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && value >= low && value <= high) return value;
  throw new UsageError(
    `--${name} must be a number from ${String(low)} to ${String(high)}, not "${text}".`,
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function fail(error: unknown): void {
  const isUsage = error instanceof UsageError;
  const advice = isUsage ? "\nRun with --help to see the options." : "";
  writeStderr(`adw_demo: ${messageOf(error)}${advice}\n`);
  process.exitCode = isUsage ? 2 : 1;
}

// A reader that goes away (`| head`) is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

main().catch(fail);

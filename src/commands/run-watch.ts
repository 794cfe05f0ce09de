/** What `adw-scaffold watch` does. */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import {
  loadPage,
  loadWatchProgram,
  type WatchProgram,
} from "../application/watch-service.ts";
import { agentPlaces } from "../domain/agent-places.ts";
import { RefusedError, UsageError } from "../domain/errors.ts";
import { parseSince } from "../domain/since.ts";
import { stateFolder } from "../domain/state-folder.ts";
import { openInBrowser } from "../infrastructure/browser.ts";
import type {
  AgentSession,
  AgentsProgress,
  RunningWatch,
} from "../watch/program.ts";
import type { ParsedCommand, Run } from "./command.ts";
import { colorsFor } from "./colors.ts";
import type { CommandContext } from "./context.ts";
import { endOnInterrupt } from "./interrupt.ts";
import { progress as startProgress, type Progress } from "./progress.ts";
import { printable } from "./report-error.ts";
import { counted, sessionTable } from "./show-sessions.ts";
import { watchProblem } from "./watch-problem.ts";

const DEFAULT_SINCE = "7d";
/** A pipe has no width. */
const PIPE_COLUMNS = 100;

interface Settings {
  since: number;
  /** As it was typed. */
  sinceText: string;
  host: string;
  port: number | undefined;
  folder: string;
  isOnce: boolean;
  isJson: boolean;
  isOpen: boolean;
}

/** Prints the sessions of the agents on this machine, or serves them until Ctrl-C. */
export const runWatch: Run = async (parsed, context) => {
  const settings = settingsOf(parsed, context);
  if (parsed.values["dry-run"] === true) return dryRun(settings, context);
  const program = await loadWatchProgram();
  return settings.isOnce
    ? printOnce(program, settings, context)
    : serve(program, settings, context);
};

function settingsOf(
  { values }: ParsedCommand,
  { env }: CommandContext,
): Settings {
  const text = (name: string) => {
    const value = values[name];
    return typeof value === "string" ? value : undefined;
  };
  const sinceText = text("since") ?? DEFAULT_SINCE;
  const port = text("port");
  if (
    port !== undefined &&
    !(/^\d{1,5}$/.test(port) && Number(port) < 65_536)
  ) {
    throw new UsageError(
      `--port must be a number from 0 to 65535, not "${port}"`,
      { hint: "0 takes any free port." },
    );
  }
  const isOnce = values["once"] === true;
  const other = ["port", "host", "open"].find(
    (name) => name in values && values[name] !== false,
  );
  if (isOnce && other !== undefined) {
    throw new UsageError(
      `--once starts no server, so --${other} is of no use`,
      {
        hint: `Leave out --once or --${other}.`,
      },
    );
  }
  return {
    since: parseSince(sinceText, Date.now()),
    sinceText,
    host: text("host") ?? "127.0.0.1",
    port: port === undefined ? undefined : Number(port),
    folder: stateFolder(env, homedir()),
    isOnce,
    isJson: values["json"] === true,
    isOpen: values["open"] === true,
  };
}

function dryRun(
  { isJson, folder }: Settings,
  { stdout, env }: CommandContext,
): 0 {
  const places = agentPlaces(env, homedir());
  stdout.write(
    isJson
      ? `${JSON.stringify({ command: "watch", dry_run: true, target: folder, places })}\n`
      : `Would read what the agents write, and keep it in ${folder}:\n${placeLines(env).join("\n")}\n`,
  );
  return 0;
}

async function printOnce(
  program: WatchProgram,
  settings: Settings,
  context: CommandContext,
): Promise<0> {
  const { stdout, stderr, env } = context;
  const { since, folder, isJson } = settings;
  const shown = reading(settings, context);
  const { sessions, running } = await program
    .listSessions({
      folder,
      since,
      onProgress: shown.onProgress,
      report: sayProblem(context),
    })
    .catch((error: unknown) => {
      shown.done();
      throw watchProblem(error, folder);
    });
  shown.done();
  if (running !== undefined && running.since > since) {
    const from = new Date(running.since).toISOString();
    stderr.write(
      `note a watch runs (process ${running.pid}), and has read only what is newer than ${from}\n`,
    );
  }
  if (isJson) {
    const found = { since: new Date(since).toISOString(), sessions };
    stdout.write(`${JSON.stringify({ command: "watch", ...found })}\n`);
    return 0;
  }
  if (sessions.length === 0) {
    stdout.write(nothingFound(settings, context));
    return 0;
  }
  const width = stdout.isTTY ? stdout.columns : PIPE_COLUMNS;
  const colors = colorsFor(stdout, env);
  stdout.write(
    `${sessionTable(sessions, { width, now: Date.now(), colors })}\n`,
  );
  return 0;
}

async function serve(
  program: WatchProgram,
  settings: Settings,
  context: CommandContext,
): Promise<0 | 1> {
  const { stdout } = context;
  const { since, folder, host, port, isJson, isOpen } = settings;
  const signal = endOnInterrupt();
  const ended = new Promise((resolve) => {
    signal.addEventListener("abort", resolve);
  });
  const shown = reading(settings, context);
  const served = await program
    .serve({
      folder,
      since,
      host,
      port,
      html: await loadPage(),
      onProgress: shown.onProgress,
      report: sayProblem(context),
    })
    .catch((error: unknown) => {
      shown.done();
      throw watchProblem(error, folder);
    });
  if ("running" in served) {
    shown.done();
    return alreadyRuns(served.running, settings, context);
  }
  const { page, database, ready, sessions, stop } = served;
  shown.say(
    isJson
      ? `${JSON.stringify({ command: "watch", page, database, since: new Date(since).toISOString() })}\n`
      : `Open     ${page}\nCtrl-C stops it. Nothing is written into your projects.\n`,
  );
  if (isOpen) await open(page, context);
  // Whoever ends it does not wait until all is read.
  await Promise.race([ready, ended]);
  if (!signal.aborted) {
    const found = await sessions();
    shown.done();
    if (!isJson) stdout.write(summary(found, settings, context));
    await ended;
  }
  shown.done();
  await stop();
  return 0;
}

/** The page of the one that runs, opened where that was asked for. */
async function alreadyRuns(
  running: RunningWatch | undefined,
  { isOpen, isJson }: Settings,
  context: CommandContext,
): Promise<0> {
  if (running === undefined) {
    throw new RefusedError(
      "ALREADY_RUNNING",
      "another watch of yours is starting, or reads the sessions",
      { hint: "Try again in a moment." },
    );
  }
  const { pid, page } = running;
  if (!isOpen) {
    throw new RefusedError(
      "ALREADY_RUNNING",
      `it already runs (process ${pid}): ${page}`,
      { hint: "Open that page, or add --open. To end that one: Ctrl-C there." },
    );
  }
  context.stdout.write(
    isJson
      ? `${JSON.stringify({ command: "watch", page, already_running: true })}\n`
      : `Open     ${page}\nIt already runs (process ${pid}).\n`,
  );
  await open(page, context);
  return 0;
}

async function open(page: string, { stderr }: CommandContext): Promise<void> {
  if (await openInBrowser(page)) return;
  stderr.write(
    "note no browser could be opened here: open the page yourself\n",
  );
}

/** The line that says how much is read, from the first sign of something to read. */
function reading(
  { isJson }: Settings,
  context: CommandContext,
): {
  onProgress: (progress: AgentsProgress) => void;
  /** On standard output, without tearing the line. */
  say: (text: string) => void;
  done: () => void;
} {
  let shown: Progress | undefined;
  let last: AgentsProgress | undefined;
  let isDone = false;
  return {
    onProgress: (progress) => {
      if (isDone || progress.filesInAll === 0) return;
      last = progress;
      shown ??= startProgress("Reading what the agents wrote", isJson, context);
      shown.update(`Reading ${progressWords(progress)}`);
    },
    say: (text) => {
      context.stdout.write(text);
    },
    done: () => {
      if (!isDone && last !== undefined)
        shown?.done(`Read ${progressWords(last)}`);
      isDone = true;
    },
  };
}

function progressWords({
  files,
  filesInAll,
  bytes,
  bytesInAll,
}: AgentsProgress): string {
  return `${files} of ${counted(filesInAll, "file")}, ${megabytes(bytes)} of ${megabytes(bytesInAll)} MB`;
}

function megabytes(bytes: number): string {
  const value = bytes / 1e6;
  return value.toFixed(value < 10 ? 1 : 0);
}

function summary(
  sessions: readonly AgentSession[],
  settings: Settings,
  context: CommandContext,
): string {
  if (sessions.length === 0) return nothingFound(settings, context);
  const working = sessions.filter(({ status }) => status === "executing");
  const waiting = sessions.filter(({ status }) => status === "waiting");
  return `${counted(sessions.length, "session")} since ${settings.sinceText}: ${working.length} working, ${waiting.length} waiting for you. What comes is shown live.\n`;
}

/** Where was looked, and what to do. */
function nothingFound(
  { sinceText, isOnce }: Settings,
  { env }: CommandContext,
): string {
  const more = isOnce
    ? "Start one of them, and run this again."
    : "Start one of them: it appears by itself.";
  return [
    `No session of a coding agent since ${sinceText}. Looked in:`,
    ...placeLines(env),
    `${more} Older sessions: --since 30d.`,
    "",
  ].join("\n");
}

function placeLines(env: NodeJS.ProcessEnv): string[] {
  return agentPlaces(env, homedir()).map(
    ({ agent, path }) =>
      `  ${agent.padEnd(12)} ${path}${existsSync(path) ? "" : " (not there)"}`,
  );
}

function sayProblem({ stderr }: CommandContext): (problem: string) => void {
  return (problem) => {
    stderr.write(`warning ${printable(problem)}\n`);
  };
}

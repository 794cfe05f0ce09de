/**
 * What `adw-scaffold watch` runs: the modules as a project gets them, on a database
 * in the user's state folder. Bundled with them into dist/watch/ and loaded when it
 * runs, because it needs node:sqlite.
 */
import { startAgents } from "rendered/adw_modules/adw_agents.ts";
import type {
  Agents,
  AgentSession,
  AgentsOptions,
  AgentsProgress,
} from "rendered/adw_modules/adw_agents.ts";
import { makeSpool } from "rendered/adw_modules/adw_agents/spool.ts";
import {
  LiveDatabase,
  openDatabase,
} from "rendered/adw_modules/adw_database.ts";
import { createDashboard } from "rendered/adw_modules/adw_dashboard.ts";
import {
  DEFAULT_PORT,
  startServer,
  stopServer,
} from "rendered/adw_modules/adw_websockets.ts";
import type { AdwServer } from "rendered/adw_modules/adw_websockets.ts";
import { keepClean } from "./clean.ts";
import { tryLock } from "./lock.ts";
import { openSqlite, WatchProblem } from "./problem.ts";
import {
  forgetRunning,
  makeStateFolder,
  noteRunning,
  readRunning,
  readToken,
  stateFiles,
  writePage,
} from "./state.ts";
import type { RunningWatch } from "./state.ts";

export type { AgentSession, AgentsProgress, RunningWatch };

/** The thread of the agents writes all the time; no client may wait for it. */
const BUSY_TIMEOUT_MS = 100;
/** Another one that reads for a moment ends within this. */
const LOCK_WAIT_MS = 60_000;
const LOCK_POLL_MS = 100;

export interface WatchOptions {
  /** The user's state folder; made when missing. */
  folder: string;
  /** Sessions that were active since then. ms since the epoch */
  since: number;
  onProgress?: ((progress: AgentsProgress) => void) | undefined;
  report?: ((problem: string) => void) | undefined;
}

export interface ServeOptions extends WatchOptions {
  host: string;
  /** Default: the usual one, or any free one where that is taken. */
  port: number | undefined;
  /** The dashboard's page. */
  html: string;
}

export interface Served {
  /** The page, with its token. */
  page: string;
  database: string;
  /** Resolves when what lay there at the start is read. */
  ready: Promise<void>;
  sessions: () => Promise<AgentSession[]>;
  stop: () => Promise<void>;
}

/** Another `watch` runs: undefined for one that has not said yet where it is. */
export type Refused = { running: RunningWatch | undefined };

/** Follows the agents and serves the page, until it is stopped. */
export async function serve(options: ServeOptions): Promise<Served | Refused> {
  const files = stateFiles(options.folder);
  makeStateFolder(options.folder);
  const unlock = takeLock(options.folder);
  if (unlock === undefined) return { running: await whoRuns(options.folder) };
  const closing: (() => unknown)[] = [unlock];
  const stop = async () => {
    for (const close of closing.splice(0).toReversed()) await close();
  };
  try {
    const token = readToken(files.token, "ADW_TOKEN");
    // Commits may come before it is there.
    const running: { server?: AdwServer } = {};
    const notify = () => running.server?.manager.notify();
    const database = openSqlite(
      files.database,
      () =>
        new LiveDatabase({
          path: files.database,
          busyTimeoutMs: BUSY_TIMEOUT_MS,
          onCommit: notify,
          onNewStream: () => running.server?.manager.changeStream(),
        }),
    );
    closing.push(() => {
      database.close();
    });
    const agents = await follow(options, {
      spool: files.spool,
      ingestToken: readToken(files.ingestToken, "ADW_INGEST_TOKEN"),
      onCommit: notify,
    });
    closing.push(() => agents.stop());
    const { history } = database;
    writePage(files.page, options.html);
    const dashboard = createDashboard({
      directory: files.page,
      source: () => ({
        history,
        stats: () => ({ ...server.manager.stats(), ...agents.counters }),
      }),
    });
    const start = (port: number) =>
      startServer({
        host: options.host,
        port,
        token,
        history,
        onRequest: (request, response, access) => {
          if (!agents.handle(request, response))
            return dashboard.onRequest(request, response, access);
        },
      });
    const server = await start(options.port ?? DEFAULT_PORT).catch(
      (error: unknown) => {
        // A port that nobody asked for may be another one.
        if (options.port !== undefined || codeOf(error) !== "EADDRINUSE")
          throw error;
        return start(0);
      },
    );
    running.server = server;
    closing.push(() => stopServer(server));
    closing.push(keepClean(database, options));
    const page = `${server.url.replace(/^ws/, "http")}/#token=${token}`;
    noteRunning(files.running, {
      pid: process.pid,
      page,
      since: options.since,
    });
    closing.push(() => {
      forgetRunning(files.running);
    });
    return {
      page,
      database: files.database,
      ready: agents.ready,
      sessions: async () => since(await agents.sessions(), options),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * The sessions, read up to now; where a `watch` runs, as that one has them.
 *
 * @returns `running` where one runs
 */
export async function listSessions(
  options: WatchOptions & { lockWaitMs?: number },
): Promise<{ sessions: AgentSession[]; running?: RunningWatch }> {
  const { folder } = options;
  const files = stateFiles(folder);
  makeStateFolder(folder);
  const deadline = performance.now() + (options.lockWaitMs ?? LOCK_WAIT_MS);
  for (;;) {
    const unlock = takeLock(folder);
    const running =
      unlock === undefined ? readRunning(files.running) : undefined;
    if (unlock !== undefined || running !== undefined) {
      try {
        return await readSessions(options, running);
      } finally {
        unlock?.();
      }
    }
    if (performance.now() > deadline)
      throw new WatchProblem(
        "WATCH_BUSY",
        `another process holds ${files.lock}`,
      );
    await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS));
  }
}

async function readSessions(
  options: WatchOptions,
  running: RunningWatch | undefined,
): Promise<{ sessions: AgentSession[]; running?: RunningWatch }> {
  const { database: path, spool } = stateFiles(options.folder);
  // What is wrong with it is known better here than from the agents' thread.
  openSqlite(path, () => {
    openDatabase({ path }).close();
  });
  const agents = await follow(
    options,
    running === undefined ? { spool } : { transcripts: "none" },
  );
  try {
    await agents.ready;
    const sessions = since(await agents.sessions(), options);
    return running === undefined ? { sessions } : { sessions, running };
  } finally {
    await agents.stop();
  }
}

function takeLock(folder: string): (() => void) | undefined {
  const { lock, running } = stateFiles(folder);
  const unlock = openSqlite(lock, () => tryLock(lock));
  // What an earlier one has left, which was killed.
  if (unlock !== undefined) forgetRunning(running);
  return unlock;
}

function follow(
  { folder, since, onProgress, report }: WatchOptions,
  more: Partial<AgentsOptions>,
): Promise<Agents> {
  if (more.spool !== undefined) checkSpool(more.spool);
  return startAgents({
    database: stateFiles(folder).database,
    transcripts: "all",
    since,
    onProgress,
    report,
    ...more,
  });
}

/** @throws {WatchProblem} when it is somebody else's */
function checkSpool(spool: string): void {
  try {
    makeSpool(spool);
  } catch (error) {
    if (codeOf(error) !== undefined || !(error instanceof Error)) throw error;
    throw new WatchProblem("EPERM", error.message, { cause: error });
  }
}

/** The database may hold older ones, from earlier runs. */
function since(
  sessions: readonly AgentSession[],
  { since }: WatchOptions,
): AgentSession[] {
  return sessions.filter(
    ({ last_activity }) => Date.parse(last_activity) >= since,
  );
}

/** It may be about to start, or to end. */
async function whoRuns(folder: string): Promise<RunningWatch | undefined> {
  const { running } = stateFiles(folder);
  for (let turn = 0; turn < 20; turn++) {
    const found = readRunning(running);
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS));
  }
  return undefined;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

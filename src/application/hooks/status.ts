/** `hooks status`: for each agent where hooks are installed, and whether anything gets through. */
import {
  accessSync,
  constants,
  existsSync,
  readdirSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import {
  AGENTS,
  hookEvents,
  type AgentName,
  type Scope,
} from "../../domain/hooks/agents.ts";
import { shellWord } from "../../domain/shell-word.ts";
import {
  stateFolder,
  userSpool,
  WATCH_LOG,
} from "../../domain/state-folder.ts";
import {
  hookTimeOf,
  lastEventOf,
  logReaderMissing,
  type HookTime,
} from "../../infrastructure/agent-log.ts";
import { handlersOf, scopeOf, versionHere } from "./install.ts";
import {
  agentsHere,
  settingsFiles,
  shownPath,
  spoolOf,
  type Surroundings,
} from "./places.ts";
import type { OwnHandler } from "./settings-text.ts";
import { silencersOf, type Silencer } from "./silencers.ts";

export interface HooksStatus {
  agent: AgentName;
  label: string;
  /** Whether the agent is on this machine. */
  found: boolean;
  installed: InstalledStatus[];
  /** When something was last heard from it; null where that is not known. */
  last_event: string | null;
  /** Why that is not known, where it could be. */
  last_event_unknown?: string;
  /** What hooks added to its work; null where it has not told. */
  hook_time: HookTime | null;
  /** Why that is not known, and what to do; for agents that tell it. */
  hook_time_unknown?: string;
}

export interface InstalledStatus {
  scope: Scope;
  path: string;
  events: number;
  /** What this version would install and the file does not have. */
  missing: number;
  /** The spool folder or the server's URL. */
  to: string;
  reachable: boolean;
  /** Why it is not, and what to do. */
  problem?: string;
  fix?: string;
  /** The command that installs it again, as it is. */
  install: string;
  silenced_by: Silencer[];
}

/** How agents are named in the log. */
const SOURCES: Readonly<Record<AgentName, string>> = {
  claude: "claude-code",
  codex: "codex",
  gemini: "gemini-cli",
  cursor: "cursor",
};

export async function hooksStatus(
  surroundings: Surroundings,
  names: readonly AgentName[] = [],
): Promise<HooksStatus[]> {
  const here = agentsHere(surroundings);
  const result: HooksStatus[] = [];
  for (const agent of AGENTS) {
    if (names.length > 0 && !names.includes(agent.name)) continue;
    const installed: InstalledStatus[] = [];
    const spools = new Set<string>();
    for (const file of settingsFiles(agent, surroundings)) {
      const found = await handlersOf(file);
      if (found === undefined) continue;
      const { handlers, commands } = found;
      const version = await versionHere(agent, surroundings);
      const events = new Set(handlers.map(({ event }) => event));
      const missing = hookEvents(agent, version).filter(
        (event) => !events.has(event),
      );
      const url = serverOf(handlers);
      const [command = ""] = commands;
      const spool = spoolOf(command, surroundings);
      if (url === undefined) spools.add(spool);
      const scope = scopeOf(file, commands);
      const isSent = handlers.some(({ marker }) => marker.url !== undefined);
      const wanted = { agent: agent.name, scope, otel: isSent };
      const install = installCommand({ ...wanted, http: url });
      const withoutServer = installCommand({
        ...wanted,
        otel: isSent && surroundings.project !== undefined,
      });
      installed.push({
        scope,
        path: file.shown,
        events: events.size,
        missing: missing.length,
        ...(url === undefined
          ? spoolReach(spool, surroundings, install)
          : await serverReach(url, withoutServer)),
        install,
        silenced_by: await silencersOf(
          { file, handlers, version, install },
          surroundings,
        ),
      });
    }
    const logs = installed.length === 0 ? [] : logsOf(spools, surroundings);
    const times = [
      ...[...spools].map((spool) => newestIn(spool, agent.name)),
      ...(await Promise.all(
        logs.map((log) => lastEventOf(log, SOURCES[agent.name])),
      )),
    ].filter((time) => time !== undefined);
    const time =
      agent.name === "claude"
        ? await hookTimeOf(logs, SOURCES.claude)
        : undefined;
    const unknown =
      times.length === 0 && logs.length > 0
        ? await logReaderMissing()
        : undefined;
    result.push({
      agent: agent.name,
      label: agent.label,
      found: here.includes(agent),
      installed,
      last_event:
        times.length === 0 ? null : new Date(Math.max(...times)).toISOString(),
      ...(unknown === undefined ? {} : { last_event_unknown: unknown }),
      hook_time: time ?? null,
      ...(agent.name === "claude" && time === undefined && installed.length > 0
        ? { hook_time_unknown: await whyNotMeasured(installed) }
        : {}),
    });
  }
  return result;
}

/** Claude Code tells what hooks took in its telemetry, and nowhere else. */
async function whyNotMeasured(
  installed: readonly InstalledStatus[],
): Promise<string> {
  const commands = installed.map(({ install }) => install);
  if (commands.some((command) => command.endsWith(" --otel")))
    return (await logReaderMissing()) ?? "nothing was told yet";
  return `Claude Code tells it with ${commands[0] ?? ""} --otel`;
}

/** Logs that may have what came through these spools: whoever reads one empties it. */
function logsOf(
  spools: ReadonlySet<string>,
  { project, env, home }: Surroundings,
): string[] {
  return [
    ...(project === undefined ? [] : [project.database]),
    ...(spools.has(userSpool(env, home))
      ? [join(stateFolder(env, home), WATCH_LOG)]
      : []),
  ].filter((log) => existsSync(log));
}

/** The server that handlers over HTTP call, as `--http` names it. */
function serverOf(handlers: readonly OwnHandler[]): string | undefined {
  return handlers
    .map(({ value }): unknown => Reflect.get(value, "url"))
    .find((value) => typeof value === "string")
    ?.replace(/\/hooks\/claude$/, "");
}

function installCommand({
  agent,
  scope,
  otel,
  http,
}: {
  agent: AgentName;
  scope: Scope;
  otel: boolean;
  http?: string | undefined;
}): string {
  return [
    `adw-scaffold hooks install ${agent}`,
    ...(scope === "personal" ? [] : [`--${scope}`]),
    ...(http === undefined ? [] : [`--http ${shellWord(http)}`]),
    ...(otel ? ["--otel"] : []),
  ].join(" ");
}

type Reach = Pick<InstalledStatus, "to" | "reachable" | "problem" | "fix">;

function spoolReach(
  spool: string,
  surroundings: Surroundings,
  install: string,
): Reach {
  const to = shownPath(spool, surroundings);
  try {
    for (const folder of ["tmp", "new"])
      accessSync(join(spool, folder), constants.W_OK | constants.X_OK);
    return { to, reachable: true };
  } catch (error) {
    const isMissing =
      error instanceof Error && "code" in error && error.code === "ENOENT";
    return {
      to,
      reachable: false,
      problem: isMissing
        ? `there is no spool folder ${to}`
        : `the spool folder ${to} cannot be written`,
      fix: isMissing ? `Run: ${install}` : `Run: chmod -R u+rwX ${to}`,
    };
  }
}

/** An answer in this time, in ms, is one. */
const ANSWER_MS = 1_000;

async function serverReach(url: string, withoutServer: string): Promise<Reach> {
  const { origin } = new URL(url);
  const limit = new AbortController();
  // AbortSignal.timeout would not keep this process alive while it waits.
  const timer = setTimeout(() => {
    limit.abort();
  }, ANSWER_MS);
  try {
    const response = await fetch(`${origin}/healthz`, { signal: limit.signal });
    await response.body?.cancel();
    return { to: origin, reachable: true };
  } catch {
    return {
      to: origin,
      reachable: false,
      problem: `${origin} does not answer`,
      fix: `Start the server there, or run: ${withoutServer}`,
    };
  } finally {
    clearTimeout(timer);
  }
}

/** When the newest payload of an agent that still waits was put there, in ms since the epoch. */
function newestIn(spool: string, source: string): number | undefined {
  try {
    const folder = join(spool, "new");
    const times = readdirSync(folder)
      .filter((name) => name.startsWith(`${source}.`))
      // A spool that nobody empties may be large; any of its files tells about enough.
      .slice(-1_000)
      .map((name) => statSync(join(folder, name)).mtimeMs);
    return times.length === 0 ? undefined : Math.max(...times);
  } catch {
    return undefined;
  }
}

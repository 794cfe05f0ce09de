/** `hooks status`: for each agent where hooks are installed, and whether anything gets through. */
import { accessSync, constants, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import {
  AGENTS,
  hookEvents,
  type AgentName,
  type Scope,
} from "../../domain/hooks/agents.ts";
import { lastEventOf } from "../../infrastructure/last-event.ts";
import { handlersOf, scopeOf, versionHere } from "./install.ts";
import {
  agentsHere,
  settingsFiles,
  shownPath,
  spoolOf,
  type Surroundings,
} from "./places.ts";
import { silencersOf, type Silencer } from "./silencers.ts";

export interface HooksStatus {
  agent: AgentName;
  label: string;
  /** Whether the agent is on this machine. */
  found: boolean;
  installed: InstalledStatus[];
  /** When something was last heard from it; null where that is not known. */
  last_event: string | null;
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
      const url = handlers
        .map(({ value }): unknown => Reflect.get(value, "url"))
        .find((value) => typeof value === "string");
      const [command = ""] = commands;
      const spool = spoolOf(command, surroundings);
      if (url === undefined) spools.add(spool);
      installed.push({
        scope: scopeOf(file, commands),
        path: file.shown,
        events: events.size,
        missing: missing.length,
        ...(typeof url === "string"
          ? await serverReach(url)
          : spoolReach(spool, surroundings)),
        silenced_by: await silencersOf(
          { file, handlers, version },
          surroundings,
        ),
      });
    }
    const times = [
      ...[...spools].map((spool) => newestIn(spool, agent.name)),
      installed.length > 0 && surroundings.project !== undefined
        ? await lastEventOf(surroundings.project.database, SOURCES[agent.name])
        : undefined,
    ].filter((time) => time !== undefined);
    result.push({
      agent: agent.name,
      label: agent.label,
      found: here.includes(agent),
      installed,
      last_event:
        times.length === 0 ? null : new Date(Math.max(...times)).toISOString(),
    });
  }
  return result;
}

type Reach = Pick<InstalledStatus, "to" | "reachable" | "problem" | "fix">;

function spoolReach(spool: string, surroundings: Surroundings): Reach {
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
      fix: isMissing
        ? "Run: adw-scaffold hooks install"
        : `Run: chmod -R u+rwX ${to}`,
    };
  }
}

/** An answer in this time, in ms, is one. */
const ANSWER_MS = 1_000;

async function serverReach(url: string): Promise<Reach> {
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
      fix: "Start the server there, or run: adw-scaffold hooks install claude",
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

/** Where the settings of agents are, and where their hooks bring what they get. */
import { isAbsolute, join, relative } from "node:path";
import {
  AGENTS,
  SCOPES,
  type Agent,
  type Door,
  type Scope,
} from "../../domain/hooks/agents.ts";
import { namedFolder, spoolBelow } from "../../domain/hooks/spool-command.ts";
import { userSpool } from "../../domain/state-folder.ts";
import { findProgram } from "../../infrastructure/agent-programs.ts";
import { existsSync } from "node:fs";

/** What the commands about hooks see of the world. */
export interface Surroundings {
  /** Of the project, or the folder that stands for one. */
  root: string;
  /** Where the module is installed that hears agents: its spool is the project's. */
  project?: {
    adwsDir: string;
    /** Of its server, such as http://127.0.0.1:8765. */
    url: string;
    /** Of its log. */
    database: string;
  };
  env: NodeJS.ProcessEnv;
  /** The user's home folder. */
  home: string;
}

/** One file of an agent that can have hooks. */
export interface SettingsFile {
  agent: Agent;
  scopes: readonly Scope[];
  path: string;
  /** A folder that it must not lead out of. */
  base: string;
  /** As a person writes it. */
  shown: string;
}

/** The agent's own folder of the user. */
export function agentHome(
  { folder, homeVariable }: Agent,
  { env, home }: Surroundings,
): string {
  const named = homeVariable === undefined ? "" : (env[homeVariable] ?? "");
  return named === "" ? join(home, folder) : named;
}

export function settingsFile(
  agent: Agent,
  scope: Scope,
  surroundings: Surroundings,
): SettingsFile {
  const { root, home } = surroundings;
  const ownHome = agentHome(agent, surroundings);
  const isUser = scope === "user";
  const path = join(
    isUser ? ownHome : join(root, agent.folder),
    agent.files[scope],
  );
  const outside =
    relative(home, ownHome).startsWith("..") ||
    isAbsolute(relative(home, ownHome));
  return {
    agent,
    scopes: [scope],
    path,
    base: isUser ? (outside ? ownHome : home) : root,
    shown: shownPath(path, surroundings),
  };
}

/** Every file that an agent reads here; scopes that share one are together. */
export function settingsFiles(
  agent: Agent,
  surroundings: Surroundings,
): SettingsFile[] {
  const files = SCOPES.map((scope) => settingsFile(agent, scope, surroundings));
  return files
    .filter(
      ({ path }, index) =>
        files.findIndex((file) => file.path === path) === index,
    )
    .map((file) => ({
      ...file,
      scopes: files.flatMap(({ path, scopes }) =>
        path === file.path ? scopes : [],
      ),
    }));
}

/** Relative to the project, or to the user's home. */
export function shownPath(path: string, { root, home }: Surroundings): string {
  const below = (base: string) => {
    const inner = relative(base, path);
    return inner.startsWith("..") || isAbsolute(inner)
      ? undefined
      : inner.replaceAll("\\", "/");
  };
  const inHome = below(home);
  return below(root) ?? (inHome === undefined ? path : `~/${inHome}`);
}

/** The agents that are on this machine: a program on the PATH, or a folder in the home. */
export function agentsHere(surroundings: Surroundings): Agent[] {
  return AGENTS.filter(
    (agent) =>
      findProgram(agent.programs, surroundings.env) !== undefined ||
      existsSync(agentHome(agent, surroundings)),
  );
}

/** The spool of the project, or of the user where there is none. */
export function spoolFolder({
  root,
  project,
  env,
  home,
}: Surroundings): string {
  return project === undefined
    ? userSpool(env, home)
    : join(root, spoolBelow(project.adwsDir));
}

/** What a handler in a file of this scope is given. */
export function doorOf(
  scope: Scope,
  surroundings: Surroundings,
  http: string | undefined,
): Door {
  const place = placeOf(scope, surroundings);
  return http === undefined
    ? { kind: "spool", place }
    : { kind: "http", url: http, place };
}

function placeOf(scope: Scope, surroundings: Surroundings) {
  const { project } = surroundings;
  if (scope === "user" || project === undefined)
    return { kind: "user" } as const;
  return scope === "shared"
    ? ({ kind: "project", adwsDir: project.adwsDir } as const)
    : ({ kind: "folder", path: spoolFolder(surroundings) } as const);
}

/** The spool that a command of ours writes to when it runs here. */
export function spoolOf(command: string, surroundings: Surroundings): string {
  const named = namedFolder(command);
  if (named !== undefined) return named;
  return isShared(command)
    ? join(
        surroundings.root,
        spoolBelow(surroundings.project?.adwsDir ?? "adws"),
      )
    : userSpool(surroundings.env, surroundings.home);
}

/** Whether a command of ours looks for the project when it runs, as those of a team do. */
export function isShared(command: string): boolean {
  return command.includes("CLAUDE_PROJECT_DIR");
}

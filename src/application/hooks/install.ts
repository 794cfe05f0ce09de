/** `hooks install` and `hooks uninstall`: what would be written, decided before anything is. */
import { join, relative } from "node:path";
import { RefusedError, UsageError } from "../../domain/errors.ts";
import {
  AGENTS,
  hookEvents,
  telemetrySettings,
  type Agent,
  type AgentName,
  type Scope,
} from "../../domain/hooks/agents.ts";
import {
  withIgnored,
  withoutIgnored,
} from "../../domain/hooks/ignore-lines.ts";
import { shellWord } from "../../domain/shell-word.ts";
import { findProgram, versionOf } from "../../infrastructure/agent-programs.ts";
import { isIgnored, isTracked } from "../../infrastructure/git.ts";
import {
  readSettings,
  realTarget,
  type TextChange,
} from "../../infrastructure/settings-files.ts";
import { isInRepository } from "../../infrastructure/upwards.ts";
import {
  agentsHere,
  doorOf,
  isShared,
  settingsFile,
  settingsFiles,
  spoolFolder,
  type SettingsFile,
  type Surroundings,
} from "./places.ts";
import { ownHandlers, withHooks, withoutHooks } from "./settings-text.ts";

export interface HooksRequest extends Surroundings {
  /** Those on the machine, where none is named. */
  agents: readonly AgentName[];
  scope: Scope;
  /** Where handlers over HTTP are wanted: the server's URL. */
  http?: string;
  /** Telemetry too. */
  otel: boolean;
}

export interface FilePlan {
  agent: AgentName;
  scope: Scope;
  /** Relative to the project, or to the home folder as `~/…`. */
  path: string;
  action: "create" | "update" | "unchanged" | "delete" | "skip";
  /** How many events have a handler of ours afterwards. */
  events: number;
  /** Why a file is left alone. */
  reason?: string;
}

export interface HooksPlan {
  files: FilePlan[];
  changes: TextChange[];
  /** The spool that is made where it is missing. */
  spool?: string;
  /** What is left for a person to do. */
  notes: string[];
}

/** @throws {AdwError} where a file is broken, or nothing can be installed */
export async function planInstall(request: HooksRequest): Promise<HooksPlan> {
  const { scope, http } = request;
  const agents = chosenAgents(request);
  const plan: HooksPlan = { files: [], changes: [], notes: [] };
  for (const agent of agents) {
    const file = settingsFile(agent, scope, request);
    const path = realTarget(file.path, file.base);
    const before = await readSettings(path);
    const committed = await committedReason(file, request);
    if (committed !== undefined) {
      if (request.agents.length > 0)
        throw new RefusedError("SETTINGS_COMMITTED", committed, {
          where: { file: file.shown },
          hint: "Nothing was changed. Say --shared to install them for the team, or --user for yourself in all projects.",
        });
      plan.files.push({
        agent: agent.name,
        scope,
        path: file.shown,
        action: "skip",
        events: 0,
        reason: `${committed}: --shared installs them for the team, --user for you in all projects`,
      });
      continue;
    }
    const events = hookEvents(agent, await versionHere(agent, request));
    const url = request.otel ? (http ?? request.project?.url) : undefined;
    const after = withHooks(before, file.shown, {
      agent,
      events,
      door: doorOf(scope, request, http),
      settings:
        url === undefined
          ? []
          : telemetrySettings(agent, url, tokenFile(request)),
      ...(url === undefined ? {} : { url }),
    });
    plan.files.push({
      agent: agent.name,
      scope,
      path: file.shown,
      action:
        before === null ? "create" : before === after ? "unchanged" : "update",
      events: events.length,
    });
    if (after !== before) plan.changes.push({ path, before, after });
    await planIgnore(plan, file, request, scope === "personal");
    plan.notes.push(...notesOn(agent, request, url));
  }
  const isUsed = plan.files.some(({ action }) => action !== "skip");
  if (http === undefined && isUsed)
    plan.spool = spoolFolder(
      scope === "user" ? withoutProject(request) : request,
    );
  return plan;
}

function withoutProject({ root, env, home }: Surroundings): Surroundings {
  return { root, env, home };
}

/** @throws {UsageError | RefusedError} where none is left */
function chosenAgents(request: HooksRequest): readonly Agent[] {
  const { agents: names, http } = request;
  const chosen =
    names.length === 0
      ? agentsHere(request)
      : AGENTS.filter(({ name }) => names.includes(name));
  if (http === undefined) {
    if (chosen.length > 0) return chosen;
    throw new RefusedError("NO_AGENT", "no coding agent was found here", {
      hint: `Name those that will come: adw-scaffold hooks install ${AGENTS.map(({ name }) => name).join(" ")}`,
    });
  }
  const others = chosen.filter(({ name }) => name !== "claude");
  if (names.length > 0 && others.length > 0) {
    throw new UsageError(
      `${others.map(({ label }) => label).join(" and ")} cannot call a server by hooks`,
      { hint: "Only Claude Code takes --http. Install the others without it." },
    );
  }
  return AGENTS.filter(({ name }) => name === "claude");
}

/** Only Claude Code has versions that must not see every event. */
export async function versionHere(
  { oldEvents, programs }: Agent,
  { env }: Surroundings,
): Promise<string | undefined> {
  if (oldEvents === undefined) return undefined;
  const program = findProgram(programs, env);
  return program === undefined ? undefined : versionOf(program, env);
}

/** One person's handlers do not go into a file that everybody gets. */
async function committedReason(
  { path, shown }: SettingsFile,
  { root, scope }: HooksRequest,
): Promise<string | undefined> {
  if (scope !== "personal") return undefined;
  return (await isTracked(root, relative(root, path)))
    ? `${shown} is in git, for everybody`
    : undefined;
}

const GITIGNORE = ".gitignore";

/** Adds the file's line to .gitignore, or takes it out. */
async function planIgnore(
  plan: HooksPlan,
  { path: file, scopes }: SettingsFile,
  { root }: Surroundings,
  isWanted: boolean,
): Promise<void> {
  if (!isInRepository(root) || scopes.includes("user")) return;
  const inner = relative(root, file).replaceAll("\\", "/");
  const path = realTarget(join(root, GITIGNORE), root);
  const planned = plan.changes.find((change) => change.path === path);
  const before =
    planned === undefined ? await readSettings(path) : planned.before;
  const text = planned === undefined ? before : planned.after;
  const isThere = isWanted && (await isIgnored(root, inner));
  if (isThere) return;
  const after = isWanted
    ? withIgnored(text, inner)
    : text === null
      ? null
      : withoutIgnored(text, inner);
  if (after === text) return;
  if (planned === undefined) plan.changes.push({ path, before, after });
  else planned.after = after;
}

/**
 * The file with the ingest token, as a word of a shell command; undefined where the
 * server is another than the project's, which must not see that token.
 */
function tokenFile({
  root,
  project,
  scope,
  http,
}: HooksRequest): string | undefined {
  if (http !== undefined) return undefined;
  const inner = `${project?.adwsDir ?? "adws"}/.adw_ingest_token`;
  return scope === "shared"
    ? `"\${CLAUDE_PROJECT_DIR:-.}"/${shellWord(inner)}`
    : shellWord(join(root, inner));
}

function notesOn(
  agent: Agent,
  { http, project, scope }: HooksRequest,
  url: string | undefined,
): string[] {
  const notes: string[] = [];
  if (agent.name === "codex")
    notes.push(
      "Codex runs a hook once you trust it: type /hooks in Codex and trust those of adw-scaffold.",
    );
  if (http !== undefined)
    notes.push(
      `Start Claude Code with ADW_INGEST_TOKEN set to the ingest token of ${http}.`,
    );
  if (scope === "shared" && http === undefined && project !== undefined)
    notes.push(
      "Commit the settings: on a machine where the project's server has never run, the hooks do nothing.",
    );
  if (url === undefined) return notes;
  if (agent.name === "gemini")
    notes.push(
      'Gemini CLI takes the token from its environment: OTEL_EXPORTER_OTLP_HEADERS="Authorization=Bearer <ingest token>".',
    );
  if (agent.name === "codex")
    notes.push(
      `For Codex put this into ~/.codex/config.toml yourself: [otel] exporter = { otlp-http = { endpoint = "${url}/v1/logs", protocol = "json", headers = { Authorization = "Bearer <ingest token>" } } }`,
    );
  if (agent.name === "cursor") notes.push("Cursor has no telemetry to send.");
  return notes;
}

/** @throws {AdwError} where a file is broken */
export async function planUninstall(request: HooksRequest): Promise<HooksPlan> {
  const plan: HooksPlan = { files: [], changes: [], notes: [] };
  const { agents: names, scope } = request;
  for (const agent of AGENTS) {
    if (names.length > 0 && !names.includes(agent.name)) continue;
    for (const file of settingsFiles(agent, request)) {
      const found = await handlersOf(file);
      if (found === undefined) continue;
      const installed = scopeOf(file, found.commands);
      if (installed !== scope) {
        const option = installed === "personal" ? "" : ` --${installed}`;
        plan.notes.push(
          `${file.shown} has hooks too: adw-scaffold hooks uninstall ${agent.name}${option}`,
        );
        continue;
      }
      const path = realTarget(file.path, file.base);
      const after = withoutHooks(found.text, file.shown);
      plan.changes.push({ path, before: found.text, after });
      plan.files.push({
        agent: agent.name,
        scope,
        path: file.shown,
        action: after === null ? "delete" : "update",
        events: 0,
      });
      await planIgnore(plan, file, request, false);
    }
  }
  return plan;
}

/** What of ours is in a file; undefined where there is nothing. */
export async function handlersOf(file: SettingsFile): Promise<
  | {
      text: string;
      commands: string[];
      handlers: ReturnType<typeof ownHandlers>;
    }
  | undefined
> {
  const text = await readSettings(file.path);
  // A file without the word has none, broken or not.
  if (text?.includes("adw-scaffold-hook") !== true) return undefined;
  const handlers = ownHandlers(text, file.shown);
  if (handlers.length === 0) return undefined;
  const commands = handlers.flatMap(({ value }) => {
    const command: unknown = Reflect.get(value, "command");
    return typeof command === "string" ? command : [];
  });
  return { text, commands, handlers };
}

/** For whom hooks were installed. */
export function scopeOf(
  { scopes }: SettingsFile,
  commands: readonly string[],
): Scope {
  const [only] = scopes;
  if (scopes.includes("user") || only === undefined) return "user";
  if (scopes.length === 1) return only;
  return commands.some(isShared) ? "shared" : "personal";
}

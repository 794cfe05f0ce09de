/** The coding agents whose own settings can have hooks, and what each of them wants. */
import { MARKER_HEADER, markerText, type Marker } from "./marker.ts";
import {
  inCmd,
  inPosixShell,
  posixCommand,
  powershellCommand,
  type SpoolPlace,
} from "./spool-command.ts";

export const AGENT_NAMES = ["claude", "codex", "gemini", "cursor"] as const;
export type AgentName = (typeof AGENT_NAMES)[number];

/** Whose the settings are: one person's in one project, the team's, one person's everywhere. */
export const SCOPES = ["personal", "shared", "user"] as const;
export type Scope = (typeof SCOPES)[number];

/** Where a handler brings what it gets. */
export type Door =
  | { kind: "spool"; place: SpoolPlace }
  /** A server's URL, without a slash at its end. */
  | { kind: "http"; url: string; place: SpoolPlace };

export interface Agent {
  name: AgentName;
  label: string;
  /** Programs by which it is found. */
  programs: readonly string[];
  /** Its folder, in a project and in the user's home. */
  folder: string;
  /** The variable that names another folder than the one in the user's home. */
  homeVariable?: string;
  /** The file of a scope, in its folder. */
  files: Readonly<Record<Scope, string>>;
  events: readonly string[];
  /** Events that its older versions know; see `hookEvents`. */
  oldEvents?: readonly string[];
}

const words = (text: string) => text.trim().split(/\s+/);

/**
 * Left out: MessageDisplay holds the text back until the hook answers,
 * WorktreeCreate replaces git, PostToolBatch repeats what single events said,
 * FileChanged comes only for files that its matcher names.
 */
const CLAUDE_EVENTS = words(`
  SessionStart Setup UserPromptSubmit UserPromptExpansion PreToolUse
  PermissionRequest PermissionDenied PostToolUse PostToolUseFailure Notification
  SubagentStart SubagentStop TaskCreated TaskCompleted Stop StopFailure
  TeammateIdle InstructionsLoaded ConfigChange CwdChanged DirectoryAdded
  WorktreeRemove PreCompact PostCompact PreModelSwitch PostModelSwitch Elicitation
  ElicitationResult SessionEnd
`);

export const AGENTS: readonly Agent[] = [
  {
    name: "claude",
    label: "Claude Code",
    programs: ["claude"],
    folder: ".claude",
    homeVariable: "CLAUDE_CONFIG_DIR",
    files: {
      personal: "settings.local.json",
      shared: "settings.json",
      user: "settings.json",
    },
    events: CLAUDE_EVENTS,
    oldEvents: words(`
      SessionStart UserPromptSubmit PreToolUse PermissionRequest PostToolUse
      PostToolUseFailure Notification SubagentStart SubagentStop Stop PreCompact
      SessionEnd
    `),
  },
  {
    name: "codex",
    label: "Codex",
    programs: ["codex"],
    folder: ".codex",
    homeVariable: "CODEX_HOME",
    files: { personal: "hooks.json", shared: "hooks.json", user: "hooks.json" },
    events: words(`
      SessionStart UserPromptSubmit PreToolUse PermissionRequest PostToolUse
      SubagentStart SubagentStop PreCompact PostCompact Interrupt Stop SessionEnd
    `),
  },
  {
    name: "gemini",
    label: "Gemini CLI",
    programs: ["gemini"],
    folder: ".gemini",
    files: {
      personal: "settings.json",
      shared: "settings.json",
      user: "settings.json",
    },
    // Not BeforeModel, AfterModel (once a chunk, with the whole request) and
    // BeforeToolSelection: they are heavy, and the agent waits for each.
    events: words(`
      SessionStart BeforeAgent BeforeTool AfterTool AfterAgent PreCompress
      Notification SessionEnd
    `),
  },
  {
    name: "cursor",
    label: "Cursor",
    programs: ["cursor", "cursor-agent"],
    folder: ".cursor",
    files: { personal: "hooks.json", shared: "hooks.json", user: "hooks.json" },
    // Others, such as beforeShellExecution, repeat what these say.
    events: words(`
      sessionStart beforeSubmitPrompt preToolUse postToolUse postToolUseFailure
      subagentStart subagentStop afterAgentResponse preCompact stop sessionEnd
    `),
  },
];

export function agentOf(name: AgentName): Agent {
  const found = AGENTS.find((agent) => agent.name === name);
  if (found === undefined) throw new Error(`no agent ${name}`);
  return found;
}

/**
 * The first version of Claude Code that is known to pass over events that it does
 * not know. 2.0.60 takes none of a settings file that names one, permissions
 * included, and says nothing.
 */
const TOLERANT_CLAUDE = [2, 1, 197];

/** @param version - of the program on this machine; undefined where that is not known */
export function hookEvents(
  { events, oldEvents }: Agent,
  version: string | undefined,
): readonly string[] {
  const numbers = /(\d+)\.(\d+)\.(\d+)/.exec(version ?? "")?.slice(1);
  if (oldEvents === undefined || numbers === undefined) return events;
  const difference = numbers
    .map((number, index) => Number(number) - (TOLERANT_CLAUDE[index] ?? 0))
    .find((number) => number !== 0);
  return (difference ?? 0) < 0 ? oldEvents : events;
}

/** A hook is given up after so many seconds, so that nothing of ours holds an agent up. */
const TIMEOUT_S = 2;
/** All that Claude Code runs at the end shares 1.5 s; an answer over HTTP takes 5 ms. */
const SHORT_TIMEOUT_S = 1;

/** Handlers that still run when the agent ends are killed with it: it waits for these. */
const LAST_EVENTS = new Set(["Setup", "Stop", "StopFailure", "SessionEnd"]);

/** For these Claude Code takes no handler over HTTP. */
const COMMAND_ONLY = new Set(["SessionStart", "Setup"]);

/** What is added to the list of an event, in the agent's own form. */
export function hookEntry(
  { name }: Agent,
  event: string,
  door: Door,
  marker: Marker,
  platform: NodeJS.Platform = process.platform,
): object {
  const isWindows = platform === "win32";
  const text = markerText(marker);
  const plain = isWindows
    ? powershellCommand(name, door.place, text)
    : posixCommand(name, door.place, text);
  const inShell = isWindows ? inCmd(plain) : inPosixShell(plain);
  switch (name) {
    case "claude": {
      if (door.kind === "http" && !COMMAND_ONLY.has(event))
        return { hooks: [httpHandler(door.url, text)] };
      const handler = {
        type: "command",
        command: plain,
        ...(isWindows ? { shell: "powershell" } : {}),
        ...(LAST_EVENTS.has(event) ? {} : { async: true }),
        timeout: event === "SessionEnd" ? SHORT_TIMEOUT_S : TIMEOUT_S,
      };
      return { hooks: [handler] };
    }
    case "codex":
      return {
        hooks: [{ type: "command", command: inShell, timeout: TIMEOUT_S }],
      };
    case "gemini": {
      const handler = {
        name: "adw-scaffold",
        type: "command",
        command: plain,
        timeout: TIMEOUT_S * 1_000,
      };
      return { hooks: [handler] };
    }
    case "cursor":
      return { command: inShell, timeout: TIMEOUT_S };
  }
}

/** The token stays in the agent's environment; the file only names it. */
function httpHandler(url: string, marker: string): object {
  return {
    type: "http",
    url: `${url}/hooks/claude`,
    headers: {
      Authorization: "Bearer $ADW_INGEST_TOKEN",
      [MARKER_HEADER]: marker,
    },
    allowedEnvVars: ["ADW_INGEST_TOKEN"],
    timeout: SHORT_TIMEOUT_S,
  };
}

/** A setting at a path of the file, from the top. */
export interface Setting {
  path: readonly [string, ...string[]];
  value: unknown;
}

/** Without which the agent does not read its file. */
export function formatSettings({ name }: Agent): readonly Setting[] {
  return name === "cursor" ? [{ path: ["version"], value: 1 }] : [];
}

/**
 * Settings that send the agent's telemetry to a server, which needs the ingest
 * token: Claude Code asks a command for it.
 *
 * @param tokenFile - where the token is, when the variable does not have it
 */
export function telemetrySettings(
  { name }: Agent,
  url: string,
  tokenFile: string | undefined,
): readonly Setting[] {
  const token =
    tokenFile === undefined
      ? "$ADW_INGEST_TOKEN"
      : `\${ADW_INGEST_TOKEN:-$(cat ${tokenFile} 2>/dev/null)}`;
  switch (name) {
    case "claude":
      return [
        ...Object.entries({
          CLAUDE_CODE_ENABLE_TELEMETRY: "1",
          OTEL_LOGS_EXPORTER: "otlp",
          OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
          OTEL_EXPORTER_OTLP_ENDPOINT: url,
        }).map(([key, value]): Setting => ({ path: ["env", key], value })),
        {
          path: ["otelHeadersHelper"],
          value: `printf '{"Authorization":"Bearer %s"}' "${token}"`,
        },
      ];
    case "gemini":
      return Object.entries({
        enabled: true,
        target: "local",
        otlpProtocol: "http",
        otlpEndpoint: url,
      }).map(([key, value]): Setting => ({ path: ["telemetry", key], value }));
    case "codex":
    case "cursor":
      return [];
  }
}

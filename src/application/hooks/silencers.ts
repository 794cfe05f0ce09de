/** What keeps an agent from running hooks that are installed, and what to do about each. */
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { hookEvents } from "../../domain/hooks/agents.ts";
import { codexHookHash, codexHookKey } from "../../domain/hooks/codex-trust.ts";
import { readJsonWithComments } from "../../infrastructure/json-list.ts";
import { asRecord, type JsonRecord } from "../../infrastructure/json-values.ts";
import { readTextIfExists } from "../../infrastructure/project-files.ts";
import { upwards } from "../../infrastructure/upwards.ts";
import {
  agentHome,
  settingsFile,
  shownPath,
  type SettingsFile,
  type Surroundings,
} from "./places.ts";
import type { OwnHandler } from "./settings-text.ts";

export interface Silencer {
  /** What it is, such as `disableAllHooks`. */
  what: string;
  /** The file that says so. */
  file?: string;
  fix: string;
  /** Whether it ends by itself, such as a question that the agent asks. */
  passes: boolean;
}

/** The handlers of one file of an agent. */
export interface Installed {
  file: SettingsFile;
  handlers: readonly OwnHandler[];
  version: string | undefined;
  /** The command that installs it again. */
  install: string;
}

/** Folders with settings of administrators, for tests to replace. */
export const MANAGED = {
  claude:
    process.platform === "darwin"
      ? "/Library/Application Support/ClaudeCode"
      : process.platform === "win32"
        ? String.raw`C:\Program Files\ClaudeCode`
        : "/etc/claude-code",
  codex: "/etc/codex",
  gemini:
    process.platform === "darwin"
      ? "/Library/Application Support/GeminiCli"
      : process.platform === "win32"
        ? String.raw`C:\ProgramData\gemini-cli`
        : "/etc/gemini-cli",
};

export function silencersOf(
  installed: Installed,
  surroundings: Surroundings,
): Promise<Silencer[]> {
  switch (installed.file.agent.name) {
    case "claude":
      return claudeSilencers(installed, surroundings);
    case "codex":
      return codexSilencers(installed, surroundings);
    case "gemini":
      return geminiSilencers(installed, surroundings);
    case "cursor":
      return Promise.resolve([]);
  }
}

interface Layer {
  file: string;
  settings: JsonRecord;
}

/** Files that are there and can be read; what a broken one says the agent does not know either. */
async function layers(
  paths: readonly string[],
  surroundings: Surroundings,
): Promise<Layer[]> {
  const found: Layer[] = [];
  for (const path of paths) {
    const text = await readTextIfExists(path).catch(() => null);
    if (text === null) continue;
    const settings = asRecord(readJsonWithComments(text));
    found.push({ file: shownPath(path, surroundings), settings });
  }
  return found;
}

const ASK_ADMIN =
  "Ask whoever manages this machine. Without hooks, adw-scaffold watch reads what the agents write themselves.";

async function claudeSilencers(
  { file: { agent }, handlers, version, install }: Installed,
  surroundings: Surroundings,
): Promise<Silencer[]> {
  const managed = await layers(managedFiles(), surroundings);
  // The later overrules the earlier.
  const all = [
    ...(await layers(
      (["user", "shared", "personal"] as const).map(
        (scope) => settingsFile(agent, scope, surroundings).path,
      ),
      surroundings,
    )),
    ...managed,
  ];
  const found: Silencer[] = [];
  const off = all.findLast(({ settings }) => "disableAllHooks" in settings);
  if (off?.settings["disableAllHooks"] === true)
    found.push({
      what: "disableAllHooks",
      file: off.file,
      fix: managed.includes(off) ? ASK_ADMIN : `Remove it from ${off.file}.`,
      passes: false,
    });
  const only = managed.find(
    ({ settings }) => settings["allowManagedHooksOnly"] === true,
  );
  if (only !== undefined)
    found.push({
      what: "allowManagedHooksOnly",
      file: only.file,
      fix: ASK_ADMIN,
      passes: false,
    });
  const old = handlers.some(
    ({ event }) => !hookEvents(agent, version).includes(event),
  );
  if (old)
    found.push({
      what: `${version ?? "this version"} takes none of a settings file with events that it does not know`,
      fix: `Update Claude Code, or run: ${install}`,
      passes: false,
    });
  found.push(...httpSilencers(handlers, all, surroundings));
  const untrusted = await isUntrustedByClaude(surroundings);
  if (untrusted)
    found.push({
      what: "Claude Code was not told yet that this folder is trusted",
      fix: "Start claude here once, and say yes. (claude -p runs hooks without that.)",
      passes: true,
    });
  return found;
}

function managedFiles(): string[] {
  const folder = join(MANAGED.claude, "managed-settings.d");
  const names: string[] = [];
  try {
    names.push(...readdirSync(folder).filter((name) => name.endsWith(".json")));
  } catch {
    // There is none.
  }
  return [
    join(MANAGED.claude, "managed-settings.json"),
    ...names.toSorted().map((name) => join(folder, name)),
  ];
}

function httpSilencers(
  handlers: readonly OwnHandler[],
  all: readonly Layer[],
  { env }: Surroundings,
): Silencer[] {
  const urls = handlers.flatMap(({ value }) => {
    const url: unknown = Reflect.get(value, "url");
    return typeof url === "string" ? url : [];
  });
  const [url] = urls;
  if (url === undefined) return [];
  const found: Silencer[] = [];
  const lists = (name: string) =>
    all.filter(({ settings }) => Array.isArray(settings[name]));
  const allows = (name: string, matches: (entry: string) => boolean) =>
    lists(name).some(({ settings }) =>
      [settings[name]].flat().map(String).some(matches),
    );
  const missing = (name: string, value: string) => {
    const file = lists(name).at(-1)?.file;
    found.push({
      what: `${name} does not have ${value}`,
      ...(file === undefined ? {} : { file }),
      fix: `Add ${JSON.stringify(value)} to ${name}, or install without --http.`,
      passes: false,
    });
  };
  const urlRule = "allowedHttpHookUrls";
  if (lists(urlRule).length > 0 && !allows(urlRule, (rule) => fits(rule, url)))
    missing(urlRule, url);
  const variable = "ADW_INGEST_TOKEN";
  const varRule = "httpHookAllowedEnvVars";
  if (
    lists(varRule).length > 0 &&
    !allows(varRule, (name) => name === variable)
  )
    missing(varRule, variable);
  if ((env[variable] ?? "") === "")
    found.push({
      what: `${variable} is not set here`,
      fix: `Set it where Claude Code is started, to the ingest token of the server.`,
      passes: true,
    });
  return found;
}

/** A rule's `*` stands for anything. */
function fits(rule: string, url: string): boolean {
  const parts = rule
    .split("*")
    .map((part) => part.replaceAll(/[.+?^${}()|[\]\\/]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join(".*")}$`).test(url);
}

/** Claude Code remembers it beside its folder; nothing is said where it has never run. */
async function isUntrustedByClaude(
  surroundings: Surroundings,
): Promise<boolean> {
  const { env, home, root } = surroundings;
  const folder = env["CLAUDE_CONFIG_DIR"] || home;
  const [state] = await layers([join(folder, ".claude.json")], surroundings);
  if (state === undefined) return false;
  const projects = asRecord(state.settings["projects"]);
  return !upwards(root).some(
    (path) => asRecord(projects[path])["hasTrustDialogAccepted"] === true,
  );
}

async function codexSilencers(
  { file, handlers }: Installed,
  surroundings: Surroundings,
): Promise<Silencer[]> {
  const path = join(agentHome(file.agent, surroundings), "config.toml");
  const shown = shownPath(path, surroundings);
  const config = (await readTextIfExists(path).catch(() => null)) ?? "";
  const required =
    (await readTextIfExists(join(MANAGED.codex, "requirements.toml")).catch(
      () => null,
    )) ?? "";
  const found: Silencer[] = [];
  if (/^\s*allow_managed_hooks_only\s*=\s*true/m.test(required))
    found.push({
      what: "allow_managed_hooks_only",
      file: join(MANAGED.codex, "requirements.toml"),
      fix: ASK_ADMIN,
      passes: false,
    });
  if (/^\s*(?:features\.)?(?:codex_)?hooks\s*=\s*false/m.test(config))
    found.push({
      what: "the feature hooks is off",
      file: shown,
      fix: `Remove "hooks = false" from ${shown}.`,
      passes: false,
    });
  const isProject = !file.scopes.includes("user");
  if (isProject && !trustsProject(config, surroundings.root))
    found.push({
      what: "Codex was not told that this folder is trusted",
      file: shown,
      fix: "Start codex here once, and say that you trust the folder.",
      passes: false,
    });
  const states = handlers.map((handler) => trustOf(config, file.path, handler));
  const asked = states.filter((state) => state !== "trusted").length;
  if (asked > 0) {
    const why = states.includes("changed")
      ? "changed since"
      : "not trusted yet";
    found.push({
      what: `${String(asked)} of ${String(states.length)} hooks are ${why}`,
      file: shown,
      fix: "Type /hooks in Codex, and trust those of adw-scaffold.",
      passes: false,
    });
  }
  return found;
}

function trustsProject(config: string, root: string): boolean {
  return upwards(root).some((folder) => {
    const name = JSON.stringify(folder).replaceAll(
      /[.*+?^${}()|[\]\\/]/g,
      String.raw`\$&`,
    );
    return new RegExp(
      `^\\[projects\\.${name}\\][^[]*?^\\s*trust_level\\s*=\\s*"trusted"`,
      "m",
    ).test(config);
  });
}

/** Codex runs a handler only while its hash is the one that a person said yes to. */
function trustOf(
  config: string,
  file: string,
  { path, event, value }: OwnHandler,
): "trusted" | "changed" | "unknown" {
  const [, , group, , handler] = path;
  const key = codexHookKey(file, event, Number(group), Number(handler));
  const at = config.indexOf(JSON.stringify(key));
  if (at === -1) return "unknown";
  const entry = config.slice(at).split(/^\[/m, 1)[0] ?? "";
  return entry.includes(codexHookHash(event, value)) ? "trusted" : "changed";
}

async function geminiSilencers(
  { file: { agent } }: Installed,
  surroundings: Surroundings,
): Promise<Silencer[]> {
  const home = agentHome(agent, surroundings);
  const system = join(MANAGED.gemini, "settings.json");
  const all = await layers(
    [
      ...(["user", "shared"] as const).map(
        (scope) => settingsFile(agent, scope, surroundings).path,
      ),
      surroundings.env["GEMINI_CLI_SYSTEM_SETTINGS_PATH"] ?? system,
    ],
    surroundings,
  );
  const found: Silencer[] = [];
  const hooks = ({ settings }: Layer) => asRecord(settings["hooksConfig"]);
  const off = all.findLast((layer) => "enabled" in hooks(layer));
  if (off !== undefined && hooks(off)["enabled"] === false)
    found.push({
      what: "hooksConfig.enabled is false",
      file: off.file,
      fix: `Remove it from ${off.file}.`,
      passes: false,
    });
  const disabled = all.find((layer) =>
    [hooks(layer)["disabled"]].flat().includes("adw-scaffold"),
  );
  if (disabled !== undefined)
    found.push({
      what: "hooksConfig.disabled has adw-scaffold",
      file: disabled.file,
      fix: "Type /hooks enable adw-scaffold in Gemini CLI.",
      passes: false,
    });
  const trust = all.map(
    ({ settings }) =>
      asRecord(asRecord(settings["security"])["folderTrust"])["enabled"],
  );
  const [trusted] = await layers(
    [join(home, "trustedFolders.json")],
    surroundings,
  );
  // TRUST_PARENT is said of a folder, and means the one above it.
  const trustedFolders = new Set(
    Object.entries(trusted?.settings ?? {}).flatMap(([folder, level]) => {
      if (level === "TRUST_FOLDER") return folder;
      return level === "TRUST_PARENT" ? dirname(folder) : [];
    }),
  );
  const isTrusted = upwards(surroundings.root).some((folder) =>
    trustedFolders.has(folder),
  );
  if (!trust.includes(false) && !isTrusted)
    found.push({
      what: "Gemini CLI was not told yet that this folder is trusted",
      fix: "Start gemini here once, and say that you trust the folder.",
      passes: true,
    });
  return found;
}

/** A project as it is on disk, with everything a plan needs to know of it. */
import { realpathSync, statSync } from "node:fs";
import { basename, dirname, relative, resolve } from "node:path";
import {
  CONFIG_FILE,
  DEFAULT_CONFIG,
  changeConfig,
  defaultDatabasePath,
  type AdwConfig,
  type AdwConfigInput,
  type Locate,
} from "../domain/config.ts";
import { ConfigError, UsageError } from "../domain/errors.ts";
import { brokenLock, type Lock } from "../domain/lock.ts";
import {
  retiredModule,
  templatesOf,
  type ModuleDefinition,
  type RetiredModule,
} from "../domain/module-registry.ts";
import { suggestion } from "../domain/nearest.ts";
import { readConfig } from "../infrastructure/config-file.ts";
import { parseJson } from "../infrastructure/json-text.ts";
import { readLock } from "../infrastructure/lock-file.ts";
import { PACKAGE_FILE } from "../infrastructure/package-json.ts";
import {
  hasCode,
  isMissing,
  readProjectFile,
  sha256,
  unpackText,
} from "../infrastructure/project-files.ts";
import { moduleSource } from "./module-source.ts";
import { explainNewerProject } from "./newer-version.ts";
import type { ModuleSource } from "./render-module.ts";
import { settleConfig } from "./settle-config.ts";

/** How a command names the project it works on. */
export interface ProjectRequest {
  /** The project's folder; for `init` it may not exist yet. */
  root: string;
  /** Another configuration file than `adw.config.json`, relative to the project. */
  configFile?: string;
  /** Where modules come from; by default the bundled ones and the project's `templates_dir`. */
  source?: ModuleSource;
}

/** The state that every command starts from. */
export interface Project {
  root: string;
  configFile: string;
  /** The configuration's text; null when there is none yet. */
  configText: string | null;
  /** What edits start from: the same, unless a merge had left two versions in it. */
  settledConfigText: string | null;
  /** As it is read: modules that are retired stand in it no more, what they required does. */
  config: AdwConfig;
  /** The modules as the configuration names them. */
  namedModules: readonly string[];
  /** Modules among them that are not rendered any more. */
  retired: readonly RetiredModule[];
  /** What was written last time, files that were lost from it and adopted included. */
  lock: Lock;
  lockText: string | null;
  /** The lock as its file has it; null where there is none, or two versions in one. */
  recordedLock: Lock | null;
  /** Files that the lock had lost, with the version that their header names. */
  adopted: ReadonlyMap<string, string | undefined>;
  source: ModuleSource;
}

/**
 * Reads a project. Writes nothing.
 *
 * @param settle - choose where a merge left two versions of the lock or configuration
 * @throws {ConfigError} for a broken configuration, lock or template folder;
 * {RefusedError} where a newer version wrote what this one cannot read.
 */
export async function openProject(
  request: ProjectRequest,
  { settle = false }: { settle?: boolean } = {},
): Promise<Project> {
  const root = await resolveRoot(request.root);
  const configFile = insidePath(root, request.configFile);
  // The configuration first: what a person writes is said before what we wrote.
  const configured = await readConfig(
    root,
    configFile,
    settle ? (text) => settleConfig(root, text) : undefined,
  ).catch((error: unknown) => ({ error }));
  const {
    lock,
    text: lockText,
    settled,
  } = await readLock(root, {
    settle,
  });
  if ("error" in configured)
    throw await explainNewerProject(lock, configured.error);
  const { config: written, text: configText, settledText, locate } = configured;
  const source = request.source ?? (await moduleSource(root, written));
  const retired = retiredAmong(written, source);
  try {
    requireKnownModules(written, source, retired, locate);
  } catch (error) {
    throw await explainNewerProject(lock, error);
  }
  return {
    root,
    configFile: configFile ?? CONFIG_FILE,
    configText,
    settledConfigText: settledText,
    config: { ...written, modules: withoutRetired(written, retired, source) },
    namedModules: written.modules,
    retired,
    lock,
    lockText,
    recordedLock: lockText === null || settled ? null : lock,
    adopted: new Map(),
    source,
  };
}

/** The modules of the configuration that this version does not render any more. */
function retiredAmong(
  { modules }: AdwConfig,
  { registry }: ModuleSource,
): RetiredModule[] {
  return modules.flatMap((name) =>
    registry.modules.some((module) => module.name === name)
      ? []
      : (retiredModule(name) ?? []),
  );
}

/** What a retired module brought along stays: the project may use it by now. */
function withoutRetired(
  { modules }: AdwConfig,
  retired: readonly RetiredModule[],
  { registry }: ModuleSource,
): string[] {
  const others = modules.filter((name) =>
    retired.every((module) => module.name !== name),
  );
  if (retired.length === 0) return others;
  const known = others.filter((name) =>
    registry.modules.some((module) => module.name === name),
  );
  const present = new Set(registry.resolve(known).map(({ name }) => name));
  const brought = retired.flatMap(({ requires }) => requires ?? []);
  return [...others, ...brought.filter((name) => !present.has(name))];
}

/** @throws {ConfigError} with the place of the first module that there is not. */
function requireKnownModules(
  { modules }: AdwConfig,
  { registry: { installable } }: ModuleSource,
  retired: readonly RetiredModule[],
  locate: Locate,
): void {
  const known = [...installable, ...retired].map(({ name }) => name);
  const index = modules.findIndex((name) => !known.includes(name));
  const name = modules[index];
  if (name === undefined) return;
  const where = locate(["modules", index]);
  throw new ConfigError("CONFIG_INVALID", `unknown module "${name}"`, {
    ...(where === undefined ? {} : { where }),
    hint: suggestion(name, known),
  });
}

/** The real path of the project's folder, so that no link in it is mistaken for one inside. */
export async function resolveRoot(root: string): Promise<string> {
  let real: string;
  try {
    real = realpathSync.native(root);
  } catch (error) {
    if (!isMissing(error)) throw error;
    // A folder can be made inside a folder only.
    if (hasCode(error, "ENOTDIR")) await resolveRoot(dirname(resolve(root)));
    return resolve(root);
  }
  if (statSync(real).isDirectory()) return real;
  throw new UsageError(`${root} is a file, and a folder is needed`, {
    hint: "Name the folder of a project.",
  });
}

/** A path as the project names it: `./x` and `/project/x` are `x`. */
function insidePath(
  root: string,
  file: string | undefined,
): string | undefined {
  if (file === undefined) return undefined;
  return relative(root, resolve(root, file)).replaceAll("\\", "/");
}

/**
 * The project's configuration with some settings changed. Choices that depend on
 * this machine are made once, when the configuration is created.
 */
export async function withSettings(
  { root, settledConfigText, lockText, config }: Project,
  changes: AdwConfigInput,
): Promise<AdwConfig> {
  // With a lock, the project is set up, and what its config leaves out is meant.
  if (lockText !== null) return changeConfig(config, changes);
  const environment: AdwConfigInput = {
    project_name: await projectName(root),
    sqlite_driver: nodeAtLeast(22, 13) ? "node:sqlite" : "better-sqlite3",
    typescript_runner: nodeAtLeast(22, 18) ? "node" : "tsx",
  };
  const written = writtenKeys(settledConfigText);
  const chosen = Object.entries(environment).filter(
    ([key]) => !written.includes(key),
  );
  return changeConfig(config, { ...Object.fromEntries(chosen), ...changes });
}

/** The keys that the configuration itself has. */
export function writtenKeys(configText: string | null): string[] {
  if (configText === null) return [];
  const { value } = parseJson(configText, CONFIG_FILE);
  return typeof value === "object" && value !== null ? Object.keys(value) : [];
}

/** Recorded even when they equal the default: another machine must not choose anew. */
const ENVIRONMENT_KEYS = new Set([
  "project_name",
  "sqlite_driver",
  "typescript_runner",
]);

/** The settings to write into the configuration: what changed, and nothing that is a default. */
export function changedSettings(
  { config: before, namedModules, configText, settledConfigText }: Project,
  after: AdwConfig,
): AdwConfigInput {
  const previous = new Map<string, unknown>(
    Object.entries({ ...before, modules: namedModules }),
  );
  // It follows adws_dir by itself.
  if (
    after.database_path === defaultDatabasePath(after) &&
    !writtenKeys(settledConfigText).includes("database_path")
  ) {
    previous.set("database_path", after.database_path);
  }
  return Object.fromEntries(
    Object.entries(after).filter(
      ([key, value]) =>
        JSON.stringify(value) !== JSON.stringify(previous.get(key)) ||
        (configText === null &&
          (key === "modules" || ENVIRONMENT_KEYS.has(key))),
    ),
  );
}

/** The settings that somebody has chosen: not those that `init` writes, and no default. */
export function settingsOfTheOwner(configText: string | null): string[] {
  if (configText === null) return [];
  const { value } = parseJson(configText, CONFIG_FILE);
  const defaults = new Map<string, unknown>(Object.entries(DEFAULT_CONFIG));
  return Object.entries(value ?? {}).flatMap(([key, setting]) =>
    key === "$schema" ||
    key === "modules" ||
    ENVIRONMENT_KEYS.has(key) ||
    JSON.stringify(setting) === JSON.stringify(defaults.get(key))
      ? []
      : key,
  );
}

/**
 * What we wrote into a file last time; null when the lock does not know it. Of a
 * generated file the lock has the hash alone: what is there is what we wrote, or null.
 */
export function baseText(
  lock: Lock,
  path: string,
  disk: string | null,
): string | null {
  const entry = lock.files[path];
  if (entry === undefined) return null;
  if (entry.base === undefined)
    return disk !== null &&
      sha256(disk.replaceAll("\r\n", "\n")) === entry.sha256
      ? disk
      : null;
  let text: string | undefined;
  try {
    text = unpackText(entry.base);
  } catch {
    text = undefined;
  }
  if (text === undefined || sha256(text) !== entry.sha256) {
    throw brokenLock(`the text of ${path} does not match its sha256`);
  }
  return text;
}

/** The configuration values that a module's templates use. */
export function inputsOf(
  definition: ModuleDefinition,
  config: AdwConfig,
  { templates }: ModuleSource,
): Record<string, unknown> {
  const used = new Set([
    ...templatesOf(definition).flatMap(
      (file) => templates.facts(file)?.uses ?? [],
    ),
    ...(definition.conditionalTemplates ?? []).map(({ when }) => when.key),
  ]);
  return Object.fromEntries(
    // A template that takes `config` as a whole depends on all of it.
    Object.entries(config).filter(
      ([key]) => used.has(key) || used.has("config"),
    ),
  );
}

/**
 * Whether a module renders what it rendered when the lock was written: the same
 * templates, of the same version, with the same settings.
 */
export function rendersAsBefore(
  definition: ModuleDefinition,
  config: AdwConfig,
  { lock, source }: Pick<Project, "lock" | "source">,
): boolean {
  const entry = lock.modules[definition.name];
  return (
    entry !== undefined &&
    entry.version === definition.version &&
    entry.templates === templatesDigest(definition, source) &&
    changedKeys(entry.inputs, inputsOf(definition, config, source)).length === 0
  );
}

/** The keys whose values differ. */
export function changedKeys(
  before: Readonly<Record<string, unknown>>,
  now: Readonly<Record<string, unknown>>,
): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(now)])].filter(
    (key) => JSON.stringify(before[key]) !== JSON.stringify(now[key]),
  );
}

/** One digest over all templates of a module, which are digests of path and text. */
export function templatesDigest(
  definition: ModuleDefinition,
  { templates }: ModuleSource,
): string {
  let sum = 0n;
  for (const file of templatesOf(definition)) {
    sum ^= BigInt(`0x${templates.facts(file)?.digest ?? "0"}`);
  }
  return sum.toString(16).padStart(16, "0");
}

async function projectName(root: string): Promise<string> {
  const text = await readProjectFile(root, PACKAGE_FILE);
  const manifest = text === null ? null : parseJson(text, PACKAGE_FILE).value;
  const named =
    typeof manifest === "object" && manifest !== null && "name" in manifest
      ? manifest.name
      : undefined;
  const name = typeof named === "string" ? named : basename(root);
  return /^[^\p{C}]{1,100}$/u.test(name) ? name : "adw-project";
}

/** Whether the running Node is this version or a later one. */
export function nodeAtLeast(major: number, minor: number): boolean {
  const [runningMajor = 0, runningMinor = 0] = process.versions.node
    .split(".")
    .map(Number);
  return (
    runningMajor > major || (runningMajor === major && runningMinor >= minor)
  );
}

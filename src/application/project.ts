/** A project as it is on disk, with everything a plan needs to know of it. */
import { realpathSync, statSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { CONFIG_FILE, type AdwConfig, type Locate } from "../domain/config.ts";
import { ConfigError, UsageError } from "../domain/errors.ts";
import type { Lock } from "../domain/lock.ts";
import {
  retiredModule,
  type RetiredModule,
} from "../domain/module-registry.ts";
import {
  absolutePath,
  type AbsolutePath,
  type ProjectPath,
} from "../domain/paths.ts";
import { suggestion } from "../domain/nearest.ts";
import { readConfig } from "../infrastructure/config-file.ts";
import { readLock } from "../infrastructure/lock-file.ts";
import { hasCode, isMissing } from "../infrastructure/project-files.ts";
import { moduleSource } from "./module-source.ts";
import { explainNewerProject } from "./newer-version.ts";
import type { ModuleSource } from "./render-module.ts";
import type { ProjectRequest } from "./scaffold-types.ts";
import { settleConfig } from "./settle-config.ts";

export type { ProjectRequest } from "./scaffold-types.ts";

/** The state that every command starts from. */
export interface Project {
  root: AbsolutePath;
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
  adopted: ReadonlyMap<ProjectPath, string | undefined>;
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
  throw new ConfigError("CONFIG_INVALID", `unknown module "${name}"`, {
    where: locate(["modules", index]),
    hint: suggestion(name, known),
  });
}

/** The real path of the project's folder, so that no link in it is mistaken for one inside. */
export async function resolveRoot(root: string): Promise<AbsolutePath> {
  let real: AbsolutePath;
  try {
    real = absolutePath(realpathSync.native(root));
  } catch (error) {
    if (!isMissing(error)) throw error;
    // A folder can be made inside a folder only.
    if (hasCode(error, "ENOTDIR")) await resolveRoot(dirname(resolve(root)));
    return absolutePath(root);
  }
  if (statSync(real).isDirectory()) return real;
  throw new UsageError(`${root} is a file, and a folder is needed`, {
    hint: "Name the folder of a project.",
  });
}

/** A path as the project names it: `./x` and `/project/x` are `x`. */
function insidePath(
  root: AbsolutePath,
  file: string | undefined,
): string | undefined {
  if (file === undefined) return undefined;
  return relative(root, resolve(root, file)).replaceAll("\\", "/");
}

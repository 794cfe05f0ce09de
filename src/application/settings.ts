/** The settings of a project: what is chosen, what is written, and what is its owner's. */
import { basename } from "node:path";
import {
  CONFIG_FILE,
  DEFAULT_CONFIG,
  changeConfig,
  defaultDatabasePath,
  type AdwConfig,
  type AdwConfigInput,
} from "../domain/config.ts";
import type { AbsolutePath } from "../domain/paths.ts";
import { parseJson } from "../infrastructure/json-text.ts";
import { asRecord } from "../infrastructure/json-values.ts";
import { PACKAGE_FILE } from "../infrastructure/package-json.ts";
import { readProjectFile } from "../infrastructure/project-files.ts";
import type { Project } from "./project.ts";

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
  const chosen = Object.fromEntries(
    Object.entries(environment).filter(
      ([key]) => !Object.hasOwn(written(settledConfigText), key),
    ),
  );
  return changeConfig(config, { ...chosen, ...changes });
}

/** What the configuration itself says. */
function written(configText: string | null): Record<string, unknown> {
  if (configText === null) return {};
  const { value } = parseJson(configText, CONFIG_FILE);
  return { ...asRecord(value) };
}

/** Recorded even when they equal the default: another machine must not choose anew. */
const ENVIRONMENT_KEYS = ["project_name", "sqlite_driver", "typescript_runner"];

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
    !Object.hasOwn(written(settledConfigText), "database_path")
  ) {
    previous.set("database_path", after.database_path);
  }
  return Object.fromEntries(
    Object.entries(after).filter(
      ([key, value]) =>
        JSON.stringify(value) !== JSON.stringify(previous.get(key)) ||
        (configText === null &&
          (key === "modules" || ENVIRONMENT_KEYS.includes(key))),
    ),
  );
}

/** The settings that somebody has chosen: not those that `init` writes, and no default. */
export function settingsOfTheOwner(configText: string | null): string[] {
  const defaults = new Map<string, unknown>(Object.entries(DEFAULT_CONFIG));
  return Object.entries(written(configText))
    .filter(
      ([key, setting]) =>
        !["$schema", "modules", ...ENVIRONMENT_KEYS].includes(key) &&
        JSON.stringify(setting) !== JSON.stringify(defaults.get(key)),
    )
    .map(([key]) => key);
}

async function projectName(root: AbsolutePath): Promise<string> {
  const text = await readProjectFile(root, PACKAGE_FILE);
  const manifest = text === null ? null : parseJson(text, PACKAGE_FILE).value;
  const { name: named } = asRecord(manifest);
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

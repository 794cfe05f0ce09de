/** Reading and writing `adw.config.json` and `adw.lock.json`. */
import { resolve } from "node:path";
import {
  CONFIG_FILE,
  DEFAULT_CONFIG,
  parseConfig,
  type AdwConfig,
  type AdwConfigInput,
} from "../domain/config.ts";
import { ConfigError } from "../domain/errors.ts";
import { EMPTY_LOCK, LOCK_FILE, parseLock, type Lock } from "../domain/lock.ts";
import { editJson, parseJson, type JsonEdit } from "./json-text.ts";
import { readProjectFile, readTextIfExists } from "./project-files.ts";

export interface LoadedConfig {
  /** Complete and valid. */
  config: AdwConfig;
  /** The file's text; null when there is no file and the defaults hold. */
  text: string | null;
}

/**
 * Reads and checks a project's configuration.
 *
 * @param file - another file than `adw.config.json`, relative to the project
 * @throws {ConfigError} for broken JSON, an invalid value, or a named file that
 * does not exist.
 */
export async function readConfig(
  root: string,
  file?: string,
): Promise<LoadedConfig> {
  const name = file ?? CONFIG_FILE;
  const text = await readTextIfExists(resolve(root, name)).catch(
    (error: unknown) => {
      throw new ConfigError("CONFIG_UNREADABLE", `cannot read ${name}`, {
        cause: error,
        where: { file: name },
        hint: "Name a file that you can read.",
      });
    },
  );
  if (text === null) {
    if (file === undefined) return { config: DEFAULT_CONFIG, text: null };
    throw new ConfigError("CONFIG_MISSING", `there is no ${name}`, {
      where: { file: name },
      hint: "Name an existing file with --config, or leave the option out.",
    });
  }
  const document = parseJson(text, name);
  return { config: parseConfig(document.value, document.locate), text };
}

/** The configuration's text with some values changed; formatting and order stay. */
export function editConfigText(
  text: string | null,
  changes: AdwConfigInput,
  schemaPath: string,
): string {
  const original =
    text ?? `${JSON.stringify({ $schema: schemaPath }, null, 2)}\n`;
  // Ours follows adws_dir; a $schema of the owner's own choice stays.
  const ours = /^\.\/.*\/schema\/adw\.config\.schema\.json$/;
  const { value } = parseJson(original, CONFIG_FILE);
  const present =
    typeof value === "object" && value !== null && "$schema" in value
      ? String(value.$schema)
      : "";
  const edits: JsonEdit[] = Object.entries(changes).map(([key, setting]) => ({
    path: [key],
    value: setting,
  }));
  if (ours.test(present) && present !== schemaPath) {
    edits.push({ path: ["$schema"], value: schemaPath });
  }
  return editJson(original, edits);
}

/** @throws {ConfigError} for a broken lock or one that a newer version wrote. */
export async function readLock(
  root: string,
): Promise<{ lock: Lock; text: string | null }> {
  const text = await readProjectFile(root, LOCK_FILE);
  if (text === null) return { lock: EMPTY_LOCK, text };
  return { lock: parseLock(parseJson(text, LOCK_FILE).value), text };
}

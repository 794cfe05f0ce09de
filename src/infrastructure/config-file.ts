/** Reading and writing `adw.config.json`. */
import { resolve } from "node:path";
import {
  CONFIG_FILE,
  DEFAULT_CONFIG,
  parseConfig,
  type AdwConfig,
  type AdwConfigInput,
  type Locate,
} from "../domain/config.ts";
import { AdwError, ConfigError } from "../domain/errors.ts";
import { mergeMarkerLine } from "../domain/merge-markers.ts";
import { editJson, parseJson, type JsonEdit } from "./json-text.ts";
import { asRecord } from "./json-values.ts";
import { readTextIfExists } from "./project-files.ts";

export interface LoadedConfig {
  /** Complete and valid. */
  config: AdwConfig;
  /** The file's text; null when there is no file and the defaults hold. */
  text: string | null;
  /** The same, or what was made of it where a merge had left two versions in it. */
  settledText: string | null;
  /** Where a value stands in the file. */
  locate: Locate;
}

/**
 * Reads and checks a project's configuration.
 *
 * @param file - another file than `adw.config.json`, relative to the project
 * @param settle - makes one text of one with conflict markers; undefined where it cannot
 * @throws {ConfigError} for broken JSON, an invalid value, or a named file that
 * does not exist.
 */
export async function readConfig(
  root: string,
  file?: string,
  settle?: (text: string) => Promise<string | undefined>,
): Promise<LoadedConfig> {
  const name = file ?? CONFIG_FILE;
  const text = await readTextIfExists(resolve(root, name)).catch(
    (error: unknown) => {
      throw new ConfigError("CONFIG_UNREADABLE", unreadable(name, error), {
        cause: error,
        where: { file: name },
        hint: "Fix that, or name another file with --config.",
      });
    },
  );
  if (text === null) {
    if (file === undefined)
      return {
        config: DEFAULT_CONFIG,
        text: null,
        settledText: null,
        locate: () => undefined,
      };
    throw new ConfigError("CONFIG_MISSING", `there is no ${name}`, {
      where: { file: name },
      hint: "Name an existing file with --config, or leave the option out.",
    });
  }
  const settledText =
    settle !== undefined && mergeMarkerLine(text) !== undefined
      ? ((await settle(text)) ?? text)
      : text;
  const { value, locate } = parseJson(settledText, name);
  return { config: parseConfig(value, locate), text, settledText, locate };
}

/** Why a file cannot be read, in the words of whoever found out. */
function unreadable(name: string, error: unknown): string {
  if (error instanceof AdwError && error.code === "NOT_UTF8")
    return `${name} is not UTF-8 text`;
  const cause = error instanceof AdwError ? error.cause : error;
  const reason = cause instanceof Error ? `: ${cause.message}` : "";
  return `cannot read ${name}${reason}`;
}

/**
 * The configuration's text with some values changed; formatting and order stay.
 *
 * @param schemaPath - where our JSON Schema is; undefined when it goes
 */
export function editConfigText(
  text: string | null,
  changes: AdwConfigInput,
  schemaPath: string | undefined,
): string {
  const original =
    text ?? `${JSON.stringify({ $schema: schemaPath }, null, 2)}\n`;
  // Ours follows adws_dir; a $schema of the owner's own choice stays.
  const ours = /^\.\/.*\/schema\/adw\.config\.schema\.json$/;
  const { value } = parseJson(original, CONFIG_FILE);
  const present = asRecord(value)["$schema"];
  const edits: JsonEdit[] = Object.entries(changes).map(([key, setting]) => ({
    path: [key],
    value: setting,
  }));
  if (
    typeof present === "string" &&
    ours.test(present) &&
    present !== schemaPath
  ) {
    edits.push({ path: ["$schema"], value: schemaPath });
  }
  return editJson(original, edits);
}

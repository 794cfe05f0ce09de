/** From untrusted values to a complete {@link AdwConfig}, or an error that says what to do. */
import * as v from "valibot";
import type { ConfigKind } from "./config-kind.ts";
import { CONFIG_KEYS, CONFIG_SCHEMA } from "./config-schema.ts";
import { ConfigError, type SourceLocation } from "./errors.ts";
import { explainIssue } from "./issue-words.ts";
import { nearest } from "./nearest.ts";
import { projectPath } from "./paths.ts";
import type { AdwConfig } from "../generated/config-type.ts";
import { DEFAULT_CONFIG } from "../generated/default-config.ts";

/** File name of the configuration, at the root of the project. */
export const CONFIG_FILE = projectPath("adw.config.json");

/** The complete configuration: every key has a value. */
export type { AdwConfig };

/** What a user writes: every key optional. */
export type AdwConfigInput = Partial<AdwConfig>;

/** One thing that is wrong with a configuration. */
export interface ConfigProblem {
  /** Path to the value, such as `["allowed_origins", 0]`. */
  path: readonly (string | number)[];
  message: string;
  hint?: string;
  /** The name is wrong, not the value. */
  isName?: boolean;
}

/** Tells where a value stands in its file, for error messages. */
export type Locate = (
  path: readonly (string | number)[],
  part?: "value" | "name",
) => SourceLocation | undefined;

/**
 * Checks the values and fills in the defaults.
 *
 * @throws {ConfigError} code `CONFIG_INVALID`, naming every problem.
 */
export function parseConfig(
  input: unknown,
  locate: Locate = () => undefined,
): AdwConfig {
  if (Array.isArray(input)) {
    const path: string[] = [];
    const message = "the configuration must be a JSON object, not a list";
    throw configError([{ path, message }], locate);
  }
  const result = v.safeParse(CONFIG_SCHEMA, withoutSchemaKey(input));
  if (result.success) return withDatabase(input, result.output);
  throw configError(result.issues.map(toProblem), locate);
}

/** Where the database goes unless it is told to go elsewhere. */
export function defaultDatabasePath({
  adws_dir,
}: Pick<AdwConfig, "adws_dir">): string {
  return `${adws_dir}/schema/orchestrator.db`;
}

function withDatabase(input: unknown, config: AdwConfig): AdwConfig {
  const isSet =
    typeof input === "object" &&
    input !== null &&
    "database_path" in input &&
    input.database_path !== undefined;
  return isSet
    ? config
    : { ...config, database_path: defaultDatabasePath(config) };
}

/** Some settings changed; the database follows `adws_dir` unless it was put elsewhere. */
export function changeConfig(
  config: AdwConfig,
  changes: AdwConfigInput,
): AdwConfig {
  const { database_path, ...others } = config;
  return parseConfig(
    database_path === defaultDatabasePath(config)
      ? { ...others, ...changes }
      : { ...config, ...changes },
  );
}

/** What is allowed and hardly meant. */
export function configNotes(config: AdwConfig): string[] {
  const { idle_timeout_seconds: idle, ping_interval_seconds: ping } = config;
  return idle > ping
    ? []
    : [
        `idle_timeout_seconds (${idle}) is not more than ping_interval_seconds (${ping}): a client that only listens is closed before it is first pinged.`,
      ];
}

/** The configuration with nothing set, as the build has taken it from the schema. */
export { DEFAULT_CONFIG };

/** `$schema` is for editors; it is not a setting. */
function withoutSchemaKey(input: unknown): unknown {
  if (typeof input !== "object" || input === null) {
    return input;
  }
  return Object.fromEntries(
    Object.entries(input).filter(([key]) => key !== "$schema"),
  );
}

type Issue = v.InferIssue<typeof CONFIG_SCHEMA>;

function toProblem(issue: Issue): ConfigProblem {
  const path: (string | number)[] = (issue.path ?? []).map((item) =>
    typeof item.key === "number" ? item.key : String(item.key),
  );
  const key = path[0];
  if (issue.type === "strict_object") {
    if (typeof key !== "string") {
      return {
        path,
        message: `the configuration must be a JSON object, not ${issue.received}`,
      };
    }
    const match = nearest(key, CONFIG_KEYS);
    return {
      path,
      isName: true,
      message: `unknown key "${key}"`,
      hint:
        match === undefined
          ? `Known keys: ${CONFIG_KEYS.join(", ")}.`
          : `Did you mean "${match}"?`,
    };
  }
  return { path, message: `${formatPath(path)} ${explainIssue(issue)}` };
}

/** `allowed_origins[0]` */
function formatPath(path: readonly (string | number)[]): string {
  return path
    .map((part, index) =>
      typeof part === "number" ? `[${part}]` : index === 0 ? part : `.${part}`,
    )
    .join("");
}

function configError(
  problems: readonly ConfigProblem[],
  locate: Locate,
): ConfigError {
  const [first] = problems;
  const where =
    first && locate(first.path, first.isName === true ? "name" : "value");
  if (first !== undefined && problems.length === 1) {
    const { message, hint } = first;
    return new ConfigError("CONFIG_INVALID", message, { where, hint });
  }
  const all = problems.map(({ message, hint }) =>
    [message, hint].filter(Boolean).join(". "),
  );
  const message = `${problems.length} problems: ${all.join("; ")}`;
  return new ConfigError("CONFIG_INVALID", message, { where });
}

/**
 * One key's value from text, as flags and prompts give it. Lists are separated
 * by commas. Whether the value is in bounds is {@link parseConfig}'s business.
 */
export function configValueFromText(kind: ConfigKind, text: string): unknown {
  if (kind === "number") {
    return /^-?\d+$/.test(text.trim()) ? Number(text) : text;
  }
  if (kind === "boolean" && /^(?:true|false)$/.test(text)) {
    return text === "true";
  }
  if (kind === "list") {
    return text
      .split(",")
      .map((item) => item.trim())
      .filter((item) => item !== "");
  }
  return text;
}

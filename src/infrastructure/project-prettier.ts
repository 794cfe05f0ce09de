/**
 * What is written follows the project's own prettier configuration. Without
 * prettier, everything stays as rendered: by prettier's defaults.
 */
import { join } from "node:path";
import { ConfigError } from "../domain/errors.ts";
import { asRecord } from "./json-values.ts";
import { findUpwards } from "./upwards.ts";

/** Formats one file's text the project's way. */
export type Formatter = (path: string, text: string) => Promise<string>;

/** Leaves every text as it was rendered. */
export const asRendered: Formatter = (_path, text) => Promise.resolve(text);

/** The part of prettier's API that is used here (prettier 3). */
interface Prettier {
  resolveConfig(
    file: string,
    options: { editorconfig: boolean },
  ): Promise<object | null>;
  getFileInfo(
    file: string,
    options: { ignorePath: string[] },
  ): Promise<{ ignored: boolean; inferredParser: string | null }>;
  format(text: string, options: object): Promise<string>;
}

/**
 * The project's formatter. Loads prettier with the first file that is to be
 * formatted, and only where the project has it. What it gives throws a
 * {@link ConfigError} with the code `PRETTIER_FAILED` where prettier does: its
 * configuration is broken, or names what is not installed.
 */
export async function projectFormatter(root: string): Promise<Formatter> {
  let loaded: { prettier: Prettier | undefined } | undefined;
  const ignorePath = [join(root, ".prettierignore")];
  const format = async (path: string, text: string) => {
    loaded ??= { prettier: loadPrettier(root) };
    const { prettier } = loaded;
    if (prettier === undefined) return text;
    const file = join(root, path);
    const options = await prettier.resolveConfig(file, { editorconfig: true });
    // Templates are formatted by the defaults already; JSON comes from edits too.
    if (options === null && !path.endsWith(".json")) return text;
    const { ignored, inferredParser } = await prettier.getFileInfo(file, {
      ignorePath,
    });
    if (ignored || inferredParser === null) return text;
    return prettier.format(text, { ...options, filepath: file });
  };
  return async (path, text) => {
    try {
      return await format(path, text);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new ConfigError(
        "PRETTIER_FAILED",
        `your prettier cannot format ${path}: ${message}`,
        {
          cause: error,
          hint: "Nothing was written. Fix the project's prettier configuration (npx prettier --check . tells more), then run the command again.",
        },
      );
    }
  };
}

function loadPrettier(root: string): Prettier | undefined {
  if (!mayHavePrettier(root)) return undefined;
  // Loaded by the few who have prettier: it takes its time.
  const { createRequire } = process.getBuiltinModule("node:module");
  const requireInProject = createRequire(join(root, "package.json"));
  let entry: string;
  try {
    entry = requireInProject.resolve("prettier");
  } catch {
    return undefined;
  }
  const loaded: unknown = requireInProject(entry);
  return isPrettier(loaded) ? loaded : undefined;
}

/** Looking is a tenth of what it costs to be told by an error that it is not there. */
function mayHavePrettier(root: string): boolean {
  // Yarn's Plug'n'Play has no folders to look into.
  if (process.versions["pnp"] !== undefined) return true;
  return findUpwards(root, "node_modules/prettier") !== undefined;
}

function isPrettier(value: unknown): value is Prettier {
  const api = asRecord(value);
  return "resolveConfig" in api && "getFileInfo" in api && "format" in api;
}

/**
 * A file that was edited rather than rendered, the project's way if it was so
 * before: the user's own formatting is not touched.
 *
 * @param before - null for a file that is new
 */
export async function formatEdited(
  format: Formatter,
  {
    path,
    before,
    after,
  }: { path: string; before: string | null; after: string },
): Promise<string> {
  if (before === after) return after;
  if (before !== null && (await format(path, before)) !== before) return after;
  return format(path, after);
}

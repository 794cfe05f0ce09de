/**
 * Rendered files follow the project's own prettier configuration. Without one,
 * or without prettier, they stay as rendered: already formatted by prettier's
 * defaults.
 */
import { createRequire } from "node:module";
import { join } from "node:path";

/** Formats one file's text the project's way. */
export type Formatter = (path: string, text: string) => Promise<string>;

const asRendered: Formatter = (_path, text) => Promise.resolve(text);

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

/** The project's formatter. Loads prettier only where the project has it. */
export async function projectFormatter(root: string): Promise<Formatter> {
  const prettier = loadPrettier(root);
  if (prettier === undefined) return asRendered;
  const ignorePath = [join(root, ".prettierignore")];
  return async (path, text) => {
    const file = join(root, path);
    const options = await prettier.resolveConfig(file, { editorconfig: true });
    if (options === null) return text;
    const { ignored, inferredParser } = await prettier.getFileInfo(file, {
      ignorePath,
    });
    if (ignored || inferredParser === null) return text;
    return prettier.format(text, { ...options, filepath: file });
  };
}

function loadPrettier(root: string): Prettier | undefined {
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

function isPrettier(value: unknown): value is Prettier {
  return (
    typeof value === "object" &&
    value !== null &&
    "resolveConfig" in value &&
    "getFileInfo" in value &&
    "format" in value
  );
}

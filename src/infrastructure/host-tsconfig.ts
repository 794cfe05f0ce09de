/**
 * The host project's own type check. The rendered folder has a tsconfig.json of
 * its own; a tsconfig of the project that takes it in too, and does not allow
 * `.ts` import specifiers, would report TS5097 in every file.
 */
import { dirname, join, relative } from "node:path";
import { editJson } from "./json-text.ts";
import { jsonc } from "./jsonc.ts";
import { readProjectFile, readTextIfExists } from "./project-files.ts";
import { isInsideProject } from "../domain/paths.ts";

/** A change to one of the project's tsconfig files. */
export interface TsconfigEdit {
  /** Relative to the project. */
  path: string;
  before: string;
  after: string;
}

/** What decides which files a tsconfig takes in, its `extends` followed. */
interface FileSelection {
  files?: readonly string[];
  include?: readonly string[];
  exclude?: readonly string[];
  allowsTsImports: boolean;
}

const ROOT_TSCONFIG = "tsconfig.json";

/**
 * The edits that keep the project's own `tsc` out of the rendered folder: none
 * where its tsconfig files leave it out already, or allow `.ts` imports.
 */
export async function excludeFromTsconfigs(
  root: string,
  adwsDir: string,
): Promise<TsconfigEdit[]> {
  const edits: TsconfigEdit[] = [];
  for (const path of await projectTsconfigs(root)) {
    const before = await readProjectFile(root, path);
    if (before === null) continue;
    const selection = await fileSelection(join(root, path));
    const folder = relative(
      dirname(join(root, path)),
      join(root, adwsDir),
    ).replaceAll("\\", "/");
    if (selection.allowsTsImports || !takesIn(selection, folder)) continue;
    const exclude = selection.exclude ?? ["node_modules"];
    const after = editJson(before, [
      { path: ["exclude"], value: [...exclude, folder] },
    ]);
    edits.push({ path, before, after });
  }
  return edits;
}

/** The same in words, for commands that do not touch tsconfig files. */
export async function tsconfigAdvice(
  root: string,
  adwsDir: string,
): Promise<string[]> {
  const edits = await excludeFromTsconfigs(root, adwsDir);
  return edits.map(
    ({ path }) =>
      `${path} takes in ${adwsDir}/, which has a tsconfig.json of its own. Add "exclude": ["${adwsDir}"] to yours, and check the folder with: npx tsc -p ${adwsDir}`,
  );
}

/** tsconfig.json, and what it references inside the project. */
async function projectTsconfigs(root: string): Promise<string[]> {
  const text = await readTextIfExists(join(root, ROOT_TSCONFIG));
  if (text === null) return [];
  const references = asRecord(jsonc().parse(text))["references"];
  const paths = (Array.isArray(references) ? references : []).flatMap(
    (reference) => {
      const path = asRecord(reference)["path"];
      if (typeof path !== "string") return [];
      const file = path.endsWith(".json") ? path : `${path}/${ROOT_TSCONFIG}`;
      const inside = relative(root, join(root, file)).replaceAll("\\", "/");
      return isInsideProject(inside) ? [inside] : [];
    },
  );
  return [...new Set([ROOT_TSCONFIG, ...paths])];
}

/** A setting here takes the place of an inherited one, as in TypeScript. */
async function fileSelection(
  file: string,
  trail: readonly string[] = [],
): Promise<FileSelection> {
  const text = trail.includes(file) ? null : await readTextIfExists(file);
  const tsconfig = asRecord(text === null ? {} : jsonc().parse(text));
  const options = asRecord(tsconfig["compilerOptions"]);
  const inherited: FileSelection = { allowsTsImports: false };
  for (const name of strings([tsconfig["extends"]].flat())) {
    const base = resolveBase(name, file);
    if (base === undefined) continue;
    Object.assign(inherited, await fileSelection(base, [...trail, file]));
  }
  const own: Partial<FileSelection> = {};
  for (const key of ["files", "include", "exclude"] as const) {
    const value = tsconfig[key];
    if (Array.isArray(value)) own[key] = strings(value);
  }
  const allows =
    options["allowImportingTsExtensions"] ??
    options["rewriteRelativeImportExtensions"];
  return {
    ...inherited,
    ...own,
    ...(typeof allows === "boolean" ? { allowsTsImports: allows } : {}),
  };
}

/** The file that `extends` names: a path, or a module of an installed package. */
function resolveBase(name: string, from: string): string | undefined {
  if (name.startsWith(".") || name.startsWith("/")) {
    const file = name.startsWith("/") ? name : join(dirname(from), name);
    return file.endsWith(".json") ? file : `${file}.json`;
  }
  const { createRequire } = process.getBuiltinModule("node:module");
  for (const candidate of [name, `${name}.json`, `${name}/${ROOT_TSCONFIG}`]) {
    try {
      return createRequire(from).resolve(candidate);
    } catch {
      // not this spelling
    }
  }
  return undefined;
}

/** Whether any rendered file is part of the compilation; asked of one of them. */
function takesIn(
  { files, include, exclude = [] }: FileSelection,
  folder: string,
): boolean {
  if (folder.startsWith("..")) return false;
  const sample = `${folder}/adw_modules/adw_websockets.ts`;
  if (files !== undefined && include === undefined) return false;
  return (
    (include ?? ["**/*"]).some((glob) => includePattern(glob).test(sample)) &&
    !exclude.some((glob) => excludePattern(glob).test(sample))
  );
}

/** A name without a dot or a wildcard at the end is a folder with all that is in it. */
function includePattern(glob: string): RegExp {
  const isFolder = !/[.*?][^/]*$/.test(withoutDots(glob));
  return new RegExp(`^${regexBody(glob)}${isFolder ? "(?:/|$)" : "$"}`);
}

/** What matches the start of a path, up to a `/`, is left out. */
function excludePattern(glob: string): RegExp {
  return new RegExp(`^${regexBody(glob)}(?:/|$)`);
}

function withoutDots(glob: string): string {
  const clean = glob
    .replace("${configDir}", ".")
    .replace(/^(?:\.\/)+/, "")
    .replace(/\/+$/, "");
  return clean === "." || clean === "" ? "**/*" : clean;
}

/** `**` is any number of folders; `*` and `?` stay within one name. */
function regexBody(glob: string): string {
  return withoutDots(glob)
    .split(/(\*\*\/|\*\*$|\*|\?)/)
    .map(
      (part) =>
        WILDCARDS[part] ??
        part.replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`),
    )
    .join("");
}

const WILDCARDS: Readonly<Record<string, string>> = {
  "**/": "(?:[^/]+/)*",
  "**": ".*",
  "*": "[^/]*",
  "?": "[^/]",
};

function strings(values: readonly unknown[]): string[] {
  return values.filter((value) => typeof value === "string");
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : {};
}

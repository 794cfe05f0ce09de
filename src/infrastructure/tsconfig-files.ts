/** Which files a tsconfig.json compiles, as TypeScript sees it: `extends` followed, implicit rules included. */
import { dirname, join, relative, resolve } from "node:path";
import { readJsonWithComments } from "./json-list.ts";
import { asRecord } from "./json-values.ts";

/** Reads a file by its absolute path; null where there is none. */
export type ReadFile = (file: string) => Promise<string | null>;

/** One tsconfig with what it inherits. Paths and patterns are absolute. */
export interface Tsconfig {
  file: string;
  /** What it is read from: itself, and what it extends, nearest first. */
  chain: readonly string[];
  files?: readonly string[];
  include?: readonly string[];
  exclude?: readonly string[];
  /** The file of the chain whose `exclude` counts. */
  excludedBy?: string;
  options: Readonly<Record<string, unknown>>;
  /** `outDir` and `declarationDir`: left out as long as nothing has an `exclude`. */
  outputs: readonly string[];
  /** The tsconfig files that it references. */
  references: readonly string[];
  /** Files of the chain that are not JSON with comments. */
  broken: readonly string[];
}

const FILE_NAME = "tsconfig.json";
const OUTPUTS = ["outDir", "declarationDir"] as const;

/** Reads a tsconfig; undefined where there is no such file. */
export async function readTsconfig(
  file: string,
  read: ReadFile,
): Promise<Tsconfig | undefined> {
  return readFrom(file, { read, start: file, trail: [] });
}

interface Reading {
  read: ReadFile;
  /** The tsconfig that `${configDir}` means. */
  start: string;
  /** Guards against files that extend each other. */
  trail: readonly string[];
}

/** A setting here takes the place of an inherited one, as in TypeScript. */
async function readFrom(
  file: string,
  reading: Reading,
): Promise<Tsconfig | undefined> {
  const { read, start, trail } = reading;
  const text = trail.includes(file) ? null : await read(file);
  if (text === null) return undefined;
  const value = text.trim() === "" ? {} : readJsonWithComments(text);
  const json = asRecord(value);
  const bases: Tsconfig[] = [];
  for (const name of strings([json["extends"]].flat())) {
    const within = { ...reading, trail: [...trail, file] };
    const base = await readBase(name, file, within);
    if (base !== undefined) bases.push(base);
  }
  const broken = bases.flatMap((base) => base.broken);
  const absolute = (path: string) =>
    path.startsWith("${configDir}")
      ? join(dirname(start), path.slice("${configDir}".length))
      : resolve(dirname(file), path);
  const lists = (key: "files" | "include" | "exclude") => {
    const list = json[key];
    return Array.isArray(list) ? { [key]: strings(list).map(absolute) } : {};
  };
  const options = asRecord(json["compilerOptions"]);
  const outputs = strings(OUTPUTS.map((key) => options[key])).map(absolute);
  const references = Array.isArray(json["references"])
    ? strings(json["references"].map((entry) => asRecord(entry)["path"]))
    : [];
  return {
    ...Object.assign({}, ...bases),
    ...lists("files"),
    ...lists("include"),
    ...lists("exclude"),
    ...(Array.isArray(json["exclude"]) ? { excludedBy: file } : {}),
    file,
    chain: [file, ...bases.flatMap(({ chain }) => chain)],
    options: Object.assign({}, ...bases.map((base) => base.options), options),
    outputs:
      outputs.length > 0
        ? outputs
        : (bases.findLast((base) => base.outputs.length > 0)?.outputs ?? []),
    references: references.map((path) =>
      path.endsWith(".json") ? absolute(path) : join(absolute(path), FILE_NAME),
    ),
    broken: value === undefined ? [file, ...broken] : broken,
  };
}

/** What `extends` names: a path, or a module of an installed package. */
async function readBase(
  name: string,
  from: string,
  reading: Reading,
): Promise<Tsconfig | undefined> {
  if (/^\.{0,2}\//.test(name) || name === "." || name === "..") {
    const path = resolve(dirname(from), name);
    return (
      (path.endsWith(".json")
        ? undefined
        : await readFrom(`${path}.json`, reading)) ??
      (await readFrom(path, reading))
    );
  }
  const { createRequire } = process.getBuiltinModule("node:module");
  for (const candidate of [name, `${name}.json`, `${name}/${FILE_NAME}`]) {
    let file: string;
    try {
      file = createRequire(from).resolve(candidate);
    } catch {
      continue; // not this spelling
    }
    // The main entry of a package is code, where it is not a tsconfig.
    if (file.endsWith(".json")) return readFrom(file, reading);
  }
  return undefined;
}

/** Whether one of these files, named by absolute paths, is compiled. */
export function includesAny(
  { file, files, include, exclude, outputs, options }: Tsconfig,
  candidates: readonly string[],
): boolean {
  if (files !== undefined && include === undefined) return false;
  const root = toPosix(dirname(file));
  const takesJavaScript =
    options["allowJs"] === true ||
    (options["allowJs"] === undefined && options["checkJs"] === true) ||
    /[\\/]jsconfig[^\\/]*$/.test(file);
  const included = (include ?? [`${root}/**/*`]).map(includePattern);
  const excluded = (exclude ?? outputs).map(excludePattern);
  return candidates
    .filter(
      (path) =>
        /\.[cm]?tsx?$/.test(path) ||
        (takesJavaScript && /\.[cm]?jsx?$/.test(path)),
    )
    .map(toPosix)
    .some(
      (path) =>
        included.some((pattern) => pattern.test(path)) &&
        !excluded.some((pattern) => pattern.test(path)),
    );
}

/** A name without a dot or a wildcard at the end is a folder with all that is in it. */
function includePattern(glob: string): RegExp {
  const clean = toPosix(glob).replace(/\/+$/, "");
  const isFolder = !/[.*?][^/]*$/.test(clean);
  const body = regexBody(isFolder ? `${clean}/**/*` : clean, INCLUDE_WILDCARDS);
  return new RegExp(`^${body}$`);
}

/** What matches the start of a path, up to a `/`, is left out. */
function excludePattern(glob: string): RegExp {
  const body = regexBody(toPosix(glob).replace(/\/+$/, ""), EXCLUDE_WILDCARDS);
  return new RegExp(`^${body}(?:/|$)`);
}

function regexBody(
  glob: string,
  wildcards: Readonly<Record<string, string>>,
): string {
  return glob
    .split(/(\*\*\/|\*\*$|\*|\?)/)
    .map(
      (part) =>
        wildcards[part] ??
        part.replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`),
    )
    .join("");
}

/** `**` is any number of folders; `*` and `?` stay within one name. */
const EXCLUDE_WILDCARDS: Readonly<Record<string, string>> = {
  "**/": "(?:[^/]+/)*",
  "**": ".*",
  "*": "[^/]*",
  "?": "[^/]",
};

/** No folder of packages, and none whose name starts with a dot, is included by a wildcard. */
const INCLUDE_WILDCARDS: Readonly<Record<string, string>> = {
  ...EXCLUDE_WILDCARDS,
  "**/": "(?:(?!(?:node_modules|bower_components|jspm_packages)/)[^/.][^/]*/)*",
};

/** A path as a tsconfig in that folder names it. */
export function fromFolder(folder: string, path: string): string {
  return toPosix(relative(folder, path)) || ".";
}

function toPosix(path: string): string {
  return path.replaceAll("\\", "/");
}

function strings(values: readonly unknown[]): string[] {
  return values.filter((value) => typeof value === "string");
}

/**
 * The host project's own type check. The rendered folder has a tsconfig.json of
 * its own; a tsconfig of the project that includes it too would report TS5097 in
 * every file, or move its output.
 */
import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { addToJsonList } from "./json-list.ts";
import { readTextIfExists } from "./project-files.ts";
import {
  fromFolder,
  includesAny,
  readTsconfig,
  type ReadFile,
  type Tsconfig,
} from "./tsconfig-files.ts";
import { isInsideProject, type ProjectPath } from "../domain/paths.ts";
import { isInRepository, upToRepository } from "./upwards.ts";

/** A change to one of the project's own files. */
export interface TsconfigEdit {
  path: ProjectPath;
  before: string;
  after: string;
}

export interface TsconfigQuestion {
  root: string;
  adwsDir: string;
  /** The rendered files. */
  files: readonly ProjectPath[];
  /** Reads a file of the project; the disk without it. */
  read?: (path: ProjectPath) => Promise<string | null>;
  /** Longest line that the project's formatter allows. */
  width?: number;
}

export interface TsconfigAnswer {
  /** What keeps the project's own `tsc` out of the rendered folder. */
  edits: TsconfigEdit[];
  /** Files that are not JSON with comments: nothing is known of them, and they stay as they are. */
  broken: string[];
  /** Files with something else in the place of a list of exclusions. */
  uneditable: string[];
  /** Those above the project, as far as the top of its repository, and what they have to exclude. */
  above: { path: string; entry: string }[];
}

/**
 * Looks at every tsconfig in the project's folder, what those reference, and those in
 * folders below that name files outside of their own. None is edited where the rendered
 * folder is left out already.
 */
export async function examineTsconfigs(
  question: TsconfigQuestion,
): Promise<TsconfigAnswer> {
  const { root, adwsDir, files, width } = question;
  const rendered = files.map((file) => join(root, file));
  const edited = new Map<ProjectPath, TsconfigEdit>();
  const broken = new Set<string>();
  const uneditable = new Set<string>();
  const read: ReadFile = async (file) => {
    const path = fromFolder(root, file);
    if (!isInsideProject(path)) return readTextIfExists(file);
    const after = edited.get(path)?.after;
    return after ?? question.read?.(path) ?? readTextIfExists(file);
  };
  const all = await projectTsconfigs(root, read);
  all.push(...(await outreaching(root, adwsDir, all, read)));
  for (const { file } of all) {
    // Read again: an edit before this one may have been to what it extends.
    const tsconfig = await readTsconfig(file, read);
    if (tsconfig === undefined) continue;
    for (const name of tsconfig.broken) broken.add(fromFolder(root, name));
    if (tsconfig.broken.length > 0 || isBase(tsconfig, all)) continue;
    if (!includesAny(tsconfig, rendered) || checksTsImports(tsconfig)) continue;
    // The file whose `exclude` counts, where it is the project's to edit.
    const path = [tsconfig.excludedBy ?? file, file]
      .map((candidate) => fromFolder(root, candidate))
      .find(isInsideProject);
    if (path === undefined) continue;
    const owner = join(root, path);
    const before = edited.get(path)?.before ?? (await read(owner));
    const text = await read(owner);
    if (before === null || text === null) continue;
    const folder = dirname(owner);
    const after = addToJsonList(text, {
      path: ["exclude"],
      values: toExclude(question, tsconfig).map((path) =>
        fromFolder(folder, path),
      ),
      whenNew: await formerExclusions(root, tsconfig, owner, read),
      ...(width === undefined ? {} : { width }),
    });
    if (after === undefined) uneditable.add(path);
    else edited.set(path, { path, before, after });
  }
  return {
    edits: [...edited.values()],
    broken: [...broken],
    uneditable: [...uneditable],
    above: await tsconfigsAbove(question, all),
  };
}

/**
 * The rendered folder; where a tsconfig names that folder itself, its owner's code
 * there stays in, and the rendered files are left out one by one.
 */
function toExclude(
  { root, adwsDir, files }: TsconfigQuestion,
  { include = [] }: Tsconfig,
): string[] {
  const folder = join(root, adwsDir);
  if (!include.some((path) => `${path}/`.startsWith(`${folder}/`)))
    return [folder];
  const code = files
    .filter((path) => path.startsWith(`${adwsDir}/`))
    .filter((path) => /\.[cm]?[jt]sx?$/.test(path))
    .map((path) => path.slice(adwsDir.length + 1).split("/")[0] ?? "");
  return [...new Set(code)].toSorted().map((name) => join(folder, name));
}

/** Nothing outside the project is edited: its owner is told. */
async function tsconfigsAbove(
  { root, adwsDir, files }: TsconfigQuestion,
  own: readonly Tsconfig[],
): Promise<TsconfigAnswer["above"]> {
  if (!isInRepository(root)) return [];
  const rendered = files.map((file) => join(root, file));
  const found: TsconfigAnswer["above"] = [];
  for (const folder of upToRepository(root).slice(1)) {
    for (const { name } of await entriesOf(folder)) {
      if (!TSCONFIG.test(name)) continue;
      const file = join(folder, name);
      // One that cannot be read is its owner's concern.
      const tsconfig = await readTsconfig(file, readTextIfExists).catch(
        () => undefined,
      );
      if (tsconfig === undefined || tsconfig.broken.length > 0) continue;
      // Without a list of its own it is there to be extended.
      const isBase =
        (tsconfig.include ?? tsconfig.files ?? tsconfig.exclude) ===
          undefined &&
        (!/[jt]sconfig\.json$/.test(name) ||
          own.some(({ chain }) => chain.includes(file)));
      if (isBase || checksTsImports(tsconfig)) continue;
      if (includesAny(tsconfig, rendered))
        found.push({
          path: fromFolder(root, file),
          entry: fromFolder(folder, join(root, adwsDir)),
        });
    }
  }
  return found;
}

/** The same in words, for commands that do not touch tsconfig files. */
export async function tsconfigAdvice(
  question: TsconfigQuestion,
): Promise<string[]> {
  const { adwsDir } = question;
  const { edits } = await examineTsconfigs(question);
  return edits.map(
    ({ path }) =>
      `${path} includes ${adwsDir}/, which has a tsconfig.json of its own. Leave what is rendered out of yours (adw-scaffold doctor --fix does it), and check the folder with: npx tsc -p ${adwsDir}`,
  );
}

/** All in the project's folder, tsconfig.json first, and what they reference inside the project. */
async function projectTsconfigs(
  root: string,
  read: ReadFile,
): Promise<Tsconfig[]> {
  const names = (await entriesOf(root))
    .map(({ name }) => name)
    .filter((name) => TSCONFIG.test(name));
  const queue = names
    .toSorted((a, b) => a.length - b.length || (a < b ? -1 : 1))
    .map((name) => join(root, name));
  const found: Tsconfig[] = [];
  for (const file of queue) {
    const tsconfig = await readTsconfig(file, read);
    if (tsconfig === undefined) continue;
    found.push(tsconfig);
    for (const reference of tsconfig.references) {
      const inside = isInsideProject(fromFolder(root, reference));
      if (inside && !queue.includes(reference)) queue.push(reference);
    }
  }
  return found;
}

/**
 * In folders below the project's, those that may include files above their own folder:
 * `config/tsconfig.json` with `../src`. One that another extends compiles nothing, and
 * one that is broken may be a fixture.
 */
async function outreaching(
  root: string,
  adwsDir: string,
  known: readonly Tsconfig[],
  read: ReadFile,
): Promise<Tsconfig[]> {
  const isKnown = (path: string) => known.some(({ file }) => file === path);
  const found: Tsconfig[] = [];
  for (const file of await tsconfigsBelow(root)) {
    if (isKnown(file) || file.startsWith(join(root, adwsDir, "/"))) continue;
    if ((await read(file))?.includes("..") !== true) continue;
    const tsconfig = await readTsconfig(file, read);
    if (tsconfig?.broken.length === 0) found.push(tsconfig);
  }
  const all = [...known, ...found];
  return found.filter(
    ({ file }) =>
      !all.some((other) => other.file !== file && other.chain.includes(file)),
  );
}

const TSCONFIG = /^[jt]sconfig(?:[.-].+)?\.json$/;

/** A file that only others extend compiles nothing: `tsconfig.base.json`. */
function isBase(tsconfig: Tsconfig, all: readonly Tsconfig[]): boolean {
  const { file, include, files, exclude } = tsconfig;
  return (
    !/[jt]sconfig\.json$/.test(file) &&
    (include ?? files ?? exclude) === undefined &&
    all.some((other) => other.file !== file && other.chain.includes(file))
  );
}

/**
 * Whether the project's own check can take the rendered code as it is: `.ts`
 * imports are allowed, Node's types are there, and nothing is written, so that no
 * output moves.
 */
function checksTsImports({ options }: Tsconfig): boolean {
  const { types } = options;
  return (
    options["allowImportingTsExtensions"] === true &&
    options["noEmit"] === true &&
    options["isolatedDeclarations"] !== true &&
    options["rootDir"] === undefined &&
    (types === undefined || (Array.isArray(types) && types.includes("node")))
  );
}

/**
 * What was left out while the file had no `exclude` of its own, and goes on being
 * left out: an `exclude` takes the place of an inherited one, and of TypeScript's
 * own, which is the output. (Folders of packages are never included by a wildcard.)
 */
async function formerExclusions(
  root: string,
  tsconfig: Tsconfig,
  owner: string,
  read: ReadFile,
): Promise<string[]> {
  const folder = dirname(owner);
  const inherited = tsconfig.exclude;
  const excluded = inherited ?? [
    join(folder, "node_modules"),
    ...tsconfig.outputs,
    ...(await outputsOfHeirs(root, owner, read)),
  ];
  return [...new Set(excluded.map((path) => fromFolder(folder, path)))];
}

/** The output of every other tsconfig that would inherit the `exclude`. */
async function outputsOfHeirs(
  root: string,
  owner: string,
  read: ReadFile,
): Promise<string[]> {
  const outputs: string[] = [];
  for (const path of await tsconfigsBelow(root)) {
    if (path === owner) continue;
    const heir = await readTsconfig(path, read);
    if (heir?.exclude === undefined && heir?.chain.includes(owner) === true)
      outputs.push(...heir.outputs);
  }
  return outputs;
}

/** How deep a project is searched for tsconfig files. */
const DEPTH = 4;

/** Every tsconfig in a folder and below, by absolute path, without those of packages. */
async function tsconfigsBelow(folder: string, depth = 0): Promise<string[]> {
  const entries = await entriesOf(folder);
  const found = await Promise.all(
    entries.map(async (entry) => {
      const path = join(folder, entry.name);
      if (!entry.isDirectory()) return TSCONFIG.test(entry.name) ? [path] : [];
      const isSource = !/^(?:\.|node_modules$)/.test(entry.name);
      return isSource && depth < DEPTH ? tsconfigsBelow(path, depth + 1) : [];
    }),
  );
  return found.flat();
}

/** A folder that cannot be read holds nothing that a compiler reads. */
async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

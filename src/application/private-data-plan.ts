/**
 * Secrets and data stay ignored by git as long as they exist, wherever they lie,
 * and what a plan leaves behind is named.
 */
import { basename, relative, resolve } from "node:path";
import type { AdwConfig } from "../domain/config.ts";
import { ignoredPaths, withIgnoredPaths } from "../domain/ignore-block.ts";
import { listed } from "../domain/listed.ts";
import type { ModuleDefinition } from "../domain/module-registry.ts";
import {
  isInsideProject,
  pathEntries,
  projectPath,
  type AbsolutePath,
  type ProjectPath,
} from "../domain/paths.ts";
import { linesOperation, type FileOperation } from "../domain/plan.ts";
import {
  databaseFiles,
  privateAndOther,
} from "../infrastructure/private-files.ts";
import { readProjectFile } from "../infrastructure/project-files.ts";
import type { Project } from "./project.ts";
import { isIgnoredForAll } from "../infrastructure/git.ts";

const IGNORE_FILE = projectPath(".gitignore");

/** Secrets in `adws_dir`, and the line of its ignore file that keeps git from each. */
const GUARDS: Readonly<Record<string, string>> = {
  ".adw_token": ".adw_token*",
  ".adw_ingest_token": ".adw_ingest_token*",
  ".adw_spool": ".adw_spool/",
};
const DATABASE_GUARD = "*.db";

export interface PrivateDataPlan {
  /** The operations, with an ignore file kept where something still needs it. */
  operations: FileOperation[];
  /** What happens to the project's own .gitignore. */
  ignoreFile: FileOperation[];
  /** Files in folders that the modules have left, and databases that are no longer used. */
  leftBehind: string[];
  notes: string[];
}

/** What a plan is about to do. */
interface Intended {
  config: AdwConfig;
  definitions: readonly ModuleDefinition[];
  operations: readonly FileOperation[];
}

/** Sees to it that a plan exposes nothing. */
export async function protectPrivateData(
  project: Project,
  intended: Intended,
): Promise<PrivateDataPlan> {
  const { root } = project;
  const { config, definitions } = intended;
  const isInstalled = definitions.length > 0;
  const left = leftFolders(project, intended);
  const exposed = left.filter(({ secret }) => secret.length > 0);
  const operations = intended.operations.map((entry) =>
    keepIgnoring(entry, exposed),
  );
  const guards = new Map<ProjectPath, readonly string[]>();
  for (const folder of [
    ...(isInstalled ? [projectPath(config.adws_dir)] : []),
    ...exposed.map((entry) => entry.folder),
  ])
    guards.set(folder, await ignoreLines(root, operations, folder));
  const folders = [...guards.keys()].filter((folder) =>
    guards.get(folder)?.includes(DATABASE_GUARD),
  );
  const used = definitions.some(({ name }) => name === "adw_database")
    ? insideProject(root, config.database_path)
    : undefined;
  const before = await readProjectFile(root, IGNORE_FILE);
  const present = ignoredPaths(before);
  const unused = [...new Set([...formerDatabase(project), ...present])]
    .filter(isInsideProject)
    .filter((path) => path !== used && databaseFiles(root, path).length > 0);
  // Where an ignore file is its owner's, or deleted, each secret is named.
  const unguarded = [
    ...(isInstalled
      ? Object.keys(GUARDS).map((name) => `${config.adws_dir}/${name}`)
      : []),
    ...exposed.flatMap(({ secret }) => secret),
  ].filter((path) => !isGuarded(path, guards));
  const uncovered = [used ?? [], unused, unguarded]
    .flat()
    .filter((path) => !isCovered(path, folders));
  const wanted: string[] = [];
  for (const path of new Set(uncovered))
    if (present.includes(path) || !(await isIgnoredForAll(root, path)))
      wanted.push(path);
  const named = left.flatMap(({ secret }) => secret);
  const stray = unused
    .flatMap((path) => databaseFiles(root, path))
    .filter((path) => !named.includes(path));
  const also = named.length === 0 ? "" : "Also ";
  return {
    operations,
    ignoreFile: linesOperation({
      path: IGNORE_FILE,
      before,
      after: withIgnoredPaths(before, wanted),
      reason: "keeps git from taking secrets and databases",
    }),
    leftBehind: [
      ...left.flatMap(({ secret, other }) => [...secret, ...other]),
      ...stray,
    ],
    notes: [
      ...left.flatMap((folder) => folderNotes(folder, config, isInstalled)),
      ...(stray.length === 0 ? [] : [`${also}${strayNote(stray, used)}`]),
      ...outsideNote(project, config, definitions),
    ],
  };
}

/** What stays in a folder that the modules have left. */
interface LeftFolder {
  folder: ProjectPath;
  secret: readonly string[];
  other: readonly string[];
}

function leftFolders(
  project: Project,
  { config, definitions, operations }: Intended,
): LeftFolder[] {
  const current = definitions.length > 0 ? config.adws_dir : undefined;
  const deleted = new Set(
    operations.flatMap(({ operation, path }) =>
      operation === "delete" ? path : [],
    ),
  );
  return formerFolders(project)
    .filter((folder) => folder !== current)
    .map((folder) => {
      const { secret, other } = privateAndOther(project.root, folder);
      const stays = other.filter((path) => !deleted.has(path));
      return { folder, secret, other: stays };
    });
}

function strayNote(stray: readonly string[], used: string | undefined): string {
  const [stay, they] =
    stray.length === 1 ? ["stays", "it is"] : ["stay", "they are"];
  const now = used === undefined ? "" : `; the database is ${used} now`;
  return `${stray.join(", ")} ${stay} where ${they}, ignored by git${now}.`;
}

/** The ignore file of a folder as the plan leaves it, which its owner may have replaced. */
async function ignoreLines(
  root: AbsolutePath,
  operations: readonly FileOperation[],
  folder: ProjectPath,
): Promise<readonly string[]> {
  const path = projectPath(`${folder}/${IGNORE_FILE}`);
  const entry = operations.find((file) => file.path === path);
  const text =
    entry === undefined
      ? await readProjectFile(root, path)
      : "content" in entry
        ? entry.content
        : entry.previous;
  return (text ?? "").split(/\r?\n/);
}

/** Whether a line in the ignore file of its folder names a secret. */
function isGuarded(
  path: string,
  guards: ReadonlyMap<string, readonly string[]>,
): boolean {
  const guard = GUARDS[basename(path)] ?? DATABASE_GUARD;
  return [...guards].some(
    ([folder, lines]) => path.startsWith(`${folder}/`) && lines.includes(guard),
  );
}

/** The folders that files were rendered into, as the lock has them. */
function formerFolders({ lock }: Project): ProjectPath[] {
  const folders = pathEntries(lock.files).flatMap(([path, { source }]) => {
    const end = source.replace(/^adws/, "");
    return path.endsWith(end) && end !== source
      ? [path.slice(0, -end.length)]
      : [];
  });
  return [...new Set(folders)].filter(isInsideProject);
}

/** Where the database was when the modules were last rendered. */
function formerDatabase({ root, lock }: Project): ProjectPath[] {
  const path = lock.modules["adw_database"]?.inputs["database_path"];
  const inside =
    typeof path === "string" ? insideProject(root, path) : undefined;
  return inside === undefined ? [] : [inside];
}

/** A path as it stands in the project; undefined outside of it. */
function insideProject(
  root: AbsolutePath,
  path: string,
): ProjectPath | undefined {
  const inside = relative(root, resolve(root, path)).replaceAll("\\", "/");
  return isInsideProject(inside) ? inside : undefined;
}

/** Whether an ignore file of ours, in a folder around it, names it. */
function isCovered(path: string, folders: readonly string[]): boolean {
  return (
    path.endsWith(".db") &&
    folders.some((folder) => path.startsWith(`${folder}/`))
  );
}

/** The ignore file of a folder stays as long as it guards something. */
function keepIgnoring(
  entry: FileOperation,
  exposed: readonly LeftFolder[],
): FileOperation {
  const { path, module } = entry;
  const guarded = exposed.find(
    ({ folder }) => path === `${folder}/${IGNORE_FILE}`,
  );
  if (entry.operation !== "delete" || guarded === undefined) return entry;
  return {
    operation: "keep",
    cause: "guards_private_data",
    path,
    module,
    previous: entry.previous,
    reason: `keeps git from taking ${listed(guarded.secret)}`,
  };
}

function folderNotes(
  { folder, secret, other }: LeftFolder,
  { adws_dir }: AdwConfig,
  isInstalled: boolean,
): string[] {
  const notes: string[] = [];
  if (secret.length > 0) {
    const it = secret.length === 1 ? "it" : "them";
    const advice = isInstalled
      ? `To go on with ${it}, stop the server and move ${it} to the same places in ${adws_dir}/; then delete ${folder}/.`
      : `Delete ${folder}/ when you no longer need ${it}.`;
    notes.push(
      `${listed(secret)} ${secret.length === 1 ? "stays" : "stay"} in ${folder}/, ignored by git. ${advice}`,
    );
  }
  const yours = other.filter((path) => path !== `${folder}/${IGNORE_FILE}`);
  if (yours.length > 0)
    notes.push(
      `In ${folder}/ there ${yours.length === 1 ? "is" : "are"} still ${listed(yours)}.`,
    );
  return notes;
}

/** We write nothing outside the project: its owner sees to it. */
function outsideNote(
  project: Project,
  { database_path }: AdwConfig,
  definitions: readonly ModuleDefinition[],
): string[] {
  const { root, lock } = project;
  const isNew =
    lock.modules["adw_database"]?.inputs["database_path"] !== database_path;
  return isNew &&
    definitions.some(({ name }) => name === "adw_database") &&
    insideProject(root, database_path) === undefined
    ? [
        `database_path (${database_path}) is outside the project: if it is in a repository, see to it that git ignores ${database_path}*.`,
      ]
    : [];
}

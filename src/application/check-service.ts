/** Whether a project is as it would be rendered now; and what is different, and why. */
import { hasConflictMarkers } from "../domain/three-way-merge.ts";
import { driftOf, type Drift } from "../domain/drift.ts";
import { LOCK_FILE } from "../domain/lock.ts";
import {
  targetPath,
  type ModuleDefinition,
} from "../domain/module-registry.ts";
import {
  PACKAGE_FILE,
  editPackageJson,
} from "../infrastructure/package-json.ts";
import {
  readProjectFile,
  sha256,
  type KnownFolders,
} from "../infrastructure/project-files.ts";
import { adoptLostFiles } from "./adopt.ts";
import { readFileStates } from "./file-plan.ts";
import { chooseModules, installedDefinitions } from "./installed-modules.ts";
import {
  describeNewer,
  newerModules,
  type NewerModule,
} from "./newer-modules.ts";
import { packageNeeds } from "./package-plan.ts";
import {
  changedKeys,
  inputsOf,
  openProject,
  rendersAsBefore,
  type Project,
  type ProjectRequest,
} from "./project.ts";

export interface CheckRequest extends ProjectRequest {
  /** Only these modules; all installed ones without it. */
  modules?: readonly string[];
}

export interface CheckReport {
  root: string;
  /** Rendered files that were looked at, and others that have drifted. */
  files: number;
  drift: readonly Drift[];
}

/** The text of a file in its three versions, for `diff`. */
export interface FileDifference {
  path: string;
  module: string;
  /** What was written last time; null when it never was. */
  base: string | null;
  /** What is there now; null when it was deleted. */
  yours: string | null;
  /** What would be rendered now. */
  theirs: string;
}

/**
 * Compares every file of the installed modules. A module whose templates and
 * inputs are as they were is not rendered: its text cannot have changed.
 *
 * @throws {UsageError} when nothing is installed.
 */
export async function checkProject(
  request: CheckRequest,
): Promise<CheckReport> {
  const { project, installed } = await openInstalled(request);
  const chosen = chooseModules(project, installed, request.modules);
  const definitions = installed.filter(({ name }) => chosen.has(name));
  const newer = await newerModules(project);
  const shared: Shared = { newer, known: new Set() };
  const checked = await Promise.all(
    definitions.map((definition) => checkModule(project, definition, shared)),
  );
  const paths = checked.flatMap((module) => module.paths);
  const all = request.modules === undefined || request.modules.length === 0;
  const drift = [
    ...checked.flatMap((module) => module.drift),
    ...newerProject(newer),
    ...(all ? lostModules(project, installed, paths) : []),
    ...(all ? retiredModules(project) : []),
    ...(all ? droppedFiles(project, installed, paths, newer) : []),
    ...(all ? await missingParts(project, installed) : []),
  ];
  return {
    root: project.root,
    files: new Set([...paths, ...drift.map(({ path }) => path)]).size,
    drift,
  };
}

/** Every file that differs, with the texts to show how. */
export async function differences(
  request: CheckRequest,
): Promise<FileDifference[]> {
  const { project, installed } = await openInstalled(request);
  const chosen = chooseModules(project, installed, request.modules);
  const states = await readFileStates(project, installed, project.config);
  return states
    .filter(({ module }) => chosen.has(module))
    .filter(({ yours, content }) => yours !== content)
    .map(({ path, module, base, yours, content }) => ({
      path,
      module,
      base,
      yours,
      theirs: content,
    }));
}

/** The project with its installed modules; what the lock has lost is compared too. */
async function openInstalled(
  request: ProjectRequest,
): Promise<{ project: Project; installed: ModuleDefinition[] }> {
  const opened = await openProject(request);
  const installed = installedDefinitions(opened);
  const project = await adoptLostFiles(opened, {
    definitions: installed,
    config: opened.config,
    isInstalled: () => true,
  });
  return { project, installed };
}

/** What is found out once, when the first file asks for it. */
interface Shared {
  newer: readonly NewerModule[];
  known: KnownFolders;
}

async function checkModule(
  project: Project,
  definition: ModuleDefinition,
  shared: Shared,
): Promise<{ paths: string[]; drift: Drift[] }> {
  const { lock, config, source } = project;
  const entry = lock.modules[definition.name];
  const settings =
    entry === undefined
      ? []
      : changedKeys(entry.inputs, inputsOf(definition, config, source));
  const files = rendersAsBefore(definition, config, project)
    ? await asWritten(project, definition, shared)
    : await asRenderedNow(project, definition);
  const drift = files.map((file) =>
    driftOf({
      ...file,
      module: definition.name,
      known: lock.files[file.path] !== undefined,
      // Without any lock that is said once, of the lock.
      untracked: project.lockText !== null && project.adopted.has(file.path),
      newer: shared.newer.some(({ name }) => name === definition.name),
      versions: { before: entry?.version, now: definition.version },
      changedSettings: settings,
    }),
  );
  return {
    paths: files.map(({ path }) => path),
    drift: drift.filter((entry) => entry !== undefined),
  };
}

interface ComparedFile {
  /** Where the file is now. */
  path: string;
  /** Where an update moves it; null when it stays. */
  movesTo: string | null;
  exists: boolean;
  hasMarkers: boolean;
  edited: boolean;
  changed: boolean;
}

/** Nothing to render: only the disk can differ from what the lock has. */
async function asWritten(
  project: Project,
  definition: ModuleDefinition,
  shared: Shared,
): Promise<ComparedFile[]> {
  const { root, lock, config } = project;
  const files: ComparedFile[] = [];
  for (const file of definition.files) {
    const path = targetPath(file, config);
    const entry = lock.files[path];
    if (entry === undefined) return asRenderedNow(project, definition);
    const disk = await readProjectFile(root, path, shared.known);
    if (disk !== null && sha256(disk) !== entry.sha256)
      return asRenderedNow(project, definition);
    files.push({
      path,
      movesTo: null,
      exists: disk !== null,
      hasMarkers: false,
      edited: false,
      changed: false,
    });
  }
  return files;
}

async function asRenderedNow(
  project: Project,
  definition: ModuleDefinition,
): Promise<ComparedFile[]> {
  const states = await readFileStates(project, [definition], project.config);
  return states.map(
    ({ path, movedFrom, base, disk, yours, content, isOwners }) => ({
      path: movedFrom ?? path,
      movesTo: movedFrom === null ? null : path,
      exists: disk !== null,
      hasMarkers:
        disk !== null && !isOwners && hasConflictMarkers(disk, base ?? disk),
      edited: yours !== content && yours !== base,
      changed:
        yours !== content &&
        (isOwners
          ? sha256(content) !== project.lock.files[movedFrom ?? path]?.sha256
          : base !== content),
    }),
  );
}

/** Once for the project: an update by this version would take it back. */
function newerProject(newer: readonly NewerModule[]): Drift[] {
  if (newer.length === 0) return [];
  return [
    {
      path: LOCK_FILE,
      module: "project",
      kinds: ["newer"],
      reason: `a newer version of adw-scaffold wrote these files: ${describeNewer(newer)}; use that one`,
    },
  ];
}

/** Modules that are there, and of which the lock has lost version and settings. */
function lostModules(
  { lock, lockText, recordedLock }: Project,
  installed: readonly ModuleDefinition[],
  checked: readonly string[],
): Drift[] {
  if (lockText === null) return [];
  const lost = installed
    .filter(({ name }) => lock.modules[name] === undefined)
    .filter(({ name }) =>
      checked.some((path) => recordedLock?.files[path]?.module === name),
    );
  return lost.map(({ name }) => ({
    path: LOCK_FILE,
    module: name,
    kinds: ["untracked"],
    reason: `it has files of ${name} and no entry for the module; update records it again`,
  }));
}

/** Modules that the configuration still names, and that nothing renders any more. */
function retiredModules({ configFile, retired }: Project): Drift[] {
  return retired.map(({ name, replacedBy }) => ({
    path: configFile,
    module: name,
    kinds: ["outdated"],
    reason: `it names ${name}, which is not a module any more (instead: ${replacedBy}); update takes it out`,
  }));
}

/** Files in the lock that no installed module has any more. */
function droppedFiles(
  { lock, config }: Project,
  installed: readonly ModuleDefinition[],
  checked: readonly string[],
  newer: readonly NewerModule[],
): Drift[] {
  const current = new Set([
    ...checked,
    ...installed.flatMap(({ files }) =>
      files.map((file) => targetPath(file, config)),
    ),
  ]);
  return Object.entries(lock.files)
    .filter(([path]) => !current.has(path))
    .map(([path, { module }]) => ({
      path,
      module,
      ...(newer.length === 0
        ? {
            kinds: ["outdated"],
            reason: "no template renders it any more",
          }
        : {
            kinds: ["newer"],
            reason:
              "a newer version wrote it, and this one has no template for it",
          }),
    }));
}

/** The lock itself, and what package.json should have. */
async function missingParts(
  { root, lock, lockText, config }: Project,
  installed: readonly ModuleDefinition[],
): Promise<Drift[]> {
  const drift: Drift[] = [];
  if (lockText === null) {
    drift.push({
      path: LOCK_FILE,
      module: "project",
      kinds: ["missing"],
      reason:
        "without it, your edits cannot be distinguished from old versions; run: adw-scaffold update",
    });
  }
  const text = await readProjectFile(root, PACKAGE_FILE);
  const edit = await editPackageJson(
    text,
    packageNeeds(installed, config, lock),
  );
  const changed = Object.keys(edit.changedScripts);
  if (changed.length > 0) {
    drift.push({
      path: PACKAGE_FILE,
      module: "project",
      kinds: ["config"],
      reason: `settings changed since: update changes script ${changed.join(", ")}`,
    });
  }
  const missing = [
    ...Object.keys(edit.addedDependencies),
    ...Object.keys(edit.addedDevDependencies),
    ...Object.keys(edit.addedScripts).map((name) => `script ${name}`),
  ];
  if (missing.length > 0) {
    drift.push({
      path: PACKAGE_FILE,
      module: "project",
      kinds: ["missing"],
      reason: `it lacks ${missing.join(", ")}`,
    });
  }
  return drift;
}

/** Whether a project is as it would be rendered now; and what is different, and why. */
import { driftOf, type Drift } from "../domain/drift.ts";
import {
  changedBy,
  statusOf,
  type ChangedBy,
  type FileFacts,
} from "../domain/file-status.ts";
import { LOCK_FILE } from "../domain/lock.ts";
import type { ModuleDefinition } from "../domain/module-registry.ts";
import { PROJECT } from "../domain/plan.ts";
import {
  PACKAGE_FILE,
  editPackageJson,
} from "../infrastructure/package-json.ts";
import { readProjectFile } from "../infrastructure/project-files.ts";
import { addAdwModules, orphanedFiles } from "./file-facts.ts";
import { chooseModules, openInstalled } from "./installed-modules.ts";
import { changedKeys, inputsOf } from "./lock-facts.ts";
import {
  describeNewer,
  newerModules,
  type NewerModule,
} from "./newer-version.ts";
import { missingFromManifest, packageNeeds } from "./package-plan.ts";
import type { Project, ProjectRequest } from "./project.ts";

export interface CheckRequest extends ProjectRequest {
  /** Only these modules; all installed ones without it. */
  modules?: readonly string[];
}

export interface CheckReport {
  root: string;
  /** Files that were looked at: all that `update` decides on, or those of the named modules; and others that have drifted. */
  files: number;
  drift: readonly Drift[];
}

/** The text of a file in its three versions, for `diff`. */
export interface FileDifference {
  path: string;
  module: string;
  changedBy: ChangedBy;
  /** What was written last time; null when it never was. */
  base: string | null;
  /** What is there now; null when it was deleted. */
  yours: string | null;
  /** What would be rendered now. */
  theirs: string;
}

/**
 * Compares every file of the installed modules.
 *
 * @throws {UsageError} when nothing is installed.
 */
export async function checkProject(
  request: CheckRequest,
): Promise<CheckReport> {
  const { project, installed, chosen } = await openChosen(request);
  const { root, config } = project;
  const newer = await newerModules(project);
  const files = await addAdwModules(project, chosen, config);
  const drift = files.flatMap(
    (file) => driftOf(file, contextOf(file, project, installed, newer)) ?? [],
  );
  drift.push(...newerProject(newer));
  const isWhole = (request.modules ?? []).length === 0;
  if (isWhole) {
    const orphans = await orphanedFiles(project, installed, config);
    drift.push(
      ...lostModules(project, files),
      ...retiredModules(project),
      ...orphans.flatMap((file) => driftOf(file, orphanContext(newer)) ?? []),
      ...(await missingParts(project, installed)),
    );
  }
  const looked: string[] = files.map(
    ({ path, movedFrom }) => movedFrom ?? path,
  );
  if (isWhole) looked.push(project.configFile, PACKAGE_FILE, LOCK_FILE);
  const drifted = drift.map(({ path }) => path);
  return { root, files: new Set([...looked, ...drifted]).size, drift };
}

/** Every file that differs, with the texts to show how. */
export async function differences(
  request: CheckRequest,
): Promise<FileDifference[]> {
  const { project, chosen } = await openChosen(request);
  const files = await addAdwModules(project, chosen, project.config);
  return files.flatMap((file) => {
    const { path, module, base, yours, next } = file;
    const by = changedBy(statusOf(file));
    return by === undefined || next === null
      ? []
      : { path, module, changedBy: by, base, yours, theirs: next };
  });
}

async function openChosen(request: CheckRequest): Promise<{
  project: Project;
  installed: ModuleDefinition[];
  /** Those that the request names, or all. */
  chosen: ModuleDefinition[];
}> {
  const { project, installed } = await openInstalled(request);
  const names = chooseModules(project, installed, request.modules);
  return {
    project,
    installed,
    chosen: installed.filter(({ name }) => names.has(name)),
  };
}

type DriftContext = Parameters<typeof driftOf>[1];

function contextOf(
  { path, module, movedFrom }: FileFacts,
  project: Project,
  installed: readonly ModuleDefinition[],
  newer: readonly NewerModule[],
): DriftContext {
  const { lock, config, source } = project;
  const entry = lock.modules[module];
  const definition = installed.find(({ name }) => name === module);
  return {
    // Without any lock that is said once, of the lock.
    isUntracked:
      project.lockText !== null && project.adopted.has(movedFrom ?? path),
    isNewer: newer.some(({ name }) => name === module),
    versions: { before: entry?.version, now: definition?.version },
    changedSettings:
      entry === undefined || definition === undefined
        ? []
        : changedKeys(entry.inputs, inputsOf(definition, config, source)),
  };
}

function orphanContext(newer: readonly NewerModule[]): DriftContext {
  return {
    isUntracked: false,
    isNewer: newer.length > 0,
    versions: { before: undefined, now: undefined },
    changedSettings: [],
  };
}

/** Once for the project: an update by this version would take it back. */
function newerProject(newer: readonly NewerModule[]): Drift[] {
  if (newer.length === 0) return [];
  return [
    {
      path: LOCK_FILE,
      module: PROJECT,
      kinds: ["newer"],
      reason: `a newer version of adw-scaffold wrote these files: ${describeNewer(newer)}; use that one`,
    },
  ];
}

/** Modules that are there, and of which the lock has lost version and settings. */
function lostModules(
  { lock, recordedLock }: Project,
  files: readonly FileFacts[],
): Drift[] {
  const lost = files
    .filter(({ path, movedFrom }) => recordedLock?.files[movedFrom ?? path])
    .map(({ module }) => module)
    .filter((name) => lock.modules[name] === undefined);
  return [...new Set(lost)].map((name) => ({
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

/** The lock itself, and what package.json should have. */
async function missingParts(
  { root, lock, lockText, config }: Project,
  installed: readonly ModuleDefinition[],
): Promise<Drift[]> {
  const drift: Drift[] = [];
  const add = (path: string, kind: Drift["kinds"][number], reason: string) =>
    drift.push({ path, module: PROJECT, kinds: [kind], reason });
  if (lockText === null)
    add(
      LOCK_FILE,
      "missing",
      "without it, your edits cannot be distinguished from old versions; run: adw-scaffold update",
    );
  const edit = await editPackageJson(
    await readProjectFile(root, PACKAGE_FILE),
    packageNeeds(installed, config, lock),
  );
  const changed = Object.keys(edit.changedScripts);
  if (changed.length > 0)
    add(
      PACKAGE_FILE,
      "config",
      `settings changed since: update changes script ${changed.join(", ")}`,
    );
  const missing = missingFromManifest(edit);
  if (missing.length > 0)
    add(PACKAGE_FILE, "missing", `it lacks ${missing.join(", ")}`);
  return drift;
}

/** The lock that describes a project once a plan is applied. */
import type { AdwConfig } from "../domain/config.ts";
import type { FileFacts } from "../domain/file-status.ts";
import type { Lock } from "../domain/lock.ts";
import type { ModuleDefinition } from "../domain/module-registry.ts";
import type { FileOperation } from "../domain/plan.ts";
import { TOOL_VERSION } from "../domain/tool-version.ts";
import type {
  PackageEdit,
  PackageRemovals,
} from "../infrastructure/package-json.ts";
import { inputsOf, lockEntry, templatesDigest } from "./lock-facts.ts";
import type { Project } from "./project.ts";

/** What the lock is made from. */
export interface NextLockFacts {
  project: Project;
  config: AdwConfig;
  definitions: readonly ModuleDefinition[];
  /** The files whose entries the plan renews. */
  files: readonly FileFacts[];
  /** Files that nothing renders any more, where the plan decided on them. */
  orphans: readonly FileFacts[];
  operations: readonly FileOperation[];
  packageJson: PackageEdit;
  removals: PackageRemovals;
  /** Edits of the host's own files; without it, as before. */
  hostEdits: Lock["host_edits"];
}

/** Files and modules that the plan does not touch keep their entries. */
export function nextLock(facts: NextLockFacts): Lock {
  const { packageJson, removals } = facts;
  const { lock } = facts.project;
  const files = fileEntries(facts);
  return {
    lockfile_version: lock.lockfile_version,
    written_by: TOOL_VERSION ?? lock.written_by,
    modules: moduleEntries(facts),
    files,
    kept_files: keptEntries(facts, files),
    added_dependencies: without(
      [...removals.dependencies, ...removals.usedDependencies],
      {
        ...lock.added_dependencies,
        ...packageJson.addedDependencies,
        ...packageJson.addedDevDependencies,
      },
    ),
    added_scripts: without(removals.scripts, {
      ...lock.added_scripts,
      ...packageJson.addedScripts,
      ...packageJson.changedScripts,
    }),
    host_edits: facts.hostEdits ?? lock.host_edits,
  };
}

function without<T>(
  names: readonly string[],
  entries: Readonly<Record<string, T>>,
): Record<string, T> {
  return Object.fromEntries(
    Object.entries(entries).filter(([name]) => !names.includes(name)),
  );
}

function moduleEntries({
  project: { lock, source },
  config,
  definitions,
  files,
}: NextLockFacts): Lock["modules"] {
  const renewed = new Set(files.map(({ module }) => module));
  return Object.fromEntries(
    definitions.flatMap((definition) => {
      const { name, version } = definition;
      const entry = renewed.has(name)
        ? {
            version,
            templates: templatesDigest(definition, source),
            inputs: inputsOf(definition, config, source),
          }
        : lock.modules[name];
      return entry === undefined ? [] : [[name, entry]];
    }),
  );
}

/** A file that nothing renders any more is deleted, or its owner's alone. */
function fileEntries({
  project: { lock },
  files,
  orphans,
  operations,
}: NextLockFacts): Lock["files"] {
  const entries = without(
    orphans.map(({ path }) => path),
    lock.files,
  );
  const unsettled = new Set(
    operations.filter((entry) => !settles(entry)).map(({ path }) => path),
  );
  for (const file of files) {
    const { path, movedFrom, next } = file;
    if (next === null || file.isUpToDate || unsettled.has(path)) continue;
    if (movedFrom !== null) delete entries[movedFrom];
    entries[path] = lockEntry(file, next, lock.files[path]);
  }
  return entries;
}

/** What stays because it was edited keeps its base: its module may come back. */
function keptEntries(
  { project: { lock }, operations }: NextLockFacts,
  files: Lock["files"],
): Lock["kept_files"] {
  const kept = { ...lock.kept_files };
  for (const entry of operations) {
    const recorded = lock.files[entry.path];
    if (
      entry.operation === "keep" &&
      entry.cause === "edited" &&
      recorded !== undefined
    )
      kept[entry.path] = recorded;
  }
  return without(Object.keys(files), kept);
}

/** Whether the owner has seen this version of the template: only then is it the next base. */
function settles(operation: FileOperation): boolean {
  return (
    operation.operation !== "conflict" || operation.resolution === "markers"
  );
}

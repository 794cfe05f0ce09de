/** The lock that describes a project once a plan is applied. */
import type { AdwConfig } from "../domain/config.ts";
import type { Lock } from "../domain/lock.ts";
import {
  targetPath,
  type ModuleDefinition,
} from "../domain/module-registry.ts";
import type { FileOperation } from "../domain/plan.ts";
import { TOOL_VERSION } from "../domain/tool-version.ts";
import type {
  PackageEdit,
  PackageRemovals,
} from "../infrastructure/package-json.ts";
import { packText, sha256 } from "../infrastructure/project-files.ts";
import type { FileState } from "./file-plan.ts";
import { inputsOf, templatesDigest, type Project } from "./project.ts";

/** What the lock is made from. */
export interface LockFacts {
  project: Project;
  config: AdwConfig;
  definitions: readonly ModuleDefinition[];
  states: readonly FileState[];
  files: readonly FileOperation[];
  /** Whether the plan also decided on files that nothing renders any more. */
  settlesDropped: boolean;
  packageJson: PackageEdit;
  removals: PackageRemovals;
  /** Edits of the host's own files; without it, as before. */
  hostEdits?: Lock["host_edits"];
}

/** Files and modules that the plan does not touch keep their entries. */
export function lockAfter(facts: LockFacts): Lock {
  const { project, packageJson, removals } = facts;
  const files = fileEntries(facts);
  return {
    lockfile_version: project.lock.lockfile_version,
    written_by: TOOL_VERSION ?? project.lock.written_by,
    modules: moduleEntries(facts),
    files,
    kept_files: keptEntries(facts, files),
    added_dependencies: Object.fromEntries(
      Object.entries({
        ...project.lock.added_dependencies,
        ...packageJson.addedDependencies,
        ...packageJson.addedDevDependencies,
      }).filter(([name]) => !removals.dependencies.includes(name)),
    ),
    added_scripts: Object.fromEntries(
      Object.entries({
        ...project.lock.added_scripts,
        ...packageJson.addedScripts,
        ...packageJson.changedScripts,
      }).filter(([name]) => !removals.scripts.includes(name)),
    ),
    host_edits: facts.hostEdits ?? project.lock.host_edits,
  };
}

function moduleEntries({
  project,
  config,
  definitions,
  states,
}: LockFacts): Lock["modules"] {
  const renewed = new Set(states.map(({ module }) => module));
  return Object.fromEntries(
    definitions.flatMap((definition) => {
      const present = project.lock.modules[definition.name];
      const entry = renewed.has(definition.name)
        ? {
            version: definition.version,
            templates: templatesDigest(definition, project.source),
            inputs: inputsOf(definition, config, project.source),
          }
        : present;
      return entry === undefined ? [] : [[definition.name, entry]];
    }),
  );
}

function fileEntries(facts: LockFacts): Lock["files"] {
  const { project, states, files } = facts;
  const entries = facts.settlesDropped
    ? withoutDropped(facts)
    : { ...project.lock.files };
  const operations = new Map(files.map((entry) => [entry.path, entry]));
  for (const state of states) {
    const { path, module, source, content, movedFrom, isGenerated } = state;
    const operation = operations.get(path);
    if (operation === undefined || !settles(operation)) continue;
    if (state.isAsBefore) continue;
    if (movedFrom !== null) delete entries[movedFrom];
    const text = content.replaceAll("\r\n", "\n");
    const digest = sha256(text);
    const present = project.lock.files[path];
    // Compressed bytes may differ between zlib versions; the text is what counts.
    const entry = { module, source, sha256: digest };
    if (isGenerated) {
      entries[path] = entry;
      continue;
    }
    const base =
      present?.sha256 === digest && present.base !== undefined
        ? present.base
        : packText(text);
    entries[path] = { ...entry, base };
  }
  return entries;
}

/** A file that nothing renders any more is deleted, or its owner's alone. */
function withoutDropped({
  project,
  config,
  definitions,
  states,
}: LockFacts): Lock["files"] {
  const rendered = new Set([
    ...definitions.flatMap(({ files }) =>
      files.map((file) => targetPath(file, config)),
    ),
    ...states.flatMap(({ movedFrom }) => movedFrom ?? []),
  ]);
  return Object.fromEntries(
    Object.entries(project.lock.files).filter(([path]) => rendered.has(path)),
  );
}

/** What stays because it was edited keeps its base: its module may come back. */
function keptEntries(
  { project, files: operations }: LockFacts,
  files: Lock["files"],
): Lock["kept_files"] {
  const kept = new Set(
    operations
      .filter((entry) => entry.operation === "keep" && entry.cause === "edited")
      .map(({ path }) => path),
  );
  return Object.fromEntries(
    Object.entries({
      ...project.lock.kept_files,
      ...Object.fromEntries(
        Object.entries(project.lock.files).filter(([path]) => kept.has(path)),
      ),
    }).filter(([path]) => !Object.hasOwn(files, path)),
  );
}

/** Whether the owner has seen this version of the template: only then is it the next base. */
function settles(operation: FileOperation): boolean {
  return (
    operation.operation !== "conflict" || operation.resolution === "markers"
  );
}

/**
 * From what the user wants and what is on disk to a plan, and from the plan to
 * files. Everything that writes a project goes through here.
 */
import {
  configNotes,
  type AdwConfig,
  type AdwConfigInput,
} from "../domain/config.ts";
import { ConfigError, RefusedError, UsageError } from "../domain/errors.ts";
import { LOCK_FILE, formatLock } from "../domain/lock.ts";
import type { ModuleDefinition } from "../domain/module-registry.ts";
import { assertOwnFolder, isInsideProject } from "../domain/paths.ts";
import {
  changesOf,
  type ConflictCause,
  type FileOperation,
  type OperationName,
  type PlanPolicy,
} from "../domain/plan.ts";
import {
  hasConflictMarkers,
  mergeThreeWay,
  mergeTwoWay,
} from "../domain/three-way-merge.ts";
import { editConfigText } from "../infrastructure/config-file.ts";
import {
  applyTransaction,
  recoverTransaction,
} from "../infrastructure/file-transaction.ts";
import { eslintAdvice } from "../infrastructure/host-eslint.ts";
import {
  excludeFromTsconfigs,
  tsconfigAdvice,
  type TsconfigEdit,
} from "../infrastructure/host-tsconfig.ts";
import {
  PACKAGE_FILE,
  editPackageJson,
  type PackageEdit,
} from "../infrastructure/package-json.ts";
import { readProjectFile } from "../infrastructure/project-files.ts";
import {
  formatEdited,
  projectFormatter,
} from "../infrastructure/project-prettier.ts";
import {
  planDroppedFiles,
  planModuleFiles,
  readFileStates,
  withLineEndsOf,
  type FileState,
} from "./file-plan.ts";
import { lockAfter } from "./lock-after.ts";
import {
  describeEdit,
  packageNeeds,
  packageNotes,
  planRemovals,
} from "./package-plan.ts";
import {
  changedSettings,
  openProject,
  resolveRoot,
  withSettings,
  type Project,
  type ProjectRequest,
} from "./project.ts";

/** What to scaffold. */
export interface ScaffoldRequest extends ProjectRequest {
  /** Modules to install besides those already in the configuration. */
  modules?: readonly string[];
  /** Settings to change in `adw.config.json`. */
  settings?: AdwConfigInput;
  /** Overwrite files in the way, and edits. */
  force?: boolean;
  /** What the owner decided for files in the way, by path. */
  decisions?: Readonly<Record<string, ConflictDecision>>;
}

/** Overwrite the file, leave it alone, or merge the two with conflict markers. */
export type ConflictDecision = "overwrite" | "keep" | "merge";

/** What to do where the owner and the template changed the same lines. */
export type OnConflict = "markers" | "keep" | "theirs" | "fail";

/** What to update. */
export interface UpdateRequest extends ProjectRequest {
  /** Only these modules; all installed ones without it. */
  modules?: readonly string[];
  /** By default `markers`: standard conflict markers, to be resolved in an editor. */
  onConflict?: OnConflict;
  force?: boolean;
}

/** What to remove. */
export interface RemoveRequest extends ProjectRequest {
  modules: readonly string[];
  /** Delete edited files too. */
  force?: boolean;
}

/** Everything that applying would do. Nothing has been written yet. */
export interface ScaffoldPlan {
  root: string;
  config: AdwConfig;
  /** The modules that will be installed, requirements included, in order. */
  modules: readonly string[];
  /** Modules that come only because another one requires them: name to who does. */
  requiredBy: Readonly<Record<string, string>>;
  operations: readonly FileOperation[];
  packageJson: PackageEdit;
  /** What the user should know: old ranges, kept scripts, a tsconfig to adjust. */
  notes: readonly string[];
}

/** The name under which the plan lists files that belong to no module. */
const PROJECT = "project";

/**
 * Plans to install modules and change settings. Reads the disk, writes nothing.
 *
 * @throws {ConfigError} or {UsageError} for bad settings, paths or module names.
 */
export async function planScaffold(
  request: ScaffoldRequest,
): Promise<ScaffoldPlan> {
  const project = await openProject(request);
  const modules = [
    ...new Set([...project.config.modules, ...(request.modules ?? [])]),
  ];
  assertInstallable(project, modules);
  const definitions = project.source.registry.resolve(modules);
  const config = await withSettings(project, { ...request.settings, modules });
  const states = await readFileStates(project, definitions, config);
  const planned = await planModuleFiles(project, states, {
    force: request.force === true,
    restoreDeleted: true,
    hasMarkers: hasConflictMarkers,
    merge: mergeThreeWay,
  });
  const files = planned.map((entry) =>
    decide(entry, request.decisions?.[entry.path]),
  );
  return assemble({
    project,
    config,
    definitions,
    states,
    files,
    wanted: modules,
    tsconfigs: await excludeFromTsconfigs(project.root, config.adws_dir),
    // Told once: what the owner decided is not asked again.
    notes:
      project.lockText === null
        ? await eslintAdvice(project.root, config.adws_dir)
        : [],
  });
}

/**
 * Plans to bring in later templates and changed settings by a three-way merge.
 *
 * @throws {UsageError} when nothing is installed, or a module is not.
 */
export async function planUpdate(
  request: UpdateRequest,
): Promise<ScaffoldPlan> {
  const project = await openProject(request);
  const { config } = project;
  const definitions = installedDefinitions(project);
  const chosen = chooseModules(project, definitions, request.modules);
  const states = await readFileStates(project, definitions, config);
  const policy = updatePolicy(request);
  const files = [
    ...(await planModuleFiles(
      project,
      states.filter(({ module }) => chosen.has(module)),
      policy,
    )),
    ...(request.modules === undefined
      ? await planDroppedFiles(project, states, policy)
      : []),
  ];
  const notes = files.flatMap((entry) =>
    entry.operation === "keep" && entry.previous === null
      ? [
          `${entry.path}: you deleted it, and it stays deleted. ${restoreCommand(entry.module, definitions)} brings it back.`,
        ]
      : [],
  );
  return assemble({
    project,
    config,
    definitions,
    states: states.filter(({ module }) => chosen.has(module)),
    files,
    wanted: config.modules,
    settlesDropped: request.modules === undefined,
    notes,
  });
}

/**
 * Plans to remove modules, and what only they required.
 *
 * @throws {RefusedError} code `MODULE_REQUIRED` when another module needs one of
 * them; {UsageError} when one is not installed.
 */
export async function planRemove(
  request: RemoveRequest,
): Promise<ScaffoldPlan> {
  const project = await openProject(request);
  const { registry } = project.source;
  const installed = installedDefinitions(project);
  assertInstallable(project, request.modules);
  chooseModules(project, installed, request.modules);
  const wanted = project.config.modules.filter(
    (name) => !request.modules.includes(name),
  );
  const remaining = registry.resolve(wanted);
  for (const name of request.modules) {
    const [user, ...more] = dependentsOf(name, remaining);
    if (user !== undefined) {
      const all = [...new Set([...request.modules, user, ...more])].join(" ");
      throw new RefusedError("MODULE_REQUIRED", `${user} requires ${name}`, {
        hint: `${all.split(" ").length === 2 ? "Remove both" : "Remove what needs it too"}: adw-scaffold remove ${all}`,
      });
    }
  }
  const config = await withSettings(project, { modules: wanted });
  const states = await readFileStates(project, remaining, config);
  const policy: PlanPolicy = {
    force: request.force === true,
    restoreDeleted: false,
  };
  const files = await planDroppedFiles(project, states, policy);
  return assemble({
    project,
    config,
    definitions: remaining,
    states: [],
    files,
    wanted,
    settlesDropped: true,
    removed: installed.filter((definition) => !remaining.includes(definition)),
  });
}

/** The modules that require one, directly and through others, nearest first. */
function dependentsOf(
  name: string,
  modules: readonly ModuleDefinition[],
): string[] {
  const found: string[] = [];
  // What is found on the way is looked at in its turn.
  const queue = [name];
  for (const required of queue) {
    for (const { name: user, requires } of modules) {
      if (requires?.includes(required) !== true || found.includes(user))
        continue;
      found.push(user);
      queue.push(user);
    }
  }
  return found;
}

/** Shared files belong to no module that could be added. */
function restoreCommand(
  module: string,
  definitions: readonly ModuleDefinition[],
): string {
  const owner = definitions.find(({ name }) => name === module);
  return owner?.hidden === true
    ? "adw-scaffold init"
    : `adw-scaffold add ${module}`;
}

/** How many files each operation has. */
export function countOperations(
  operations: readonly FileOperation[],
): Partial<Record<OperationName, number>> {
  const counts: Partial<Record<OperationName, number>> = {};
  for (const { operation } of operations) {
    counts[operation] = (counts[operation] ?? 0) + 1;
  }
  return counts;
}

/** The conflicts that stop a plan from being applied. */
export function refusedConflicts(
  plan: Pick<ScaffoldPlan, "operations">,
): FileOperation[] {
  return plan.operations.filter(
    (entry) => entry.operation === "conflict" && entry.resolution === "refuse",
  );
}

/**
 * Carries a plan out: all of it, or nothing.
 *
 * @throws {RefusedError} code `CONFLICTS` when a file is in the way, or what
 * writing throws. The project is then as before.
 */
export async function applyScaffold(plan: ScaffoldPlan): Promise<void> {
  const refused = refusedConflicts(plan);
  if (refused.length > 0) throw conflictError(refused);
  // What a killed run left in the way is brought to its end first.
  await recoverTransaction(plan.root);
  await applyTransaction(plan.root, changesOf(plan.operations));
}

/** Which files stop the plan, and what their owner can do about it. */
function conflictError(conflicts: readonly FileOperation[]): RefusedError {
  const ofCause = (cause: ConflictCause) =>
    conflicts
      .filter(
        (entry) => entry.operation === "conflict" && entry.cause === cause,
      )
      .map(({ path }) => path);
  const unresolved = ofCause("markers_left");
  if (unresolved.length > 0) {
    return new RefusedError(
      "CONFLICTS",
      `conflict markers of an earlier update are in ${unresolved.join(", ")}`,
      {
        hint: "Nothing was written. Resolve them in an editor, then run the command again.",
      },
    );
  }
  const both = ofCause("both_changed");
  if (both.length > 0) {
    return new RefusedError(
      "CONFLICTS",
      `both you and the templates changed the same lines of ${both.join(", ")}`,
      {
        hint: "Nothing was written. adw-scaffold update merges with conflict markers; --on-conflict keep or --on-conflict theirs chooses a side.",
      },
    );
  }
  const inTheWay = ofCause("in_the_way");
  return new RefusedError(
    "CONFLICTS",
    `${inTheWay.length === 1 ? "a file is" : `${inTheWay.length} files are`} in the way: ${inTheWay.join(", ")}`,
    {
      hint: "Nothing was written. Move them, or overwrite them with --force.",
    },
  );
}

/** Finishes or undoes what a killed run left behind; see {@link recoverTransaction}. */
export async function recover(root: string): Promise<string | undefined> {
  const kept: string[] = [];
  const recovery = await recoverTransaction(await resolveRoot(root), (path) => {
    kept.push(path);
  });
  switch (recovery) {
    case "completed":
      return kept.length === 0
        ? "an interrupted run was completed first"
        : `an interrupted run was completed first; you have edited ${kept.join(", ")} since, and that was left as it is`;
    case "rolled-back":
      return "an interrupted run was undone first";
    case "nothing":
      return undefined;
  }
}

/** The modules of a project that has some. @throws {UsageError} when it has none. */
export function installedDefinitions({
  config,
  source,
}: Project): ModuleDefinition[] {
  if (config.modules.length === 0) {
    throw new UsageError("no modules are installed here", {
      hint: "Start with: adw-scaffold init",
    });
  }
  return source.registry.resolve(config.modules);
}

/** What comes and goes with the others is not asked for by name. */
function assertInstallable(
  { source }: Project,
  names: readonly string[],
): void {
  for (const name of names) {
    if (source.registry.get(name).hidden !== true) continue;
    throw new UsageError(
      `${name} comes with the first module and goes with the last: it is not added or removed by itself`,
      { hint: "Name another module; adw-scaffold list shows them." },
    );
  }
}

/** The names of the chosen modules and the hidden ones; all without a choice. */
export function chooseModules(
  { source }: Project,
  installed: readonly ModuleDefinition[],
  names: readonly string[] | undefined,
): ReadonlySet<string> {
  const all = new Set(installed.map(({ name }) => name));
  if (names === undefined || names.length === 0) return all;
  const shown = installed.filter(({ hidden }) => hidden !== true);
  for (const name of names) {
    source.registry.get(name);
    if (!all.has(name)) {
      throw new UsageError(`the module ${name} is not installed`, {
        hint: `Installed: ${shown.map((module) => module.name).join(", ")}. Add it: adw-scaffold add ${name}`,
      });
    }
  }
  return new Set(names);
}

/** The side that takes the places both changed; undefined leaves them to the owner. */
const FAVOURED: Readonly<Record<OnConflict, "yours" | "theirs" | undefined>> = {
  markers: undefined,
  fail: undefined,
  keep: "yours",
  theirs: "theirs",
};

function updatePolicy({
  onConflict = "markers",
  force,
}: UpdateRequest): PlanPolicy {
  const favours = FAVOURED[onConflict];
  return {
    force: force === true,
    restoreDeleted: false,
    hasMarkers: hasConflictMarkers,
    ...(favours === undefined ? {} : { favours }),
    merge: (base, yours, theirs) =>
      mergeThreeWay(base, yours, theirs, favours ?? "markers"),
    conflicts: onConflict === "fail" ? "refuse" : "markers",
  };
}

/** What the owner said about a file in the way takes the place of the conflict. */
function decide(
  entry: FileOperation,
  decision: ConflictDecision | undefined,
): FileOperation {
  if (entry.operation !== "conflict" || decision === undefined) return entry;
  const { path, module, previous, content } = entry;
  if (decision === "keep" || previous === null) {
    return {
      operation: "keep",
      path,
      module,
      previous,
      reason: "you chose to keep it",
    };
  }
  if (decision === "overwrite") {
    return {
      operation: "update",
      path,
      module,
      content,
      previous,
      reason: "you chose to overwrite it",
    };
  }
  return {
    ...entry,
    merged: entry.merged ?? mergeTwoWay(previous, content),
    resolution: "markers",
  };
}

interface PlanParts {
  project: Project;
  config: AdwConfig;
  /** The modules that are installed once the plan is applied. */
  definitions: readonly ModuleDefinition[];
  /** The files whose lock entries the plan renews. */
  states: readonly FileState[];
  files: readonly FileOperation[];
  /** The modules that the configuration names. */
  wanted: readonly string[];
  /** The modules that go. */
  removed?: readonly ModuleDefinition[];
  /** The project's own tsconfig files that would take in what is rendered. */
  tsconfigs?: readonly TsconfigEdit[];
  /** Whether `files` also decides on files that nothing renders any more. */
  settlesDropped?: boolean;
  notes?: readonly string[];
}

/** Adds what every plan has: the configuration, package.json and the lock. */
async function assemble(parts: PlanParts): Promise<ScaffoldPlan> {
  const { project, config, definitions, files, wanted, removed = [] } = parts;
  const { root, configText, configFile, lockText, lock } = project;
  assertOwnFolder(root);
  const packageText = await readProjectFile(root, PACKAGE_FILE);
  const needs = packageNeeds(definitions, config, lock);
  const removals = planRemovals({ packageText, lock, config, removed, needs });
  const format = await projectFormatter(root);
  const edited = await editPackageJson(packageText, needs, removals);
  const packageJson: PackageEdit = {
    ...edited,
    content: await formatEdited(format, {
      path: PACKAGE_FILE,
      before: packageText,
      after: edited.content,
    }),
  };
  const nextConfig = await formatEdited(format, {
    path: configFile,
    before: configText,
    after: editConfigText(
      configText,
      changedSettings(project, config),
      `./${config.adws_dir}/schema/adw.config.schema.json`,
    ),
  });
  const tsconfigs = await Promise.all(
    (parts.tsconfigs ?? []).map(async (edit) => ({
      ...edit,
      after: await formatEdited(format, edit),
    })),
  );
  assertConfigStays(configFile, nextConfig === configText);
  const lockedNow = formatLock(
    lockAfter({
      ...parts,
      settlesDropped: parts.settlesDropped === true,
      packageJson,
      removals,
    }),
  );
  // Another way to lay it out is no reason to write it.
  const nextLock =
    lockText !== null && lockedNow === formatLock(lock)
      ? lockText
      : withLineEndsOf(lockText, await format(LOCK_FILE, lockedNow));
  return {
    root,
    config,
    modules: definitions
      .filter(({ hidden }) => hidden !== true)
      .map(({ name }) => name),
    requiredBy: requirements(definitions, wanted),
    operations: [
      ...files,
      plainFile(configFile, configText, nextConfig, "settings changed"),
      plainFile(
        PACKAGE_FILE,
        packageText,
        packageJson.content,
        describeEdit(packageJson),
      ),
      ...tsconfigs.map(({ path, before, after }) =>
        plainFile(
          path,
          before,
          after,
          `excludes ${config.adws_dir}/, which has a tsconfig.json of its own`,
        ),
      ),
      plainFile(LOCK_FILE, lockText, nextLock, "records what was written"),
    ],
    packageJson,
    notes: [
      ...(parts.notes ?? []),
      ...configNotes(config),
      ...packageNotes(packageJson, removals),
      ...(definitions.length === 0 || parts.tsconfigs !== undefined
        ? []
        : await tsconfigAdvice(root, config.adws_dir)),
    ],
  };
}

/** A configuration outside the project is read, and never changed. */
function assertConfigStays(configFile: string, isUnchanged: boolean): void {
  if (isUnchanged || isInsideProject(configFile)) return;
  throw new ConfigError(
    "PATH_OUTSIDE",
    `${configFile} lies outside the project, and its settings would change`,
    {
      where: { file: configFile },
      hint: "Nothing was written. Change it in an editor, or copy it into the project.",
    },
  );
}

function requirements(
  definitions: readonly ModuleDefinition[],
  wanted: readonly string[],
): Record<string, string> {
  const result: Record<string, string> = {};
  for (const { name, requires } of definitions) {
    for (const required of requires ?? []) {
      if (!wanted.includes(required)) result[required] ??= name;
    }
  }
  return result;
}

/** A file that we edit rather than render: nothing of it is ever overwritten. */
function plainFile(
  path: string,
  previous: string | null,
  content: string,
  reason: string,
): FileOperation {
  if (previous === null) {
    return { operation: "create", path, module: PROJECT, content };
  }
  if (previous === content) {
    return { operation: "unchanged", path, module: PROJECT, content };
  }
  return {
    operation: "update",
    path,
    module: PROJECT,
    content,
    previous,
    reason,
  };
}

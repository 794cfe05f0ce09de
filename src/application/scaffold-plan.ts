/** What every plan is, and has: the configuration, package.json and the lock. */
import { configNotes, type AdwConfig } from "../domain/config.ts";
import { ConfigError } from "../domain/errors.ts";
import { LOCK_FILE, formatLock } from "../domain/lock.ts";
import type { ModuleDefinition } from "../domain/module-registry.ts";
import { assertOwnFolder, isInsideProject } from "../domain/paths.ts";
import type { FileOperation, OperationName } from "../domain/plan.ts";
import { editConfigText } from "../infrastructure/config-file.ts";
import {
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
import { withLineEndsOf, type FileState } from "./file-plan.ts";
import { checkHostPackages } from "./host-versions.ts";
import { lockAfter } from "./lock-after.ts";
import {
  describeEdit,
  packageNeeds,
  packageNotes,
  planRemovals,
} from "./package-plan.ts";
import { changedSettings, type Project } from "./project.ts";

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

export interface PlanParts {
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
  /** What to do about packages of the project's that are too old for the modules. */
  oldPackages?: "refuse" | "report";
}

/** Adds what every plan has: the configuration, package.json and the lock. */
export async function assemble(parts: PlanParts): Promise<ScaffoldPlan> {
  const { project, config, definitions, files, wanted, removed = [] } = parts;
  const { root, configText, configFile, lockText, lock } = project;
  assertOwnFolder(root);
  const packageText = await readProjectFile(root, PACKAGE_FILE);
  const needs = packageNeeds(definitions, config, lock);
  const removals = planRemovals({ packageText, lock, config, removed, needs });
  const format = await projectFormatter(root);
  const edited = await editPackageJson(packageText, needs, removals);
  const hostNotes = await checkHostPackages(
    project,
    { ...needs, added: edited },
    parts.oldPackages,
  );
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
      ...hostNotes,
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

/** What every plan is, and has: the configuration, package.json and the lock. */
import { configNotes, type AdwConfig } from "../domain/config.ts";
import { ConfigError } from "../domain/errors.ts";
import {
  withLockAttributes,
  withoutLockAttributes,
} from "../domain/git-attributes.ts";
import { LOCK_FILE, formatLock, type Lock } from "../domain/lock.ts";
import type { ModuleDefinition } from "../domain/module-registry.ts";
import { assertOwnFolder, isInsideProject } from "../domain/paths.ts";
import type { FileOperation, OperationName } from "../domain/plan.ts";
import { editConfigText } from "../infrastructure/config-file.ts";
import { isInRepository } from "../infrastructure/upwards.ts";
import { tsconfigAdvice } from "../infrastructure/host-tsconfig.ts";
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
import { adoptionNotes } from "./adopt.ts";
import { withLineEndsOf, type FileState } from "./file-plan.ts";
import type { HostFile, HostPlan } from "./host-edits.ts";
import { checkHostPackages } from "./host-versions.ts";
import { lockAfter } from "./lock-after.ts";
import {
  describeEdit,
  keepsPackagesInDev,
  packageNeeds,
  packageNotes,
  planRemovals,
} from "./package-plan.ts";
import { protectPrivateData } from "./private-data-plan.ts";
import {
  changedSettings,
  settingsOfTheOwner,
  type Project,
} from "./project.ts";

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
  /** Files that stay where the modules no longer are. */
  leftBehind: readonly string[];
  /** Configuration of the project's linters that the plan edits. */
  linterFiles: readonly string[];
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
  /** What becomes of the project's own tsconfig and linter files. */
  host?: HostPlan;
  /** Whether `files` also decides on files that nothing renders any more. */
  settlesDropped?: boolean;
  notes?: readonly string[];
  /** Packages go into devDependencies; without it, as earlier ones did. */
  dev?: boolean;
  /** What to do about packages of the project's that are too old for the modules. */
  oldPackages?: "refuse" | "report";
}

/** Adds what every plan has: the configuration, package.json and the lock. */
export async function assemble(parts: PlanParts): Promise<ScaffoldPlan> {
  const { project, config, definitions, wanted, removed = [] } = parts;
  const { root, configText, configFile, lockText, recordedLock, lock } =
    project;
  assertOwnFolder(root);
  const { files, ignore, leftBehind, notes } = await protectPrivateData(
    project,
    parts,
  );
  const packageText = await readProjectFile(root, PACKAGE_FILE);
  const needs = {
    ...packageNeeds(definitions, config, lock),
    dev:
      parts.dev === true ||
      keepsPackagesInDev(packageText, definitions, config, lock),
  };
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
      project.settledConfigText,
      changedSettings(project, config),
      definitions.length === 0 && removed.length > 0
        ? undefined
        : `./${config.adws_dir}/schema/adw.config.schema.json`,
    ),
  });
  assertConfigStays(configFile, nextConfig === configText);
  const lockNow = lockAfter({
    ...parts,
    files,
    settlesDropped: parts.settlesDropped === true,
    packageJson,
    removals,
    hostEdits: parts.host?.edits,
  });
  const nextLock =
    lockText !== null && recordedLock !== null && isSame(lockNow, recordedLock)
      ? lockText
      : withLineEndsOf(lockText, await format(LOCK_FILE, formatLock(lockNow)));
  const isGone = removed.length > 0 && definitions.length === 0;
  const ownSettings = settingsOfTheOwner(project.settledConfigText);
  return {
    root,
    config,
    modules: definitions
      .filter(({ hidden }) => hidden !== true)
      .map(({ name }) => name),
    requiredBy: requirements(definitions, wanted),
    operations: [
      ...files,
      isGone && ownSettings.length === 0 && configText !== null
        ? goneFile(configFile, configText)
        : plainFile(configFile, configText, nextConfig, "settings changed"),
      plainFile(
        PACKAGE_FILE,
        packageText,
        packageJson.content,
        describeEdit(packageJson),
      ),
      ...(parts.host?.files ?? []).map(hostFile),
      ...plainFileOrNone(
        ".gitignore",
        ignore,
        "keeps git from taking secrets and databases",
      ),
      ...plainFileOrNone(
        ATTRIBUTES_FILE,
        await lockAttributes(root, { isFirst: lockText === null, isGone }),
        "keeps adw.lock.json quiet in a review",
      ),
      isGone && lockText !== null
        ? goneFile(LOCK_FILE, lockText)
        : plainFile(LOCK_FILE, lockText, nextLock, "records what was written"),
    ],
    packageJson,
    leftBehind: [
      ...leftBehind,
      ...(isGone && ownSettings.length > 0 ? [configFile] : []),
    ],
    linterFiles: parts.host?.linterFiles ?? [],
    notes: [
      ...(lockText !== null && recordedLock === null
        ? [
            `${LOCK_FILE} was in two versions after a merge: each entry is taken from the one that matches the file, else from the newer.`,
          ]
        : []),
      ...(configText === project.settledConfigText
        ? []
        : [
            `${configFile} was in two versions after a merge, and what each side changed is taken. modules: ${config.modules.join(", ")}.`,
          ]),
      ...adoptionNotes(project),
      ...(isGone && ownSettings.length > 0
        ? [
            `${configFile} stays, for what you set in it: ${ownSettings.join(", ")}. Delete it if you do not need that any more.`,
          ]
        : []),
      ...(parts.notes ?? []),
      ...notes,
      ...configNotes(config),
      ...hostNotes,
      ...packageNotes(packageJson, removals),
      ...(parts.host?.notes ??
        (definitions.length === 0
          ? []
          : await tsconfigAdvice(root, config.adws_dir))),
    ],
  };
}

const ATTRIBUTES_FILE = ".gitattributes";

/** Our line comes with the first lock, and goes with it; in between it is the owner's. */
async function lockAttributes(
  root: string,
  { isFirst, isGone }: { isFirst: boolean; isGone: boolean },
): Promise<{ before: string | null; after: string | null }> {
  const unchanged = { before: null, after: null };
  if (!isGone && !(isFirst && isInRepository(root))) return unchanged;
  let before: string | null;
  try {
    before = await readProjectFile(root, ATTRIBUTES_FILE);
  } catch (error) {
    // A symbolic link is not ours to write.
    if (error instanceof ConfigError) return unchanged;
    throw error;
  }
  return {
    before,
    after: isGone ? withoutLockAttributes(before) : withLockAttributes(before),
  };
}

/** Another way to lay it out is no reason to write it, and a new version of ours alone is none. */
function isSame(lock: Lock, recorded: Lock): boolean {
  const { written_by } = recorded;
  return formatLock({ ...lock, written_by }) === formatLock(recorded);
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

function hostFile({ path, before, after, reason }: HostFile): FileOperation {
  if (after !== null) return plainFile(path, before, after, reason);
  const previous = before ?? "";
  return { operation: "delete", path, module: PROJECT, previous, reason };
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

/** A file of ours that has nothing to say any more. */
function goneFile(path: string, previous: string): FileOperation {
  return {
    operation: "delete",
    path,
    module: PROJECT,
    previous,
    reason: "no module is installed any more",
  };
}

/** A file that need not be there, and goes with the last line of ours. */
function plainFileOrNone(
  path: string,
  { before, after }: { before: string | null; after: string | null },
  reason: string,
): FileOperation[] {
  if (before === after) return [];
  if (after !== null) return [plainFile(path, before, after, reason)];
  if (before === null) return [];
  return [
    {
      operation: "delete",
      path,
      module: PROJECT,
      previous: before,
      reason: "nothing is left in it",
    },
  ];
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

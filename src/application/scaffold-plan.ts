/** What every plan is, and has: the configuration, package.json and the lock. */
import { configNotes, type AdwConfig } from "../domain/config.ts";
import { ConfigError } from "../domain/errors.ts";
import type { FileFacts } from "../domain/file-status.ts";
import {
  withLockAttributes,
  withoutLockAttributes,
} from "../domain/git-attributes.ts";
import { LOCK_FILE, formatLock, type Lock } from "../domain/lock.ts";
import type { ModuleDefinition } from "../domain/module-registry.ts";
import {
  assertOwnFolder,
  isInsideProject,
  pathEntries,
  projectPath,
} from "../domain/paths.ts";
import {
  editOperation,
  linesOperation,
  type Conflict,
  type FileOperation,
} from "../domain/plan.ts";
import { editConfigText } from "../infrastructure/config-file.ts";
import { isInRepository } from "../infrastructure/upwards.ts";
import { tsconfigAdvice } from "../infrastructure/host-tsconfig.ts";
import {
  PACKAGE_FILE,
  editPackageJson,
  type PackageEdit,
} from "../infrastructure/package-json.ts";
import {
  readOwnFile,
  readProjectFile,
} from "../infrastructure/project-files.ts";
import {
  formatEdited,
  projectFormatter,
} from "../infrastructure/project-prettier.ts";
import { adoptionNotes } from "./adopt.ts";
import { withLineEndsOf } from "./file-facts.ts";
import type { HostPlan } from "./host-edits.ts";
import { checkHostPackages } from "./host-versions.ts";
import { nextLock } from "./next-lock.ts";
import {
  describeEdit,
  droppedNote,
  keepsPackagesInDev,
  packageNeeds,
  packageNotes,
  planRemovals,
} from "./package-plan.ts";
import { protectPrivateData } from "./private-data-plan.ts";
import type { Project } from "./project.ts";
import type { ScaffoldPlan } from "./scaffold-types.ts";
import { changedSettings, settingsOfTheOwner } from "./settings.ts";

export type { ScaffoldPlan } from "./scaffold-types.ts";

/** What a command has decided; the rest is the same for all of them. */
export interface PlanParts {
  project: Project;
  config: AdwConfig;
  /** The modules that are installed once the plan is applied. */
  definitions: readonly ModuleDefinition[];
  /** The files whose lock entries the plan renews. */
  files?: readonly FileFacts[];
  /** Files that nothing renders any more, where the plan decided on them. */
  orphans?: readonly FileFacts[];
  /** What happens to all these files. */
  operations: readonly FileOperation[];
  /** The modules that the configuration names. */
  wanted: readonly string[];
  /** The modules that go. */
  removed?: readonly ModuleDefinition[];
  /** What becomes of the project's own tsconfig and linter files. */
  host?: HostPlan | undefined;
  notes?: readonly string[];
  /** Packages go into devDependencies; without it, as earlier ones did. */
  dev?: boolean | undefined;
  /** What to do about packages of the project's that are too old for the modules. */
  oldPackages?: "refuse" | "report";
}

/** Adds what every plan has: the configuration, package.json and the lock. */
export async function assemble(parts: PlanParts): Promise<ScaffoldPlan> {
  const { project, config, definitions, host, removed = [] } = parts;
  const { root, lockText } = project;
  assertOwnFolder(root);
  const isGone = removed.length > 0 && definitions.length === 0;
  const privateData = await protectPrivateData(project, parts);
  const packages = await packageParts(parts);
  const settings = await configParts(parts, isGone);
  const operations = [
    ...privateData.operations,
    ...settings.operations,
    ...packages.operations,
    ...(host?.files ?? []).flatMap(editOperation),
    ...privateData.ignoreFile,
    ...(await lockAttributes(project, isGone)),
  ];
  const lock = nextLock({
    files: [],
    orphans: [],
    ...parts,
    ...packages,
    operations,
    hostEdits: host?.edits,
  });
  return {
    root,
    config,
    modules: definitions
      .filter(({ hidden }) => hidden !== true)
      .map(({ name }) => name),
    requiredBy: requirements(parts),
    operations: [
      ...operations,
      ...editOperation({
        path: LOCK_FILE,
        before: lockText,
        after: isGone ? null : await lockFileText(project, lock),
        reason: isGone ? NOTHING_INSTALLED : "records what was written",
      }),
    ],
    packageJson: packages.packageJson,
    leftBehind: [...privateData.leftBehind, ...settings.leftBehind],
    linterFiles: host?.linterFiles ?? [],
    notes: [
      ...mergeNotes(project, config),
      ...adoptionNotes(project),
      ...settings.notes,
      ...(parts.notes ?? []),
      ...privateData.notes,
      ...configNotes(config),
      ...packages.notes,
      ...(host?.notes ??
        (definitions.length === 0
          ? []
          : await tsconfigAdvice({
              root,
              adwsDir: config.adws_dir,
              files: pathEntries(lock.files).map(([path]) => path),
            }))),
    ],
  };
}

const NOTHING_INSTALLED = "no module is installed any more";

/** package.json: what is added, and what goes with the modules that go. */
async function packageParts({
  project,
  config,
  definitions,
  files = [],
  operations,
  removed = [],
  dev = false,
  oldPackages,
}: PlanParts) {
  const { root, lock } = project;
  const before = await readProjectFile(root, PACKAGE_FILE);
  const needs = {
    ...packageNeeds(definitions, config, lock),
    dev: dev || keepsPackagesInDev(before, definitions, config, lock),
  };
  const removals = planRemovals({
    packageText: before,
    lock,
    config,
    removed,
    needs,
    isComplete: definitions.every(({ name }) =>
      files.some(({ module }) => module === name),
    ),
    ownTexts: operations.flatMap(ownText),
  });
  const edited = await editPackageJson(before, needs, removals);
  const oldNotes = await checkHostPackages(
    project,
    { ...needs, added: edited },
    oldPackages,
  );
  const file = { path: PACKAGE_FILE, before, after: edited.content };
  const content = await formatEdited(await projectFormatter(root), file);
  const packageJson: PackageEdit = { ...edited, content };
  return {
    packageJson,
    removals,
    operations: editOperation({
      ...file,
      after: content,
      reason: describeEdit(packageJson),
    }),
    notes: [
      ...oldNotes,
      ...packageNotes(packageJson, removals),
      ...(removed.length === 0 ? droppedNote(removals) : []),
    ],
  };
}

/** What a file holds afterwards, where that is not only what is rendered. */
function ownText(entry: FileOperation): string | [] {
  switch (entry.operation) {
    case "keep":
      return entry.previous ?? [];
    case "merge":
      return entry.content;
    case "conflict":
      return entry.merged ?? [];
    case "create":
    case "update":
    case "unchanged":
    case "delete":
      return [];
  }
}

/** The configuration; with the last module it goes, unless it says something of its owner's. */
async function configParts(
  { project, config }: PlanParts,
  isGone: boolean,
): Promise<{
  operations: FileOperation[];
  leftBehind: string[];
  notes: string[];
}> {
  const { root, configFile: path, configText: before } = project;
  const edited = editConfigText(
    project.settledConfigText,
    changedSettings(project, config),
    isGone ? undefined : `./${config.adws_dir}/schema/adw.config.schema.json`,
  );
  const after = await formatEdited(await projectFormatter(root), {
    path,
    before,
    after: edited,
  });
  if (!isInsideProject(path)) {
    if (after !== before) throw outsideConfig(path);
    return { operations: [], leftBehind: [], notes: [] };
  }
  const ownSettings = settingsOfTheOwner(project.settledConfigText);
  if (isGone && before !== null && ownSettings.length === 0) {
    const file = { path, before, after: null, reason: NOTHING_INSTALLED };
    return { operations: editOperation(file), leftBehind: [], notes: [] };
  }
  const operations = editOperation({
    path,
    before,
    after,
    reason: "settings changed",
  });
  if (!isGone || ownSettings.length === 0)
    return { operations, leftBehind: [], notes: [] };
  const note = `${path} stays, for what you set in it: ${ownSettings.join(", ")}. Delete it if you do not need that any more.`;
  return { operations, leftBehind: [path], notes: [note] };
}

const ATTRIBUTES_FILE = projectPath(".gitattributes");

/** Our line comes with the first lock, and goes with it; in between it is the owner's. */
async function lockAttributes(
  { root, lockText }: Project,
  isGone: boolean,
): Promise<FileOperation[]> {
  const isFirst = lockText === null && isInRepository(root);
  if (!isGone && !isFirst) return [];
  const links: string[] = [];
  const before = await readOwnFile(root, ATTRIBUTES_FILE, (path) =>
    links.push(path),
  );
  if (links.length > 0) return [];
  return linesOperation({
    path: ATTRIBUTES_FILE,
    before,
    after: isGone ? withoutLockAttributes(before) : withLockAttributes(before),
    reason: "keeps adw.lock.json quiet in a review",
  });
}

/** A configuration outside the project is read, and never changed. */
function outsideConfig(configFile: string): ConfigError {
  return new ConfigError(
    "PATH_OUTSIDE",
    `${configFile} lies outside the project, and its settings would change`,
    {
      where: { file: configFile },
      hint: "Nothing was written. Change it in an editor, or copy it into the project.",
    },
  );
}

/** Another way to lay it out is no reason to write it, and a new version of ours alone is none. */
async function lockFileText(
  { root, lockText, recordedLock }: Project,
  lock: Lock,
): Promise<string> {
  if (lockText !== null && recordedLock !== null) {
    const { written_by } = recordedLock;
    const isSame =
      formatLock({ ...lock, written_by }) === formatLock(recordedLock);
    if (isSame) return lockText;
  }
  const format = await projectFormatter(root);
  return withLineEndsOf(lockText, await format(LOCK_FILE, formatLock(lock)));
}

/** What a merge left in two versions, and was settled. */
function mergeNotes(project: Project, { modules }: AdwConfig): string[] {
  const { configFile, configText, settledConfigText, lockText } = project;
  return [
    ...(lockText !== null && project.recordedLock === null
      ? [
          `${LOCK_FILE} was in two versions after a merge: each entry is taken from the one that matches the file, else from the newer.`,
        ]
      : []),
    ...(configText === settledConfigText
      ? []
      : [
          `${configFile} was in two versions after a merge, and what each side changed is taken. modules: ${modules.join(", ")}.`,
        ]),
  ];
}

function requirements({
  definitions,
  wanted,
}: PlanParts): Record<string, string> {
  const result: Record<string, string> = {};
  for (const { name, requires } of definitions) {
    for (const required of requires ?? []) {
      if (!wanted.includes(required)) result[required] ??= name;
    }
  }
  return result;
}

/** The conflicts that stop a plan from being applied. */
export function refusedConflicts({
  operations,
}: Pick<ScaffoldPlan, "operations">): Conflict[] {
  return operations.flatMap((entry) =>
    entry.operation === "conflict" && entry.resolution === "refuse"
      ? entry
      : [],
  );
}

export { countOperations } from "../domain/plan.ts";

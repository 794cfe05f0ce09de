/**
 * From what the user wants and what is on disk to a plan, and from the plan to
 * files. Everything that writes a project goes through here.
 */
import { realpath } from "node:fs/promises";
import { basename, resolve } from "node:path";
import {
  CONFIG_FILE,
  parseConfig,
  type AdwConfig,
  type AdwConfigInput,
} from "../domain/config.ts";
import { RefusedError } from "../domain/errors.ts";
import { LOCK_FILE, formatLock, type Lock } from "../domain/lock.ts";
import {
  moduleDependencies,
  moduleScripts,
  type ModuleDefinition,
} from "../domain/module-registry.ts";
import {
  changesOf,
  planFile,
  type FileOperation,
  type OperationName,
  type PlanPolicy,
} from "../domain/plan.ts";
import {
  editConfigText,
  readConfig,
  readLock,
} from "../infrastructure/config-file.ts";
import {
  applyTransaction,
  recoverTransaction,
} from "../infrastructure/file-transaction.ts";
import { tsconfigAdvice } from "../infrastructure/host-tsconfig.ts";
import {
  editPackageJson,
  PACKAGE_FILE,
  type PackageEdit,
} from "../infrastructure/package-json.ts";
import {
  isMissing,
  packText,
  readProjectFile,
  sha256,
  unpackText,
} from "../infrastructure/project-files.ts";
import {
  projectFormatter,
  type Formatter,
} from "../infrastructure/project-prettier.ts";
import { namesUsedBy } from "../infrastructure/renderer.ts";
import {
  BUNDLED,
  renderDefinition,
  type ModuleSource,
} from "./render-module.ts";

/** What to scaffold. */
export interface ScaffoldRequest {
  /** The project's folder; it may not exist yet. */
  root: string;
  /** Modules to install besides those already in the configuration. */
  modules?: readonly string[];
  /** Settings to change in `adw.config.json`. */
  settings?: AdwConfigInput;
  /** Another configuration file than `adw.config.json`, relative to the project. */
  configFile?: string;
  /** Overwrite files in the way, and edits. */
  force?: boolean;
  source?: ModuleSource;
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

/** The names under which the plan lists files that belong to no module. */
const PROJECT = "project";

/**
 * Makes the plan. Reads the disk, writes nothing.
 *
 * @throws {ConfigError} or {UsageError} for bad settings, paths or module names.
 */
export async function planScaffold(
  request: ScaffoldRequest,
): Promise<ScaffoldPlan> {
  const source = request.source ?? BUNDLED;
  const root = await resolveRoot(request.root);
  const loaded = await readConfig(root, request.configFile);
  const { lock, text: lockText } = await readLock(root);
  const settings = await withEnvironment(
    root,
    loaded.text,
    request.settings ?? {},
  );
  const wanted = [
    ...new Set([...loaded.config.modules, ...(request.modules ?? [])]),
  ];
  const config = parseConfig({
    ...loaded.config,
    ...settings,
    modules: wanted,
  });
  const definitions = source.registry.resolve(wanted);
  const policy: PlanPolicy = {
    force: request.force === true,
    restoreDeleted: true,
  };

  const rendered = await addAdwModules(root, definitions, config, source);
  const operations = await Promise.all(
    rendered.map(async ({ path, module, content }) =>
      planFile(
        {
          path,
          module,
          base: baseText(lock, path),
          disk: await readProjectFile(root, path),
          next: content,
        },
        policy,
      ),
    ),
  );
  const files = operations.filter((entry) => entry !== undefined);
  const packageText = await readProjectFile(root, PACKAGE_FILE);
  const packageJson = await editPackageJson(
    packageText,
    needsOf(definitions, config),
  );
  const configFile = request.configFile ?? CONFIG_FILE;
  const configText = editConfigText(
    loaded.text,
    { ...changedSettings(loaded.config, config, settings), modules: wanted },
    `./${config.adws_dir}/schema/adw.config.schema.json`,
  );
  const nextLock = formatLock(
    lockAfter(lock, { files, rendered, definitions, config, packageJson }),
  );
  return {
    root,
    config,
    modules: definitions
      .filter(({ hidden }) => hidden !== true)
      .map(({ name }) => name),
    requiredBy: requirements(definitions, wanted),
    operations: [
      ...files,
      plainFile(configFile, loaded.text, configText, "settings changed"),
      plainFile(
        PACKAGE_FILE,
        packageText,
        packageJson.content,
        describeEdit(packageJson),
      ),
      plainFile(LOCK_FILE, lockText, nextLock, "records what was written"),
    ],
    packageJson,
    notes: [
      ...packageNotes(packageJson),
      ...(await tsconfigAdvice(root, config.adws_dir)),
    ],
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

/**
 * Carries a plan out: all of it, or nothing.
 *
 * @throws {RefusedError} code `CONFLICTS` when a file is in the way, or what
 * writing throws. The project is then as before.
 */
export async function applyScaffold(plan: ScaffoldPlan): Promise<void> {
  const conflicts = plan.operations.filter(
    ({ operation }) => operation === "conflict",
  );
  if (conflicts.length > 0) {
    throw new RefusedError(
      "CONFLICTS",
      `${conflicts.length === 1 ? "a file is" : `${conflicts.length} files are`} in the way: ${conflicts.map(({ path }) => path).join(", ")}`,
      {
        hint: "Nothing was written. Move them, or overwrite them with --force.",
      },
    );
  }
  await applyTransaction(plan.root, changesOf(plan.operations));
}

/** Finishes or undoes what a killed run left behind; see {@link recoverTransaction}. */
export async function recover(root: string): Promise<string | undefined> {
  switch (await recoverTransaction(await resolveRoot(root))) {
    case "completed":
      return "an interrupted run was completed first";
    case "rolled-back":
      return "an interrupted run was undone first";
    case "nothing":
      return undefined;
  }
}

interface PlannedContent {
  path: string;
  module: string;
  content: string;
}

/** Puts every file of the given modules on the plan, formatted the project's way. */
export async function addAdwModules(
  root: string,
  definitions: readonly ModuleDefinition[],
  config: AdwConfig,
  source: ModuleSource,
): Promise<PlannedContent[]> {
  const format: Formatter = await projectFormatter(root);
  const planned = await Promise.all(
    definitions.map(async (definition) => {
      const files = await renderDefinition(
        definition,
        config,
        source.templates,
      );
      return Promise.all(
        files.map(async ({ path, content }) => ({
          path,
          module: definition.name,
          content: await format(path, content),
        })),
      );
    }),
  );
  return planned.flat();
}

/** The real path of the project's folder, so that no link in it is mistaken for one inside. */
async function resolveRoot(root: string): Promise<string> {
  try {
    return await realpath(root);
  } catch (error) {
    if (isMissing(error)) return resolve(root);
    throw error;
  }
}

/** Choices that depend on this machine are made once, when the config is created. */
async function withEnvironment(
  root: string,
  configText: string | null,
  settings: AdwConfigInput,
): Promise<AdwConfigInput> {
  if (configText !== null) return settings;
  return {
    project_name: await projectName(root),
    sqlite_driver: nodeAtLeast(22, 13) ? "node:sqlite" : "better-sqlite3",
    typescript_runner: nodeAtLeast(22, 18) ? "node" : "tsx",
    ...settings,
  };
}

async function projectName(root: string): Promise<string> {
  const text = await readProjectFile(root, PACKAGE_FILE);
  const match =
    text === null ? null : /^\s*"name"\s*:\s*"([^"\\]{1,100})"/m.exec(text);
  const name = match?.[1] ?? basename(root);
  return /^[^\p{C}]{1,100}$/u.test(name) ? name : "adw-project";
}

function nodeAtLeast(major: number, minor: number): boolean {
  const [runningMajor = 0, runningMinor = 0] = process.versions.node
    .split(".")
    .map(Number);
  return (
    runningMajor > major || (runningMajor === major && runningMinor >= minor)
  );
}

function baseText(lock: Lock, path: string): string | null {
  const entry = lock.files[path];
  return entry === undefined ? null : unpackText(entry.base);
}

/** Only what was asked for is written into the config; defaults stay out of it. */
function changedSettings(
  before: AdwConfig,
  after: AdwConfig,
  settings: AdwConfigInput,
): AdwConfigInput {
  const asked = new Set(Object.keys(settings));
  return Object.fromEntries(
    Object.entries(after).filter(
      ([key, value]) =>
        asked.has(key) &&
        (JSON.stringify(value) !==
          JSON.stringify(
            Object.entries(before).find(([name]) => name === key)?.[1],
          ) ||
          ENVIRONMENT_KEYS.has(key)),
    ),
  );
}

/** Recorded even when they equal the default: another machine must not choose anew. */
const ENVIRONMENT_KEYS = new Set([
  "project_name",
  "sqlite_driver",
  "typescript_runner",
]);

function needsOf(definitions: readonly ModuleDefinition[], config: AdwConfig) {
  const needs = definitions.map((definition) =>
    moduleDependencies(definition, config),
  );
  const dependencies = Object.assign(
    {},
    ...needs.map((need) => need.dependencies),
  );
  return {
    dependencies,
    devDependencies: Object.assign(
      {},
      ...needs.map((need) => need.devDependencies),
    ),
    scripts: Object.assign(
      {},
      ...definitions.map((definition) => moduleScripts(definition, config)),
    ),
    projectName: config.project_name,
  };
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
  if (previous === null)
    return { operation: "create", path, module: PROJECT, content };
  if (previous === content)
    return { operation: "unchanged", path, module: PROJECT, content };
  return {
    operation: "update",
    path,
    module: PROJECT,
    content,
    previous,
    reason,
  };
}

function describeEdit(edit: PackageEdit): string {
  const added = [
    ...Object.entries(edit.addedDependencies).map(
      ([name, range]) => `${name} ${range}`,
    ),
    ...Object.entries(edit.addedDevDependencies).map(
      ([name, range]) => `${name} ${range} (dev)`,
    ),
    ...Object.keys(edit.addedScripts).map((name) => `script ${name}`),
  ];
  return `adds ${added.join(", ")}`;
}

function packageNotes({ oldRanges, keptScripts }: PackageEdit): string[] {
  return [
    ...oldRanges.map(
      ({ name, present, needed }) =>
        `${name} "${present}" in package.json allows versions that are too old: the modules are tested with "${needed}". It was left as it is.`,
    ),
    ...keptScripts.map(
      (name) => `The script "${name}" exists and was left as it is.`,
    ),
  ];
}

/** The lock that describes the project once the plan is applied. */
function lockAfter(
  lock: Lock,
  {
    files,
    rendered,
    definitions,
    config,
    packageJson,
  }: {
    files: readonly FileOperation[];
    rendered: readonly PlannedContent[];
    definitions: readonly ModuleDefinition[];
    config: AdwConfig;
    packageJson: PackageEdit;
  },
): Lock {
  const settled = new Set(
    files
      .filter(({ operation }) => operation !== "conflict")
      .map(({ path }) => path),
  );
  const entries = rendered
    .filter(({ path }) => settled.has(path))
    .map(({ path, module, content }) => {
      const digest = sha256(content);
      const present = lock.files[path];
      // Compressed bytes may differ between zlib versions; the text is what counts.
      const base =
        present?.sha256 === digest ? present.base : packText(content);
      return [path, { module, sha256: digest, base }] as const;
    });
  return {
    lockfile_version: lock.lockfile_version,
    modules: {
      ...lock.modules,
      ...Object.fromEntries(
        definitions.map((definition) => [
          definition.name,
          { version: definition.version, inputs: inputsOf(definition, config) },
        ]),
      ),
    },
    files: { ...lock.files, ...Object.fromEntries(entries) },
    added_dependencies: {
      ...lock.added_dependencies,
      ...packageJson.addedDependencies,
      ...packageJson.addedDevDependencies,
    },
  };
}

/** The configuration values that a module's templates use. */
function inputsOf(
  definition: ModuleDefinition,
  config: AdwConfig,
): Record<string, unknown> {
  const used = new Set(
    definition.files.flatMap((file) => namesUsedBy(`${file}.njk`)),
  );
  return Object.fromEntries(
    Object.entries(config).filter(([key]) => used.has(key)),
  );
}

/**
 * From what the user wants and what is on disk to a plan, and from the plan to
 * files. Everything that writes a project goes through here.
 */
import { RefusedError } from "../domain/errors.ts";
import { operationsOf } from "../domain/operations.ts";
import { projectPath } from "../domain/paths.ts";
import {
  changesOf,
  type Conflict,
  type ConflictCause,
} from "../domain/plan.ts";
import {
  applyTransaction,
  recoverTransaction,
} from "../infrastructure/file-transaction.ts";
import { adoptLostFiles } from "./adopt.ts";
import { typescriptAdvice } from "../infrastructure/host-typescript.ts";
import { addAdwModules } from "./file-facts.ts";
import { planHostEdits } from "./host-edits.ts";
import { assertInstallable } from "./installed-modules.ts";
import { assertNotNewer } from "./newer-version.ts";
import { openProject, resolveRoot } from "./project.ts";
import { assemble, refusedConflicts } from "./scaffold-plan.ts";
import type { ScaffoldPlan, ScaffoldRequest } from "./scaffold-types.ts";
import { withSettings } from "./settings.ts";

/**
 * Plans to install modules and change settings. Reads the disk, writes nothing.
 *
 * @throws {ConfigError} or {UsageError} for bad settings, paths or module names.
 */
export async function planScaffold(
  request: ScaffoldRequest,
): Promise<ScaffoldPlan> {
  const opened = await openProject(request);
  const added = request.modules ?? [];
  const modules = [...new Set([...opened.config.modules, ...added])];
  assertInstallable(opened, modules);
  const { registry } = opened.source;
  const definitions = registry.resolve(modules);
  const config = await withSettings(opened, {
    ...request.settings,
    // A module that is retired is taken out by an update, not by the way.
    modules: [...new Set([...opened.namedModules, ...added])],
  });
  const hasLock = opened.lockText !== null;
  const installed = hasLock ? registry.resolve(opened.config.modules) : [];
  const project = await adoptLostFiles(opened, {
    definitions,
    config: hasLock ? opened.config : config,
    isInstalled: (module) => installed.some(({ name }) => name === module),
  });
  await assertNotNewer(project, request.downgrade);
  const files = await addAdwModules(project, definitions, config);
  const intent = {
    ...request,
    restoresDeleted: true,
    onConflict: "fail",
  } as const;
  return assemble({
    project,
    config,
    definitions,
    files,
    operations: files.flatMap((file) => operationsOf(file, intent)),
    wanted: modules,
    host: await planHostEdits(project, {
      config,
      rendered: files.map(({ path }) => path),
      linters: request.linters !== false,
    }),
    oldPackages: request.force === true ? "report" : "refuse",
    dev: request.dev,
    // Told once: what the owner decided is not asked again.
    notes:
      project.lockText === null
        ? await typescriptAdvice(project.root, config)
        : [],
  });
}

/**
 * Carries a plan out: all of it, or nothing.
 *
 * @throws {RefusedError} code `CONFLICTS` when a file already exists, or what
 * writing throws. The project is then as before.
 */
export async function applyScaffold(plan: ScaffoldPlan): Promise<void> {
  const refused = refusedConflicts(plan);
  if (refused.length > 0) throw conflictError(refused);
  // The API's callers may not have types.
  for (const { path } of plan.operations) projectPath(path);
  // What a killed run left behind is completed first.
  await recoverTransaction(plan.root);
  await applyTransaction(plan.root, changesOf(plan.operations));
}

/** Which files stop the plan, and what their owner can do about it. */
function conflictError(conflicts: readonly Conflict[]): RefusedError {
  const cause = CAUSES.find((each) =>
    conflicts.some((entry) => entry.cause === each),
  );
  const paths = conflicts
    .filter((entry) => entry.cause === cause)
    .map(({ path }) => path);
  const names = paths.join(", ");
  const refused = (message: string, hint: string) =>
    new RefusedError("CONFLICTS", message, {
      hint: `Nothing was written. ${hint}`,
    });
  switch (cause) {
    case "markers_left":
      return refused(
        `conflict markers are left in ${names}`,
        "Resolve them in an editor, then run the command again.",
      );
    case "both_changed":
      return refused(
        `both you and the templates changed the same lines of ${names}`,
        "adw-scaffold update merges with conflict markers; --on-conflict keep or --on-conflict theirs chooses a side.",
      );
    case "already_exists":
    case undefined:
      return refused(
        `${paths.length === 1 ? "a file already exists" : `${paths.length} files already exist`}: ${names}`,
        "Keep them as yours with --keep, overwrite them with --force, or move them.",
      );
  }
}

/** What has to be settled first comes first. */
const CAUSES: readonly ConflictCause[] = [
  "markers_left",
  "both_changed",
  "already_exists",
];

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

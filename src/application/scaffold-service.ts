/**
 * From what the user wants and what is on disk to a plan, and from the plan to
 * files. Everything that writes a project goes through here.
 */
import type { AdwConfigInput } from "../domain/config.ts";
import { RefusedError } from "../domain/errors.ts";
import {
  changesOf,
  type ConflictCause,
  type FileOperation,
} from "../domain/plan.ts";
import {
  hasConflictMarkers,
  mergeThreeWay,
} from "../domain/three-way-merge.ts";
import {
  applyTransaction,
  recoverTransaction,
} from "../infrastructure/file-transaction.ts";
import { adoptLostFiles } from "./adopt.ts";
import { decide, type Decisions } from "./decisions.ts";
import { typescriptAdvice } from "../infrastructure/host-typescript.ts";
import { planModuleFiles, readFileStates } from "./file-plan.ts";
import { planHostEdits } from "./host-edits.ts";
import { assertInstallable } from "./installed-modules.ts";
import { assertNotNewer } from "./newer-modules.ts";
import {
  openProject,
  resolveRoot,
  withSettings,
  type ProjectRequest,
} from "./project.ts";
import {
  assemble,
  refusedConflicts,
  type ScaffoldPlan,
} from "./scaffold-plan.ts";

/** What to scaffold. */
export interface ScaffoldRequest extends ProjectRequest, Decisions {
  /** Modules to install besides those already in the configuration. */
  modules?: readonly string[];
  /** Settings to change in `adw.config.json`. */
  settings?: AdwConfigInput;
  /** Overwrite files in the way, and edits. */
  force?: boolean;
  /** Take files of a newer version back to the templates at hand. */
  downgrade?: boolean;
  /** Packages that the modules run with go into devDependencies. */
  dev?: boolean;
  /** false: the configuration of the project's linters stays as it is. */
  linters?: boolean;
}

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
  const states = await readFileStates(project, definitions, config);
  const planned = await planModuleFiles(project, states, {
    force: request.force === true,
    restoreDeleted: true,
    hasMarkers: hasConflictMarkers,
    merge: mergeThreeWay,
  });
  const files = planned.map((entry) => decide(entry, request));
  return assemble({
    project,
    config,
    definitions,
    states,
    files,
    wanted: modules,
    host: await planHostEdits(project, {
      config,
      rendered: states.map(({ path }) => path),
      linters: request.linters !== false,
    }),
    oldPackages: request.force === true ? "report" : "refuse",
    ...(request.dev === true ? { dev: true } : {}),
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
    `${inTheWay.length === 1 ? "a file already exists" : `${inTheWay.length} files already exist`}: ${inTheWay.join(", ")}`,
    {
      hint: "Nothing was written. Keep them as yours with --keep, overwrite them with --force, or move them.",
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

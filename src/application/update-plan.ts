/** The plan of an update: later templates and changed settings, merged with edits. */
import type { ModuleDefinition } from "../domain/module-registry.ts";
import type { PlanPolicy } from "../domain/plan.ts";
import {
  hasConflictMarkers,
  mergeThreeWay,
} from "../domain/three-way-merge.ts";
import { adoptLostFiles } from "./adopt.ts";
import { decide, type Decisions } from "./decisions.ts";
import {
  planDroppedFiles,
  planModuleFiles,
  readFileStates,
} from "./file-plan.ts";
import {
  chooseModules,
  installedDefinitions,
  retirementNotes,
} from "./installed-modules.ts";
import { assertNotNewer } from "./newer-modules.ts";
import { openProject, type ProjectRequest } from "./project.ts";
import { assemble, type ScaffoldPlan } from "./scaffold-plan.ts";

/** What to do where the owner and the template changed the same lines. */
export type OnConflict = "markers" | "keep" | "theirs" | "fail";

/** What to update. */
export interface UpdateRequest extends ProjectRequest, Decisions {
  /** Only these modules; all installed ones without it. */
  modules?: readonly string[];
  /** By default `markers`: standard conflict markers, to be resolved in an editor. */
  onConflict?: OnConflict;
  force?: boolean;
  /** Take files of a newer version back to the templates at hand. */
  downgrade?: boolean;
}

/**
 * Plans to bring in later templates and changed settings by a three-way merge.
 *
 * @throws {UsageError} when nothing is installed, or a module is not.
 */
export async function planUpdate(
  request: UpdateRequest,
): Promise<ScaffoldPlan> {
  const opened = await openProject(request, { settle: true });
  const { config } = opened;
  const definitions = installedDefinitions(opened);
  const project = await adoptLostFiles(opened, {
    definitions,
    config,
    isInstalled: () => true,
  });
  await assertNotNewer(project, request.downgrade);
  const chosen = chooseModules(project, definitions, request.modules);
  const states = await readFileStates(project, definitions, config);
  const policy = updatePolicy(request);
  const files = [
    ...(
      await planModuleFiles(
        project,
        states.filter(({ module }) => chosen.has(module)),
        policy,
      )
    ).map((entry) => decide(entry, request)),
    ...(request.modules === undefined
      ? await planDroppedFiles(project, states, policy)
      : []),
  ];
  const notes = [
    ...(request.modules === undefined ? retirementNotes(opened) : []),
    ...files.flatMap((entry) =>
      entry.operation === "keep" && entry.cause === "deleted"
        ? [
            `${entry.path}: you deleted it, and it stays deleted. ${restoreCommand(entry.module, definitions)} brings it back.`,
          ]
        : [],
    ),
  ];
  return assemble({
    project,
    config,
    definitions,
    states: states.filter(({ module }) => chosen.has(module)),
    files,
    wanted: config.modules,
    settlesDropped: request.modules === undefined,
    ...(request.modules === undefined ? { removed: opened.retired } : {}),
    oldPackages: request.force === true ? "report" : "refuse",
    notes,
  });
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

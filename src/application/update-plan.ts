/** The plan of an update: later templates and changed settings, merged with edits. */
import type { ModuleDefinition } from "../domain/module-registry.ts";
import {
  operationsOf,
  type Decisions,
  type OnConflict,
} from "../domain/operations.ts";
import { addAdwModules, orphanedFiles } from "./file-facts.ts";
import {
  chooseModules,
  openInstalled,
  retirementNotes,
} from "./installed-modules.ts";
import { assertNotNewer } from "./newer-version.ts";
import type { ProjectRequest } from "./project.ts";
import { assemble, type ScaffoldPlan } from "./scaffold-plan.ts";

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
  const { modules = [], onConflict = "markers" } = request;
  const { project, installed } = await openInstalled(request, { settle: true });
  const { config } = project;
  await assertNotNewer(project, request.downgrade);
  const chosen = chooseModules(project, installed, modules);
  const isAll = modules.length === 0;
  const all = await addAdwModules(project, installed, config);
  const files = all.filter(({ module }) => chosen.has(module));
  const orphans = isAll ? await orphanedFiles(project, installed, config) : [];
  const intent = { ...request, restoresDeleted: false, onConflict };
  const operations = [...files, ...orphans].flatMap((file) =>
    operationsOf(file, intent),
  );
  const deleted = operations.flatMap((entry) =>
    entry.operation === "keep" && entry.cause === "deleted" ? entry : [],
  );
  return assemble({
    project,
    config,
    definitions: installed,
    files,
    orphans,
    operations,
    wanted: config.modules,
    removed: isAll ? project.retired : [],
    oldPackages: request.force === true ? "report" : "refuse",
    notes: [
      ...(isAll ? retirementNotes(project) : []),
      ...deleted.map(
        ({ path, module }) =>
          `${path}: you deleted it, and it stays deleted. ${restoreCommand(module, installed)} brings it back.`,
      ),
    ],
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

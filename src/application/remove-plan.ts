/** The plan to remove modules. */
import { RefusedError } from "../domain/errors.ts";
import type { ModuleDefinition } from "../domain/module-registry.ts";
import type { PlanPolicy } from "../domain/plan.ts";
import { adoptLostFiles } from "./adopt.ts";
import { planDroppedFiles, readFileStates } from "./file-plan.ts";
import { planHostRestore } from "./host-edits.ts";
import {
  assertInstallable,
  chooseModules,
  installedDefinitions,
  retirementNotes,
} from "./installed-modules.ts";
import { assertNotNewer } from "./newer-modules.ts";
import { openProject, withSettings, type ProjectRequest } from "./project.ts";
import { assemble, type ScaffoldPlan } from "./scaffold-plan.ts";

/** What to remove. */
export interface RemoveRequest extends ProjectRequest {
  modules: readonly string[];
  /** Delete edited files too. */
  force?: boolean;
  /** Also where a newer version wrote the files. */
  downgrade?: boolean;
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
  const opened = await openProject(request);
  const { registry } = opened.source;
  const installed = installedDefinitions(opened);
  const retired = opened.retired.filter(({ name }) =>
    request.modules.includes(name),
  );
  // What goes is all of it: nothing renders a retired module any more.
  const asked = request.modules.filter((name) =>
    retired.every((module) => module.name !== name),
  );
  assertInstallable(opened, asked);
  const project = await adoptLostFiles(opened, {
    definitions: installed,
    config: opened.config,
    isInstalled: () => true,
  });
  await assertNotNewer(project, request.downgrade);
  chooseModules(project, installed, asked);
  // Removed by name, a retired module takes along what only it required.
  const present =
    retired.length === 0 ? project.config.modules : project.namedModules;
  const wanted = present.filter(
    (name) =>
      !request.modules.includes(name) &&
      project.retired.every((module) => module.name !== name),
  );
  const remaining = registry.resolve(wanted);
  for (const name of asked) {
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
  const host =
    remaining.length === 0
      ? await planHostRestore(project, config, files)
      : undefined;
  return assemble({
    project,
    config,
    definitions: remaining,
    states: [],
    files,
    wanted,
    settlesDropped: true,
    ...(host === undefined ? {} : { host }),
    removed: [
      ...installed.filter((definition) => !remaining.includes(definition)),
      ...project.retired,
    ],
    notes: retirementNotes(project),
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

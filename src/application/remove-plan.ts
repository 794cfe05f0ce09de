/** The plan to remove modules. */
import { RefusedError } from "../domain/errors.ts";
import type { ModuleDefinition } from "../domain/module-registry.ts";
import { operationsOf } from "../domain/operations.ts";
import { orphanedFiles } from "./file-facts.ts";
import { planHostRestore } from "./host-edits.ts";
import {
  assertInstallable,
  chooseModules,
  openInstalled,
  retirementNotes,
} from "./installed-modules.ts";
import { assertNotNewer } from "./newer-version.ts";
import type { ProjectRequest } from "./project.ts";
import { assemble, type ScaffoldPlan } from "./scaffold-plan.ts";
import { withSettings } from "./settings.ts";

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
  const { modules, force = false } = request;
  const { project, installed } = await openInstalled(request);
  const { retired } = project;
  const isRetired = (name: string) =>
    retired.some((module) => module.name === name);
  // What goes is all of it: nothing renders a retired module any more.
  const asked = modules.filter((name) => !isRetired(name));
  assertInstallable(project, asked);
  await assertNotNewer(project, request.downgrade);
  chooseModules(project, installed, asked);
  // Removed by name, a retired module takes along what only it required.
  const present = modules.some(isRetired)
    ? project.namedModules
    : project.config.modules;
  const wanted = present.filter(
    (name) => !modules.includes(name) && !isRetired(name),
  );
  const remaining = project.source.registry.resolve(wanted);
  for (const name of asked) assertUnused(name, remaining, modules);
  const config = await withSettings(project, { modules: wanted });
  const orphans = await orphanedFiles(project, remaining, config);
  const operations = orphans.flatMap((file) =>
    operationsOf(file, { force, restoresDeleted: false, onConflict: "fail" }),
  );
  return assemble({
    project,
    config,
    definitions: remaining,
    orphans,
    operations,
    wanted,
    host:
      remaining.length === 0
        ? await planHostRestore(project, config, operations)
        : undefined,
    removed: [
      ...installed.filter((definition) => !remaining.includes(definition)),
      ...retired,
    ],
    notes: retirementNotes(project),
  });
}

/** @throws {RefusedError} where a module that stays needs one that is to go. */
function assertUnused(
  name: string,
  remaining: readonly ModuleDefinition[],
  removed: readonly string[],
): void {
  const users = dependentsOf(name, remaining);
  const [user] = users;
  if (user === undefined) return;
  const all = [...new Set([...removed, ...users])];
  throw new RefusedError("MODULE_REQUIRED", `${user} requires ${name}`, {
    hint: `${all.length === 2 ? "Remove both" : "Remove what needs it too"}: adw-scaffold remove ${all.join(" ")}`,
  });
}

/** The modules that require one, directly and through others, nearest first. */
function dependentsOf(
  name: string,
  modules: readonly ModuleDefinition[],
): string[] {
  const found = new Set([name]);
  // What is found on the way is looked at in its turn.
  for (const required of found) {
    for (const { name: user, requires } of modules)
      if (requires?.includes(required) === true) found.add(user);
  }
  found.delete(name);
  return [...found];
}

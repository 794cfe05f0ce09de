/** Which modules a project has, and which of them a command is about. */
import { UsageError } from "../domain/errors.ts";
import type { ModuleDefinition } from "../domain/module-registry.ts";
import { adoptLostFiles } from "./adopt.ts";
import { openProject, type Project, type ProjectRequest } from "./project.ts";

/**
 * A project that has modules; files of theirs that the lock has lost count too.
 *
 * @throws {UsageError} when it has none.
 */
export async function openInstalled(
  request: ProjectRequest,
  options: { settle?: boolean } = {},
): Promise<{ project: Project; installed: ModuleDefinition[] }> {
  const opened = await openProject(request, options);
  const { config, source } = opened;
  if (config.modules.length === 0) {
    throw new UsageError("no modules are installed here", {
      hint: "Start with: adw-scaffold init",
    });
  }
  const installed = source.registry.resolve(config.modules);
  const project = await adoptLostFiles(opened, {
    definitions: installed,
    config,
    isInstalled: () => true,
  });
  return { project, installed };
}

/** What comes and goes with the others is not asked for by name. */
export function assertInstallable(
  { source }: Project,
  names: readonly string[],
): void {
  for (const name of names) {
    if (source.registry.get(name).hidden !== true) continue;
    throw new UsageError(
      `${name} comes with the first module and goes with the last: it is not added or removed by itself`,
      { hint: "Name another module; adw-scaffold list shows them." },
    );
  }
}

/** What is said where a module that is not rendered any more goes. */
export function retirementNotes({
  retired,
}: Pick<Project, "retired">): string[] {
  return retired.map(
    ({ name, replacedBy }) =>
      `${name} is not a module any more, and is taken out. Instead: ${replacedBy}`,
  );
}

/**
 * The names of the chosen modules; without a choice all, the hidden ones included.
 *
 * @throws {UsageError} for one that does not exist or is not installed.
 */
export function chooseModules(
  { source }: Project,
  installed: readonly ModuleDefinition[],
  names: readonly string[] | undefined,
): ReadonlySet<string> {
  const all = new Set(installed.map(({ name }) => name));
  if (names === undefined || names.length === 0) return all;
  const shown = installed.filter(({ hidden }) => hidden !== true);
  for (const name of names) {
    source.registry.get(name);
    if (!all.has(name)) {
      throw new UsageError(`the module ${name} is not installed`, {
        hint: `Installed: ${shown.map((module) => module.name).join(", ")}. Add it: adw-scaffold add ${name}`,
      });
    }
  }
  return new Set(names);
}

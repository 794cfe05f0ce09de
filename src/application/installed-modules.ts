/** Which modules a project has, and which of them a command is about. */
import { UsageError } from "../domain/errors.ts";
import type { ModuleDefinition } from "../domain/module-registry.ts";
import type { Project } from "./project.ts";

/** The modules of a project that has some. @throws {UsageError} when it has none. */
export function installedDefinitions({
  config,
  source,
}: Project): ModuleDefinition[] {
  if (config.modules.length === 0) {
    throw new UsageError("no modules are installed here", {
      hint: "Start with: adw-scaffold init",
    });
  }
  return source.registry.resolve(config.modules);
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

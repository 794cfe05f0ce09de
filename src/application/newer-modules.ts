/** Modules that are newer than the templates at hand: an update would take them back. */
import { isByNewerTool, isNewer, newerError } from "./newer-version.ts";
import { templatesDigest, type Project } from "./project.ts";

/** A module whose files are from a later version than what would be rendered now. */
export interface NewerModule {
  name: string;
  /** Version that the lock has. */
  recorded: string;
  /** Version of the templates at hand; undefined when there are none of this module. */
  available: string | undefined;
}

/** The installed modules that are newer than the templates at hand. */
export async function newerModules({
  lock,
  source,
  adopted,
}: Pick<Project, "lock" | "source" | "adopted">): Promise<NewerModule[]> {
  const byNewerTool = await isByNewerTool(lock);
  const newer: NewerModule[] = [];
  for (const [name, entry] of Object.entries(lock.modules)) {
    const definition = source.registry.modules.find(
      (candidate) => candidate.name === name,
    );
    const available = definition?.version;
    const isNewerModule =
      definition === undefined || entry.version === definition.version
        ? // The same number may hide a later text; an unknown module says nothing by itself.
          byNewerTool &&
          (definition === undefined ||
            entry.templates !== templatesDigest(definition, source))
        : await isNewer(entry.version, definition.version);
    if (isNewerModule) newer.push({ name, recorded: entry.version, available });
  }
  // Where the lock has lost a module, its files' headers say how old they are.
  for (const [path, recorded] of adopted) {
    const name = lock.files[path]?.module;
    const available = source.registry.modules.find(
      (candidate) => candidate.name === name,
    )?.version;
    if (
      name === undefined ||
      recorded === undefined ||
      available === undefined ||
      newer.some((module) => module.name === name) ||
      !(await isNewer(recorded, available))
    )
      continue;
    newer.push({ name, recorded, available });
  }
  return newer;
}

/**
 * Refuses to take files back to an older version, unless that was asked for.
 *
 * @throws {RefusedError} code `NEWER_VERSION`
 */
export async function assertNotNewer(
  project: Pick<Project, "lock" | "source" | "adopted">,
  downgrade: boolean | undefined,
): Promise<void> {
  if (downgrade === true) return;
  const newer = await newerModules(project);
  if (newer.length > 0) throw newerError(project.lock, describeNewer(newer));
}

/** `adw_server 2.0.0 (this version has 1.1.0), …` */
export function describeNewer(newer: readonly NewerModule[]): string {
  return newer
    .map(({ name, recorded, available }) =>
      available === undefined
        ? `${name} ${recorded} (this version does not have it)`
        : `${name} ${recorded} (this version has ${available})`,
    )
    .join(", ");
}

/** What a newer version of this tool wrote: an update by this one would take it back. */
import { AdwError, RefusedError } from "../domain/errors.ts";
import { LOCK_FILE, type Lock } from "../domain/lock.ts";
import { TOOL_VERSION } from "../domain/tool-version.ts";
import { templatesDigest } from "./lock-facts.ts";
import type { Project } from "./project.ts";

/** A module whose files are from a later version than what would be rendered now. */
export interface NewerModule {
  name: string;
  /** Version that the lock has. */
  recorded: string;
  /** Version of the templates at hand; undefined when there are none of this module. */
  available: string | undefined;
}

type WrittenProject = Pick<Project, "lock" | "source" | "adopted">;

/** The installed modules that are newer than the templates at hand. */
export async function newerModules({
  lock,
  source,
  adopted,
}: WrittenProject): Promise<NewerModule[]> {
  const { modules } = source.registry;
  const byNewerTool = await isByNewerTool(lock);
  const newer = new Map<string, NewerModule>();
  const find = (name: string) => modules.find((module) => module.name === name);
  for (const [name, entry] of Object.entries(lock.modules)) {
    const definition = find(name);
    const available = definition?.version;
    const recorded = entry.version;
    const isSameVersion = available === undefined || recorded === available;
    // The same number may hide a later text; an unknown module says nothing by itself.
    const isNewerModule = isSameVersion
      ? byNewerTool &&
        (definition === undefined ||
          entry.templates !== templatesDigest(definition, source))
      : await isNewer(recorded, available);
    if (isNewerModule) newer.set(name, { name, recorded, available });
  }
  // Where the lock has lost a module, its files' headers say how old they are.
  for (const [path, recorded] of adopted) {
    const name = lock.files[path]?.module ?? "";
    const available = find(name)?.version;
    if (recorded === undefined || available === undefined || newer.has(name))
      continue;
    if (await isNewer(recorded, available))
      newer.set(name, { name, recorded, available });
  }
  return [...newer.values()];
}

/**
 * Refuses to take files back to an older version, unless that was asked for.
 *
 * @throws {RefusedError} code `NEWER_VERSION`
 */
export async function assertNotNewer(
  project: WrittenProject,
  downgrade: boolean | undefined,
): Promise<void> {
  if (downgrade === true) return;
  const newer = await newerModules(project);
  if (newer.length > 0) throw newerError(project.lock, describeNewer(newer));
}

/** `adw_server 2.0.0 (this version has 1.1.0), …` */
export function describeNewer(newer: readonly NewerModule[]): string {
  return newer
    .map(
      ({ name, recorded, available }) =>
        `${name} ${recorded} (this version ${available === undefined ? "does not have it" : `has ${available}`})`,
    )
    .join(", ");
}

/** What the configuration names and this version does not know may be of a newer one. */
export async function explainNewerProject(
  lock: Lock,
  error: unknown,
): Promise<unknown> {
  if (!(error instanceof AdwError) || error.code !== "CONFIG_INVALID")
    return error;
  if (!(await isByNewerTool(lock))) return error;
  const { message, where } = error;
  return newerError(lock, message, {
    cause: error,
    where: where ?? { file: LOCK_FILE },
    hint: `Nothing was written. Use the newer version: ${newerCommand(lock)}. To go back, take this out first.`,
  });
}

/** Refuses, with the reason and both ways on. */
function newerError(
  lock: Lock,
  what: string,
  details: ConstructorParameters<typeof RefusedError>[2] = {},
): RefusedError {
  return new RefusedError(
    "NEWER_VERSION",
    `a newer version of adw-scaffold wrote these files: ${what}`,
    {
      where: { file: LOCK_FILE },
      hint: `Nothing was written. Use the newer version: ${newerCommand(lock)}. To go back to the older templates: adw-scaffold update --downgrade`,
      ...details,
    },
  );
}

/** What runs the version that wrote a project. */
export function newerCommand({ written_by: writtenBy }: Lock): string {
  return `npx adw-scaffold@${writtenBy ?? "latest"}`;
}

/** Whether the lock says that a later version of this tool wrote it. */
async function isByNewerTool({
  written_by: writtenBy,
}: Lock): Promise<boolean> {
  return (
    writtenBy !== undefined &&
    TOOL_VERSION !== undefined &&
    (await isNewer(writtenBy, TOOL_VERSION))
  );
}

/** Whether one version is later. Comparing is loaded by the runs that find two. */
async function isNewer(version: string, than: string): Promise<boolean> {
  if (version === than) return false;
  const versions = await import("../infrastructure/ranges.ts");
  return versions.isNewer(version, than);
}

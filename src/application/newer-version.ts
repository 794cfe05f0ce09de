/** A project that a newer version of this tool wrote, as its lock says. */
import { AdwError, RefusedError } from "../domain/errors.ts";
import { LOCK_FILE, type Lock } from "../domain/lock.ts";
import { TOOL_VERSION } from "../domain/tool-version.ts";

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
    hint: `Nothing was written. Use the newer version: ${newerCommand(lock)}. To go back, take this out first.`,
    ...(where === undefined ? {} : { where }),
  });
}

/** Refuses, with the reason and both ways on. */
export function newerError(
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
export async function isByNewerTool({
  written_by: writtenBy,
}: Lock): Promise<boolean> {
  return (
    writtenBy !== undefined &&
    TOOL_VERSION !== undefined &&
    (await isNewer(writtenBy, TOOL_VERSION))
  );
}

/** Whether one version is later. Comparing is loaded by the runs that find two. */
export async function isNewer(version: string, than: string): Promise<boolean> {
  if (version === than) return false;
  const versions = await import("../infrastructure/ranges.ts");
  return versions.isNewer(version, than);
}

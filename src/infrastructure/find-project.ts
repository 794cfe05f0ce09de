/** Which project a folder belongs to. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { CONFIG_FILE } from "../domain/config.ts";
import { LOCK_FILE } from "../domain/lock.ts";

/**
 * The nearest folder, from this one upwards, with a configuration or a lock. The
 * search ends at the top of the repository, or of the file system.
 */
export function findProject(folder: string): string | undefined {
  if ([CONFIG_FILE, LOCK_FILE].some((file) => existsSync(join(folder, file))))
    return folder;
  const parent = dirname(folder);
  return parent === folder || existsSync(join(folder, ".git"))
    ? undefined
    : findProject(parent);
}

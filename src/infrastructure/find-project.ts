/** Which project a folder belongs to. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { CONFIG_FILE } from "../domain/config.ts";
import { LOCK_FILE } from "../domain/lock.ts";
import { upToRepository } from "./upwards.ts";

/**
 * The nearest folder, from this one upwards, with a configuration or a lock. The
 * search ends at the top of the repository, or of the file system.
 */
export function findProject(folder: string): string | undefined {
  return upToRepository(folder).find((at) =>
    [CONFIG_FILE, LOCK_FILE].some((file) => existsSync(join(at, file))),
  );
}

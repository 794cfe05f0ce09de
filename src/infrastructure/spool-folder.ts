/** The spool, as hooks and `emit` make it before a server has ever run. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeSpool } from "../../templates/adws/adw_modules/adw_agents/spool.ts";

/**
 * What lies in it is one person's: it says to git itself that it is ignored,
 * whatever the project's .gitignore has.
 *
 * @throws when it cannot be made, or is somebody else's
 */
export function makeSpoolFolder(folder: string): void {
  makeSpool(folder);
  const ignore = join(folder, ".gitignore");
  if (!existsSync(ignore)) writeFileSync(ignore, "*\n");
}

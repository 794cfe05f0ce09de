/** The project that a command about hooks or events is called in, or the folder that stands for one. */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { findProject } from "../../infrastructure/find-project.ts";
import { readConfig } from "../../infrastructure/config-file.ts";
import { isRepository, upToRepository } from "../../infrastructure/upwards.ts";
import { localName } from "../demo-server.ts";
import { resolveRoot } from "../project.ts";
import type { Surroundings } from "./places.ts";

/**
 * @param folder - an absolute path of a folder
 * @param configFile - another than adw.config.json, relative to the project
 * @throws {ConfigError} for a broken configuration
 */
export async function surroundingsOf(
  folder: string,
  env: NodeJS.ProcessEnv,
  configFile?: string,
): Promise<Surroundings> {
  const outside = { env, home: homedir() };
  const found = findProject(folder);
  if (found === undefined) {
    const top = upToRepository(folder).at(-1) ?? folder;
    const root = await resolveRoot(isRepository(top) ? top : folder);
    return { root, ...outside };
  }
  const root = await resolveRoot(found);
  const { config } = await readConfig(root, configFile);
  const {
    adws_dir: adwsDir,
    websocket_host: host,
    websocket_port: port,
  } = config;
  // Without this module nothing of the project reads a spool.
  if (!existsSync(join(root, adwsDir, "adw_modules/adw_agents.ts")))
    return { root, ...outside };
  const database = env["TAC_ORCHESTRATOR_DB"] || config.database_path;
  return {
    root,
    project: {
      adwsDir,
      url: `http://${localName(host)}:${String(port)}`,
      database: resolve(root, database),
    },
    ...outside,
  };
}

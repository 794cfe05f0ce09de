/** How a project's own TypeScript is run, as its npm scripts run it. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { RefusedError } from "../domain/errors.ts";
import { plugAndPlayFile } from "./declared-packages.ts";

/**
 * Options of `node` for a file of the project. Under Yarn's Plug'n'Play they are the
 * ones that `yarn node` sets.
 *
 * @throws {RefusedError} code `RUNNER_MISSING` when tsx is needed and not installed.
 */
export function runnerOptions(
  root: string,
  runner: "node" | "tsx",
  file: string,
): string[] {
  const pnp = plugAndPlayFile(root);
  const isTsx = runner === "tsx";
  if (pnp !== undefined) {
    const loader = join(dirname(pnp), ".pnp.loader.mjs");
    return [
      "--require",
      pnp,
      ...(existsSync(loader)
        ? ["--experimental-loader", pathToFileURL(loader).href]
        : []),
      // Plug'n'Play itself finds it, from the project's folder.
      ...(isTsx ? ["--import", "tsx"] : []),
    ];
  }
  return isTsx ? ["--import", tsxUrl(file)] : [];
}

function tsxUrl(file: string): string {
  try {
    return pathToFileURL(createRequire(file).resolve("tsx")).href;
  } catch (error) {
    throw new RefusedError("RUNNER_MISSING", "tsx is not installed", {
      cause: error,
      hint: "Install the dependencies first, for example: npm install",
    });
  }
}

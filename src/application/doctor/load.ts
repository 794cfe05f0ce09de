/** `doctor`: loads what the server loads, with the project's own runner. */
import { targetPath } from "../../domain/module-registry.ts";
import { runScript } from "../live-check-service.ts";
import type { Project } from "../project.ts";
import type { Problem } from "./finding.ts";
import { buildCommand } from "../../infrastructure/build-advice.ts";
import { choosePackageManager } from "../../infrastructure/package-manager.ts";

/** How a native module that is missing, or was built for another Node, shows itself. */
const NOT_BUILT =
  /bindings file|NODE_MODULE_VERSION|ERR_DLOPEN_FAILED|not built for Node/;

export async function loadProblem(
  project: Project,
): Promise<Problem | undefined> {
  const { root, config, source } = project;
  const server = `${config.adws_dir}/adw_server.ts`;
  const modules = `${config.adws_dir}/adw_modules/`;
  // Other scripts do something when they are loaded; the server has --help. What
  // lies in a folder below is a part of a module, which the module loads itself:
  // one of logging's is written to run on a thread only.
  const isModule = (path: string) =>
    path.startsWith(modules) && /^[^/]+\.ts$/.test(path.slice(modules.length));
  const files = source.registry
    .resolve(config.modules)
    .flatMap((definition) => definition.files)
    .map((file) => targetPath(file, config))
    .filter((path) => path === server || isModule(path));
  if (files.length === 0) return undefined;
  const failed = (await runScript(project, { mode: "load", files })).find(
    ({ ok }) => !ok,
  );
  if (failed === undefined) return undefined;
  const message = `${failed.step}: ${failed.detail}`;
  if (!NOT_BUILT.test(failed.detail)) {
    return {
      message,
      fix: "Correct what the message names, then run doctor again.",
    };
  }
  const { name: manager } = await choosePackageManager(root, config);
  return {
    message: `better-sqlite3 is not built for Node ${process.versions.node}`,
    fix: `Run: ${buildCommand(manager, root, "better-sqlite3")}`,
  };
}

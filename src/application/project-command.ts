/** How a project runs its own TypeScript: as its adw:server script does. */
import { join } from "node:path";
import type { AdwConfig } from "../domain/config.ts";
import { moduleScripts } from "../domain/module-registry.ts";
import {
  PACKAGE_FILE,
  presentScripts,
} from "../infrastructure/package-json.ts";
import { readProjectFile } from "../infrastructure/project-files.ts";
import { runnerOptions } from "../infrastructure/project-runner.ts";
import type { Project } from "./project.ts";

export interface ProjectCommand {
  /** Options of `node` for any file of the project. */
  runner: string[];
  /** What the script gives the server besides. */
  serverOptions: string[];
}

/** A script as ours are: `node --flag adws/adw_server.ts --option`. */
const SCRIPT = /^(node|tsx)((?: \S+)*?) (\S*adw_server\.ts)((?: \S+)*)$/;

export async function projectCommand({
  root,
  config,
  source,
}: Pick<Project, "root" | "config" | "source">): Promise<ProjectCommand> {
  const name = "adw:server";
  const written = presentScripts(await readProjectFile(root, PACKAGE_FILE))[
    name
  ];
  const ours = moduleScripts(source.registry.get("adw_server"), config)[name];
  const [, program, flags = "", , options = ""] =
    SCRIPT.exec(String(written)) ?? SCRIPT.exec(String(ours)) ?? [];
  return {
    runner: [
      ...nodeOptions({ root, config }, program === "tsx" ? "tsx" : "node"),
      ...words(flags).filter((flag) => flag !== WITHOUT_WARNING),
    ],
    serverOptions: words(options),
  };
}

/** Known when the SQLite driver was chosen; it would hide the lines that matter. */
const WITHOUT_WARNING = "--disable-warning=ExperimentalWarning";

/** The options with which Node runs TypeScript of the project. */
export function nodeOptions(
  { root, config }: Pick<Project, "root" | "config">,
  runner: AdwConfig["typescript_runner"] = config.typescript_runner,
): string[] {
  const manifest = join(root, config.adws_dir, PACKAGE_FILE);
  return [WITHOUT_WARNING, ...runnerOptions(root, runner, manifest)];
}

function words(text: string): string[] {
  return text.split(" ").filter((word) => word !== "");
}

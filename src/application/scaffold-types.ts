/** What is asked of the generator, and what it answers: the types of the public API. */
import type { AdwConfig, AdwConfigInput } from "../domain/config.ts";
import type { AbsolutePath } from "../domain/paths.ts";
import type { Decisions } from "../domain/operations.ts";
import type { FileOperation } from "../domain/plan.ts";
import type { PackageEdit } from "../infrastructure/package-json.ts";
import type { ModuleSource } from "./render-module.ts";

/** How a command names the project it works on. */
export interface ProjectRequest {
  /** The project's folder; for `init` it may not exist yet. */
  root: string;
  /** Another configuration file than `adw.config.json`, relative to the project. */
  configFile?: string;
  /** Where modules come from; by default the bundled ones and the project's `templates_dir`. */
  source?: ModuleSource;
}

/** What to scaffold. */
export interface ScaffoldRequest extends ProjectRequest, Decisions {
  /** Modules to install besides those already in the configuration. */
  modules?: readonly string[];
  /** Settings to change in `adw.config.json`. */
  settings?: AdwConfigInput;
  /** Overwrite files that already exist, and edits. */
  force?: boolean;
  /** Take files of a newer version back to the templates at hand. */
  downgrade?: boolean;
  /** Packages that the modules run with go into devDependencies. */
  dev?: boolean;
  /** false: the configuration of the project's linters stays as it is. */
  linters?: boolean;
}

/** Everything that applying would do. Nothing has been written yet. */
export interface ScaffoldPlan {
  root: AbsolutePath;
  config: AdwConfig;
  /** The modules that will be installed, requirements included, in order. */
  modules: readonly string[];
  /** Modules that come only because another one requires them: name to who does. */
  requiredBy: Readonly<Record<string, string>>;
  operations: readonly FileOperation[];
  packageJson: PackageEdit;
  /** Files that stay where the modules no longer are. */
  leftBehind: readonly string[];
  /** Configuration of the project's linters that the plan edits. */
  linterFiles: readonly string[];
  /** What the user should know: old ranges, kept scripts, a tsconfig to adjust. */
  notes: readonly string[];
}

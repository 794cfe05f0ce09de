/**
 * The programmatic API of adw-scaffold.
 *
 * ```ts
 * import { renderModule } from 'adw-scaffold';
 * const { files } = await renderModule('adw_websockets', { websocket_port: 9001 });
 * ```
 */
import { readConfig } from "./infrastructure/config-file.ts";
import {
  parseConfig,
  type AdwConfig,
  type AdwConfigInput,
} from "./domain/config.ts";
import {
  listModules as listAll,
  renderModule as render,
} from "./application/render-module.ts";
import type {
  ModuleSummary,
  RenderedModule,
} from "./application/render-module.ts";
import type { ModuleName } from "./domain/module-registry.ts";

export type { AdwConfig, AdwConfigInput } from "./domain/config.ts";
export type {
  RenderedFile,
  RenderedModule,
  ModuleSummary,
} from "./application/render-module.ts";
export type { Dependencies, ModuleName } from "./domain/module-registry.ts";
export type { FileOperation, OperationName } from "./domain/plan.ts";
export type { SourceLocation } from "./domain/errors.ts";
export {
  AdwError,
  ConfigError,
  RefusedError,
  UsageError,
} from "./domain/errors.ts";
export { applyScaffold, planScaffold } from "./application/scaffold-service.ts";
export type {
  ScaffoldPlan,
  ScaffoldRequest,
} from "./application/scaffold-types.ts";

/**
 * Renders one module in memory: no disk is read and nothing is written.
 *
 * @param name - a module name, such as `adw_websockets`
 * @param config - settings that differ from the defaults
 * @throws {UsageError} for an unknown module, {@link ConfigError} for an invalid setting.
 */
export function renderModule(
  name: ModuleName | (string & {}),
  config: AdwConfigInput = {},
): Promise<RenderedModule> {
  return render(name, config);
}

/** The modules that can be rendered, in the order `adw-scaffold list` shows them. */
export function listModules(): ModuleSummary[] {
  return listAll();
}

/** Types a configuration that is kept in code, and checks it at once. */
export function defineConfig(config: AdwConfigInput): AdwConfig {
  return parseConfig(config);
}

/**
 * Reads `adw.config.json` of a project; without one, the defaults.
 *
 * @param root - the project's folder, by default the current one
 * @throws {ConfigError} with file, line and column of the first problem.
 */
export async function loadConfig(
  root: string = process.cwd(),
): Promise<AdwConfig> {
  return (await readConfig(root)).config;
}

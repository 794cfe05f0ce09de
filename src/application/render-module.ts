/** Renders modules in memory: no disk is read and nothing is written. */
import {
  parseConfig,
  type AdwConfig,
  type AdwConfigInput,
} from "../domain/config.ts";
import {
  bundledRegistry,
  moduleScripts,
  targetPath,
  templateOf,
  type Dependencies,
  type ModuleDefinition,
  type ModuleRegistry,
} from "../domain/module-registry.ts";
import { needsOf } from "../domain/module-needs.ts";
import type { ProjectPath, TemplatePath } from "../domain/paths.ts";
import { templateContext } from "./template-context.ts";
import {
  bundledTemplates,
  renderTemplate,
  type TemplateSource,
} from "../infrastructure/template-source.ts";

/** One rendered file. */
export interface RenderedFile {
  path: ProjectPath;
  content: string;
}

/** A module as it would be written into a project. */
export interface RenderedModule {
  name: string;
  /** Version of the module's templates. */
  version: string;
  /** The module's own files first, then those that every module shares. */
  files: RenderedFile[];
  /** npm packages the module needs at run time, with version ranges. */
  dependencies: Dependencies;
  /** npm packages needed to run or type-check it. */
  devDependencies: Dependencies;
  /** Modules that must be rendered too. */
  requires: readonly string[];
  /** Scripts for package.json. */
  scripts: Readonly<Record<string, string>>;
}

/** Where modules and their templates come from. */
export interface ModuleSource {
  registry: ModuleRegistry;
  templates: TemplateSource;
}

/** The modules that ship with this package. */
export const BUNDLED: ModuleSource = {
  registry: bundledRegistry,
  templates: bundledTemplates,
};

/** Renders the files of one module, by their registered names. */
export function fileRenderer(
  definition: ModuleDefinition,
  config: AdwConfig,
  templates: TemplateSource = bundledTemplates,
): (file: TemplatePath) => Promise<string> {
  const context = templateContext(definition, config);
  return (file) =>
    renderTemplate(templateOf(definition, file, config), context, templates);
}

/** Renders the files of one module definition. */
export async function renderDefinition(
  definition: ModuleDefinition,
  config: AdwConfig,
  templates?: TemplateSource,
): Promise<RenderedFile[]> {
  const render = fileRenderer(definition, config, templates);
  return Promise.all(
    definition.files.map(async (file) => ({
      path: targetPath(file, config),
      content: await render(file),
    })),
  );
}

/**
 * Renders one module in memory.
 *
 * @param name - a module name from `listModules()`, such as `adw_websockets`
 * @param config - settings that differ from the defaults
 * @throws {UsageError} for an unknown module, {@link ConfigError} for an invalid setting.
 */
export async function renderModule(
  name: string,
  config: AdwConfigInput = {},
  { registry, templates }: ModuleSource = BUNDLED,
): Promise<RenderedModule> {
  const definition = registry.get(name);
  const complete = parseConfig(config);
  const shared = registry.modules.filter(({ hidden }) => hidden === true);
  const parts = [definition, ...shared];
  const files = await Promise.all(
    parts.map((part) => renderDefinition(part, complete, templates)),
  );
  const { dependencies, devDependencies } = needsOf(parts, complete);
  return {
    name: definition.name,
    version: definition.version,
    files: files.flat(),
    dependencies,
    devDependencies,
    requires: [...(definition.requires ?? [])],
    scripts: moduleScripts(definition, complete),
  };
}

/** A module as `list` shows it. */
export interface ModuleSummary {
  name: string;
  version: string;
  summary: string;
  requires: readonly string[];
}

/** The modules that can be installed, in the order they are listed. */
export function listModules({
  registry,
}: Pick<ModuleSource, "registry"> = BUNDLED): ModuleSummary[] {
  return registry.installable.map(({ name, version, summary, requires }) => ({
    name,
    version,
    summary,
    requires: [...(requires ?? [])],
  }));
}

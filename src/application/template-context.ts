import type { AdwConfig } from "../domain/config.ts";
import {
  moduleDependencies,
  type ModuleDefinition,
} from "../domain/module-registry.ts";
import * as vocabulary from "../domain/vocabulary.ts";
import { CONFIG_JSON_SCHEMA } from "../generated/config-json-schema.ts";

/** The lists of words, under the names that columns and wire keys use: `log_types`, … */
const VOCABULARY = Object.fromEntries(
  Object.entries(vocabulary).map(([name, words]) => [
    name.toLowerCase(),
    words,
  ]),
);

/** From `adws_dir`/adw_modules up to the project: "../..", or more for a nested folder. */
function rootFromModules(adwsDir: string): string {
  return ["adw_modules", ...adwsDir.split("/")].map(() => "..").join("/");
}

/**
 * Everything a template can name: the settings as `config.<key>`, the vocabulary, and
 * facts of its module. A setting's bare name is for templates of an earlier version.
 */
export function templateContext(
  definition: ModuleDefinition,
  config: AdwConfig,
): Record<string, unknown> {
  const { dependencies } = moduleDependencies(definition, config);
  return {
    ...config,
    config,
    root_from_modules: rootFromModules(config.adws_dir),
    vocabulary: VOCABULARY,
    config_json_schema: CONFIG_JSON_SCHEMA,
    module: {
      name: definition.name,
      version: definition.version,
      summary: definition.summary,
      packages:
        Object.entries(dependencies)
          .map(([name, range]) => `${name} ${range}`)
          .join(", ") || "nothing but Node",
    },
  };
}

import type { AdwConfig } from "../domain/config.ts";
import {
  moduleDependencies,
  type ModuleDefinition,
} from "../domain/module-registry.ts";
import { CONFIG_JSON_SCHEMA } from "../generated/config-json-schema.ts";

/** Everything a template can name: every config key, and facts of its module. */
export function templateContext(
  definition: ModuleDefinition,
  config: AdwConfig,
): Record<string, unknown> {
  const { dependencies } = moduleDependencies(definition, config);
  return {
    ...config,
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

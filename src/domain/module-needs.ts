/** What a module is under one configuration: its paths, packages and scripts. */
import type { AdwConfig } from "./config.ts";
import type { Dependencies, ModuleDefinition } from "./module-registry.ts";
import { projectPath, type ProjectPath, type TemplatePath } from "./paths.ts";

/** Entries that hold only under one value of one config key. */
function active<T extends { when: { key: keyof AdwConfig; value: string } }>(
  entries: readonly T[] = [],
  config: AdwConfig,
): T[] {
  return entries.filter(({ when }) => config[when.key] === when.value);
}

/** Where a registered file goes: `adws/` is replaced by the configured folder. */
export function targetPath(file: TemplatePath, config: AdwConfig): ProjectPath {
  return projectPath(file.replace(/^adws\//, `${config.adws_dir}/`));
}

/** The dependencies of one module under one configuration. */
export function moduleDependencies(
  definition: ModuleDefinition,
  config: AdwConfig,
): { dependencies: Dependencies; devDependencies: Dependencies } {
  const conditional = active(definition.conditionalDependencies, config);
  return {
    dependencies: Object.assign(
      {},
      definition.dependencies,
      ...conditional.map((entry) => entry.dependencies),
    ),
    devDependencies: Object.assign(
      {},
      definition.devDependencies,
      ...conditional.map((entry) => entry.devDependencies),
    ),
  };
}

/** The package.json scripts of one module under one configuration. */
export function moduleScripts(
  definition: ModuleDefinition,
  config: AdwConfig,
): Readonly<Record<string, string>> {
  const flags = active(definition.scriptFlags, config).flatMap(
    (entry) => entry.flags,
  );
  return Object.fromEntries(
    Object.entries(definition.scripts ?? {}).map(([name, file]) => [
      name,
      [config.typescript_runner, ...flags, `${config.adws_dir}/${file}`].join(
        " ",
      ),
    ]),
  );
}

/** What a set of modules needs in package.json. */
export function needsOf(
  definitions: readonly ModuleDefinition[],
  config: AdwConfig,
): Record<"dependencies" | "devDependencies" | "scripts", Dependencies> {
  const packages = definitions.map((each) => moduleDependencies(each, config));
  return {
    dependencies: merged(packages.map((each) => each.dependencies)),
    devDependencies: merged(packages.map((each) => each.devDependencies)),
    scripts: merged(definitions.map((each) => moduleScripts(each, config))),
  };
}

function merged(records: readonly Dependencies[]): Dependencies {
  return Object.fromEntries(
    records.flatMap((record) => Object.entries(record)),
  );
}

/** The template of one file under one configuration, by the name that templates are found by. */
export function templateOf(
  { conditionalTemplates = [] }: ModuleDefinition,
  file: TemplatePath,
  config: AdwConfig,
): TemplatePath {
  const chosen = conditionalTemplates.find(
    ({ when, file: of }) => of === file && config[when.key] === when.value,
  );
  return chosen?.template ?? file;
}

/** Every template of a module, whatever the configuration. */
export function templatesOf({
  files,
  conditionalTemplates = [],
}: ModuleDefinition): TemplatePath[] {
  return [...files, ...conditionalTemplates.map(({ template }) => template)];
}

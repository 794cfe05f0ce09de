/**
 * Where a project's modules come from: the bundled ones, and those of its own
 * `templates_dir`, which overrides bundled templates by path and adds modules
 * through a `manifest.json`.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { AdwConfig } from "../domain/config.ts";
import { ConfigError } from "../domain/errors.ts";
import {
  createRegistry,
  type ModuleDefinition,
} from "../domain/module-registry.ts";
import { parseJson } from "../infrastructure/json-text.ts";
import {
  isMissing,
  readProjectFile,
  sha256,
} from "../infrastructure/project-files.ts";
import type { TemplateSource } from "../infrastructure/template-source.ts";
import { BUNDLED, type ModuleSource } from "./render-module.ts";
import { templateContext } from "./template-context.ts";

/** Name of the file that lists the modules of a template folder. */
export const MANIFEST_FILE = "manifest.json";

/**
 * The modules of a project.
 *
 * @throws {ConfigError} for a broken manifest, a template that does not lint, or
 * one that is missing, with its file and line.
 */
export async function moduleSource(
  root: string,
  config: AdwConfig,
): Promise<ModuleSource> {
  const folder = config.templates_dir;
  if (folder === "") return BUNDLED;
  const own = await readManifest(root, folder);
  const definitions = [...BUNDLED.registry.modules, ...own];
  const registry = registryOf(definitions, `${folder}/${MANIFEST_FILE}`);
  const texts = await readTemplates(root, folder);
  for (const definition of own) requireTemplates(definition, texts, folder);
  await lintAll(definitions, texts, folder, config);
  return { registry, templates: await compileAll(texts) };
}

async function readManifest(
  root: string,
  folder: string,
): Promise<ModuleDefinition[]> {
  const file = `${folder}/${MANIFEST_FILE}`;
  const text = await readProjectFile(root, file);
  if (text === null) return [];
  const { value, locate } = parseJson(text, file);
  const { parseManifest } = await import("../domain/manifest.ts");
  return parseManifest(value, locate);
}

/** A clash in the team's own manifest is its mistake, not a bug of ours. */
function registryOf(definitions: readonly ModuleDefinition[], file: string) {
  try {
    return createRegistry(definitions);
  } catch (error) {
    throw new ConfigError(
      "MANIFEST_INVALID",
      error instanceof Error ? error.message : String(error),
      {
        where: { file },
        hint: "Give the module or the file another name.",
        cause: error,
      },
    );
  }
}

/** Every template of the folder, by its path below it. */
async function readTemplates(
  root: string,
  folder: string,
): Promise<Map<string, string>> {
  let entries;
  try {
    entries = readdirSync(join(root, folder), {
      recursive: true,
      withFileTypes: true,
    });
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new ConfigError("TEMPLATES_MISSING", `there is no folder ${folder}`, {
      where: { file: folder },
      hint: 'Create it, or set "templates_dir" to "".',
    });
  }
  const texts = new Map<string, string>();
  for (const entry of entries) {
    if (!entry.isFile() || !entry.name.endsWith(".njk")) continue;
    const path = join(entry.parentPath, entry.name)
      .slice(join(root, folder).length + 1)
      .replaceAll("\\", "/");
    texts.set(path, (await readProjectFile(root, `${folder}/${path}`)) ?? "");
  }
  return texts;
}

function requireTemplates(
  { name, files }: ModuleDefinition,
  texts: ReadonlyMap<string, string>,
  folder: string,
): void {
  const missing = files.find((file) => !texts.has(`${file}.njk`));
  if (missing === undefined) return;
  throw new ConfigError(
    "TEMPLATE_MISSING",
    `the module ${name} lists ${missing}, and its template does not exist`,
    {
      where: { file: `${folder}/${missing}.njk` },
      hint: "Write it, or take the file off the manifest.",
    },
  );
}

async function lintAll(
  definitions: readonly ModuleDefinition[],
  texts: ReadonlyMap<string, string>,
  folder: string,
  config: AdwConfig,
): Promise<void> {
  const { lintTemplate } =
    await import("../infrastructure/template-analysis.ts");
  for (const [path, text] of texts) {
    const owner = definitions.find(({ files }) =>
      files.some((file) => `${file}.njk` === path),
    );
    if (owner === undefined) {
      throw new ConfigError(
        "TEMPLATE_UNUSED",
        `no module has a file for the template ${path}`,
        {
          where: { file: `${folder}/${path}` },
          hint: `List it in ${folder}/${MANIFEST_FILE}, or give it the path of a bundled template to override that.`,
        },
      );
    }
    const [problem] = lintTemplate(text, path, templateContext(owner, config));
    if (problem !== undefined) {
      const { line, column, message } = problem;
      throw new ConfigError("TEMPLATE_INVALID", message, {
        where: { file: `${folder}/${path}`, line, column },
        hint: "Mend the template, then run the command again.",
      });
    }
  }
}

/** The project's templates first, the bundled ones behind them. */
async function compileAll(
  texts: ReadonlyMap<string, string>,
): Promise<TemplateSource> {
  const { compileTemplate } =
    await import("../infrastructure/template-compiler.ts");
  const { analyseTemplate } =
    await import("../infrastructure/template-analysis.ts");
  const compiled = new Map(
    [...texts].map(([path, text]) => [
      path,
      {
        template: compileTemplate(text, path),
        names: analyseTemplate(text, path).names,
        digest: sha256(`${path}\n${text}`).slice(0, 16),
      },
    ]),
  );
  const { templates } = BUNDLED;
  return {
    load: async (path) => compiled.get(path)?.template ?? templates.load(path),
    namesUsed: (path) => compiled.get(path)?.names ?? templates.namesUsed(path),
    digest: (path) => compiled.get(path)?.digest ?? templates.digest(path),
  };
}

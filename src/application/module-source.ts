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
  templatesOf,
  type ModuleDefinition,
} from "../domain/module-registry.ts";
import { projectPath, type AbsolutePath } from "../domain/paths.ts";
import { parseJson } from "../infrastructure/json-text.ts";
import {
  isMissing,
  readProjectFile,
  sha256,
} from "../infrastructure/project-files.ts";
import type {
  Template,
  TemplateSource,
} from "../infrastructure/template-source.ts";
import { BUNDLED, type ModuleSource } from "./render-module.ts";
import { templateContext } from "./template-context.ts";
import { parseManifest } from "../domain/manifest.ts";

/** Name of the file that lists the modules of a template folder. */
const MANIFEST_FILE = "manifest.json";

/**
 * The modules of a project.
 *
 * @throws {ConfigError} for a broken manifest, a template that does not lint, or
 * one that is missing, with its file and line.
 */
export async function moduleSource(
  root: AbsolutePath,
  config: AdwConfig,
): Promise<ModuleSource> {
  const folder = config.templates_dir;
  if (folder === "") return BUNDLED;
  const own = await readManifest(root, folder);
  const definitions = [...BUNDLED.registry.modules, ...own];
  const registry = registryOf(definitions, `${folder}/${MANIFEST_FILE}`);
  const { texts, stray } = await readTemplates(root, folder, definitions);
  for (const definition of own) requireTemplates(definition, texts, folder);
  if (stray !== undefined) throw unusedTemplate(stray, folder);
  return { registry, templates: await compileAll(texts, folder, config) };
}

async function readManifest(
  root: AbsolutePath,
  folder: string,
): Promise<ModuleDefinition[]> {
  const file = `${folder}/${MANIFEST_FILE}`;
  const text = await readProjectFile(root, projectPath(file));
  if (text === null) return [];
  const { value, locate } = parseJson(text, file);
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

/** A template of the project's own. */
interface OwnTemplate {
  /** Below the template folder. */
  path: string;
  tagged: boolean;
  text: string;
  /** The module that has the file. */
  owner: ModuleDefinition;
}

/**
 * The templates of the folder, by the file that they are for: those that end in
 * `.njk`, and plain files where a module has one of that name. A `.njk` file that no
 * module has is stray.
 */
async function readTemplates(
  root: AbsolutePath,
  folder: string,
  definitions: readonly ModuleDefinition[],
): Promise<{ texts: Map<string, OwnTemplate>; stray: string | undefined }> {
  const owners = new Map<string, ModuleDefinition>(
    definitions.flatMap((owner) =>
      templatesOf(owner).map((file) => [file, owner] as const),
    ),
  );
  const texts = new Map<string, OwnTemplate>();
  let stray: string | undefined;
  for (const path of filesBelow(root, folder)) {
    const tagged = path.endsWith(".njk");
    const file = tagged ? path.slice(0, -".njk".length) : path;
    const owner = owners.get(file);
    if (owner === undefined) {
      if (tagged) stray ??= path;
      continue;
    }
    if (texts.has(file)) {
      throw new ConfigError(
        "TEMPLATE_INVALID",
        `${file} has two templates, one of them with .njk`,
        { where: { file: `${folder}/${path}` }, hint: "Delete one of them." },
      );
    }
    const text =
      (await readProjectFile(root, projectPath(`${folder}/${path}`))) ?? "";
    texts.set(file, { path, tagged, text, owner });
  }
  return { texts, stray };
}

function filesBelow(root: AbsolutePath, folder: string): string[] {
  try {
    return readdirSync(join(root, folder), {
      recursive: true,
      withFileTypes: true,
    })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) =>
        join(parentPath, name)
          .slice(join(root, folder).length + 1)
          .replaceAll("\\", "/"),
      )
      .toSorted();
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new ConfigError("TEMPLATES_MISSING", `there is no folder ${folder}`, {
      where: { file: folder },
      hint: 'Create it, or set "templates_dir" to "".',
    });
  }
}

function unusedTemplate(path: string, folder: string): ConfigError {
  return new ConfigError(
    "TEMPLATE_UNUSED",
    `no module has a file for the template ${path}`,
    {
      where: { file: `${folder}/${path}` },
      hint: `List it in ${folder}/${MANIFEST_FILE}, or give it the path of a bundled template to override that.`,
    },
  );
}

function requireTemplates(
  { name, files }: ModuleDefinition,
  texts: ReadonlyMap<string, OwnTemplate>,
  folder: string,
): void {
  const missing = files.find((file) => !texts.has(file));
  if (missing === undefined) return;
  throw new ConfigError(
    "TEMPLATE_MISSING",
    `the module ${name} lists ${missing}, and its template does not exist`,
    {
      where: { file: `${folder}/${missing}.njk` },
      hint: "Write it (without .njk where it has no tag), or take the file off the manifest.",
    },
  );
}

/**
 * The project's templates first, the bundled ones behind them.
 *
 * @throws {ConfigError} for the first mistake in one of them
 */
async function compileAll(
  own: ReadonlyMap<string, OwnTemplate>,
  folder: string,
  config: AdwConfig,
): Promise<TemplateSource> {
  const { analyseTemplate, lintTemplate } =
    await import("../infrastructure/template-analysis.ts");
  const { compileTemplate } =
    await import("../infrastructure/template-compiler.ts");
  const compile = ({ path, tagged, text, owner }: OwnTemplate) => {
    const digest = sha256(`${path}\n${text}`).slice(0, 16);
    if (!tagged) {
      const template: Template = { kind: "plain", text };
      return { template, facts: { tagged, uses: [], digest } };
    }
    const context = templateContext(owner, config);
    const [problem] = lintTemplate(text, path, context);
    if (problem !== undefined) {
      const { line, column, message } = problem;
      throw new ConfigError("TEMPLATE_INVALID", message, {
        where: { file: `${folder}/${path}`, line, column },
        hint: "Fix the template, then run the command again.",
      });
    }
    const compiled = compileTemplate(text, path);
    const template: Template = { kind: "tagged", compiled };
    const { names: uses } = analyseTemplate(text, path);
    return { template, facts: { tagged, uses, digest } };
  };
  const templates = new Map(
    [...own].map(([file, template]) => [file, compile(template)]),
  );
  const bundled = BUNDLED.templates;
  return {
    load: async (file) => templates.get(file)?.template ?? bundled.load(file),
    facts: (file) => templates.get(file)?.facts ?? bundled.facts(file),
  };
}

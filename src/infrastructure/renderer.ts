/**
 * Renders precompiled templates. Only Nunjucks' small run time is loaded here;
 * its parser is needed at build time and for a project's own templates only.
 */
import nunjucks from "nunjucks/browser/nunjucks-slim.js";
import { precompiledTemplates } from "../generated/templates/index.ts";
import { TEMPLATE_FILTERS } from "./template-filters.ts";

/** What Nunjucks makes of a template: an object with its `root` function. */
export type CompiledTemplate = object;

/** Finds a compiled template by its path under `templates/`. */
export type TemplateSource = (
  path: string,
) => Promise<CompiledTemplate | undefined>;

/** The templates that ship with this package. */
export const bundledTemplates: TemplateSource = async (path) =>
  (await precompiledTemplates[path]?.load())?.template;

/** The context names that a bundled template uses. */
export function namesUsedBy(path: string): readonly string[] {
  return precompiledTemplates[path]?.uses ?? [];
}

/** Every bundled template's path. */
export function bundledTemplatePaths(): string[] {
  return Object.keys(precompiledTemplates);
}

/**
 * Renders one template.
 *
 * @param path - under `templates/`, such as `adws/adw_server.ts.njk`
 * @throws {Error} when there is no such template or a name in it is undefined.
 */
export async function renderTemplate(
  path: string,
  context: Readonly<Record<string, unknown>>,
  source: TemplateSource = bundledTemplates,
): Promise<string> {
  const compiled = await source(path);
  if (compiled === undefined) throw new Error(`no template ${path}`);
  const environment = new nunjucks.Environment(
    [
      {
        getSource: (name: string) =>
          name === path
            ? {
                src: { type: "code", obj: compiled },
                path: name,
                noCache: true,
              }
            : null,
      },
    ],
    { autoescape: false, throwOnUndefined: true },
  );
  for (const [name, filter] of Object.entries(TEMPLATE_FILTERS)) {
    environment.addFilter(name, filter);
  }
  return environment.render(path, { ...context });
}

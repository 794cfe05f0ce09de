/**
 * Renders precompiled templates. Only Nunjucks' small run time is loaded here;
 * its parser is needed at build time and for a project's own templates only.
 */
import nunjucks from "nunjucks/browser/nunjucks-slim.js";
import { precompiledTemplates } from "../generated/templates/index.ts";
import { TEMPLATE_FILTERS } from "./template-filters.ts";

/** What Nunjucks makes of a template: an object with its `root` function. */
export type CompiledTemplate = object;

/** Where templates come from, by their path under `templates/`. */
export interface TemplateSource {
  /** The compiled template; undefined when there is none of that path. */
  load(path: string): Promise<CompiledTemplate | undefined>;
  /** Names of the context that the template uses. */
  namesUsed(path: string): readonly string[];
  /** A digest of the template's text; it changes whenever the text does. */
  digest(path: string): string;
}

/** The templates that ship with this package. */
export const bundledTemplates: TemplateSource = {
  load: async (path) => (await precompiledTemplates[path]?.load())?.template,
  namesUsed: (path) => precompiledTemplates[path]?.uses ?? [],
  digest: (path) => precompiledTemplates[path]?.digest ?? "",
};

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
  const compiled = await source.load(path);
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

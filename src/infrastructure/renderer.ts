/**
 * Renders compiled templates. Of Nunjucks, only what they call is loaded here;
 * its parser, its loaders and its built-in filters stay out of the way.
 */
import runtime from "nunjucks/src/runtime.js";
import { precompiledTemplates } from "../generated/templates/index.ts";
import type { CompiledTemplate, PackedText } from "./compiled-template.ts";
import { TEMPLATE_FILTERS } from "./template-filters.ts";

/** Where templates come from, by their path under `templates/`. */
export interface TemplateSource {
  /** The compiled template; undefined when there is none of that path. */
  load(path: string): Promise<CompiledTemplate | undefined>;
  /** Names of the context that the template uses. */
  namesUsed(path: string): readonly string[];
  /** A digest of the template's path and text: 16 hexadecimal digits. */
  digest(path: string): string;
  /** What it renders with the default settings; undefined where that is not known. */
  packed?(path: string): Promise<PackedText | undefined>;
}

/** The templates that ship with this package. */
export const bundledTemplates: TemplateSource = {
  load: async (path) => (await precompiledTemplates[path]?.load())?.template,
  namesUsed: (path) => precompiledTemplates[path]?.uses ?? [],
  digest: (path) => precompiledTemplates[path]?.digest ?? "0",
  packed: async (path) => (await precompiledTemplates[path]?.load())?.packed,
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
  let rendered = "";
  compiled.root(
    ENVIRONMENT,
    contextOf(context),
    new runtime.Frame(),
    runtime,
    (error, output) => {
      if (error !== null) throw error.Update(path);
      rendered = output;
    },
  );
  return rendered;
}

/** What a compiled template asks of Nunjucks' Environment. */
const ENVIRONMENT = {
  opts: { autoescape: false },
  getFilter: (name: string) => {
    const filter = TEMPLATE_FILTERS[name];
    if (filter === undefined) throw new Error(`filter not found: ${name}`);
    return filter;
  },
};

/** What it asks of Nunjucks' Context: names by value, and names it sets itself. */
function contextOf(values: Readonly<Record<string, unknown>>) {
  const names = new Map(Object.entries(values));
  return {
    lookup: (name: string) => names.get(name),
    setVariable: (name: string, value: unknown) => names.set(name, value),
    addExport: () => undefined,
  };
}

/**
 * Renders compiled templates. Of Nunjucks, only what they call is loaded here;
 * its parser, its loaders and its built-in filters stay out of the way.
 */
import runtime from "nunjucks/src/runtime.js";
import type { CompiledTemplate } from "./compiled-template.ts";
import { TEMPLATE_FILTERS } from "./template-filters.ts";

/**
 * Renders one template.
 *
 * @param path - for errors
 * @throws {Error} when a name in it is undefined.
 */
export function renderCompiled(
  compiled: CompiledTemplate,
  path: string,
  context: Readonly<Record<string, unknown>>,
): string {
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

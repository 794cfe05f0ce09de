/** Where templates come from, and what is known of them before they are loaded. */
import { TEMPLATE_FACTS } from "../generated/template-facts.ts";
import type { CompiledTemplate } from "./compiled-template.ts";
import { defaultTexts, type DefaultTexts } from "./default-texts.ts";

/** Templates, by their path under `templates/`. */
export interface TemplateSource {
  /** The compiled template; undefined when there is none of that path. */
  load(path: string): Promise<CompiledTemplate | undefined>;
  /** Names of the context that the template uses. */
  namesUsed(path: string): readonly string[];
  /** A digest of the template's path and text: 16 hexadecimal digits. */
  digest(path: string): string;
  /** What a module renders with the default settings, as far as that is known. */
  defaultTexts?(module: string): DefaultTexts;
}

/** The templates that ship with this package. */
export const bundledTemplates: TemplateSource = {
  load: async (path) => {
    const { loadPrecompiled } = await import("./renderer.ts");
    return loadPrecompiled(path);
  },
  namesUsed: (path) => TEMPLATE_FACTS[path]?.uses ?? [],
  digest: (path) => TEMPLATE_FACTS[path]?.digest ?? "0",
  defaultTexts,
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
  const { renderCompiled } = await import("./renderer.ts");
  return renderCompiled(compiled, path, context);
}

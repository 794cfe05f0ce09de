/**
 * Where templates come from, and what is known of them before they are loaded.
 *
 * The template of a file is a plain file of the same path, which is copied, or one
 * that ends in `.njk`, which is rendered. Both are named by the file they are for.
 */
import { BUNDLED_FACTS, LOADERS } from "../generated/templates/index.ts";
import type { TemplatePath } from "../domain/paths.ts";
import type { CompiledTemplate } from "./compiled-template.ts";
import { renderCompiled } from "./renderer.ts";

/** One template: text to copy, or a compiled template to render. */
export type Template =
  | { kind: "plain"; text: string }
  | { kind: "tagged"; compiled: CompiledTemplate };

/** What is known of a template without loading it. */
export interface TemplateFacts {
  /** Whether it ends in `.njk`. */
  tagged: boolean;
  /** Names of the context that it uses. */
  uses: readonly string[];
  /** A digest of its path and text: 16 hexadecimal digits. */
  digest: string;
}

/** Templates, by the registered file that they are for, such as `adws/adw_server.ts`. */
export interface TemplateSource {
  /** Undefined when there is no template for that file. */
  load(file: TemplatePath): Promise<Template | undefined>;
  facts(file: TemplatePath): TemplateFacts | undefined;
}

/** The templates that ship with this package. */
export const bundledTemplates: TemplateSource = {
  load: async (file) => {
    const load = LOADERS.get(BUNDLED_FACTS.get(file)?.module ?? "");
    return (await load?.())?.templates.get(file);
  },
  facts: (file) => BUNDLED_FACTS.get(file),
};

/**
 * Renders the template of one file.
 *
 * @param file - as registered, such as `adws/adw_server.ts`
 * @throws {Error} when it has no template or a name in it is undefined.
 */
export async function renderTemplate(
  file: TemplatePath,
  context: Readonly<Record<string, unknown>>,
  source: TemplateSource = bundledTemplates,
): Promise<string> {
  const template = await source.load(file);
  if (template === undefined) throw new Error(`no template for ${file}`);
  if (template.kind === "plain") return template.text;
  return renderCompiled(template.compiled, `${file}.njk`, context);
}

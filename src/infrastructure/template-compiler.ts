/**
 * Compiles a template to JavaScript: at build time for the bundled templates, at
 * run time for a project's own. Loads Nunjucks' parser.
 */
import { runInThisContext } from "node:vm";
import nunjucks from "nunjucks";
import {
  isCompiledTemplate,
  type CompiledTemplate,
} from "./compiled-template.ts";
import { TEMPLATE_SYNTAX } from "./template-syntax.ts";
import { TEMPLATE_FILTERS } from "./template-filters.ts";

/**
 * The body of a function that returns the compiled template.
 *
 * @param path - what errors name the template by
 * @throws {Error} when the template cannot be parsed; lint it first.
 */
export function compileToCode(source: string, path: string): string {
  const environment = new nunjucks.Environment([], TEMPLATE_SYNTAX);
  for (const [name, filter] of Object.entries(TEMPLATE_FILTERS)) {
    environment.addFilter(name, filter);
  }
  const code = nunjucks.precompileString(source, {
    name: path,
    env: environment,
    // `@types/nunjucks` says one template; Nunjucks passes a list of them.
    wrapper: (templates: unknown) => JSON.stringify(templates),
  });
  const compiled: unknown = JSON.parse(code);
  if (Array.isArray(compiled) && isPrecompiled(compiled[0])) {
    return compiled[0].template;
  }
  throw new Error(`${path} did not compile`);
}

function isPrecompiled(value: unknown): value is { template: string } {
  return (
    typeof value === "object" &&
    value !== null &&
    "template" in value &&
    typeof value.template === "string"
  );
}

/** A template ready to render. It runs with the rights of this process. */
export function compileTemplate(
  source: string,
  path: string,
): CompiledTemplate {
  const compiled: unknown = runInThisContext(
    `(() => {\n${compileToCode(source, path)}\n})()`,
    { filename: path },
  );
  if (isCompiledTemplate(compiled)) return compiled;
  throw new Error(`${path} did not compile`);
}

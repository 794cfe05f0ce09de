/**
 * Reads a template without rendering it: the names it uses, and the mistakes
 * that Nunjucks itself lets pass.
 */
import { delimiterProblems } from "./template-delimiters.ts";
import { TEMPLATE_FILTERS } from "./template-filters.ts";
import {
  declaredNames,
  dottedName,
  filterName,
  parseTemplate,
  visitChildren,
  type Node,
  type TemplateProblem,
} from "./template-syntax.ts";

export interface TemplateAnalysis {
  /** Names of the context that the template uses, sorted; `config.x` counts as the setting `x`. */
  names: string[];
  /** Dotted lookups on those names, such as `module.version`. */
  lookups: { name: string; line: number; column: number }[];
  problems: TemplateProblem[];
}

/** Literal filters per kind of target file; a value enters through one of them only. */
const FILTERS_BY_EXTENSION: Readonly<Record<string, readonly string[]>> = {
  ts: ["literal", "constant", "comment", "verbatim"],
  js: ["literal", "constant", "comment", "verbatim"],
  json: ["json", "verbatim"],
  sql: ["sql", "sql_list", "comment", "verbatim"],
  html: ["html", "comment", "verbatim"],
  css: ["comment", "verbatim"],
  md: ["html", "comment", "verbatim"],
};

/**
 * Analyses one template.
 *
 * @param source - its text
 * @param path - under `templates/`, ending in `.njk`; its inner extension says
 * which language the values are rendered into
 */
export function analyseTemplate(
  source: string,
  path: string,
): TemplateAnalysis {
  const problems = [...delimiterProblems(source, path)];
  const tree = parseTemplate(source, path, problems);
  if (tree === undefined) return { names: [], lookups: [], problems };
  const names = new Set<string>();
  const lookups: TemplateAnalysis["lookups"] = [];
  const at = ({ lineno, colno }: Node) => ({
    line: lineno + 1,
    column: colno + 1,
  });
  const report = (node: Node, message: string) => {
    problems.push({ path, ...at(node), message });
  };
  const allowed = FILTERS_BY_EXTENSION[
    /\.([a-z]+)\.njk$/.exec(path)?.[1] ?? ""
  ] ?? ["comment", "verbatim"];

  const visit = (node: Node, locals: ReadonlySet<string>): void => {
    let scope = locals;
    switch (node.typename) {
      case "Include":
      case "Extends":
      case "Import":
      case "FromImport":
        report(node, "a template stands alone: it cannot take in another one");
        break;
      case "Output":
        for (const child of node.children ?? [])
          checkOutput(child, allowed, report);
        break;
      case "Filter":
        checkFilter(node, report);
        for (const child of node.args?.children ?? []) visit(child, scope);
        return;
      case "For":
      case "Set":
      case "Macro":
        scope = new Set([...locals, ...declaredNames(node)]);
        break;
      case "LookupVal": {
        const dotted = dottedName(node);
        if (dotted !== undefined && !locals.has(dotted.split(".")[0] ?? ""))
          lookups.push({ name: dotted, ...at(node) });
        const setting = settingOf(dotted);
        if (setting !== undefined && !locals.has("config")) names.add(setting);
        else if (node.target !== undefined) visit(node.target, scope);
        return;
      }
      case "Symbol":
        if (
          typeof node.value === "string" &&
          !locals.has(node.value) &&
          node.value !== "loop"
        ) {
          names.add(node.value);
          lookups.push({ name: node.value, ...at(node) });
        }
        return;
      default:
        break;
    }
    visitChildren(node, (child) => {
      // A `set` holds for what follows it in the same list of nodes.
      visit(child, scope);
      if (child.typename === "Set")
        scope = new Set([...scope, ...declaredNames(child)]);
    });
  };
  visit(tree, new Set());
  return { names: [...names].toSorted(), lookups, problems };
}

/**
 * Every mistake in a template, against the names that the context will hold.
 *
 * @param context - a context as it will be rendered with; only its shape counts
 */
export function lintTemplate(
  source: string,
  path: string,
  context: Readonly<Record<string, unknown>>,
): TemplateProblem[] {
  const { problems, lookups } = analyseTemplate(source, path);
  const unknown = lookups
    .filter(({ name }) => !isDefined(context, name.split(".")))
    .map(({ name, line, column }) => ({
      path,
      line,
      column,
      message: `"${name}" does not exist in the context`,
    }));
  return [...problems, ...unknown].toSorted(
    (a, b) => a.line - b.line || a.column - b.column,
  );
}

function isDefined(
  value: unknown,
  [name, ...rest]: readonly string[],
): boolean {
  if (name === undefined) return true;
  if (
    typeof value !== "object" ||
    value === null ||
    !Object.hasOwn(value, name)
  )
    return false;
  const next = Object.entries(value).find(([key]) => key === name)?.[1];
  return isDefined(next, rest);
}

function checkOutput(
  node: Node,
  allowed: readonly string[],
  report: (node: Node, message: string) => void,
): void {
  if (node.typename === "TemplateData") return;
  const filter = node.typename === "Filter" ? filterName(node) : undefined;
  if (filter === undefined || !allowed.includes(filter)) {
    report(
      node,
      `a value must go through a literal filter here (${allowed.join(", ")})${filter === undefined ? "" : `, not "${filter}"`}`,
    );
    return;
  }
  const value = node.args?.children?.[0];
  const isConstant =
    value?.typename === "Literal" && typeof value.value === "string";
  if (filter === "verbatim" && !isConstant)
    report(node, '"verbatim" is for string constants of the template only');
}

function checkFilter(
  node: Node,
  report: (node: Node, message: string) => void,
): void {
  const name = filterName(node);
  if (name !== undefined && !Object.hasOwn(TEMPLATE_FILTERS, name)) {
    report(
      node,
      `unknown filter "${name}"; known: ${Object.keys(TEMPLATE_FILTERS).join(", ")}`,
    );
  }
}

/** `websocket_port` of `config.websocket_port`. */
function settingOf(dotted: string | undefined): string | undefined {
  return /^config\.(\w+)/.exec(dotted ?? "")?.[1];
}

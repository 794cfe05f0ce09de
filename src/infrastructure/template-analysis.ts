/**
 * Reads a template without rendering it: the names it uses, and the mistakes
 * that Nunjucks itself lets pass. This is the only place that loads Nunjucks'
 * parser.
 */
import nunjucks from "nunjucks";
import { TEMPLATE_FILTERS } from "./template-filters.ts";

/** Template syntax and behaviour: what parses, precompiles and renders agree on it. */
export const TEMPLATE_SYNTAX = {
  autoescape: false,
  throwOnUndefined: true,
  trimBlocks: true,
  lstripBlocks: true,
  tags: {
    variableStart: "<<",
    variableEnd: ">>",
    blockStart: "<%",
    blockEnd: "%>",
    commentStart: "<#",
    commentEnd: "#>",
  },
} as const;

/** One mistake in a template; line and column count from 1. */
export interface TemplateProblem {
  path: string;
  line: number;
  column: number;
  message: string;
}

export interface TemplateAnalysis {
  /** Names of the context that the template uses, sorted; `config.x` counts as the setting `x`. */
  names: string[];
  /** Dotted lookups on those names, such as `module.version`. */
  lookups: { name: string; line: number; column: number }[];
  problems: TemplateProblem[];
}

/** The part of Nunjucks' syntax tree that is read here. Lines count from 0. */
interface Node {
  typename: string;
  lineno: number;
  colno: number;
  value?: unknown;
  name?: Node | string;
  target?: Node;
  val?: Node;
  args?: Node;
  children?: Node[];
  [field: string]: unknown;
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
  const tree = parse(source, path, problems);
  if (tree === undefined) return { names: [], lookups: [], problems };
  const names = new Set<string>();
  const lookups: TemplateAnalysis["lookups"] = [];
  const report = (node: Node, message: string) => {
    problems.push({
      path,
      line: node.lineno + 1,
      column: node.colno + 1,
      message,
    });
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
        if (dotted !== undefined && !locals.has(dotted.split(".")[0] ?? "")) {
          lookups.push({
            name: dotted,
            line: node.lineno + 1,
            column: node.colno + 1,
          });
        }
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
          lookups.push({
            name: node.value,
            line: node.lineno + 1,
            column: node.colno + 1,
          });
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

/**
 * `{{ x }}`, `{% if x %}` or `{# x #}` as Nunjucks is usually written: here it is
 * plain text, and would come out as it stands. `${{ … }}` belongs to others, and
 * `={{ x }}` is an object in JSX.
 */
const USUAL_DELIMITERS =
  /(?<!\$)\{\{-?\s*[A-Za-z_][\w.]*(?:\s*\|[^{}\n]*)?\s*-?\}\}|\{%[^\n]*?%\}|\{#[^\n]*?#\}/;
const JSX_OBJECT = /=\{\{\s*[A-Za-z_]\w*\s*\}\}/g;

/**
 * Mistakes that only the text shows: `<<` in the target code is read as a tag,
 * which must open and close on one line, and Nunjucks looks for the end of a raw
 * block with its default delimiters.
 */
function* delimiterProblems(
  source: string,
  path: string,
): Generator<TemplateProblem> {
  const withoutComments = source.replaceAll(/<#[\s\S]*?#>/g, (comment) =>
    comment.replaceAll(/[^\n]/g, " "),
  );
  for (const [index, text] of withoutComments.split("\n").entries()) {
    const raw = /<%-?\s*(?:end)?(?:raw|verbatim)\b/.exec(text);
    if (raw !== null) {
      yield {
        path,
        line: index + 1,
        column: raw.index + 1,
        message:
          '"raw" does not work with these delimiters; use a filter on a string',
      };
    }
    const rest = text.replaceAll(
      /<<-?\s*("(?:[^"\\]|\\.)*"|[^<>"]|"(?=[^>]*>>))*?-?>>/g,
      (tag) => " ".repeat(tag.length),
    );
    const usual = USUAL_DELIMITERS.exec(
      /\.[jt]sx?\.njk$/.test(path)
        ? rest.replaceAll(JSX_OBJECT, (code) => " ".repeat(code.length))
        : rest,
    );
    if (usual !== null) {
      const [tag] = usual;
      yield {
        path,
        line: index + 1,
        column: usual.index + 1,
        message: `"${tag}" is no tag here, and would be rendered as it stands: tags are << value >>, <% block %> and <# comment #>; for the text itself write << ${JSON.stringify(tag)} | verbatim >>`,
      };
    }
    const column = rest.indexOf("<<");
    if (column !== -1) {
      yield {
        path,
        line: index + 1,
        column: column + 1,
        message:
          'a literal "<<" is read as a tag; write << "<<" | verbatim >>, or put the tag on one line',
      };
    }
  }
}

function parse(
  source: string,
  path: string,
  problems: TemplateProblem[],
): Node | undefined {
  try {
    const tree: unknown = nunjucksParser().parse(source, [], {
      ...TEMPLATE_SYNTAX,
    });
    return isNode(tree) ? tree : undefined;
  } catch (error) {
    // A stray "<<" was told already; what the parser makes of it would only confuse.
    if (problems.length > 0) return undefined;
    const { line, column } = errorPosition(error, source);
    problems.push({
      path,
      line,
      column,
      message: (error instanceof Error ? error.message : String(error))
        .replace(/^\(unknown path\)\s*/, "")
        .replace(/^\[Line \d+, Column \d+\]\s*/, "")
        .trim(),
    });
    return undefined;
  }
}

/** Nunjucks has no position for what is missing at the end. */
function errorPosition(
  error: unknown,
  source: string,
): { line: number; column: number } {
  const has = (field: "lineno" | "colno"): number | undefined => {
    const value: unknown =
      typeof error === "object" && error !== null
        ? Object.getOwnPropertyDescriptor(error, field)?.value
        : undefined;
    return typeof value === "number" ? value : undefined;
  };
  return {
    line: has("lineno") ?? source.trimEnd().split("\n").length,
    column: has("colno") ?? 1,
  };
}

/** `@types/nunjucks` leaves the parser out; it is public in Nunjucks' own index.js. */
function nunjucksParser(): {
  parse: (source: string, extensions: unknown[], options: object) => unknown;
} {
  if (!("parser" in nunjucks) || !isParser(nunjucks.parser)) {
    throw new Error("this version of nunjucks exposes no parser");
  }
  return nunjucks.parser;
}

function isParser(value: unknown): value is ReturnType<typeof nunjucksParser> {
  return typeof value === "object" && value !== null && "parse" in value;
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
  if (filter === "verbatim" && typeof value?.value !== "string") {
    report(node, '"verbatim" is for string constants of the template only');
  } else if (filter === "verbatim" && value?.typename !== "Literal") {
    report(node, '"verbatim" is for string constants of the template only');
  }
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

function filterName(node: Node): string | undefined {
  const name = typeof node.name === "object" ? node.name.value : node.name;
  return typeof name === "string" ? name : undefined;
}

/** `websocket_port` of `config.websocket_port`. */
function settingOf(dotted: string | undefined): string | undefined {
  return /^config\.(\w+)/.exec(dotted ?? "")?.[1];
}

function dottedName(node: Node): string | undefined {
  const { target, val } = node;
  if (
    val?.typename !== "Literal" ||
    typeof val.value !== "string" ||
    target === undefined
  ) {
    return undefined;
  }
  if (target.typename === "Symbol")
    return `${String(target.value)}.${val.value}`;
  const prefix =
    target.typename === "LookupVal" ? dottedName(target) : undefined;
  return prefix === undefined ? undefined : `${prefix}.${val.value}`;
}

function declaredNames(node: Node): string[] {
  const found: string[] = [];
  const targets = Array.isArray(node["targets"]) ? node["targets"] : [];
  for (const item of [node.name, node.args, ...targets]) {
    if (isNode(item)) collectSymbols(item, found);
  }
  return found;
}

function collectSymbols(node: Node, found: string[]): void {
  if (node.typename === "Symbol" && typeof node.value === "string")
    found.push(node.value);
  for (const child of node.children ?? []) collectSymbols(child, found);
}

function visitChildren(node: Node, visit: (child: Node) => void): void {
  for (const value of Object.values(node)) {
    if (Array.isArray(value)) {
      for (const item of value) if (isNode(item)) visit(item);
    } else if (isNode(value)) {
      visit(value);
    }
  }
}

function isNode(value: unknown): value is Node {
  return (
    typeof value === "object" &&
    value !== null &&
    "lineno" in value &&
    "typename" in value &&
    typeof value.typename === "string"
  );
}

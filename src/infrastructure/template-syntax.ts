/** The syntax of a template, and its tree. This is the only place that loads Nunjucks' parser. */
import nunjucks from "nunjucks";

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

/** The part of Nunjucks' syntax tree that is read here. Lines count from 0. */
export interface Node {
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

/** The syntax tree; undefined for a text that cannot be parsed, which is added to the problems. */
export function parseTemplate(
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

export function filterName(node: Node): string | undefined {
  const name = typeof node.name === "object" ? node.name.value : node.name;
  return typeof name === "string" ? name : undefined;
}

export function dottedName(node: Node): string | undefined {
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

export function declaredNames(node: Node): string[] {
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

export function visitChildren(node: Node, visit: (child: Node) => void): void {
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

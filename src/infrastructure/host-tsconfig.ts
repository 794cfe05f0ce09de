/** Whether the host project's own type check would stumble over `.ts` imports. */
import { join } from "node:path";
import { parse } from "jsonc-parser";
import { editJson } from "./json-text.ts";
import { readTextIfExists } from "./project-files.ts";

/**
 * Advice when the project's tsconfig.json takes in the rendered folder but does
 * not allow `.ts` import specifiers (TypeScript error TS5097).
 */
export async function tsconfigAdvice(
  root: string,
  adwsDir: string,
): Promise<string[]> {
  const text = await readTextIfExists(join(root, "tsconfig.json"));
  if (text === null) return [];
  const tsconfig: unknown = parse(text);
  if (!isRecord(tsconfig) || !takesIn(tsconfig, adwsDir)) return [];
  const options = isRecord(tsconfig["compilerOptions"])
    ? tsconfig["compilerOptions"]
    : {};
  if (
    options["allowImportingTsExtensions"] === true ||
    options["rewriteRelativeImportExtensions"] === true
  ) {
    return [];
  }
  return [
    `tsconfig.json takes in ${adwsDir}/, which has a tsconfig.json of its own. Add "exclude": ["${adwsDir}"] to yours, and check the folder with: npx tsc -p ${adwsDir}`,
  ];
}

/** The text of a tsconfig.json that leaves the rendered folder out; comments stay. */
export function withAdwsExcluded(text: string, adwsDir: string): string {
  const tsconfig: unknown = parse(text);
  const present = isRecord(tsconfig) ? tsconfig["exclude"] : undefined;
  const exclude = Array.isArray(present) ? list(present) : ["node_modules"];
  return editJson(text, [{ path: ["exclude"], value: [...exclude, adwsDir] }]);
}

/** TypeScript takes in everything unless `files` or `include` says otherwise. */
function takesIn(tsconfig: Record<string, unknown>, adwsDir: string): boolean {
  const top = adwsDir.split("/")[0] ?? adwsDir;
  if (list(tsconfig["exclude"]).some((pattern) => firstPart(pattern) === top))
    return false;
  const include = list(tsconfig["include"]);
  if (include.length === 0) {
    const elsewhere =
      tsconfig["files"] ?? tsconfig["references"] ?? tsconfig["extends"];
    return elsewhere === undefined;
  }
  return include.some((pattern) =>
    [top, "*", "**", ""].includes(firstPart(pattern)),
  );
}

function firstPart(pattern: string): string {
  return pattern.replace(/^\.\//, "").split("/")[0] ?? "";
}

function list(value: unknown): string[] {
  return Array.isArray(value)
    ? value.filter((item) => typeof item === "string")
    : [];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

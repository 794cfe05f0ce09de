/** `adw.config.json` that a merge left in two versions, settled where that is safe. */
import { CONFIG_FILE, parseConfig } from "../domain/config.ts";
import { AdwError } from "../domain/errors.ts";
import { mergeSides } from "../domain/merge-markers.ts";
import { retiredModule, targetPath } from "../domain/module-registry.ts";
import type { AbsolutePath } from "../domain/paths.ts";
import { editJson, parseJson } from "../infrastructure/json-text.ts";
import { readProjectFile } from "../infrastructure/project-files.ts";
import { moduleSource } from "./module-source.ts";

type Values = Readonly<Record<string, unknown>>;

/**
 * One text from both sides: a setting that only one side changed, and the modules of
 * both whose files are on disk (git has already added and deleted files as each branch
 * did). Undefined where both changed the same setting, or which side did is not told.
 */
export async function settleConfig(
  root: AbsolutePath,
  text: string,
): Promise<string | undefined> {
  const sides = mergeSides(text);
  if (sides === undefined) return undefined;
  const ours = valuesOf(sides.ours);
  const theirs = valuesOf(sides.theirs);
  const base = sides.base === undefined ? undefined : valuesOf(sides.base);
  if (ours === undefined || theirs === undefined) return undefined;
  const edits: { path: [string]; value: unknown }[] = [];
  for (const key of new Set([...Object.keys(ours), ...Object.keys(theirs)])) {
    if (key === "modules" || isEqual(ours[key], theirs[key])) continue;
    if (base === undefined) return undefined;
    if (isEqual(ours[key], base[key]))
      edits.push({ path: [key], value: theirs[key] });
    else if (!isEqual(theirs[key], base[key])) return undefined;
  }
  const settled = editJson(sides.ours, edits);
  const modules = await settledModules(root, settled, ours, theirs);
  if (modules === undefined) return undefined;
  return isEqual(modules, ours["modules"])
    ? settled
    : editJson(settled, [{ path: ["modules"], value: modules }]);
}

async function settledModules(
  root: AbsolutePath,
  settled: string,
  ours: Values,
  theirs: Values,
): Promise<string[] | undefined> {
  const mine = namesIn(ours["modules"]);
  const other = namesIn(theirs["modules"]);
  if (mine === undefined || other === undefined) return undefined;
  const config = parseConfig(valuesOf(settled));
  const { registry } = await moduleSource(root, config);
  const modules: string[] = [];
  for (const name of new Set([...mine, ...other])) {
    const definition =
      registry.modules.find((module) => module.name === name) ??
      retiredModule(name);
    if (definition === undefined) return undefined;
    const texts = await Promise.all(
      definition.files.map((file) =>
        readProjectFile(root, targetPath(file, config)),
      ),
    );
    const isInBoth = mine.includes(name) && other.includes(name);
    if (isInBoth || texts.some((content) => content !== null))
      modules.push(name);
  }
  return modules;
}

function namesIn(value: unknown): string[] | undefined {
  if (value === undefined) return [];
  return Array.isArray(value) && value.every((name) => typeof name === "string")
    ? value
    : undefined;
}

/** Undefined where a side is no JSON object by itself. */
function valuesOf(text: string): Values | undefined {
  try {
    const { value } = parseJson(text, CONFIG_FILE);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? { ...value }
      : undefined;
  } catch (error) {
    if (error instanceof AdwError) return undefined;
    throw error;
  }
}

function isEqual(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

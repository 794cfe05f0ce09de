/** What a scaffold asks of package.json, as edits that leave everything else alone. */
import { ConfigError } from "../domain/errors.ts";
import type { Dependencies } from "../domain/module-registry.ts";
import { editJson, parseJson, type JsonEdit } from "./json-text.ts";

export const PACKAGE_FILE = "package.json";

/** What the installed modules need. */
export interface PackageNeeds {
  dependencies: Dependencies;
  devDependencies: Dependencies;
  scripts: Readonly<Record<string, string>>;
  /** Name for a package.json that has to be created. */
  projectName: string;
}

/** A range that was already there and may resolve to a version that is too old. */
export interface OldRange {
  name: string;
  /** The range in package.json, which stays. */
  present: string;
  /** The range that the modules are tested with. */
  needed: string;
}

/** The edited text, and what the edit did. */
export interface PackageEdit {
  content: string;
  addedDependencies: Dependencies;
  addedDevDependencies: Dependencies;
  addedScripts: Readonly<Record<string, string>>;
  /** Scripts of that name that run something else; they stay. */
  keptScripts: readonly string[];
  oldRanges: readonly OldRange[];
}

const SECTIONS = [
  "dependencies",
  "devDependencies",
  "peerDependencies",
  "optionalDependencies",
] as const;

/**
 * Adds what is missing and never changes what is there.
 *
 * @param text - the present package.json, or null to create one
 * @throws {ConfigError} when the file is not a JSON object, or a section is not one.
 */
export async function editPackageJson(
  text: string | null,
  needs: PackageNeeds,
): Promise<PackageEdit> {
  const original = text ?? newPackageJson(needs.projectName);
  const manifest = asRecord(
    parseJson(original, PACKAGE_FILE).value,
    "the file",
  );
  const present: Record<string, unknown> = {};
  for (const section of SECTIONS.toReversed()) {
    Object.assign(present, asRecord(manifest[section] ?? {}, section));
  }
  const scripts = asRecord(manifest["scripts"] ?? {}, "scripts");

  const missing = (wanted: Dependencies) =>
    Object.fromEntries(
      Object.entries(wanted).filter(([name]) => !Object.hasOwn(present, name)),
    );
  const addedDependencies = missing(needs.dependencies);
  const addedDevDependencies = missing(needs.devDependencies);
  const addedScripts = Object.fromEntries(
    Object.entries(needs.scripts).filter(
      ([name]) => !Object.hasOwn(scripts, name),
    ),
  );

  const edits: JsonEdit[] = [
    ...insertions("scripts", addedScripts),
    ...insertions("dependencies", addedDependencies),
    ...insertions("devDependencies", addedDevDependencies),
  ];
  return {
    content: editJson(original, edits),
    addedDependencies,
    addedDevDependencies,
    addedScripts,
    keptScripts: Object.entries(needs.scripts)
      .filter(
        ([name, command]) =>
          Object.hasOwn(scripts, name) && scripts[name] !== command,
      )
      .map(([name]) => name),
    oldRanges: await findOldRanges(present, {
      ...needs.devDependencies,
      ...needs.dependencies,
    }),
  };
}

function insertions(
  section: string,
  entries: Readonly<Record<string, string>>,
): JsonEdit[] {
  return Object.entries(entries).map(([name, value]) => ({
    path: [section, name],
    value,
  }));
}

async function findOldRanges(
  present: Readonly<Record<string, unknown>>,
  needed: Dependencies,
): Promise<OldRange[]> {
  const shared = Object.entries(needed).filter(([name]) =>
    Object.hasOwn(present, name),
  );
  if (shared.every(([name, range]) => present[name] === range)) return [];
  const { default: minVersion } = await import("semver/ranges/min-version.js");
  const { default: lessThan } = await import("semver/functions/lt.js");
  const lowest = (range: unknown) => {
    try {
      return typeof range === "string" ? minVersion(range) : null;
    } catch {
      return null; // a tag, a path or a URL: nothing to compare
    }
  };
  return shared.flatMap(([name, range]) => {
    const ours = lowest(range);
    const theirs = lowest(present[name]);
    return ours !== null && theirs !== null && lessThan(theirs, ours)
      ? [{ name, present: String(present[name]), needed: range }]
      : [];
  });
}

function newPackageJson(projectName: string): string {
  const name =
    projectName
      .toLowerCase()
      .replaceAll(/[^a-z0-9._-]+/g, "-")
      .replaceAll(/^[-._]+|[-._]+$/g, "") || "adw-project";
  return `${JSON.stringify({ name, version: "0.0.0", private: true, type: "module" }, null, 2)}\n`;
}

function asRecord(value: unknown, what: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return Object.fromEntries(Object.entries(value));
  }
  throw new ConfigError(
    "PACKAGE_JSON_INVALID",
    `${what} must be a JSON object`,
    {
      where: { file: PACKAGE_FILE },
      hint: "Correct package.json, then run the command again.",
    },
  );
}

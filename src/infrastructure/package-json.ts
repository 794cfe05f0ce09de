/** What a scaffold asks of package.json, as edits that leave everything else alone. */
import { ConfigError } from "../domain/errors.ts";
import {
  DEPENDENCY_SECTIONS,
  rangeBesidePeer,
} from "../domain/host-packages.ts";
import type { Dependencies } from "../domain/module-registry.ts";
import { projectPath } from "../domain/paths.ts";
import { editJson, parseJson, type JsonEdit } from "./json-text.ts";

export const PACKAGE_FILE = projectPath("package.json");

/** What the installed modules need. */
export interface PackageNeeds {
  dependencies: Dependencies;
  devDependencies: Dependencies;
  scripts: Readonly<Record<string, string>>;
  /** Scripts that we wrote, as we wrote them: these may change. */
  ownScripts?: Readonly<Record<string, string>>;
  /** What would go into dependencies goes into devDependencies. */
  dev?: boolean;
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

/** What goes from package.json together with removed modules. */
export interface PackageRemovals {
  /** Packages that we added and nothing needs any more. */
  dependencies: readonly string[];
  /** The same, but the owner uses them: they stay, and are the owner's from now on. */
  usedDependencies: readonly string[];
  /** Packages that nothing of ours needs any more, but that were there before. */
  leftDependencies: readonly string[];
  scripts: readonly string[];
  /** Scripts of removed modules that run something else by now, and stay. */
  leftScripts: readonly string[];
}

const NO_REMOVALS: PackageRemovals = {
  dependencies: [],
  usedDependencies: [],
  leftDependencies: [],
  scripts: [],
  leftScripts: [],
};

/** The edited text, and what the edit did. */
export interface PackageEdit {
  content: string;
  addedDependencies: Dependencies;
  addedDevDependencies: Dependencies;
  addedScripts: Readonly<Record<string, string>>;
  /** Scripts of ours that run something else now. */
  changedScripts: Readonly<Record<string, string>>;
  removedDependencies: readonly string[];
  removedScripts: readonly string[];
  /** Scripts of that name that run something else stay; here is what ours would run. */
  keptScripts: Readonly<Record<string, string>>;
  oldRanges: readonly OldRange[];
  /** Every package that the modules need, added or there before. */
  needed: readonly string[];
}

/** Every dependency in any section, with its range. @throws {ConfigError} as {@link editPackageJson}. */
export function presentDependencies(
  text: string | null,
): Record<string, unknown> {
  const manifest = parseManifest(text);
  const present: Record<string, unknown> = {};
  for (const section of DEPENDENCY_SECTIONS.toReversed()) {
    Object.assign(present, asRecord(manifest[section] ?? {}, section));
  }
  return present;
}

/** The names in devDependencies. @throws {ConfigError} as {@link editPackageJson}. */
export function developmentDependencies(text: string | null): string[] {
  const { devDependencies = {} } = parseManifest(text);
  return Object.keys(asRecord(devDependencies, "devDependencies"));
}

/** The scripts, by name. @throws {ConfigError} as {@link editPackageJson}. */
export function presentScripts(text: string | null): Record<string, unknown> {
  return asRecord(parseManifest(text)["scripts"] ?? {}, "scripts");
}

/**
 * Adds what is missing, removes what it is told to, and never changes a range
 * or a script that is there.
 *
 * @param text - the present package.json, or null to create one
 * @throws {ConfigError} when the file is not a JSON object, or a section is not one.
 */
export async function editPackageJson(
  text: string | null,
  needs: PackageNeeds,
  removals: PackageRemovals = NO_REMOVALS,
): Promise<PackageEdit> {
  const original = text ?? newPackageJson(needs.projectName);
  const manifest = parseManifest(original);
  const present = presentDependencies(original);
  const scripts = presentScripts(original);

  const missing = (wanted: Dependencies) =>
    Object.fromEntries(
      Object.entries(wanted).filter(([name]) => !Object.hasOwn(present, name)),
    );
  const isDev = needs.dev === true;
  const addedDependencies = isDev ? {} : missing(needs.dependencies);
  const addedDevDependencies = {
    ...(isDev ? missing(needs.dependencies) : {}),
    ...missing(needs.devDependencies),
    ...(await besidePeers(manifest, {
      ...needs.devDependencies,
      ...needs.dependencies,
    })),
  };
  const addedScripts = Object.fromEntries(
    Object.entries(needs.scripts).filter(
      ([name]) => !Object.hasOwn(scripts, name),
    ),
  );

  const different = Object.entries(needs.scripts).filter(
    ([name, command]) =>
      Object.hasOwn(scripts, name) && scripts[name] !== command,
  );
  const isOwn = ([name]: readonly [string, string]) =>
    needs.ownScripts?.[name] === scripts[name];
  const changedScripts = Object.fromEntries(different.filter(isOwn));

  const edits: JsonEdit[] = [
    ...insertions(manifest, "scripts", addedScripts),
    ...insertions(manifest, "scripts", changedScripts),
    ...insertions(manifest, "dependencies", addedDependencies),
    ...insertions(manifest, "devDependencies", addedDevDependencies),
    ...deletions(manifest, "scripts", removals.scripts),
    ...["dependencies", "devDependencies"].flatMap((section) =>
      deletions(manifest, section, removals.dependencies),
    ),
  ];
  return {
    content: editJson(original, edits),
    addedDependencies,
    addedDevDependencies,
    addedScripts,
    changedScripts,
    removedDependencies: removals.dependencies,
    removedScripts: removals.scripts,
    keptScripts: Object.fromEntries(different.filter((entry) => !isOwn(entry))),
    oldRanges: await findOldRanges(present, {
      ...needs.devDependencies,
      ...needs.dependencies,
    }),
    needed: Object.keys({ ...needs.dependencies, ...needs.devDependencies }),
  };
}

/**
 * What is only a peer dependency is installed by some package managers and not by
 * others. Developing needs it here too; those who use the library bring their own.
 */
async function besidePeers(
  manifest: Readonly<Record<string, unknown>>,
  wanted: Dependencies,
): Promise<Record<string, string>> {
  const peers = asRecord(
    manifest["peerDependencies"] ?? {},
    "peerDependencies",
  );
  const only = Object.entries(wanted).filter(
    ([name]) =>
      Object.hasOwn(peers, name) &&
      DEPENDENCY_SECTIONS.every(
        (section) =>
          section === "peerDependencies" ||
          !Object.hasOwn(asRecord(manifest[section] ?? {}, section), name),
      ),
  );
  if (only.length === 0) return {};
  const { versions } = await import("./ranges.ts");
  return Object.fromEntries(
    only.map(([name, range]) => [
      name,
      rangeBesidePeer(range, String(peers[name]), versions),
    ]),
  );
}

/** Takes properties out, and the section with the last of them. */
function deletions(
  manifest: Readonly<Record<string, unknown>>,
  section: string,
  names: readonly string[],
): JsonEdit[] {
  const present = Object.keys(asRecord(manifest[section] ?? {}, section));
  const gone = names.filter((name) => present.includes(name));
  if (gone.length === 0) return [];
  return gone.length === present.length
    ? [{ path: [section], value: undefined }]
    : gone.map((name) => ({ path: [section, name], value: undefined }));
}

function parseManifest(text: string | null): Record<string, unknown> {
  if (text === null) return {};
  return asRecord(parseJson(text, PACKAGE_FILE).value, "the file");
}

/** Where a section is sorted, each new name goes to its place; else they go to the end. */
function insertions(
  manifest: Readonly<Record<string, unknown>>,
  section: string,
  entries: Readonly<Record<string, string>>,
): JsonEdit[] {
  const present = Object.keys(asRecord(manifest[section] ?? {}, section));
  const compare = orderOf(present, section);
  const names = Object.keys(entries);
  if (compare !== undefined) names.sort(compare);
  return names.map((name) => ({
    path: [section, name],
    value: entries[name],
    ...(compare === undefined
      ? {}
      : { before: (other) => compare(name, other) < 0 }),
  }));
}

/** npm's own order first, then that of most tools. */
const ORDERS: readonly ((one: string, other: string) => number)[] = [
  (one, other) =>
    isPlainlyOrdered(one, other)
      ? byCodeUnits(one, other)
      : one.localeCompare(other, "en"),
  byCodeUnits,
];

function byCodeUnits(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/**
 * Whether the first character that differs decides alike in both orders, as in most
 * names: the first use of a language's order takes longer than all else that is
 * done with package.json.
 */
function isPlainlyOrdered(one: string, other: string): boolean {
  let at = 0;
  while (at < one.length && one[at] === other[at]) at += 1;
  return /^(?:[a-z]{2}|[a-z]@|@[a-z])$/.test(
    `${one[at] ?? ""}${other[at] ?? ""}`,
  );
}

/** The order that names stand in; undefined where there is none. */
function orderOf(names: readonly string[], section: string) {
  // One script is in no order yet; packages are sorted by npm itself.
  if (section === "scripts" && names.length < 2) return undefined;
  return ORDERS.find((compare) =>
    names.every((name, index) => {
      const next = names[index + 1];
      return next === undefined || compare(name, next) < 0;
    }),
  );
}

async function findOldRanges(
  present: Readonly<Record<string, unknown>>,
  needed: Dependencies,
): Promise<OldRange[]> {
  const shared = Object.entries(needed).filter(([name]) =>
    Object.hasOwn(present, name),
  );
  if (shared.every(([name, range]) => present[name] === range)) return [];
  const { lessThan, minVersion } = await import("./ranges.ts");
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

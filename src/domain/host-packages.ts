/** Whether the version of a package that a project has can serve the modules. */

/**
 * The oldest versions that the rendered code runs with, where these are older than
 * the ranges that it is tested with: zod 3.25 has `zod/v4`, ws 8 has the named
 * exports and hands messages over as bytes, preact 10.25 is what signals 2 asks for.
 */
const OLDEST_SERVING: Readonly<Record<string, string>> = {
  zod: "3.25.0",
  ws: "8.0.0",
  tsx: "4.0.0",
  preact: "10.25.0",
  "@preact/signals": "2.0.0",
  htm: "3.0.0",
};

/** The sections of package.json that name packages, the strongest first. */
export const DEPENDENCY_SECTIONS = [
  "dependencies",
  "devDependencies",
  "optionalDependencies",
  "peerDependencies",
] as const;

export type DependencySection = (typeof DEPENDENCY_SECTIONS)[number];

/** What a project says of a package, and what is installed. */
export interface HostPackage {
  name: string;
  section: DependencySection;
  /** As it stands in package.json: `^3.22.0`, `catalog:`, `npm:other@1`. */
  written: string;
  /**
   * The range that decides, after catalogs, aliases and overrides; undefined when it
   * is no range: a folder, a URL, a tag.
   */
  range: string | undefined;
  /** Where that range stands, such as `the catalog in pnpm-workspace.yaml`. */
  origin: string;
  /** Set when the name stands for another package: `npm:other@1`. */
  alias: string | undefined;
  /** The installed version; undefined when none is. */
  installed: string | undefined;
}

export type HostVerdict =
  | { kind: "serves" }
  /** Nothing is installed yet, and what is written says nothing about the version. */
  | { kind: "unknown" }
  /** `found` follows the package's name: `is too old: 7.5.0 is installed`. */
  | { kind: "does_not_serve"; found: string };

/** Comparing versions, as the semver package does it. */
export interface Versions {
  minVersion: (range: string) => string | undefined;
  isAtLeast: (version: string, oldest: string) => boolean;
  satisfies: (version: string, range: string) => boolean;
  intersects: (left: string, right: string) => boolean;
}

/**
 * The oldest version that serves.
 *
 * @param tested - the range that the modules are tested with
 */
export function oldestServing(
  name: string,
  tested: string,
  { minVersion }: Pick<Versions, "minVersion">,
): string {
  return OLDEST_SERVING[name] ?? minVersion(tested) ?? "0.0.0";
}

/**
 * What is installed decides while it is what the range asks for; else the range does.
 * A range whose oldest version is too old serves only when it also allows the versions
 * that the modules are tested with: a fresh install takes the newest.
 */
export function hostVerdict(
  { name, range, alias, installed, written }: HostPackage,
  tested: string,
  versions: Versions,
): HostVerdict {
  if (alias !== undefined) {
    return { kind: "does_not_serve", found: `stands for ${alias}` };
  }
  const oldest = oldestServing(name, tested, versions);
  const isCurrent =
    installed !== undefined &&
    (range === undefined || versions.satisfies(installed, range));
  if (isCurrent) {
    return versions.isAtLeast(installed, oldest)
      ? { kind: "serves" }
      : tooOld(`${installed} is installed`);
  }
  if (range === undefined) return { kind: "unknown" };
  const lowest = versions.minVersion(range);
  if (lowest === undefined) return { kind: "unknown" };
  const serves =
    versions.isAtLeast(lowest, oldest) || versions.intersects(range, tested);
  return serves
    ? { kind: "serves" }
    : tooOld(
        range === written
          ? `"${range}" allows ${lowest}`
          : `"${written}" is ${range}, which allows ${lowest}`,
      );
}

function tooOld(why: string): HostVerdict {
  return { kind: "does_not_serve", found: `is too old: ${why}` };
}

/**
 * The range to add for a package that is only a peer dependency so far: ours, or the
 * peer's own when ours lies outside it. A library's users must not get two copies.
 */
export function rangeBesidePeer(
  tested: string,
  peer: string,
  { intersects, minVersion }: Pick<Versions, "intersects" | "minVersion">,
): string {
  return minVersion(peer) === undefined || intersects(peer, tested)
    ? tested
    : peer;
}

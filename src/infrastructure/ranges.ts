/** Comparing versions and npm's ranges of them. Loaded by the runs that find something already there. */
import gt from "semver/functions/gt.js";
import isAtLeast from "semver/functions/gte.js";
import lessThan from "semver/functions/lt.js";
import satisfies from "semver/functions/satisfies.js";
import valid from "semver/functions/valid.js";
import intersects from "semver/ranges/intersects.js";
import minVersion from "semver/ranges/min-version.js";
import type { Versions } from "../domain/host-packages.ts";

export { lessThan, minVersion, satisfies };

/** The lowest version of a range; undefined for a tag, a folder or a URL. */
function lowest(range: string): string | undefined {
  try {
    return minVersion(range)?.version;
  } catch {
    return undefined;
  }
}

/** Comparing versions for the decisions in the domain. */
export const versions: Versions = {
  minVersion: lowest,
  isAtLeast: (version, oldest) => isAtLeast(version, oldest),
  satisfies: (version, range) =>
    satisfies(version, range, { includePrerelease: true }),
  intersects: (left, right) =>
    lowest(left) !== undefined &&
    lowest(right) !== undefined &&
    intersects(left, right),
};

/** Whether one version is later than another; false where one of them is no version. */
export function isNewer(version: string, than: string): boolean {
  return valid(version) !== null && valid(than) !== null && gt(version, than);
}

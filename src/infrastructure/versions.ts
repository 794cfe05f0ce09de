/** Comparing versions. Loaded by the runs that find another version than their own. */
import gt from "semver/functions/gt.js";
import valid from "semver/functions/valid.js";

/** Whether one version is later than another; false where one of them is no version. */
export function isNewer(version: string, than: string): boolean {
  return valid(version) !== null && valid(than) !== null && gt(version, than);
}

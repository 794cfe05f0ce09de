/** Comparing npm version ranges. Loaded by the runs that find a package already there. */
import lessThan from "semver/functions/lt.js";
import satisfies from "semver/functions/satisfies.js";
import minVersion from "semver/ranges/min-version.js";

export { lessThan, minVersion, satisfies };

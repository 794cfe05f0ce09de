/** `doctor`: what `check` knows: required files, conflict markers, the lock. */
import type { Drift } from "../../domain/drift.ts";
import { AdwError } from "../../domain/errors.ts";
import { LOCK_FILE } from "../../domain/lock.ts";
import { PACKAGE_FILE } from "../../infrastructure/package-json.ts";
import { checkProject } from "../check-service.ts";
import { baseText, type Project, type ProjectRequest } from "../project.ts";
import type { Problem } from "./finding.ts";

/** Files that the modules need and that cannot do their work. Edits are fine. */
export async function filesProblem({
  root,
  configFile,
  lock,
}: Project): Promise<Problem | undefined> {
  const drift = await driftOf({ root, configFile });
  const own = drift.filter(
    ({ path }) => path !== LOCK_FILE && path !== PACKAGE_FILE,
  );
  const marked = own
    .filter(({ kinds }) => kinds.includes("conflict"))
    .map(({ path }) => path);
  // What was never written is new in this release: an update brings it.
  const gone = own
    .filter(
      ({ path, kinds }) =>
        kinds.includes("missing") && lock.files[path] !== undefined,
    )
    .map(({ path }) => path);
  const problems = [
    ...(gone.length === 0 ? [] : [`missing: ${gone.join(", ")}`]),
    ...(marked.length === 0
      ? []
      : [`conflict markers are left in ${marked.join(", ")}`]),
  ];
  if (problems.length === 0) return undefined;
  const fixes = [
    ...(marked.length === 0
      ? []
      : ["Resolve the conflict markers in an editor."]),
    ...(gone.length === 0
      ? []
      : [`${marked.length === 0 ? "Run" : "Then run"}: adw-scaffold init`]),
  ];
  return { message: problems.join("; "), fix: fixes.join(" ") };
}

/** A package.json that cannot be read is what the check of the packages says. */
async function driftOf(request: ProjectRequest): Promise<readonly Drift[]> {
  try {
    return (await checkProject(request)).drift;
  } catch (error) {
    if (error instanceof AdwError && error.where?.file === PACKAGE_FILE) {
      return [];
    }
    throw error;
  }
}

export function lockProblem({
  lock,
  lockText,
  config,
}: Project): Promise<Problem | undefined> {
  if (lockText === null) {
    return Promise.resolve(
      config.modules.length === 0
        ? undefined
        : {
            message: "there is no adw.lock.json",
            fix: "Run adw-scaffold update: it records the files again and keeps your edits.",
          },
    );
  }
  try {
    for (const path of Object.keys(lock.files)) baseText(lock, path, null);
    return Promise.resolve(undefined);
  } catch (error) {
    if (!(error instanceof AdwError)) throw error;
    return Promise.resolve({
      message: error.message,
      fix: error.hint ?? "Restore it from version control.",
    });
  }
}

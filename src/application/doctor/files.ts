/** `doctor`: what `check` knows: required files, conflict markers, the lock. */
import type { Drift } from "../../domain/drift.ts";
import type { AdwConfig } from "../../domain/config.ts";
import { AdwError, formatLocation } from "../../domain/errors.ts";
import { listed } from "../../domain/listed.ts";
import { LOCK_FILE } from "../../domain/lock.ts";
import {
  pathEntries,
  projectPath,
  type AbsolutePath,
  type ProjectPath,
} from "../../domain/paths.ts";
import { parseJson } from "../../infrastructure/json-text.ts";
import { readProjectFile } from "../../infrastructure/project-files.ts";
import { PACKAGE_FILE } from "../../infrastructure/package-json.ts";
import { checkProject } from "../check-service.ts";
import { newerCommand } from "../newer-version.ts";
import { recordedText } from "../lock-facts.ts";
import type { Project, ProjectRequest } from "../project.ts";
import type { Problem } from "./finding.ts";

/** Files that the modules need and that cannot do their work. Edits are fine. */
export async function filesProblem(
  { root, lock, lockText, config }: Project,
  drift: () => Promise<readonly Drift[]>,
): Promise<Problem | undefined> {
  const own = (await drift()).filter(
    ({ path }) => path !== LOCK_FILE && path !== PACKAGE_FILE,
  );
  const marked = own
    .filter(({ kinds }) => kinds.includes("conflict"))
    .map(({ path }) => path);
  // What a lock does not have is new in this release: an update brings it.
  const gone = own
    .filter(
      ({ path, kinds }) =>
        kinds.includes("missing") &&
        (lockText === null || Object.hasOwn(lock.files, path)),
    )
    .map(({ path }) => path);
  const broken: string[] = [];
  for (const { path, kinds } of own)
    if (kinds.includes("edited") && !marked.includes(path))
      broken.push(...(await brokenText(root, projectPath(path), config)));
  const problems = [
    ...(gone.length === 0 ? [] : [`missing: ${gone.join(", ")}`]),
    ...(marked.length === 0
      ? []
      : [`conflict markers are left in ${marked.join(", ")}`]),
    ...broken,
  ];
  if (problems.length === 0) return undefined;
  const fixes = [
    ...(marked.length === 0
      ? []
      : ["Resolve the conflict markers in an editor."]),
    ...(broken.length === 0 ? [] : ["Correct what is broken, or delete it."]),
    ...(gone.length + broken.length === 0
      ? []
      : [
          `${marked.length + broken.length === 0 ? "Run" : "Then run"}: adw-scaffold init`,
        ]),
  ];
  return { message: problems.join("; "), fix: fixes.join(" ") };
}

/** What an edit has made of a file, where it cannot be meant. */
async function brokenText(
  root: AbsolutePath,
  path: ProjectPath,
  { adws_dir }: AdwConfig,
): Promise<string[]> {
  const text = await readProjectFile(root, path);
  if (text?.trim() === "") return [`${path} is empty`];
  // TypeScript allows comments in its own.
  if (!path.endsWith(".json") || path === `${adws_dir}/tsconfig.json`)
    return [];
  try {
    parseJson(text ?? "", path);
  } catch (error) {
    if (!(error instanceof AdwError)) throw error;
    const { file = path, ...place } = error.where ?? {};
    return [`${formatLocation({ file, ...place })} is ${error.message}`];
  }
  return [];
}

/** What cannot be read is said by the check of the packages, or of the lock. */
export async function driftOf(
  request: ProjectRequest,
): Promise<readonly Drift[]> {
  try {
    return (await checkProject(request)).drift;
  } catch (error) {
    const file = error instanceof AdwError ? error.where?.file : undefined;
    if (file === PACKAGE_FILE || file === LOCK_FILE) return [];
    throw error;
  }
}

export async function lockProblem(
  { lock, lockText, config }: Project,
  drift: () => Promise<readonly Drift[]>,
): Promise<Problem | undefined> {
  if (lockText === null) {
    return config.modules.length === 0
      ? undefined
      : {
          message: `there is no ${LOCK_FILE}`,
          fix: "Run adw-scaffold update: it records the files again and keeps your edits.",
        };
  }
  try {
    for (const [path] of pathEntries(lock.files)) recordedText(lock, path);
  } catch (error) {
    if (!(error instanceof AdwError)) throw error;
    return {
      message: error.message,
      fix: error.hint ?? "Restore it from version control.",
    };
  }
  // A file that cannot be read is said of the files.
  const found = await drift().catch((): Drift[] => []);
  const newer = found.find(
    ({ path, kinds }) => path === LOCK_FILE && kinds.includes("newer"),
  );
  if (newer !== undefined) {
    return {
      message: newer.reason,
      fix: `Run: ${newerCommand(lock)} doctor`,
    };
  }
  const untracked = found
    .filter(({ kinds }) => kinds.includes("untracked"))
    .map(({ path, module }) => (path === LOCK_FILE ? module : path));
  return untracked.length === 0
    ? undefined
    : {
        message: `${LOCK_FILE} has no entry for ${listed(untracked)}`,
        fix: "Run: adw-scaffold update",
      };
}

/** What is asked of git: is there work that it does not have, and does it ignore a file? */
import { isInRepository } from "./upwards.ts";

/** A warning is not worth a longer wait. */
const LIMIT_MS = 5000;

/**
 * The files of the project that differ from the last commit, untracked ones
 * included (a folder that is untracked as a whole stands for what is in it). None
 * where there is no repository or no git. Writes nothing, not even git's own index.
 */
export async function uncommittedFiles(root: string): Promise<string[]> {
  if (!isInRepository(root)) return [];
  const status = await git(root, [
    "--no-optional-locks",
    "-c",
    "core.fsmonitor=false",
    "status",
    "--porcelain=v1",
    "-z",
    "--untracked-files=normal",
    "--no-renames",
    "--",
    ".",
  ]);
  if (status === "") return [];
  // Its paths are relative to the top of the repository, ours to the project.
  const prefix = (await git(root, ["rev-parse", "--show-prefix"])).trim();
  return status
    .split("\0")
    .map((entry) => entry.slice(3))
    .filter((path) => path !== "" && path.startsWith(prefix))
    .map((path) => path.slice(prefix.length) || "./");
}

/** Whether git has each of these files as it is now, so that it can bring them back. */
export async function trackedUnchanged(
  root: string,
  paths: readonly string[],
): Promise<boolean> {
  if (paths.length === 0)
    return (await git(root, ["rev-parse", "HEAD"])) !== "";
  const tracked = await git(root, ["ls-files", "-z", "--", ...paths]);
  const listed = tracked.split("\0").filter((path) => path !== "");
  if (listed.length !== paths.length) return false;
  const changed = await uncommittedFiles(root);
  return paths.every((path) => !changed.includes(path));
}

/** Whether git ignores a file, by any rule; false where there is no repository. */
export async function isIgnored(root: string, path: string): Promise<boolean> {
  if (!isInRepository(root)) return false;
  return (await git(root, ["check-ignore", "--", path])) !== "";
}

/**
 * Whether a .gitignore of the repository makes git ignore a file, for everybody who
 * has it: not a rule in the user's own configuration, or in that clone alone.
 */
export async function isIgnoredForAll(
  root: string,
  path: string,
): Promise<boolean> {
  if (!isInRepository(root)) return false;
  const rule = await git(root, [
    "-c",
    "core.excludesFile=",
    "check-ignore",
    "--verbose",
    "--",
    path,
  ]);
  const [, source = "", pattern = ""] = /^(.*):\d+:(.*)\t/.exec(rule) ?? [];
  return source.endsWith(".gitignore") && !pattern.startsWith("!");
}

/** Those of the files that git has, or would take because nothing makes it ignore them. */
export async function takenByGit(
  root: string,
  paths: readonly string[],
): Promise<string[]> {
  if (paths.length === 0 || !isInRepository(root)) return [];
  const taken = await git(root, [
    "--literal-pathspecs",
    "ls-files",
    "-z",
    "--cached",
    "--others",
    "--exclude-standard",
    "--",
    ...paths,
  ]);
  return [...new Set(taken.split("\0"))].filter((path) => path !== "");
}

/** Whether git has a file, changed or not; false where there is no repository. */
export async function isTracked(root: string, path: string): Promise<boolean> {
  if (!isInRepository(root)) return false;
  return (await git(root, ["ls-files", "--", path])) !== "";
}

/** Standard output; nothing when git is missing or refuses. */
async function git(
  cwd: string,
  parameters: readonly string[],
): Promise<string> {
  // Loaded here, because most runs change nothing that is in a repository.
  const { execFile } = await import("node:child_process");
  return new Promise((resolve) => {
    execFile(
      "git",
      parameters,
      { cwd, timeout: LIMIT_MS, maxBuffer: 16 * 1024 * 1024 },
      (error, stdout) => {
        resolve(error === null ? stdout : "");
      },
    );
  });
}

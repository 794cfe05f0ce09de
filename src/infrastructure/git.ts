/** The one thing that is asked of git: is there work that it does not have? */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/** A warning is not worth a longer wait. */
const LIMIT_MS = 5000;

/**
 * Those of the files that differ from the last commit, untracked ones included.
 * None where there is no repository or no git. Writes nothing, not even git's
 * own index.
 *
 * @param paths - relative to root
 */
export async function uncommittedFiles(
  root: string,
  paths: readonly string[],
): Promise<string[]> {
  if (!isInRepository(root)) return [];
  const status = await git(root, [
    "--no-optional-locks",
    "-c",
    "core.fsmonitor=false",
    "--literal-pathspecs",
    "status",
    "--porcelain=v1",
    "-z",
    "--untracked-files=all",
    "--no-renames",
    "--",
    ...paths,
  ]);
  if (status === "") return [];
  // Its paths are relative to the top of the repository, ours to the project.
  const prefix = (await git(root, ["rev-parse", "--show-prefix"])).trim();
  const changed = new Set(
    status
      .split("\0")
      .filter((entry) => entry !== "")
      .map((entry) => entry.slice(3)),
  );
  return paths.filter((path) => changed.has(`${prefix}${path}`));
}

function isInRepository(folder: string): boolean {
  if (existsSync(join(folder, ".git"))) return true;
  return dirname(folder) !== folder && isInRepository(dirname(folder));
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

/** The one thing that is asked of git: is there work that it does not have? */
import { execFile } from "node:child_process";
import { access } from "node:fs/promises";
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
  if (!(await isInRepository(root))) return [];
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

async function isInRepository(root: string): Promise<boolean> {
  for (let folder = root; ; folder = dirname(folder)) {
    try {
      await access(join(folder, ".git"));
      return true;
    } catch {
      if (dirname(folder) === folder) return false;
    }
  }
}

/** Standard output; nothing when git is missing or refuses. */
function git(cwd: string, parameters: readonly string[]): Promise<string> {
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

/** Decisions on path names. Whether a link is part of one is for the file system to say. */
import { ConfigError } from "./errors.ts";

/** Folders of other tools, which nothing is ever written into. */
const FORBIDDEN = new Set([".git", "node_modules"]);

/** The part of a path that names a folder of another tool, in any case. */
function forbiddenPart(path: string): string | undefined {
  return path
    .split("/")
    .find((part) => FORBIDDEN.has(part.toLowerCase().replace(/[. ]+$/, "")));
}

/**
 * Whether a target path stays inside the project and out of the folders of other
 * tools. Paths are relative, with `/` between the parts.
 */
export function isInsideProject(path: string): boolean {
  return (
    path !== "" &&
    !path.includes("\\") &&
    !path.includes("\0") &&
    !/^[A-Za-z]:/.test(path) &&
    path.split("/").every((part) => !["", ".", ".."].includes(part)) &&
    forbiddenPart(path) === undefined
  );
}

/**
 * @param folder - an absolute path that files are to be written into
 * @throws {ConfigError} code `PATH_OUTSIDE` when it lies in a folder of another tool.
 */
export function assertOwnFolder(folder: string): void {
  const forbidden = forbiddenPart(folder.replaceAll("\\", "/"));
  if (forbidden === undefined) return;
  throw new ConfigError(
    "PATH_OUTSIDE",
    `refusing to write to ${JSON.stringify(folder)}`,
    { hint: `Nothing is ever written into ${forbidden}.` },
  );
}

/** @throws {ConfigError} code `PATH_OUTSIDE` when {@link isInsideProject} says no. */
export function assertInsideProject(path: string): void {
  if (isInsideProject(path)) return;
  const forbidden = forbiddenPart(path);
  throw new ConfigError(
    "PATH_OUTSIDE",
    `refusing to write to ${JSON.stringify(path)}`,
    {
      hint:
        forbidden === undefined
          ? 'Paths must stay inside the project: relative, without "..".'
          : `Nothing is ever written into ${forbidden}.`,
    },
  );
}

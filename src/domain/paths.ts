/**
 * The kinds of path, which the compiler keeps apart, and what makes one of each. Whether
 * a link is part of one is for the file system to say. (No text has a `pathKind`. It is
 * no symbol, for which a declaration of the lock's schema would have no name.)
 */
import { resolve } from "node:path";
import { ConfigError } from "./errors.ts";

/** Relative to a project and inside it, with `/` between the parts. */
export type ProjectPath = string & { readonly pathKind: "project" };

/** The folder of a project, from the root of the file system. */
export type AbsolutePath = string & { readonly pathKind: "absolute" };

/** A file as it is registered: `adws/` stands for the project's `adws_dir`. */
export type TemplatePath = `adws/${string}`;

/** Folders of other tools, which nothing is ever written into. */
const FORBIDDEN = new Set([".git", "node_modules"]);

/** The part of a path that names a folder of another tool, in any case. */
function forbiddenPart(path: string): string | undefined {
  return path
    .split("/")
    .find((part) => FORBIDDEN.has(part.toLowerCase().replace(/[. ]+$/, "")));
}

/** Whether a path stays inside the project, and out of the folders of other tools. */
export function isInsideProject(path: string): path is ProjectPath {
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
export function projectPath(path: string): ProjectPath {
  if (isInsideProject(path)) return path;
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

function isAbsolutePath(path: string): path is AbsolutePath {
  return path === resolve(path);
}

export function absolutePath(path: string): AbsolutePath {
  return isAbsolutePath(path) ? path : absolutePath(resolve(path));
}

export function isTemplatePath(path: string): path is TemplatePath {
  return path.startsWith("adws/") && isInsideProject(path.slice(5));
}

/** `Object.entries`, which takes every key for any text. */
export function pathEntries<K extends string, T extends object>(
  record: Readonly<Partial<Record<K, T>>>,
): [K, T][] {
  const isKey = (key: string): key is K => Object.hasOwn(record, key);
  const entries: [K, T][] = [];
  for (const key of Object.keys(record).filter(isKey)) {
    const value = record[key];
    if (value !== undefined) entries.push([key, value]);
  }
  return entries;
}

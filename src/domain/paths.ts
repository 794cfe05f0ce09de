/** Decisions on path names. Whether a link stands in the way is for the file system to say. */
import { ConfigError } from "./errors.ts";

/**
 * Refuses a target path that could leave the project or reach into a folder of
 * another tool. Paths are relative, with `/` between the parts.
 *
 * @throws {ConfigError} code `PATH_OUTSIDE`.
 */
export function assertInsideProject(path: string): void {
  const parts = path.split("/");
  const outside =
    path === "" ||
    path.includes("\\") ||
    path.includes("\0") ||
    /^[A-Za-z]:/.test(path) ||
    parts.some((part) => part === "" || part === "." || part === "..");
  const forbidden = parts.find((part) =>
    [".git", "node_modules"].includes(part.toLowerCase().replace(/[. ]+$/, "")),
  );
  if (outside || forbidden !== undefined) {
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
}

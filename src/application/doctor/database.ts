/** `doctor`: what stands at the database's place is a database. */
import { open } from "node:fs/promises";
import { hasCode, isMissing } from "../../infrastructure/project-files.ts";
import type { Project } from "../project.ts";
import type { Problem } from "./finding.ts";
import { databaseFile, shown } from "./private-files.ts";

/** The first bytes of every SQLite file: https://sqlite.org/fileformat.html */
const MAGIC = "SQLite format 3\0";

/** A file that is not there yet, or empty, becomes one. */
export async function databaseProblem(
  project: Project,
): Promise<Problem | undefined> {
  const { root, config, source } = project;
  const installed = source.registry.resolve(config.modules);
  if (!installed.some(({ name }) => name === "adw_database")) return undefined;
  const file = databaseFile(project);
  const start = await firstBytes(file);
  if (start === undefined || start === "" || start === MAGIC) return undefined;
  return {
    message: `${shown(root, file)} is not an SQLite database, so nothing can be logged, and the server does not start`,
    fix: "Put a backup in its place, or move it away: the next start makes a new one.",
  };
}

/** Undefined where there is nothing to read. */
async function firstBytes(path: string): Promise<string | undefined> {
  try {
    const file = await open(path);
    try {
      const { buffer, bytesRead } = await file.read(
        Buffer.alloc(MAGIC.length),
        0,
        MAGIC.length,
        0,
      );
      return buffer.toString("latin1", 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (hasCode(error, "EISDIR")) return "a folder";
    if (isMissing(error) || hasCode(error, "EACCES")) return undefined;
    throw error;
  }
}

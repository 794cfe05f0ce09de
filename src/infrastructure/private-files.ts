/** The files that git must never take: tokens, and what agents were told. */
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  isInsideProject,
  type AbsolutePath,
  type ProjectPath,
} from "../domain/paths.ts";

/** As in the .gitignore that is rendered into `adws_dir`. */
const PRIVATE_FILE =
  /^\.adw_(?:ingest_)?token|\.db(?:-journal|-shm|-wal|\.backup-.*)?$/;
const PRIVATE_FOLDER = ".adw_spool";

/** Every file below a folder of the project, `node_modules` left out; none where there is no folder. */
export function filesBelow(
  root: AbsolutePath,
  folder: ProjectPath,
): ProjectPath[] {
  let entries;
  try {
    entries = readdirSync(join(root, folder), { withFileTypes: true });
  } catch {
    return [];
  }
  return entries.flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (!isInsideProject(path)) return [];
    return entry.isDirectory() ? filesBelow(root, path) : [path];
  });
}

/** What is below a folder: secrets and data, a spool folder standing for what is in it, and the rest. */
export function privateAndOther(
  root: AbsolutePath,
  folder: ProjectPath,
): { secret: string[]; other: ProjectPath[] } {
  const secret = new Set<string>();
  const other: ProjectPath[] = [];
  for (const path of filesBelow(root, folder)) {
    const parts = path.split("/");
    const spool = parts.indexOf(PRIVATE_FOLDER);
    if (spool !== -1) secret.add(parts.slice(0, spool + 1).join("/"));
    else if (PRIVATE_FILE.test(parts.at(-1) ?? "")) secret.add(path);
    else other.push(path);
  }
  return { secret: [...secret], other };
}

/** A database, and what SQLite and migrations keep beside it. */
export function databaseFiles(root: AbsolutePath, path: ProjectPath): string[] {
  const folder = dirname(path);
  const name = path.slice(path.lastIndexOf("/") + 1);
  try {
    return readdirSync(join(root, folder))
      .filter((entry) => entry.startsWith(name))
      .map((entry) => (folder === "." ? entry : `${folder}/${entry}`));
  } catch {
    return [];
  }
}

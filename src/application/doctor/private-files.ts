/** `doctor`: secrets, and the database with its prompts, are for their owner only, and git takes none of them. */
import { chmod, lstat, readdir } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { shellWord } from "../../domain/shell-word.ts";
import { isInsideProject, projectPath } from "../../domain/paths.ts";
import { takenByGit } from "../../infrastructure/git.ts";
import {
  databaseFiles,
  privateAndOther,
} from "../../infrastructure/private-files.ts";
import type { Project } from "../project.ts";
import type { Problem } from "./finding.ts";

/** The database, what SQLite keeps beside it, and the backups of migrations. */
export async function privateFilesProblem(
  project: Project,
): Promise<Problem | undefined> {
  const { root, config } = project;
  const database = databaseFile(project);
  const files = [
    join(root, config.adws_dir, ".adw_ingest_token"),
    database,
    `${database}-wal`,
    `${database}-shm`,
    ...(await backupsOf(database)),
  ];
  const open: string[] = [];
  for (const file of files) if (await isOpenToOthers(file)) open.push(file);
  if (open.length === 0) return exposedProblem(project);
  const names = open.map((file) => shown(root, file));
  return {
    message: `readable by other users: ${names.join(", ")}`,
    fix: `Run: chmod 600 ${names.map(shellWord).join(" ")}`,
    repair: async () => {
      await closeFiles(open);
      return `readable by you only now: ${names.join(", ")}`;
    },
  };
}

export function databaseFile({ root, config }: Project): string {
  return resolve(
    root,
    process.env["TAC_ORCHESTRATOR_DB"] || config.database_path,
  );
}

/** Secrets that are in git, or that its next `git add` would take. */
async function exposedProblem({
  root,
  config: { adws_dir, database_path },
}: Project): Promise<Problem | undefined> {
  const { secret } = privateAndOther(root, projectPath(adws_dir));
  const database = relative(root, resolve(root, database_path));
  const exposed = await takenByGit(root, [
    ...secret,
    ...(isInsideProject(database) ? databaseFiles(root, database) : []),
  ]);
  if (exposed.length === 0) return undefined;
  const names = exposed.map(shellWord).join(" ");
  return {
    message: `git has, or would take, what is private: ${exposed.join(", ")}`,
    fix: `Run: git rm -r --cached --ignore-unmatch ${names} && adw-scaffold update. A token that was in a commit needs a new one: delete its file.`,
  };
}

async function backupsOf(database: string): Promise<string[]> {
  const folder = dirname(database);
  try {
    const names = await readdir(folder);
    return names
      .filter((name) => name.startsWith(`${basename(database)}.backup-`))
      .map((name) => join(folder, name));
  } catch {
    return []; // no folder, no backups
  }
}

/** Whether group or others may do anything with a plain file. Windows has no such modes. */
export async function isOpenToOthers(file: string): Promise<boolean> {
  const mode = await modeOf(file);
  return (
    mode !== undefined && (mode & 0o077) !== 0 && process.platform !== "win32"
  );
}

/** The mode of a plain file; undefined for anything else: no link is followed. */
export async function modeOf(file: string): Promise<number | undefined> {
  try {
    const status = await lstat(file);
    return status.isFile() ? status.mode : undefined;
  } catch {
    return undefined;
  }
}

export async function closeFiles(files: readonly string[]): Promise<void> {
  for (const file of files) await chmod(file, 0o600);
}

export function shown(root: string, file: string): string {
  const path = relative(root, file);
  return path.startsWith("..") ? file : path;
}

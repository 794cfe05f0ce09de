/** `doctor`: secrets, and the database with its prompts, are for their owner only. */
import { chmod, lstat, readdir } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { shellWord } from "../../domain/shell-word.ts";
import type { Project } from "../project.ts";
import type { Problem } from "./finding.ts";

/** The database, what SQLite keeps beside it, and the backups of migrations. */
export async function privateFilesProblem({
  root,
  config,
}: Project): Promise<Problem | undefined> {
  const database = resolve(
    root,
    process.env["TAC_ORCHESTRATOR_DB"] || config.database_path,
  );
  const files = [
    join(root, config.adws_dir, ".adw_ingest_token"),
    database,
    `${database}-wal`,
    `${database}-shm`,
    ...(await backupsOf(database)),
  ];
  const open: string[] = [];
  for (const file of files) if (await isOpenToOthers(file)) open.push(file);
  if (open.length === 0) return undefined;
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

function shown(root: string, file: string): string {
  const path = relative(root, file);
  return path.startsWith("..") ? file : path;
}

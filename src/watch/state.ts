/**
 * What `watch` keeps between runs, in the user's state folder:
 *
 *     watch.db      what the agents did
 *     watch.json    where the one that runs is
 *     watch.lock    held by the one that runs
 *     token, ingest_token
 *     spool/        what hooks put aside
 *     page/         the dashboard's page, and a custom.css of the user's
 *
 * All of it is readable by its owner only.
 */
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { makeFolder } from "rendered/adw_modules/adw_database/connection.ts";
import { isRecord, parseJson } from "rendered/adw_modules/adw_events.ts";
import { WATCH_LOG } from "../domain/state-folder.ts";
import { isToken } from "rendered/adw_modules/adw_websockets.ts";
import { WatchProblem } from "./problem.ts";

export interface StateFiles {
  folder: string;
  database: string;
  running: string;
  lock: string;
  token: string;
  ingestToken: string;
  spool: string;
  page: string;
}

export function stateFiles(folder: string): StateFiles {
  const file = (name: string) => join(folder, name);
  return {
    folder,
    database: file(WATCH_LOG),
    running: file("watch.json"),
    lock: file("watch.lock"),
    token: file("token"),
    ingestToken: file("ingest_token"),
    spool: file("spool"),
    page: file("page"),
  };
}

export function makeStateFolder(folder: string): void {
  makeFolder(folder, 0o700);
  if (process.platform !== "win32") chmodSync(folder, 0o700);
}

/** A token: the variable's, else the file's, which the first start makes. */
export function readToken(file: string, variable: string): string {
  const given = process.env[variable] ?? "";
  if (given !== "") {
    if (isToken(given)) return given;
    throw new WatchProblem(
      "WATCH_TOKEN",
      `${variable} must hold 1 to 512 letters, digits, "-", "_", "." or "~", and nothing else`,
    );
  }
  const known = readFileIfThere(file)?.trim() ?? "";
  if (isToken(known)) return known;
  const token = randomBytes(32).toString("base64url");
  writePrivate(file, `${token}\n`);
  return token;
}

/** Where the `watch` that runs is. Times in ms since the epoch. */
export interface RunningWatch {
  pid: number;
  /** The page, with its token. */
  page: string;
  since: number;
}

export function noteRunning(file: string, watch: RunningWatch): void {
  writePrivate(file, `${JSON.stringify(watch)}\n`);
}

/** The page as this version has it. */
export function writePage(folder: string, html: string): void {
  makeFolder(folder, 0o700);
  writePrivate(join(folder, "index.html"), html);
}

export function forgetRunning(file: string): void {
  rmSync(file, { force: true });
}

export function readRunning(file: string): RunningWatch | undefined {
  const value = parseJson(readFileIfThere(file) ?? "");
  if (!isRecord(value)) return undefined;
  const { pid, page, since } = value;
  return typeof pid === "number" &&
    typeof page === "string" &&
    typeof since === "number"
    ? { pid, page, since }
    : undefined;
}

/** It appears with all of its text at once. */
function writePrivate(file: string, text: string): void {
  const draft = `${file}.${String(process.pid)}.tmp`;
  writeFileSync(draft, text, { mode: 0o600 });
  renameSync(draft, file);
}

function readFileIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (isRecord(error) && error["code"] === "ENOENT") return undefined;
    throw error;
  }
}

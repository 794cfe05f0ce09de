/**
 * Reads files to which lines of JSON are appended: each line once, from where
 * the last reading ended, with bounded memory however long the file is. Files
 * are opened read-only and never locked.
 *
 * A line is given when its end is there. A file that became shorter, or another
 * one of the same name, is read from its start; a file that is gone is
 * forgotten. A line of more than MAX_LINE_BYTES is left out and reported. What
 * could not be read or stored is read again at the next look.
 *
 * Template: adw_agents 1.3.0
 */
import { readdirSync, statSync } from "node:fs";
import type { Stats } from "node:fs";
import { open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod/v4";
import { parseJson } from "../adw_events.ts";
import { messageOf } from "../adw_stderr.ts";
import { fieldsOf } from "./act.ts";
import type { FileState } from "./act.ts";

const CHUNK_BYTES = 256 * 1024;
export const MAX_LINE_BYTES = 16 * 1024 * 1024;
/** The files that grew last are looked at so often, and so are folders for new ones; all others now and then. */
const LOOK_MS = 250;
/** After a minute in which nothing grew. */
const CALM_LOOK_MS = 1_000;
const CALM_AFTER_MS = 60_000;
const SCAN_MS = 10_000;
/** So many of the files, and of the folders that lie deep. */
const ACTIVE = 50;

export const positionSchema = z.object({
  /** Which file it was: device and inode. */
  file: z.string(),
  offset: z.number(),
  /** What the lines before said. */
  state: z.object({
    session: z.string(),
    agent: z.string(),
    parent: z.string().optional(),
    model: z.string().optional(),
    startedAt: z.number().optional(),
  }),
});
/** Where reading goes on. */
export type Position = z.infer<typeof positionSchema>;

export interface Line {
  value: unknown;
  /** The same when the line is read again. */
  id: string;
}

/**
 * Reads the lines after a position, a chunk at a time.
 *
 * @param take gets the lines of a chunk, and the position after them; when it
 *   throws, `position` is still the one before
 * @returns false when the file is gone
 */
export async function readLines(
  path: string,
  position: Position,
  take: (lines: readonly Line[], next: Position) => void,
  report: (problem: string) => void = () => undefined,
): Promise<boolean> {
  const file = await open(path, "r").catch((error: unknown) => {
    if (fieldsOf(error)["code"] === "ENOENT") return undefined;
    throw error;
  });
  if (file === undefined) return false;
  try {
    const found = await file.stat();
    const identity = identityOf(found);
    if (identity !== position.file || found.size < position.offset) {
      position.file = identity;
      position.offset = 0;
    }
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    let rest: Buffer[] = [];
    let restBytes = 0;
    for (let at = position.offset; ;) {
      const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES, at);
      if (bytesRead === 0) return true;
      at += bytesRead;
      const next = { ...position, state: { ...position.state } };
      const lines: Line[] = [];
      const read = chunk.subarray(0, bytesRead);
      let from = 0;
      for (let end = read.indexOf(10); end >= 0; end = read.indexOf(10, from)) {
        const part = read.subarray(from, end);
        const bytes = restBytes + part.length;
        if (bytes > MAX_LINE_BYTES)
          report(
            `${path}: a line of more than ${String(MAX_LINE_BYTES)} bytes was left out`,
          );
        else if (bytes > 0) {
          const text = Buffer.concat([...rest, part]).toString("utf8");
          // What is no JSON is nothing that an agent wrote.
          const value = parseJson(text);
          const id = `${identity}:${String(next.offset)}`;
          if (value !== undefined) lines.push({ value, id });
        }
        next.offset += bytes + 1;
        rest = [];
        restBytes = 0;
        from = end + 1;
      }
      if (next.offset > position.offset) {
        take(lines, next);
        Object.assign(position, next);
      }
      const half = read.subarray(from);
      restBytes += half.length;
      if (restBytes > MAX_LINE_BYTES) rest = [];
      else if (half.length > 0) rest.push(Buffer.from(half));
    }
  } finally {
    await file.close();
  }
}

/** How the files of a kind are known, by their paths. */
export type FileOf = (path: string) => FileState | undefined;

export interface FollowOptions {
  /** Gets the lines of a chunk, and the position after them, and stores both. */
  take: (lines: readonly Line[], path: string, next: Position) => void;
  /** Files that have not grown since then are left out. ms since the epoch */
  since?: number | undefined;
  /** Where reading of a file ended the last time. */
  positionOf?: (path: string) => Position | undefined;
  /** The file is gone. */
  forget?: (path: string) => void;
  report?: (problem: string) => void;
  onProgress?: (progress: Progress) => void;
}

/** How much was read since the start, in files and bytes. */
export interface Progress {
  files: number;
  filesInAll: number;
  bytes: number;
  bytesInAll: number;
}

interface Followed {
  readonly fileOf: FileOf;
  position: Position;
  size: number;
  /** When it was seen to have grown. */
  grewAt: number;
  /** When it could not be read; 0: it could. */
  failedAt: number;
  isNew: boolean;
  /** Holds what was not read yet: it is new, or reading it failed. */
  isUnread: boolean;
}

/** Follows files, and all those in some folders, however deep. */
export class Follower {
  readonly #options: FollowOptions;
  readonly #roots = new Map<string, FileOf>();
  /** Each folder's files are listed again when its time of change is another one; Infinity: not yet. */
  readonly #folders = new Map<string, { changedAt: number; fileOf: FileOf }>();
  readonly #files = new Map<string, Followed>();
  /** Those that grew last, and those that are not read yet. */
  #active = new Map<string, Followed>();
  /** Left out, because they have not grown: with their size. */
  readonly #idle = new Map<string, { size: number; fileOf: FileOf }>();
  #timer: NodeJS.Timeout | undefined;
  #scannedAt = 0;
  #grewAt = -Infinity;
  /** Folders that changed since then are active. */
  #activeSince = 0;
  #running: Promise<void> | undefined;
  #isStopped = false;

  constructor(options: FollowOptions) {
    this.#options = options;
  }

  has(path: string): boolean {
    return this.#files.has(path);
  }

  addFolder(folder: string, fileOf: FileOf): void {
    if (this.#roots.has(folder)) return;
    this.#roots.set(folder, fileOf);
    this.#folders.set(folder, { changedAt: Infinity, fileOf });
  }

  addFile(path: string, fileOf: FileOf): void {
    if (this.#files.has(path)) return;
    if (statOf(path)?.isFile() === true) this.#follow(path, fileOf);
  }

  /** Reads what is there, then what comes. */
  async start(): Promise<void> {
    await this.look();
    if (this.#isStopped) return;
    const isCalm = performance.now() - this.#grewAt > CALM_AFTER_MS;
    const delay = isCalm ? CALM_LOOK_MS : LOOK_MS;
    this.#timer = setTimeout(() => void this.start(), delay).unref();
  }

  /** Reads what has come since the last look. */
  look(now = Date.now()): Promise<void> {
    this.#running ??= this.#look(now).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #look(now: number): Promise<void> {
    try {
      const isScan = Math.abs(now - this.#scannedAt) >= SCAN_MS; // or set back
      this.#list(isScan);
      if (isScan) this.#scan(now);
      const grown: [string, Followed][] = [];
      for (const [path, file] of isScan ? this.#files : this.#active)
        if (this.#hasGrown(path, file, now)) grown.push([path, file]);
      // In the order in which they were written, as far as that is known;
      // one that cannot be read keeps no other one waiting.
      grown.sort(
        ([, one], [, two]) =>
          one.failedAt - two.failedAt || one.grewAt - two.grewAt,
      );
      if (grown.length > 0) this.#grewAt = performance.now();
      if (isScan) this.#findActive();
      const count = { files: 0, filesInAll: grown.length };
      const progress = { ...count, bytes: 0, bytesInAll: 0 };
      for (const [, { size, position }] of grown)
        progress.bytesInAll += Math.max(0, size - position.offset);
      for (const [path, file] of grown) {
        if (this.#isStopped) return;
        const before = file.position.offset;
        if (!(await this.#read(path, file, now))) return;
        progress.files += 1;
        progress.bytes += file.position.offset - before;
        this.#options.onProgress?.(progress);
      }
    } catch (error) {
      this.#report(error);
    }
  }

  /** The next look goes on. */
  #report(error: unknown): void {
    const problem = `Transcripts could not be read: ${messageOf(error)}`;
    this.#options.report?.(problem);
  }

  #findActive(): void {
    const files = [...this.#files.values()].map(({ grewAt }) => grewAt);
    const folders = [...this.#folders.values()].map((each) => each.changedAt);
    const [ofFiles = 0, ofFolders = 0] = [files, folders].map(
      (times) => times.toSorted((one, two) => two - one)[ACTIVE - 1],
    );
    this.#activeSince = ofFolders;
    const active = ({ isUnread, grewAt }: Followed) =>
      isUnread || grewAt >= ofFiles;
    this.#active = new Map([...this.#files].filter(([, file]) => active(file)));
  }

  #hasGrown(path: string, file: Followed, now: number): boolean {
    const found = statOf(path);
    if (found === undefined) {
      this.#drop(path);
      this.#options.forget?.(path);
      return false;
    }
    const { position } = file;
    const isOther = position.file !== "" && identityOf(found) !== position.file;
    if (isOther || found.size < position.offset) {
      const state = file.fileOf(path) ?? position.state;
      file.position = { file: "", offset: 0, state };
    } else if (found.size === file.size && !file.isUnread) return false;
    file.grewAt = file.isNew ? found.mtimeMs : now;
    file.isNew = false;
    file.size = found.size;
    file.isUnread = found.size !== file.position.offset;
    return file.isUnread;
  }

  /** @returns false when the other files would fail too: what is read cannot be stored */
  async #read(path: string, file: Followed, now: number): Promise<boolean> {
    const { take, report } = this.#options;
    let isTaken = true;
    try {
      const isThere = await readLines(
        path,
        file.position,
        (lines, next) => {
          isTaken = false;
          take(lines, path, next);
          isTaken = true;
        },
        report,
      );
      if (!isThere) this.#drop(path);
      file.isUnread = false;
      file.failedAt = 0;
    } catch (error) {
      file.failedAt = now;
      this.#report(error);
    }
    return isTaken;
  }

  /** New files of the folders that have changed. */
  #list(isScan: boolean): void {
    for (const [folder, known] of this.#folders) {
      const isActive = known.changedAt >= this.#activeSince;
      const isTop = this.#roots.has(folder) || this.#roots.has(dirname(folder));
      if (!isActive && !isTop && !isScan) continue;
      const found = statOf(folder);
      if (found === undefined) {
        if (!this.#roots.has(folder)) this.#folders.delete(folder);
        continue;
      }
      if (found.mtimeMs === known.changedAt) continue;
      try {
        this.#listFolder(folder, known.fileOf);
        known.changedAt = found.mtimeMs;
      } catch (error) {
        this.#report(error);
      }
    }
  }

  #listFolder(folder: string, fileOf: FileOf): void {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        if (!this.#folders.has(path))
          this.#folders.set(path, { changedAt: Infinity, fileOf });
      } else if (entry.isFile() && fileOf(path) !== undefined)
        this.#find(path, fileOf);
    }
  }

  #find(path: string, fileOf: FileOf): void {
    if (this.#files.has(path) || this.#idle.has(path)) return;
    const found = statOf(path);
    if (found === undefined) return;
    const { since = 0, positionOf } = this.#options;
    if (positionOf?.(path) === undefined && found.mtimeMs < since)
      this.#idle.set(path, { size: found.size, fileOf });
    else this.#follow(path, fileOf);
  }

  /** Files that were left out may have grown all the same. */
  #scan(now: number): void {
    this.#scannedAt = now;
    for (const [path, { size, fileOf }] of this.#idle) {
      const found = statOf(path);
      if (found?.size === size) continue;
      this.#idle.delete(path);
      if (found !== undefined) this.#follow(path, fileOf);
    }
  }

  #follow(path: string, fileOf: FileOf): void {
    const state = fileOf(path);
    if (state === undefined) return;
    const stored = this.#options.positionOf?.(path);
    const position = stored ?? { file: "", offset: 0, state };
    const times = { size: 0, grewAt: 0, failedAt: 0 };
    const file = { position, fileOf, ...times, isNew: true, isUnread: true };
    this.#files.set(path, file);
    this.#active.set(path, file);
  }

  #drop(path: string): void {
    this.#files.delete(path);
    this.#active.delete(path);
  }
}

/** A call that is this short costs less than waiting for a thread. */
export function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function identityOf({ dev, ino }: Stats): string {
  return `${String(dev)}:${String(ino)}`;
}

/**
 * Reads files to which lines of JSON are appended: each line once, from where
 * the last reading ended, with bounded memory however long the file is. Files
 * are opened read-only and never locked.
 *
 * A line is given when its end is there. A file that became shorter, or another
 * one of the same name, is read from its start; a file that is gone is
 * forgotten. A line of more than MAX_LINE_BYTES is left out and reported.
 *
 * Template: adw_agents 1.3.0
 */
import { readdirSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { parseJson } from "../adw_events.ts";
import type { FileState } from "./act.ts";

export const CHUNK_BYTES = 256 * 1024;
export const MAX_LINE_BYTES = 16 * 1024 * 1024;
/** A file that grew within ACTIVE_FOR_MS is looked at so often, */
export const ACTIVE_POLL_MS = 250;
export const ACTIVE_FOR_MS = 60_000;
/** a folder, for new files in it, so often, */
export const FOLDER_POLL_MS = 1_000;
/** and every file so often. (To look costs some microseconds, and no watches of the system.) */
export const SCAN_MS = 10_000;
/** A position is stored only when it is so old: what came after it may wait in the ledger. */
export const STORED_AFTER_MS = 15_000;

/** Where reading goes on. */
export interface Position {
  /** Which file it was: device and inode. */
  file: string;
  offset: number;
  /** What the lines before said. */
  state: FileState;
}

export interface Line {
  value: unknown;
  /** The same when the line is read again. */
  id: string;
}

/**
 * Reads the lines after a position.
 *
 * @param position changed as lines are given
 * @param take called for each line, in order
 * @returns the bytes read, or undefined when the file is gone
 */
export async function readLines(
  path: string,
  position: Position,
  take: (line: Line) => void,
  report: (problem: string) => void = () => undefined,
): Promise<number | undefined> {
  const file = await open(path, "r").catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const { dev, ino, size } = await file.stat();
    const identity = `${String(dev)}:${String(ino)}`;
    if (identity !== position.file || size < position.offset) {
      position.file = identity;
      position.offset = 0;
    }
    const start = position.offset;
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    let rest: Buffer[] = [];
    let restBytes = 0;
    let isTooLong = false;
    let at = start;
    for (;;) {
      const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES, at);
      if (bytesRead === 0) return at - start;
      at += bytesRead;
      let from = 0;
      for (
        let end = chunk.indexOf(10);
        end >= 0 && end < bytesRead;
        end = chunk.indexOf(10, from)
      ) {
        const part = chunk.subarray(from, end);
        const offset = position.offset;
        position.offset += restBytes + part.length + 1;
        isTooLong ||= restBytes + part.length > MAX_LINE_BYTES;
        if (isTooLong)
          report(
            `${path}: a line of more than ${String(MAX_LINE_BYTES)} bytes was left out`,
          );
        else if (restBytes + part.length > 0)
          give(
            (rest.length === 0
              ? part
              : Buffer.concat([...rest, part])
            ).toString("utf8"),
            `${identity}:${String(offset)}`,
            take,
          );
        rest = [];
        restBytes = 0;
        isTooLong = false;
        from = end + 1;
      }
      const half = chunk.subarray(from, bytesRead);
      restBytes += half.length;
      isTooLong ||= restBytes > MAX_LINE_BYTES;
      if (isTooLong) rest = [];
      else if (half.length > 0) rest.push(Buffer.from(half));
    }
  } finally {
    await file.close();
  }
}

/** What is no JSON is nothing that an agent wrote. */
function give(text: string, id: string, take: (line: Line) => void): void {
  const value = parseJson(text);
  if (value !== undefined) take({ value, id });
}

export interface FollowOptions {
  folder: string;
  /** What a file is, by its path; undefined: not one to read. */
  fileOf: (path: string) => FileState | undefined;
  take: (line: Line, path: string, state: FileState) => void;
  /** Files that have not grown since then are left out. ms since the epoch */
  since?: number;
  /** Where reading ended the last time. */
  positions?: Readonly<Record<string, Position>>;
  report?: (problem: string) => void;
}

interface Followed {
  position: Position;
  /** The file as it was read last, and as it was found last. */
  read: Pick<Found, "size" | "ino">;
  found: Found;
  /** A position on its way to be stored. */
  mark?: { at: number; position: Position };
  stored?: Position;
}

interface Found {
  ino: number;
  size: number;
  mtimeMs: number;
}

/** Follows all transcripts below a folder, which need not be there yet. */
export class Follower {
  readonly #options: FollowOptions;
  readonly #files = new Map<string, Followed>();
  /** Files that have not grown since the time that was asked for. */
  readonly #old = new Set<string>();
  /** When each folder last changed, by path. */
  readonly #folders = new Map<string, number | undefined>();
  #timer: NodeJS.Timeout | undefined;
  #scannedAt = 0;
  #lookedAtFoldersAt = 0;
  #running: Promise<void> | undefined;

  constructor(options: FollowOptions) {
    this.#options = options;
  }

  /** Reads what is there, then what comes. */
  async start(): Promise<void> {
    await this.look();
    this.#timer = setInterval(() => void this.look(), ACTIVE_POLL_MS).unref();
  }

  /** Reads what has come since the last look. */
  look(now = Date.now()): Promise<void> {
    this.#running ??= this.#look(now).finally(
      () => (this.#running = undefined),
    );
    return this.#running;
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
  }

  /** The positions to store, by path: old enough that all before them is logged. */
  positions(
    now = Date.now(),
    after = STORED_AFTER_MS,
  ): Record<string, Position> {
    const positions: Record<string, Position> = {};
    for (const [path, file] of this.#files) {
      if (file.mark !== undefined && now - file.mark.at >= after) {
        file.stored = file.mark.position;
        delete file.mark;
      }
      file.mark ??= { at: now, position: structuredClone(file.position) };
      if (after === 0) file.stored = structuredClone(file.position);
      if (file.stored !== undefined) positions[path] = file.stored;
    }
    return positions;
  }

  async #look(now: number): Promise<void> {
    if (now - this.#lookedAtFoldersAt >= FOLDER_POLL_MS) {
      this.#lookedAtFoldersAt = now;
      this.#lookAtFolders();
    }
    const isAll = now - this.#scannedAt >= SCAN_MS;
    if (isAll) {
      this.#scannedAt = now;
      for (const path of this.#old) this.#find(path);
    }
    const due: [string, Followed][] = [];
    for (const [path, file] of this.#files) {
      if (isAll || now - file.found.mtimeMs < ACTIVE_FOR_MS) {
        const found = fileAt(path);
        if (found === undefined) this.#files.delete(path);
        else file.found = found;
      }
      const { size, ino } = file.found;
      if (size !== file.read.size || ino !== file.read.ino)
        due.push([path, file]);
    }
    // In the order in which they were written, as far as that is known.
    due.sort(([, one], [, two]) => one.found.mtimeMs - two.found.mtimeMs);
    for (const [path, file] of due) await this.#read(path, file);
  }

  #lookAtFolders(): void {
    const { folder } = this.#options;
    if (!this.#folders.has(folder)) this.#folders.set(folder, undefined);
    // Those that are found on the way are looked at in their turn.
    for (const [path, changedAt] of this.#folders) {
      const found = statOf(path);
      if (found === undefined && path !== folder) this.#folders.delete(path);
      if (found === undefined || found.mtimeMs === changedAt) continue;
      this.#folders.set(path, found.mtimeMs);
      for (const entry of entriesOf(path)) {
        const inner = join(path, entry.name);
        if (!entry.isDirectory()) this.#find(inner);
        else if (!this.#folders.has(inner)) this.#folders.set(inner, undefined);
      }
    }
  }

  /** A file that may be one to follow. */
  #find(path: string): void {
    const { fileOf, since = 0, positions } = this.#options;
    const state = this.#files.has(path) ? undefined : fileOf(path);
    const found = state === undefined ? undefined : fileAt(path);
    if (state === undefined || found === undefined) {
      this.#old.delete(path);
      return;
    }
    if (found.mtimeMs < since) {
      this.#old.add(path);
      return;
    }
    this.#old.delete(path);
    const stored = positions?.[path];
    const { file, offset } = stored ?? { file: "", offset: -1 };
    this.#files.set(path, {
      position: structuredClone(stored ?? { file, offset: 0, state }),
      read: { size: offset, ino: Number(file.split(":")[1]) },
      found,
      ...(stored === undefined ? {} : { stored }),
    });
  }

  async #read(path: string, file: Followed): Promise<void> {
    const { take, fileOf, report } = this.#options;
    const { position } = file;
    const { size } = file.found;
    if (size < position.offset) position.state = fileOf(path) ?? position.state;
    file.read = file.found;
    const read = await readLines(
      path,
      position,
      (line) => take(line, path, position.state),
      report,
    );
    if (read === undefined) this.#files.delete(path);
  }
}

function fileAt(path: string): Found | undefined {
  const found = statOf(path);
  // To open a pipe would wait for who writes into it.
  return found?.isFile() === true ? found : undefined;
}

function statOf(path: string) {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined; // not to be looked at
  }
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return []; // gone, or not to be read
  }
}

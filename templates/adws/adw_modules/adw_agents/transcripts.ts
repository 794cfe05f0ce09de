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
import { watch } from "node:fs";
import type { FSWatcher } from "node:fs";
import { open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { parseJson } from "../adw_events.ts";
import type { FileState } from "./act.ts";

export const CHUNK_BYTES = 256 * 1024;
export const MAX_LINE_BYTES = 16 * 1024 * 1024;
/** Files that grew lately are looked at so often, all of them now and then. */
export const ACTIVE_POLL_MS = 250;
export const SCAN_MS = 10_000;
export const ACTIVE_FOR_MS = 600_000;
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
            Buffer.concat([...rest, part]).toString("utf8"),
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
  size: number;
  grewAt: number;
  /** A position on its way to be stored. */
  mark?: { at: number; position: Position };
  stored?: Position;
}

/** Follows all transcripts below a folder. */
export class Follower {
  readonly #options: FollowOptions;
  readonly #files = new Map<string, Followed>();
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #scannedAt = 0;
  #running: Promise<void> | undefined;

  constructor(options: FollowOptions) {
    this.#options = options;
  }

  /** Reads what is there, then what comes. */
  async start(): Promise<void> {
    await this.look();
    try {
      this.#watcher = watch(
        this.#options.folder,
        { recursive: true, persistent: false },
        (_event, name) => {
          const known =
            name === null
              ? undefined
              : this.#files.get(join(this.#options.folder, name));
          if (known === undefined) this.#scannedAt = 0;
          else known.grewAt = Date.now();
        },
      );
      this.#watcher.on("error", () => this.#watcher?.close());
    } catch {
      // It is looked at instead.
    }
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
    this.#watcher?.close();
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
    if (now - this.#scannedAt >= SCAN_MS) {
      this.#scannedAt = now;
      await this.#scan();
    }
    for (const [path, file] of this.#files) {
      if (now - file.grewAt > ACTIVE_FOR_MS) continue;
      const found = await stat(path).catch(() => undefined);
      if (found === undefined) this.#files.delete(path);
      else if (found.size !== file.size)
        await this.#read(path, file, found.size, now);
    }
  }

  async #scan(): Promise<void> {
    const { folder, fileOf, since = 0, positions } = this.#options;
    const names = await readdir(folder, { recursive: true }).catch(
      (): string[] => [],
    );
    for (const name of names) {
      const path = join(folder, name);
      const state = fileOf(path);
      if (state === undefined) continue;
      const found = await stat(path).catch(() => undefined);
      if (found === undefined || !found.isFile()) continue;
      const known = this.#files.get(path);
      if (known !== undefined) {
        if (known.size !== found.size) known.grewAt = Date.now();
        continue;
      }
      if (found.mtimeMs < since) continue;
      const stored = positions?.[path];
      const position = stored ?? { file: "", offset: 0, state };
      this.#files.set(path, {
        position: structuredClone(position),
        size: stored?.offset ?? 0,
        grewAt: Date.now(),
        ...(stored === undefined ? {} : { stored }),
      });
    }
  }

  async #read(
    path: string,
    file: Followed,
    size: number,
    now: number,
  ): Promise<void> {
    const { take, fileOf, report } = this.#options;
    const { position } = file;
    if (size < position.offset) position.state = fileOf(path) ?? position.state;
    file.size = size;
    file.grewAt = now;
    const read = await readLines(
      path,
      position,
      (line) => take(line, path, position.state),
      report,
    );
    if (read === undefined) this.#files.delete(path);
  }
}

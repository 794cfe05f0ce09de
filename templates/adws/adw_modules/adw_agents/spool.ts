/**
 * The spool: a folder into which installed hooks put their payloads, one file
 * each, like a maildir: written under `tmp/`, renamed into `new/` as
 * `<source>.<anything>`. It needs no server to be there.
 *
 * Files are taken in the order of their own times, in batches; a file is deleted
 * only after its batch was stored, and has the same id when it is read again.
 * So `kill -9` at any moment loses nothing, and a ledger that knows the id
 * repeats nothing. What is no JSON goes to `broken/`.
 *
 * Bounds, kept whenever a server runs: files older than MAX_AGE_MS and, beyond
 * MAX_FILES or MAX_BYTES, the oldest ones are dropped; a file of more than
 * MAX_FILE_BYTES and what lies in `broken/` beyond MAX_BROKEN files too. Each is
 * reported.
 *
 * Template: adw_agents 1.3.0
 */
import { randomUUID } from "node:crypto";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  watch,
} from "node:fs";
import type { FSWatcher } from "node:fs";
import { rename, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseJson } from "../adw_events.ts";
import { messageOf } from "../adw_stderr.ts";
import { BY_HTTP } from "./act.ts";
import type { Delivery } from "./act.ts";
import { LOCK_STALE_MS, readPlain } from "./lock.ts";
import type { Lock } from "./lock.ts";

export const MAX_AGE_MS = 7 * 86_400_000;
export const MAX_FILES = 100_000;
export const MAX_BYTES = 1024 ** 3;
export const MAX_FILE_BYTES = 16 * 1024 * 1024;
export const MAX_BROKEN = 100;
/** A file stays under `tmp/` for longer only when its writer was killed. */
export const LEFTOVER_MS = 5_000;
/** New files are seen at once where the system tells of them, and by looking otherwise. */
export const POLL_MS = 1_000;
export const POLL_UNWATCHED_MS = 50;
const BATCH_FILES = 100;
const BATCH_BYTES = 4 * 1024 * 1024;

export interface SpoolPayload {
  /** The file's name up to the first dot: claude, codex, … */
  source: string;
  payload: unknown;
  delivery: Delivery;
}

export interface SpoolOptions {
  folder: string;
  /** Only the process that has it takes the files. Is to be released by the caller. */
  lock: Lock;
  /** Stores a batch. When it throws, the batch is given again later. */
  take: (batch: readonly SpoolPayload[]) => void;
  /** Whether an error of `take` says that it is the payload's fault. */
  isRefused: (error: unknown) => boolean;
  /** Told, in a sentence, what could not be taken and where it is now. */
  report: (problem: string) => void;
}

interface Found {
  path: string;
  name: string;
  at: number;
  size: number;
}

/** Makes the folder, readable by its owner only. @throws when it is somebody else's */
export function makeSpool(folder: string): void {
  for (const name of ["", "tmp", "new", "broken"]) {
    const path = join(folder, name);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const found = lstatSync(path);
    const isOwn =
      process.getuid === undefined || found.uid === process.getuid();
    if (!found.isDirectory() || !isOwn)
      throw new Error(
        `${path} is not a folder of yours. Remove it, or choose another spool folder.`,
      );
    if (process.platform !== "win32" && (found.mode & 0o077) !== 0)
      chmodSync(path, 0o700);
  }
}

/** Puts a payload into a spool, as a door does. @param at its time, in ms since the epoch */
export async function putIntoSpool(
  folder: string,
  source: string,
  body: string | Uint8Array,
  at = Date.now(),
): Promise<void> {
  const name = `${source}${BY_HTTP}${randomUUID()}`;
  const draft = join(folder, "tmp", name);
  await writeFile(draft, body, { mode: 0o600, flag: "wx" });
  await utimes(draft, at / 1_000, at / 1_000);
  await rename(draft, join(folder, "new", name));
}

export class Spool {
  readonly #options: SpoolOptions;
  #watcher: FSWatcher | undefined;
  readonly #timer: NodeJS.Timeout;
  #isRunning = false;
  #lookedForLeftoversAt = 0;

  /** Makes the folder where it is missing, takes what lies there, and then what comes. */
  constructor(options: SpoolOptions) {
    this.#options = options;
    makeSpool(options.folder);
    const wake = () => {
      this.drain();
    };
    try {
      this.#watcher = watch(this.#path("new"), { persistent: false }, wake);
      this.#watcher.on("error", () => this.#watcher?.close());
    } catch {
      // Too many watches, or a file system without: it is looked at instead.
    }
    const interval = this.#watcher === undefined ? POLL_UNWATCHED_MS : POLL_MS;
    this.#timer = setInterval(wake, interval).unref();
    this.drain();
  }

  /** Takes all that lies there, if it can be stored. */
  drain(): void {
    // A payload that comes while others are stored is seen by the next look.
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      if (!this.#options.lock.hold()) {
        this.#reportIdle();
        return;
      }
      this.#adoptLeftovers();
      this.#takeAll(this.#bounded(this.#list("new")));
    } catch (error) {
      // The next look tries again.
      this.#options.report(
        `The spool ${this.#options.folder} could not be taken: ${messageOf(error)}`,
      );
    } finally {
      this.#isRunning = false;
    }
  }

  close(): void {
    this.#watcher?.close();
    clearInterval(this.#timer);
  }

  #path(...names: string[]): string {
    return join(this.#options.folder, ...names);
  }

  /** Not a word as long as the process that has the lock does its work. */
  #reportIdle(): void {
    const { lock, folder, report } = this.#options;
    const [oldest] = this.#list("new");
    if (oldest !== undefined && Date.now() - oldest.at > LOCK_STALE_MS)
      report(
        `Process ${lock.owner ?? ""} should take what lies in ${folder}, and does not`,
      );
  }

  // ----------------------------------------------------------------- files

  /** The files of a folder in the order of their times. */
  #list(folder: string): Found[] {
    const found: Found[] = [];
    for (const name of readdirSync(this.#path(folder))) {
      const path = this.#path(folder, name);
      const file = lstatSync(path, { bigint: true, throwIfNoEntry: false });
      if (file === undefined || file.isDirectory()) continue;
      if (!file.isFile()) {
        rmSync(path, { force: true });
        this.#options.report(`${path} was no plain file: it was removed`);
      } else
        found.push({
          path,
          name,
          at: Number(file.mtimeNs) / 1e6,
          size: Number(file.size),
        });
    }
    return found.toSorted((a, b) => a.at - b.at || (a.name < b.name ? -1 : 1));
  }

  #bounded(files: Found[]): Found[] {
    const oldest = Date.now() - MAX_AGE_MS;
    let bytes = files.reduce((sum, { size }) => sum + size, 0);
    let count = 0;
    for (const { path, at, size } of files) {
      const isSurplus = files.length - count > MAX_FILES || bytes > MAX_BYTES;
      if (at >= oldest && !isSurplus) break;
      rmSync(path, { force: true });
      bytes -= size;
      count += 1;
    }
    if (count === 0) return files;
    this.#options.report(
      `${String(count)} payloads in ${this.#options.folder} were dropped: older than 7 days, or more than ${String(MAX_FILES)}, or than 1 GiB in all`,
    );
    return files.slice(count);
  }

  #takeAll(files: readonly Found[]): void {
    let batch: { file: Found; payload: SpoolPayload }[] = [];
    let bytes = 0;
    const store = () => {
      if (batch.length > 0) this.#store(batch);
      batch = [];
      bytes = 0;
    };
    for (const file of files) {
      const read = this.#read(file);
      if (read === undefined) continue;
      const { name, at } = file;
      const delivery = { at: Math.round(at), id: `${name}@${String(at)}` };
      const source = name.split(".", 1)[0] ?? "";
      batch.push({ file, payload: { source, payload: read.value, delivery } });
      bytes += file.size;
      if (batch.length >= BATCH_FILES || bytes >= BATCH_BYTES) store();
    }
    store();
  }

  /** One payload that nobody can store must not keep the others waiting for ever. */
  #store(batch: readonly { file: Found; payload: SpoolPayload }[]): void {
    try {
      this.#options.take(batch.map(({ payload }) => payload));
    } catch (error) {
      if (!this.#options.isRefused(error)) throw error;
      const [one] = batch;
      if (batch.length === 1 && one !== undefined)
        this.#setAside(one.file, `cannot be stored (${messageOf(error)})`);
      else for (const each of batch) this.#store([each]);
      return;
    }
    // Only what is stored may go.
    for (const { file } of batch) rmSync(file.path, { force: true });
  }

  /** The payload of a file; undefined when it is none, and was set aside. */
  #read(file: Found): { value: unknown } | undefined {
    if (file.size > MAX_FILE_BYTES) {
      this.#setAside(file, `is larger than ${String(MAX_FILE_BYTES)} bytes`);
      return undefined;
    }
    const text = readPlain(file.path);
    if (text === undefined) return undefined;
    const value = parseJson(text);
    if (value !== undefined) return { value };
    this.#setAside(file, "is no JSON");
    return undefined;
  }

  #setAside({ path, name }: Found, why: string): void {
    const target = this.#path("broken", name);
    try {
      renameSync(path, target);
    } catch {
      rmSync(path, { force: true });
    }
    this.#options.report(`${path} ${why}: it is kept as ${target}`);
    for (const old of this.#list("broken").slice(0, -MAX_BROKEN))
      rmSync(old.path, { force: true });
  }

  /** A hook that was killed with its agent leaves its file under `tmp/`, mostly whole. One of the future is old: the clock was set back. */
  #adoptLeftovers(): void {
    const now = Date.now();
    const isYoung = (time: number) => Math.abs(now - time) < LEFTOVER_MS;
    if (isYoung(this.#lookedForLeftoversAt)) return;
    this.#lookedForLeftoversAt = now;
    for (const file of this.#list("tmp")) {
      if (isYoung(file.at) || this.#read(file) === undefined) continue;
      try {
        renameSync(file.path, this.#path("new", file.name));
      } catch {
        // Its writer has moved it after all.
      }
    }
  }
}

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
 * MAX_FILES, the oldest ones are dropped; a file of more than MAX_FILE_BYTES and
 * what lies in `broken/` beyond MAX_BROKEN files too. Each is reported.
 *
 * Template: adw_agents 1.3.0
 */
import { randomUUID } from "node:crypto";
import { watch } from "node:fs";
import type { FSWatcher } from "node:fs";
import {
  chmod,
  constants,
  lstat,
  mkdir,
  open,
  readdir,
  rename,
  rm,
  utimes,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { parseJson } from "../adw_events.ts";
import { messageOf } from "../adw_stderr.ts";
import type { Delivery } from "./act.ts";

export const MAX_AGE_MS = 7 * 86_400_000;
export const MAX_FILES = 100_000;
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
  /** Stores a batch. When it throws, the batch is given again later. */
  take: (batch: readonly SpoolPayload[]) => void | Promise<void>;
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
export async function makeSpool(folder: string): Promise<void> {
  for (const path of [
    folder,
    ...["tmp", "new", "broken"].map((name) => join(folder, name)),
  ]) {
    await mkdir(path, { recursive: true, mode: 0o700 });
    const found = await lstat(path);
    const isOwn =
      process.getuid === undefined || found.uid === process.getuid();
    if (!found.isDirectory() || !isOwn)
      throw new Error(
        `${path} is not a folder of yours. Remove it, or choose another spool folder.`,
      );
    if (process.platform !== "win32" && (found.mode & 0o077) !== 0)
      await chmod(path, 0o700);
  }
}

/** Puts a payload into a spool, as a hook does. @param at its time, in ms since the epoch */
export async function putIntoSpool(
  folder: string,
  source: string,
  body: string | Uint8Array,
  at = Date.now(),
): Promise<void> {
  const name = `${source}.${randomUUID()}`;
  const draft = join(folder, "tmp", name);
  await writeFile(draft, body, { mode: 0o600, flag: "wx" });
  await utimes(draft, at / 1_000, at / 1_000);
  await rename(draft, join(folder, "new", name));
}

export class Spool {
  readonly #options: SpoolOptions;
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #isAgain = false;
  #isClosed = false;
  #lookedForLeftoversAt = 0;

  private constructor(options: SpoolOptions) {
    this.#options = options;
  }

  /** Makes the folder where it is missing, takes what lies there, and then what comes. */
  static async open(options: SpoolOptions): Promise<Spool> {
    await makeSpool(options.folder);
    const spool = new Spool(options);
    try {
      const wake = () => void spool.drain();
      spool.#watcher = watch(
        join(options.folder, "new"),
        { persistent: false },
        wake,
      );
      spool.#watcher.on("error", () => spool.#watcher?.close());
    } catch {
      // Too many watches, or a file system without: it is looked at instead.
    }
    const interval = spool.#watcher === undefined ? POLL_UNWATCHED_MS : POLL_MS;
    spool.#timer = setInterval(() => void spool.drain(), interval).unref();
    await spool.drain();
    return spool;
  }

  /** Resolves when all that lay there was stored, or could not be. */
  drain(): Promise<void> {
    this.#isAgain = true;
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
    return this.#running;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#watcher?.close();
    clearInterval(this.#timer);
    await this.#running;
  }

  async #run(): Promise<void> {
    try {
      while (this.#isAgain && !this.#isClosed) {
        this.#isAgain = false;
        await this.#adoptLeftovers();
        await this.#takeAll(await this.#bounded(await this.#list("new")));
      }
    } catch (error) {
      // The next look tries again.
      this.#options.report(
        `The spool ${this.#options.folder} could not be taken: ${messageOf(error)}`,
      );
    }
  }

  /** The files of a folder in the order of their times. */
  async #list(folder: string): Promise<Found[]> {
    const found: Found[] = [];
    for (const name of await readdir(join(this.#options.folder, folder))) {
      const path = join(this.#options.folder, folder, name);
      const file = await lstat(path, { bigint: true }).catch(() => undefined);
      if (file === undefined || file.isDirectory()) continue;
      if (!file.isFile()) {
        await rm(path, { force: true });
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

  async #bounded(files: Found[]): Promise<Found[]> {
    const oldest = Date.now() - MAX_AGE_MS;
    const surplus = files.length - MAX_FILES;
    const kept = files.filter(
      (file, index) => file.at >= oldest && index >= surplus,
    );
    if (kept.length === files.length) return files;
    for (const file of files)
      if (!kept.includes(file)) await rm(file.path, { force: true });
    const count = String(files.length - kept.length);
    this.#options.report(
      `${count} payloads in ${this.#options.folder} were dropped: older than 7 days, or more than ${String(MAX_FILES)}`,
    );
    return kept;
  }

  async #takeAll(files: readonly Found[]): Promise<void> {
    let batch: SpoolPayload[] = [];
    let paths: string[] = [];
    let bytes = 0;
    const store = async () => {
      if (batch.length > 0) await this.#options.take(batch);
      // Only what is stored may go.
      for (const path of paths) await rm(path, { force: true });
      batch = [];
      paths = [];
      bytes = 0;
    };
    for (const file of files) {
      if (this.#isClosed) return;
      const payload = await this.#read(file);
      if (payload === undefined) continue;
      batch.push({
        source: file.name.split(".", 1)[0] ?? "",
        payload: payload.value,
        delivery: {
          at: Math.round(file.at),
          id: `${file.name}@${String(file.at)}`,
        },
      });
      paths.push(file.path);
      bytes += file.size;
      if (batch.length >= BATCH_FILES || bytes >= BATCH_BYTES) await store();
    }
    await store();
  }

  /** The payload of a file; undefined when it is none, and was set aside. */
  async #read(file: Found): Promise<{ value: unknown } | undefined> {
    if (file.size > MAX_FILE_BYTES) {
      await this.#setAside(
        file,
        `is larger than ${String(MAX_FILE_BYTES)} bytes`,
      );
      return undefined;
    }
    const text = await readPlain(file.path);
    if (text === undefined) return undefined;
    const value = parseJson(text);
    if (value !== undefined) return { value };
    await this.#setAside(file, "is no JSON");
    return undefined;
  }

  async #setAside(
    { path, name }: Pick<Found, "path" | "name">,
    why: string,
  ): Promise<void> {
    const target = join(this.#options.folder, "broken", name);
    await rename(path, target).catch(() => rm(path, { force: true }));
    this.#options.report(`${path} ${why}: it is kept as ${target}`);
    const broken = await this.#list("broken");
    for (const old of broken.slice(0, -MAX_BROKEN))
      await rm(old.path, { force: true });
  }

  /** A hook that was killed with its agent leaves its file under `tmp/`, mostly whole. */
  async #adoptLeftovers(): Promise<void> {
    const now = Date.now();
    if (now - this.#lookedForLeftoversAt < LEFTOVER_MS) return;
    this.#lookedForLeftoversAt = now;
    for (const file of await this.#list("tmp")) {
      if (now - file.at < LEFTOVER_MS) continue;
      if ((await this.#read(file)) === undefined) continue;
      await rename(
        file.path,
        join(this.#options.folder, "new", file.name),
      ).catch(() => undefined);
    }
  }
}

/** Not through a symbolic link; undefined when the file has gone. */
async function readPlain(path: string): Promise<string | undefined> {
  const flags: Readonly<Record<string, number | undefined>> = constants;
  const noFollow = flags["O_NOFOLLOW"] ?? 0;
  const file = await open(path, constants.O_RDONLY | noFollow).catch(
    () => undefined,
  );
  if (file === undefined) return undefined;
  try {
    return await file.readFile("utf8");
  } finally {
    await file.close();
  }
}

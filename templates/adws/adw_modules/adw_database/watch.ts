/**
 * Watching the database's files: others' commits, and what others do to the files
 * themselves.
 *
 * Template: adw_database 1.3.0
 */
import {
  closeSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  watch,
  writeSync,
} from "node:fs";
import type { FSWatcher } from "node:fs";
import type { AdwDatabase } from "../adw_database.ts";
import { columnOf, openConnection } from "./connection.ts";
import type { SqliteConnection } from "./connection.ts";
import type { EventStream } from "./event_stream.ts";

/** How often to look for commits that the file system did not tell of. */
export const POLL_INTERVAL_MS = 500;
/** The same, once there was one: so on file systems that take a watch and tell of nothing. */
export const POLL_INTERVAL_UNTOLD_MS = 100;
/** How often, where the file system tells of nothing. */
export const POLL_INTERVAL_UNWATCHED_MS = 20;
/**
 * When to look for the commit of a write that the file system reported: a writer
 * that is kept from the processor in between comes later than it could, and
 * should not be noticed later still.
 */
const LOOKS_MS = [
  1,
  2,
  ...Array.from({ length: 24 }, () => 4),
  ...Array.from({ length: 20 }, () => 100),
];
/** https://sqlite.org/fileformat2.html: the header, and two numbers in it. */
const HEADER_BYTES = 100;
const MAGIC = "SQLite format 3\0";
const PAGE_SIZE_AT = 16;
const CHANGE_COUNTER_AT = 24;
const COPY_BYTES = 1_048_576;

/** A running watch: see `watchStream`. */
export interface StreamWatch {
  close(): void;
}

/**
 * Calls `onChange` after other connections, of this process or of any other,
 * have committed to the database at `path`; `connection` is open on it, and
 * its own commits are not reported.
 *
 * Commits go to the `-wal` file, so the file system tells of them in well under
 * a millisecond. It tells of the write, and the commit counts a moment later:
 * hence the further looks. `PRAGMA data_version` says for certain whether
 * anything was committed, and is polled slowly where nobody tells (network
 * file systems, some containers). Keeps no process alive.
 */
export function watchStream(
  connection: SqliteConnection,
  path: string,
  onChange: () => void,
): StreamWatch {
  let version = readDataVersion(connection);
  let watcher: FSWatcher | undefined;
  let firstLook: NodeJS.Immediate | undefined;
  let nextLook: NodeJS.Timeout | undefined;
  /** How many of LOOKS_MS are over. */
  let looks = LOOKS_MS.length;
  /** The last commit was found by looking only. */
  let isUntold = false;
  let isClosed = false;

  function look(): void {
    firstLook = undefined;
    clearTimeout(nextLook);
    const now = readDataVersion(connection);
    if (now !== undefined && now !== version) {
      version = now;
      isUntold = looks >= LOOKS_MS.length;
      // Looked for on: another one may have been written just after it.
      onChange();
    }
    if (isClosed) return; // by onChange
    watcher ??= watchFile();
    nextLook = setTimeout(look, LOOKS_MS[looks++] ?? idleMs()).unref();
  }

  function idleMs(): number {
    if (watcher === undefined) return POLL_INTERVAL_UNWATCHED_MS;
    return isUntold ? POLL_INTERVAL_UNTOLD_MS : POLL_INTERVAL_MS;
  }

  /** One look for all that the file system tells at once. */
  function onFileEvent(event: string): void {
    if (event === "rename") unwatch(); // the name may mean another file now
    looks = 0;
    if (!isClosed) firstLook ??= setImmediate(look);
  }

  function watchFile(): FSWatcher | undefined {
    try {
      return watch(`${path}-wal`, { persistent: false }, onFileEvent).on(
        "error",
        unwatch,
      );
    } catch {
      return undefined; // not there yet, or not watchable: the next look tries again
    }
  }

  function unwatch(): void {
    watcher?.close();
    watcher = undefined;
  }

  look();
  return {
    close() {
      isClosed = true;
      unwatch();
      clearImmediate(firstLook);
      clearTimeout(nextLook);
    },
  };
}

/** Another number whenever other connections have committed; undefined while it cannot be read. */
export function readDataVersion(connection: SqliteConnection): unknown {
  try {
    return columnOf(
      connection.prepare("PRAGMA data_version").get(),
      "data_version",
    );
  } catch {
    return undefined;
  }
}

export type FileEvent =
  "was deleted" | "was replaced" | "was overwritten" | "lost its -wal file";

/**
 * The files of `database`, as they are now. Everything in here is about one
 * inode: after a change of it, another object is needed.
 */
export class WatchedFile {
  readonly #path: string;
  readonly #events: EventStream;
  readonly #identity: string | undefined;
  /** For looking at what is in the file itself, without its -wal. */
  readonly #descriptor: number;
  #wal: string | undefined;
  #written: string;
  /** A file that is being written is left alone until it is done. */
  #unsettled: string | undefined;
  #counter: number;
  #streamPage = 1;
  #holdsStream: boolean;

  constructor(database: AdwDatabase) {
    this.#path = database.path;
    this.#events = database.events;
    database.moveLogToFile();
    this.#descriptor = openSync(this.#path, "r");
    this.#identity = identityOf(this.#path);
    this.#wal = identityOf(`${this.#path}-wal`);
    this.#written = stateOf(this.#path);
    this.#counter = this.#header()?.counter ?? 0;
    this.#holdsStream = this.#pageHoldsStream();
  }

  /** It has changed since the look before the last one, and may change on. */
  get isBeingWritten(): boolean {
    return this.#unsettled !== undefined;
  }

  /** undefined as long as all is as it was, but for what SQLite itself did. */
  whatHappened(): FileEvent | undefined {
    const identity = identityOf(this.#path);
    if (identity === undefined) return "was deleted";
    if (identity !== this.#identity) return "was replaced";
    const wal = identityOf(`${this.#path}-wal`);
    if (this.#isOverwritten()) return "was overwritten";
    this.#wal ??= wal;
    // SQLite deletes it when the last connection closes, and this one is open.
    return wal === this.#wal || this.#unsettled !== undefined
      ? undefined
      : "lost its -wal file";
  }

  /**
   * SQLite writes to the file too, from time to time, when it moves the -wal
   * there. What it never does: take the counter of changes back, or put
   * something else where the name of the stream was.
   */
  #isOverwritten(): boolean {
    const state = stateOf(this.#path);
    const isSettled = state === this.#unsettled;
    this.#unsettled = state === this.#written || isSettled ? undefined : state;
    if (!isSettled) return false;
    this.#written = state;
    const header = this.#header();
    if (header === undefined || header.counter < this.#counter) return true;
    this.#counter = header.counter;
    if (!this.#pageHoldsStream()) {
      return this.#holdsStream && this.#isOfAnotherStream();
    }
    this.#holdsStream = true;
    return false;
  }

  /**
   * Gives what was written over the database an inode of its own. So SQLite
   * sees that its file is gone, and leaves this one alone when it is closed; and
   * so do other programs. The -wal belonged to what was there before.
   */
  adopt(): void {
    const copy = this.#copy();
    rmSync(`${this.#path}-wal`, { force: true });
    rmSync(`${this.#path}-shm`, { force: true });
    renameSync(copy, this.#path);
  }

  /**
   * Call it once, after the database is closed. A file that is still in its place
   * is not closed: that would give up the locks which other connections of this
   * process have on it (https://sqlite.org/howtocorrupt.html, 2.2).
   */
  release(): void {
    if (identityOf(this.#path) !== this.#identity) closeSync(this.#descriptor);
  }

  /** undefined when it is no SQLite file. */
  #header(): { counter: number; pageSize: number } | undefined {
    const bytes = this.#bytes(HEADER_BYTES, 0);
    const isSqlite = bytes.toString("latin1", 0, MAGIC.length) === MAGIC;
    if (!isSqlite || bytes.length < HEADER_BYTES) return undefined;
    const size = bytes.readUInt16BE(PAGE_SIZE_AT);
    return {
      counter: bytes.readUInt32BE(CHANGE_COUNTER_AT),
      pageSize: size === 1 ? 65_536 : size,
    };
  }

  #pageHoldsStream(): boolean {
    try {
      this.#streamPage = this.#events.namePage;
    } catch {
      // It cannot be read any more: where it was before, then.
    }
    const { pageSize = 0 } = this.#header() ?? {};
    const page = this.#bytes(pageSize, (this.#streamPage - 1) * pageSize);
    return page.includes(this.#events.streamId);
  }

  /** For certain: a VACUUM of another program moves pages too. */
  #isOfAnotherStream(): boolean {
    const copy = this.#copy();
    try {
      const connection = openConnection(copy, 0);
      try {
        const row = connection
          .prepare("SELECT stream_id FROM event_stream_info")
          .get();
        return columnOf(row, "stream_id") !== this.#events.streamId;
      } finally {
        connection.close();
      }
    } catch {
      return false; // half of it may still be in the -wal
    } finally {
      for (const suffix of ["", "-wal", "-shm"]) {
        rmSync(`${copy}${suffix}`, { force: true });
      }
    }
  }

  /** Through the open descriptor, for the reason that `release` gives. */
  #copy(): string {
    const copy = `${this.#path}.copy-${String(process.pid)}`;
    rmSync(copy, { force: true });
    const target = openSync(copy, "wx", 0o600);
    try {
      for (let at = 0; ; at += COPY_BYTES) {
        const bytes = this.#bytes(COPY_BYTES, at);
        if (bytes.length === 0) return copy;
        writeSync(target, bytes);
      }
    } finally {
      closeSync(target);
    }
  }

  #bytes(length: number, at: number): Buffer {
    const bytes = Buffer.alloc(length);
    const read = readSync(this.#descriptor, bytes, 0, length, at);
    return bytes.subarray(0, read);
  }
}

/** Names the file itself, whatever its path; undefined when there is none. */
function identityOf(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${String(dev)}:${String(ino)}`;
  } catch {
    return undefined;
  }
}

/** Another one whenever somebody has written to the file. */
function stateOf(path: string): string {
  try {
    const { mtimeNs, size } = statSync(path, { bigint: true });
    return `${String(mtimeNs)}:${String(size)}`;
  } catch {
    return "";
  }
}

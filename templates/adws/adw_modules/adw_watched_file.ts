/**
 * adw_watched_file: finds out what others did to the file of an open database.
 *
 * Template: adw_database 1.2.0, rendered by adw-scaffold.
 * Needs:    nothing but Node >= 20.19.
 * Update:   npx adw-scaffold update
 */
import {
  closeSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import type { AdwDatabase } from "./adw_database.ts";
import { identityOf } from "./adw_database_file.ts";
import { openConnection } from "./adw_sqlite.ts";

/** https://sqlite.org/fileformat2.html: the header, and two numbers in it. */
const HEADER_BYTES = 100;
const MAGIC = "SQLite format 3\0";
const PAGE_SIZE_AT = 16;
const CHANGE_COUNTER_AT = 24;
const COPY_BYTES = 1_048_576;

export type FileEvent =
  "was deleted" | "was replaced" | "was overwritten" | "lost its -wal file";

/**
 * The files of `database`, as they are now. Everything in here is about one
 * inode: after a change of it, another object is needed.
 */
export class WatchedFile {
  readonly #database: AdwDatabase;
  readonly #path: string;
  readonly #file: string | undefined;
  readonly #streamId: string;
  /** For looking at what is in the file itself, without its -wal. */
  readonly #descriptor: number | undefined;
  #wal: string | undefined;
  #written: string;
  #counter: number;
  #holdsStream: boolean;
  /** A file that is being written is left alone until it is done. */
  #unsettled: string | undefined;
  #streamPage = 1;
  #isReleased = false;

  constructor(database: AdwDatabase) {
    const { path, events } = database;
    this.#database = database;
    this.#path = path;
    this.#streamId = events.streamId;
    database.moveLogToFile();
    this.#file = identityOf(path);
    this.#wal = identityOf(`${path}-wal`);
    this.#descriptor = openIfPossible(path);
    this.#written = this.#state();
    this.#counter = this.#header()?.counter ?? 0;
    this.#holdsStream = this.#pageHoldsStream();
  }

  /** undefined as long as all is as it was, but for what SQLite itself did. */
  whatHappened(): FileEvent | undefined {
    const file = identityOf(this.#path);
    if (file === undefined) return "was deleted";
    if (file !== this.#file) return "was replaced";
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
    const state = this.#state();
    if (state === this.#written || this.#descriptor === undefined) {
      this.#unsettled = undefined;
      return false;
    }
    if (state !== this.#unsettled) {
      this.#unsettled = state;
      return false;
    }
    this.#unsettled = undefined;
    this.#written = state;
    const header = this.#header();
    if (header === undefined || header.counter < this.#counter) return true;
    this.#counter = header.counter;
    if (this.#pageHoldsStream()) {
      this.#holdsStream = true;
      return false;
    }
    return this.#holdsStream && this.#isOfAnotherStream();
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
   * Call it after the database is closed. A file that is still in its place is
   * not closed: that would give up the locks which other connections of this
   * process have on it (https://sqlite.org/howtocorrupt.html, 2.2).
   */
  release(): void {
    if (this.#descriptor === undefined || this.#isReleased) return;
    if (identityOf(this.#path) === this.#file) return;
    this.#isReleased = true;
    closeSync(this.#descriptor);
  }

  /** Another one whenever somebody has written to the file. */
  #state(): string {
    try {
      const { mtimeNs, size } = statSync(this.#path, { bigint: true });
      return `${String(mtimeNs)}:${String(size)}`;
    } catch {
      return "";
    }
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
      this.#streamPage = this.#database.streamPage;
    } catch {
      // It cannot be read any more: where it was before, then.
    }
    const { pageSize = 0 } = this.#header() ?? {};
    const page = this.#bytes(pageSize, (this.#streamPage - 1) * pageSize);
    return page.includes(this.#streamId);
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
        return (
          JSON.stringify(row) !== JSON.stringify({ stream_id: this.#streamId })
        );
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
    if (this.#descriptor === undefined) return bytes;
    const read = readSync(this.#descriptor, bytes, 0, length, at);
    return bytes.subarray(0, read);
  }
}

function openIfPossible(path: string): number | undefined {
  try {
    return openSync(path, "r");
  } catch {
    return undefined;
  }
}

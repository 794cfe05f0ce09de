/**
 * The database of a program that runs for long, such as the server: it stays the
 * one that the path names.
 *
 * Template: adw_database 1.3.0
 *
 * SQLite goes on with the file that it has opened when that is deleted, replaced
 * or overwritten. Here this is noticed within a second, reported on stderr, and
 * the database is opened anew:
 *
 *     what happened                          what is done
 *     deleted, moved, or another file        the new file is opened, made if need be
 *     overwritten in place (cp backup onto)  the same; the -wal, which belongs to
 *                                            what is gone, is not applied to it
 *     only the -wal deleted                  it is written again: nothing is lost
 *
 * Where the numbers of the stream no longer mean the events that were announced,
 * as after a backup was restored, the stream gets a new name (`stream_id`).
 */
import type {
  AdwDatabase,
  CleanupResult,
  DatabaseOptions,
} from "../adw_database.ts";
import { messageOf, writeStderr } from "../adw_stderr.ts";
import type { StreamEvent } from "../orch_database_models.ts";
import { sqliteProblem } from "./connection.ts";
import type { EventStream, StoredEvent } from "./event_stream.ts";
import { WatchedFile } from "./watch.ts";
import type { StreamWatch } from "./watch.ts";

/** How often to make sure that the file is still the one that was opened. */
export const FILE_CHECK_INTERVAL_MS = 400;

export interface LiveDatabaseOptions {
  path: string;
  /** Milliseconds that a call waits while another process writes. */
  busyTimeoutMs: number;
  /** Something was committed, by this process or another. */
  onCommit: () => void;
  /** The history has another `streamId` now. */
  onNewStream: () => void;
}

/** The events of whatever database is open: a server's history. Throws while there is none. */
export interface LiveHistory {
  /** While no database is open: of the last one. */
  readonly streamId: string;
  readonly firstSeq: number;
  readonly lastSeq: number;
  read(since: number, limit: number, maxBytes?: number): StoredEvent[];
  append(event: Omit<StreamEvent, "seq">): StoredEvent;
}

interface OpenDatabase {
  database: AdwDatabase;
  file: WatchedFile;
  watch: StreamWatch;
}

/** The end of a stream: its last seq, and that event; undefined when it was pruned. */
interface Announced {
  lastSeq: number;
  json: string | undefined;
}

export class LiveDatabase implements LiveHistory {
  readonly history: LiveHistory = this;
  readonly #options: LiveDatabaseOptions;
  readonly #openDatabase: (options: DatabaseOptions) => AdwDatabase;
  readonly #timer: NodeJS.Timeout;
  #open: OpenDatabase | undefined;
  #streamId: string;
  #lastSeq = 0;
  /** When that was made sure of: another number after each commit of others. */
  #version: unknown;
  /** The names of all streams that were announced. */
  readonly #announcedStreams = new Set<string>();
  /** What was announced last of a database that is closed. */
  #announced: Announced | undefined;
  /** Since when it cannot be opened, and why. */
  #failure: { since: number; why: string } | undefined;

  constructor(
    options: LiveDatabaseOptions,
    openDatabase: (options: DatabaseOptions) => AdwDatabase,
  ) {
    this.#options = options;
    this.#openDatabase = openDatabase;
    const database = openDatabase({ path: options.path });
    database.setBusyTimeout(options.busyTimeoutMs);
    this.#open = this.#follow(database);
    this.#streamId = database.events.streamId;
    this.#timer = setInterval(() => {
      this.#check();
    }, FILE_CHECK_INTERVAL_MS).unref();
  }

  /** As `AdwDatabase.cleanupOldLogs`, of the database that is open now. */
  async cleanupOldLogs(days: number): Promise<CleanupResult> {
    return this.#current().cleanupOldLogs(days);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#close();
  }

  get streamId(): string {
    return this.#streamId;
  }

  get firstSeq(): number {
    return this.#current().events.firstSeq;
  }

  get lastSeq(): number {
    return this.#announce(this.#current().events.lastSeq);
  }

  read(since: number, limit: number, maxBytes?: number): StoredEvent[] {
    const events = this.#current().events.read(since, limit, maxBytes);
    this.#announce(events.at(-1)?.seq ?? 0);
    return events;
  }

  append(event: Omit<StreamEvent, "seq">): StoredEvent {
    return this.#current().events.append(event);
  }

  /** What clients have received may be gone before the next look. */
  #announce(seq: number): number {
    this.#lastSeq = Math.max(this.#lastSeq, seq);
    return seq;
  }

  #current(): AdwDatabase {
    if (this.#open !== undefined) return this.#open.database;
    const why = this.#failure?.why ?? "it is being opened anew";
    throw new Error(`the database ${this.#options.path} is not open: ${why}`);
  }

  #follow(database: AdwDatabase): OpenDatabase {
    const { onCommit } = this.#options;
    this.#announcedStreams.add(database.events.streamId);
    this.#version = undefined;
    database.onCommit(onCommit);
    const file = new WatchedFile(database);
    return { database, file, watch: database.watch(onCommit) };
  }

  #check(): void {
    try {
      if (this.#open === undefined) this.#reopen();
      else this.#lookAt(this.#open);
    } catch (error) {
      if (sqliteProblem(error) === "locked") return;
      // Overwritten just now, maybe: what became of it is known at the next look.
      if (this.#open?.file.isBeingWritten !== true) this.#fail(error);
    }
  }

  #lookAt({ database, file }: OpenDatabase): void {
    const happened = file.whatHappened();
    if (happened === undefined && this.#isSameStream(database)) return;
    // What is read now of a stream that is another one says nothing of the old.
    const isLost = happened === undefined || happened === "was overwritten";
    this.#announced = isLost ? undefined : announcedBy(database.events);
    if (happened !== undefined) {
      writeStderr(
        `adw_database: the database ${this.#options.path} ${happened} while it was in use; it is opened anew\n`,
      );
    }
    if (happened === "was overwritten") file.adopt();
    if (happened === "lost its -wal file") database.moveLogToFile("TRUNCATE");
    this.#close();
    // What is gone may be about to come back, so it is not made anew at once.
    if (happened !== "was deleted") this.#reopen();
  }

  /**
   * The content may be another one in the same file: SQLite can restore a backup
   * too, and another server may have been the first to find out.
   */
  #isSameStream(database: AdwDatabase): boolean {
    const version = database.dataVersion();
    if (version !== undefined && version === this.#version) return true;
    const { events } = database;
    const { lastSeq } = events;
    const isSame =
      lastSeq >= this.#lastSeq && events.readStreamId() === this.#streamId;
    this.#lastSeq = lastSeq;
    this.#version = version; // not before: a read that failed makes sure of nothing
    return isSame;
  }

  #reopen(): void {
    const { path, busyTimeoutMs, onCommit, onNewStream } = this.#options;
    const database = this.#openDatabase({ path, busyTimeoutMs });
    const { events } = database;
    let lastSeq: number;
    try {
      ({ lastSeq } = events); // before it is said that it can be read
      const isKnown = this.#announcedStreams.has(events.streamId);
      if (isKnown && !this.#goesOn(events)) events.renameStream();
      this.#open = this.#follow(database);
    } catch (error) {
      database.close();
      throw error;
    }
    this.#announced = undefined;
    if (this.#failure !== undefined) {
      const lasted = performance.now() - this.#failure.since;
      const seconds = (lasted / 1_000).toFixed(1);
      writeStderr(
        `adw_database: the database ${path} can be read again after ${seconds} s\n`,
      );
      this.#failure = undefined;
    }
    this.#lastSeq = lastSeq;
    const isNew = events.streamId !== this.#streamId;
    this.#streamId = events.streamId;
    if (isNew) onNewStream();
    else onCommit();
  }

  /** Whether what was announced is there, under its number. */
  #goesOn(events: EventStream): boolean {
    if (this.#announced === undefined || events.streamId !== this.#streamId) {
      return false;
    }
    const { lastSeq, json } = this.#announced;
    if (json === undefined) return events.lastSeq === lastSeq;
    return events.read(lastSeq - 1, 1)[0]?.json === json;
  }

  #fail(error: unknown): void {
    const why = messageOf(error);
    const isReported = this.#failure !== undefined;
    this.#failure = { since: this.#failure?.since ?? performance.now(), why };
    this.#close();
    if (isReported) return;
    writeStderr(
      `adw_database: the database ${this.#options.path} cannot be read: ${why}. It is tried again until it can\n`,
    );
  }

  #close(): void {
    if (this.#open === undefined) return;
    const { database, file, watch } = this.#open;
    this.#open = undefined;
    watch.close();
    try {
      database.close();
    } catch {
      // Its file is gone, which is why it is closed.
    }
    file.release();
  }
}

/** undefined when it cannot be read any more. */
function announcedBy(events: EventStream): Announced | undefined {
  try {
    const { lastSeq } = events;
    return { lastSeq, json: events.read(lastSeq - 1, 1)[0]?.json };
  } catch {
    return undefined;
  }
}

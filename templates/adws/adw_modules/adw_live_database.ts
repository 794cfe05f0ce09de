/**
 * adw_live_database: the database of a program that runs for long, such as the
 * server: it stays the one that the path names.
 *
 * Template: adw_database 1.2.0, rendered by adw-scaffold.
 * Needs:    nothing but Node >= 20.19.
 * Update:   npx adw-scaffold update
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
import { existsSync } from "node:fs";
import { openDatabase } from "./adw_database.ts";
import type { AdwDatabase, CleanupResult } from "./adw_database.ts";
import { writeStderr } from "./adw_stderr.ts";
import type { StoredEvent, StreamWatch } from "./adw_event_stream.ts";
import { sqliteProblem } from "./adw_sqlite.ts";
import { WatchedFile } from "./adw_watched_file.ts";
import type { StreamEvent } from "./orch_database_models.ts";

/** How often to make sure that the file is still the one that was opened. */
export const FILE_CHECK_INTERVAL_MS = 200;

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

export class LiveDatabase {
  readonly history: LiveHistory;
  readonly #options: LiveDatabaseOptions;
  readonly #timer: NodeJS.Timeout;
  #database: AdwDatabase | undefined;
  #file: WatchedFile;
  #watch: StreamWatch | undefined;
  #streamId: string;
  #lastSeq = 0;
  /** The names of all streams that were announced. */
  readonly #announcedStreams = new Set<string>();
  /** What was announced last of a database that is closed. */
  #announced: Announced | undefined;
  /** Since when it cannot be opened, and why. */
  #failure: { since: number; why: string } | undefined;
  /** What is gone may be about to come back, so it is not made anew at once. */
  #isJustGone = false;

  /** @throws as `openDatabase` */
  constructor(options: LiveDatabaseOptions) {
    this.#options = options;
    const database = openDatabase({ path: options.path });
    database.setBusyTimeout(options.busyTimeoutMs);
    this.#database = database;
    this.#file = new WatchedFile(database);
    this.#streamId = database.events.streamId;
    this.#announcedStreams.add(this.#streamId);
    this.#follow(database);
    this.history = this.#liveHistory();
    this.#timer = setInterval(() => {
      this.#check();
    }, FILE_CHECK_INTERVAL_MS);
    this.#timer.unref();
  }

  /** As `AdwDatabase.cleanupOldLogs`, of the database that is open now. */
  async cleanupOldLogs(days: number): Promise<CleanupResult> {
    return this.#current().cleanupOldLogs(days);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#closeDatabase();
  }

  #liveHistory(): LiveHistory {
    const current = () => this.#current().events;
    const streamId = () => this.#streamId;
    // What clients were told of may be gone before the next look.
    const noteSeq = (seq: number) => {
      this.#lastSeq = Math.max(this.#lastSeq, seq);
      return seq;
    };
    return {
      get streamId() {
        return streamId();
      },
      get firstSeq() {
        return current().firstSeq;
      },
      get lastSeq() {
        return noteSeq(current().lastSeq);
      },
      read(since, limit, maxBytes) {
        const events = current().read(since, limit, maxBytes);
        noteSeq(events.at(-1)?.seq ?? 0);
        return events;
      },
      append: (event) => current().append(event),
    };
  }

  #current(): AdwDatabase {
    if (this.#database !== undefined) return this.#database;
    const why = this.#failure?.why ?? "it is being opened anew";
    throw new Error(`the database ${this.#options.path} is not open: ${why}`);
  }

  #follow(database: AdwDatabase): void {
    const { onCommit } = this.#options;
    database.onCommit(onCommit);
    this.#watch = database.watch(onCommit);
  }

  #check(): void {
    try {
      if (this.#database === undefined) this.#reopen();
      else this.#lookAt(this.#database);
    } catch (error) {
      if (sqliteProblem(error) !== "locked") this.#fail(error);
    }
  }

  #lookAt(database: AdwDatabase): void {
    const happened = this.#file.whatHappened();
    if (happened === undefined) {
      this.#lookAtStream(database);
      return;
    }
    const { path } = this.#options;
    writeStderr(
      `adw_database: the database ${path} ${happened} while it was in use; it is opened anew\n`,
    );
    if (happened === "was overwritten") {
      this.#announced = undefined; // what is read now is a mixture of both
      this.#file.adopt();
    } else {
      this.#announced = announcedBy(database);
    }
    if (happened === "lost its -wal file") database.moveLogToFile("TRUNCATE");
    this.#isJustGone = happened === "was deleted";
    this.#closeDatabase();
    if (!this.#isJustGone) this.#reopen();
  }

  /**
   * The content may be another one in the same file: SQLite can restore a backup
   * too, and another server may have been the first to find out.
   */
  #lookAtStream(database: AdwDatabase): void {
    const { lastSeq } = database.events;
    const isSame =
      lastSeq >= this.#lastSeq &&
      database.events.readStreamId() === this.#streamId;
    this.#lastSeq = lastSeq;
    if (isSame) return;
    this.#announced = undefined;
    this.#closeDatabase();
    this.#reopen();
  }

  #reopen(): void {
    const { path, busyTimeoutMs } = this.#options;
    const waits = this.#isJustGone && !existsSync(path);
    this.#isJustGone = false;
    if (waits) return;
    const database = openDatabase({ path, busyTimeoutMs });
    const { events } = database;
    try {
      const isKnown = this.#announcedStreams.has(events.streamId);
      if (isKnown && !this.#goesOn(database)) events.renameStream();
      this.#announcedStreams.add(events.streamId);
      this.#file = new WatchedFile(database);
      this.#follow(database);
    } catch (error) {
      database.close();
      throw error;
    }
    this.#database = database;
    this.#announced = undefined;
    if (this.#failure !== undefined) {
      const seconds = ((Date.now() - this.#failure.since) / 1_000).toFixed(1);
      writeStderr(
        `adw_database: the database ${path} can be read again after ${seconds} s\n`,
      );
      this.#failure = undefined;
    }
    this.#lastSeq = events.lastSeq;
    if (events.streamId === this.#streamId) {
      this.#options.onCommit();
    } else {
      this.#streamId = events.streamId;
      this.#options.onNewStream();
    }
  }

  /** Whether what was announced is there, under its number. */
  #goesOn({ events }: AdwDatabase): boolean {
    const announced = this.#announced;
    const isLatest = events.streamId === this.#streamId;
    if (announced === undefined || !isLatest) return false;
    const { lastSeq, json } = announced;
    if (json === undefined) return events.lastSeq === lastSeq;
    return events.read(lastSeq - 1, 1)[0]?.json === json;
  }

  #fail(error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    const isReported = this.#failure !== undefined;
    this.#failure = { since: this.#failure?.since ?? Date.now(), why };
    this.#closeDatabase();
    if (isReported) return;
    writeStderr(
      `adw_database: the database ${this.#options.path} cannot be read: ${why}. It is tried again until it can\n`,
    );
  }

  #closeDatabase(): void {
    this.#watch?.close();
    this.#watch = undefined;
    try {
      this.#database?.close();
    } catch {
      // Its file is gone, which is why it is closed.
    }
    this.#database = undefined;
    this.#file.release();
  }
}

/** The end of a stream: its last seq, and that event; undefined when it was pruned. */
interface Announced {
  lastSeq: number;
  json: string | undefined;
}

/** undefined when it cannot be read any more. */
function announcedBy({ events }: AdwDatabase): Announced | undefined {
  try {
    const { lastSeq } = events;
    return { lastSeq, json: events.read(lastSeq - 1, 1)[0]?.json };
  } catch {
    return undefined;
  }
}

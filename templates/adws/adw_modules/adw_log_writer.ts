/**
 * adw_log_writer: a bounded queue of rows in front of the database.
 *
 * Template: adw_logging 1.1.0, rendered by adw-scaffold.
 * Needs:    nothing but Node >= 20.19.
 * Update:   npx adw-scaffold update
 *
 *     log call ──▶ queue ──▶ one transaction a tick ──▶ database
 *                    │ locked, full, read-only: rows wait, retried with backoff
 *                    └ queue full, or row refused: dropped, counted, reported
 *
 * Nothing here throws, and nothing waits for a lock before the process exits:
 * the workflow goes on. A problem is reported on stderr once per cause. When a
 * tick runs long, rows are written every `BATCH_ROWS` log calls or `BATCH_CHARS`.
 */
import { accessSync, constants, statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { databasePath, openDatabase } from "./adw_database.ts";
import type { AdwDatabase } from "./adw_database.ts";
import { sleep, sqliteProblem } from "./adw_sqlite.ts";
import type { SqliteProblem } from "./adw_sqlite.ts";

/** Rows that wait at most while the database cannot be written; later ones are dropped. */
export const MAX_QUEUED_ROWS = 50_000;
/** The same bound in characters of text, for rows that are large. */
export const MAX_QUEUED_CHARS = 67_108_864;
/** Rows in one transaction at most: other writers wait for some milliseconds. */
export const BATCH_ROWS = 1_024;
/** The same bound in characters of text. */
export const BATCH_CHARS = 4_194_304;
/** How long `flush`, `close` and an exit wait for a database that cannot be written. */
export const FLUSH_TIMEOUT_MS = 2_000;
/** How long `close` and an exit wait in all while other writers get on: their turn will come. */
export const SHARED_FLUSH_TIMEOUT_MS = 30_000;
/**
 * Writers that take turns lock each other out all the time: that is no problem.
 * It is one when nobody has committed while this writer waited so long, which is
 * what adw_database waits too. Waits count as long as they were meant to be: a
 * machine that is late with everything says nothing about the lock.
 */
export const LOCK_PATIENCE_MS = 5_000;
/** How often to make sure that the file is still the one that was opened. */
export const FILE_CHECK_INTERVAL_MS = 1_000;
/** The same cause is reported again after this long at the earliest. */
export const REPORT_AGAIN_AFTER_MS = 60_000;
/** More causes are not told in that time: each of them may name another row. */
const MAX_REPORTED_CAUSES = 100;

/** First and longest wait between two attempts. */
const LOCKED_BACKOFF_MS = { first: 1, longest: 50 };
const BACKOFF_MS = { first: 50, longest: 1_000 };
/** With less room than this on the disk, SQLite's log and its index do not grow. */
const LEAST_ROOM_BYTES = 65_536;
/** Between two batches where others write too: whoever waits gets a turn. */
const TURN_MS = 4;

/** What is written for one log call; `chars` is roughly the text it holds. */
export interface QueuedRow {
  chars: number;
  write: (database: AdwDatabase) => void;
}

export interface LogWriterOptions {
  /** The database file. Default: `databasePath()`. */
  path?: string | undefined;
  /** Called after each commit, so that a server in this process can publish at once. */
  onCommit?: (() => void) | undefined;
  maxQueuedRows?: number | undefined;
  /** Takes one line about a problem. Default: stderr. */
  report?: ((line: string) => void) | undefined;
}

export interface LogWriterStats {
  /** Rows that wait. */
  queued: number;
  /** Rows that were committed. */
  written: number;
  /** Rows that are lost: the queue was full, or the database refused them. */
  dropped: number;
}

interface Outage {
  problem: Exclude<SqliteProblem, "refused">;
  message: string;
  since: number;
  /** Milliseconds waited since other writers last got on: since a new `dataVersion`. */
  waitedMs: number;
  dataVersion: unknown;
  othersGotOn: boolean;
  reported: boolean;
  nextWaitMs: number;
}

interface Waiter {
  /** Resolves once so many rows have left the queue. */
  settled: number;
  resolve: (inTime: boolean) => void;
  timer: NodeJS.Timeout;
}

const WHAT_TO_DO: Record<Outage["problem"], string> = {
  locked: "another process holds its write lock",
  full: "free some disk space",
  "read-only": "make the file and its folder writable",
  unusable: "check the file and its folder",
};

/** For one run: after `close` there is nothing more to write with it. */
export class LogWriter {
  readonly #exitHook = () => this.#flushAtExit();
  readonly #lastReports = new Map<string, number>();

  #options: LogWriterOptions = {};
  #database: AdwDatabase | undefined;
  /** Which file it is: `undefined` for one that is no file. */
  #file: string | undefined;
  #fileCheckedAt = 0;
  #dataVersion: unknown;
  #queue: QueuedRow[] = [];
  /** Rows before this index have left the queue; the array is cut now and then. */
  #head = 0;
  #queuedChars = 0;
  #settled = 0;
  #written = 0;
  #dropped = 0;
  /** Dropped rows that no row in the database tells of yet. */
  #droppedUntold = 0;
  /** Dropped rows that were told of at the end. */
  #droppedAtEnd = 0;

  #hooked = false;
  #started = false;
  #writing = false;
  #exiting = false;
  #busyTimeoutMs = 0;
  #outage: Outage | undefined;
  #nextTick: NodeJS.Immediate | undefined;
  #turn: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  #waiters: Waiter[] = [];

  get stats(): LogWriterStats {
    return {
      queued: this.#queued,
      written: this.#written,
      dropped: this.#dropped,
    };
  }

  /** Opens the database and begins to write. Rows queued before are written too. */
  start(options: LogWriterOptions = {}): void {
    if (this.#started) {
      if (options.path !== undefined && options.path !== this.#options.path) {
        this.report(
          "started twice",
          `logging goes to ${this.#path} until closeLogging(): ${options.path} is not used`,
        );
      }
      return;
    }
    this.#started = true;
    this.#options = options;
    this.#hookExit();
    this.#writeBatch();
    this.#schedule();
  }

  enqueue(row: QueuedRow): void {
    this.#hookExit();
    if (
      this.#queued >= (this.#options.maxQueuedRows ?? MAX_QUEUED_ROWS) ||
      this.#queuedChars + row.chars > MAX_QUEUED_CHARS
    ) {
      this.#drop(1);
      this.report(
        "queue full",
        `${this.#queued} rows wait for the database, no more are taken: new rows are dropped`,
      );
      return;
    }
    const charsBefore = this.#queuedChars;
    this.#queue.push(row);
    this.#queuedChars += row.chars;
    if (this.#exiting) return this.#writeLate();
    const canWrite = !this.#outage || this.#outage.problem === "locked";
    const isBatch =
      this.#queued % BATCH_ROWS === 0 ||
      Math.floor(charsBefore / BATCH_CHARS) <
        Math.floor(this.#queuedChars / BATCH_CHARS);
    if (canWrite && isBatch) this.#writeBatch();
    this.#schedule();
  }

  /**
   * Resolves once every row queued so far has been committed (or dropped):
   * true; or after `timeoutMs`, when the database could not be written: false.
   */
  flush(timeoutMs = FLUSH_TIMEOUT_MS): Promise<boolean> {
    const target = this.#settled + this.#queued;
    if (!this.#outage && this.#queued > 0) this.#writeBatch();
    this.#schedule();
    if (this.#settled >= target) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter);
        resolve(false);
      }, timeoutMs);
      const waiter = { settled: target, resolve, timer };
      this.#waiters.push(waiter);
    });
  }

  /**
   * Writes what waits, drops what cannot be written in `timeoutMs`, and closes
   * the database. Where it is only shared with busy writers, it waits longer.
   */
  async close(timeoutMs = FLUSH_TIMEOUT_MS): Promise<void> {
    const deadline = Date.now() + SHARED_FLUSH_TIMEOUT_MS;
    while (
      this.#started &&
      !(await this.flush(timeoutMs)) &&
      this.#isShared() &&
      Date.now() < deadline
    );
    process.off("exit", this.#exitHook);
    clearImmediate(this.#nextTick);
    clearTimeout(this.#turn);
    clearTimeout(this.#retry);
    this.#giveUp();
    this.#closeDatabase();
    this.#started = false;
  }

  get #path(): string {
    return this.#options.path ?? databasePath();
  }

  get #queued(): number {
    return this.#queue.length - this.#head;
  }

  /** Rows that still wait when the process exits are written then, or counted. */
  #hookExit(): void {
    if (this.#hooked) return;
    this.#hooked = true;
    process.on("exit", this.#exitHook);
  }

  /** Since this was last asked, the only trouble was that others came first. */
  #isShared(): boolean {
    const outage = this.#outage;
    if (outage === undefined) return true;
    const { othersGotOn, problem, waitedMs } = outage;
    outage.othersGotOn = false;
    if (problem !== "locked") return false;
    // Who cannot even open it sees nothing of the others, who make it just now.
    return this.#database === undefined
      ? waitedMs < LOCK_PATIENCE_MS
      : othersGotOn;
  }

  /** One transaction in the next tick, for all rows of this one. */
  #schedule(): void {
    if (this.#queued === 0) return;
    if (!this.#started) {
      this.report(
        "not initialised",
        "initLogging() has not been called: log rows wait for it",
      );
      return;
    }
    if (this.#outage || this.#nextTick || this.#turn) return;
    this.#nextTick = setImmediate(() => {
      this.#nextTick = undefined;
      this.#writeBatch();
      if (this.#queued > 0 && this.#othersWrite()) this.#letOthersWrite();
      else this.#schedule();
    });
  }

  /** SQLite's lock is not fair: who comes back at once would always get it. */
  #letOthersWrite(): void {
    this.#turn ??= setTimeout(() => {
      this.#turn = undefined;
      this.#writeBatch();
      this.#schedule();
    }, turnMs());
  }

  /** Whether others have committed since this was last asked. */
  #othersWrite(): boolean {
    const dataVersion = this.#database?.dataVersion();
    const isNew = dataVersion !== this.#dataVersion;
    this.#dataVersion = dataVersion;
    return isNew;
  }

  /** Commits the oldest rows. Returns false when the database could not be written. */
  #writeBatch(): boolean {
    if (!this.#started || this.#writing) return false;
    this.#writing = true;
    try {
      this.#checkFile();
      const database = (this.#database ??= this.#open());
      const end = this.#batchEnd();
      if (end > this.#head) this.#commit(database, end);
      this.#recover(database);
      return true;
    } catch (error) {
      this.#fail(error);
      return false;
    } finally {
      this.#writing = false;
    }
  }

  #open(): AdwDatabase {
    const database = openDatabase({
      path: this.#options.path,
      busyTimeoutMs: this.#busyTimeoutMs,
    });
    if (this.#options.onCommit) database.onCommit(this.#options.onCommit);
    this.#file = fileAt(database.path);
    this.#fileCheckedAt = Date.now();
    this.#dataVersion = database.dataVersion();
    return database;
  }

  /** SQLite goes on writing to a file that was deleted, where nobody will find it. */
  #checkFile(): void {
    if (this.#database === undefined || this.#file === undefined) return;
    const now = Date.now();
    if (now - this.#fileCheckedAt < FILE_CHECK_INTERVAL_MS) return;
    this.#fileCheckedAt = now;
    const { path } = this.#database;
    if (fileAt(path) === this.#file) return;
    this.#closeDatabase();
    this.report(
      "deleted",
      `the database ${path} was deleted or replaced while it was written: rows of the last moments are lost. It is opened anew`,
    );
  }

  #batchEnd(): number {
    const longest = Math.min(this.#head + BATCH_ROWS, this.#queue.length);
    let chars = 0;
    let end = this.#head;
    while (end < longest && chars < BATCH_CHARS) {
      chars += this.#queue[end]?.chars ?? 0;
      end += 1;
    }
    return end;
  }

  #commit(database: AdwDatabase, end: number): void {
    const rows = this.#queue.slice(this.#head, end);
    const refusals: unknown[] = [];
    database.transaction(() => {
      refusals.length = 0;
      for (const row of rows) {
        try {
          row.write(database);
        } catch (error) {
          // One bad row must not keep the others waiting for ever.
          if (sqliteProblem(error) !== "refused") throw error;
          refusals.push(error);
        }
      }
    });
    this.#written += rows.length - refusals.length;
    for (const error of refusals) {
      this.#drop(1);
      this.report(
        messageOf(error),
        `a log row was dropped, the database refuses it: ${messageOf(error)}` +
          (messageOf(error).includes("FOREIGN KEY")
            ? " (the row's agent is not in the database: see logAgentCreated)"
            : ""),
      );
    }
    this.#leaveQueue(rows);
  }

  #leaveQueue(rows: QueuedRow[]): void {
    this.#head += rows.length;
    this.#settled += rows.length;
    for (const row of rows) this.#queuedChars -= row.chars;
    if (this.#head >= this.#queue.length / 2) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    this.#waiters = this.#waiters.filter(({ settled, resolve, timer }) => {
      if (settled > this.#settled) return true;
      clearTimeout(timer);
      resolve(true);
      return false;
    });
  }

  #fail(error: unknown): void {
    const problem = this.#diagnose(error);
    if (this.#outage?.problem !== problem) {
      this.#outage = {
        problem,
        message: messageOf(error),
        since: this.#outage?.since ?? Date.now(),
        waitedMs: 0,
        dataVersion: this.#database?.dataVersion(),
        othersGotOn: false,
        reported: this.#outage?.reported ?? false,
        nextWaitMs: backoff(problem).first,
      };
    }
    if (problem === "locked") this.#noteProgress(this.#outage);
    // A file that was moved, remounted or repaired is another one: open it anew.
    if (problem !== "locked" && problem !== "full") this.#closeDatabase();
    this.#reportOutage(this.#outage);
    this.#retryLater(this.#outage);
  }

  /**
   * SQLite has many words for one cause: a file that may not be written "cannot
   * be opened", one for which there is no room has an "I/O error", depending on
   * what becomes of the files beside it.
   */
  #diagnose(error: unknown): Outage["problem"] {
    const problem = sqliteProblem(error);
    if (problem !== "refused" && problem !== "unusable") return problem;
    if (!isWritable(this.#path)) return "read-only";
    return hasRoom(this.#path) ? "unusable" : "full";
  }

  #noteProgress(outage: Outage): void {
    const dataVersion = this.#database?.dataVersion();
    if (dataVersion === outage.dataVersion) return;
    outage.dataVersion = dataVersion;
    outage.othersGotOn = true;
    outage.waitedMs = 0;
  }

  #reportOutage(outage: Outage): void {
    const { problem, message, waitedMs } = outage;
    if (problem === "locked" && waitedMs < LOCK_PATIENCE_MS) return;
    const line = `the database ${this.#path} cannot be written: ${message} (${WHAT_TO_DO[problem]}). Log rows wait and are retried`;
    if (this.report(problem, line)) outage.reported = true;
  }

  #retryLater(outage: Outage): void {
    if (this.#retry !== undefined) return;
    // Unref: a database that stays away must not keep a finished workflow alive.
    // Jitter: writers that collided once should not collide again.
    const wait = outage.nextWaitMs * (0.5 + Math.random());
    outage.nextWaitMs = Math.min(
      outage.nextWaitMs * 2,
      backoff(outage.problem).longest,
    );
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      outage.waitedMs += wait;
      this.#writeBatch();
      this.#schedule();
    }, wait).unref();
  }

  /** After a write that succeeded. */
  #recover(database: AdwDatabase): void {
    const outage = this.#outage;
    this.#outage = undefined;
    if (outage?.reported) {
      const seconds = ((Date.now() - outage.since) / 1_000).toFixed(1);
      this.#tell(`the database can be written again after ${seconds} s`);
    }
    if (this.#droppedUntold === 0) return;
    const dropped = this.#droppedUntold;
    database.systemLogs.create({
      log_level: "warning",
      component: "adw_logging",
      message: `Log rows dropped: ${dropped}`,
      details: { dropped, dropped_in_total: this.#dropped },
    });
    this.#droppedUntold = 0;
  }

  #drop(rows: number): void {
    this.#dropped += rows;
    this.#droppedUntold += rows;
  }

  /**
   * Nothing can wait in the background any more: SQLite waits for the lock. Many
   * that exit together take turns, and wait on while the others get on.
   */
  #flushAtExit(): void {
    this.#exiting = true;
    this.#busyTimeoutMs = FLUSH_TIMEOUT_MS;
    this.#database?.setBusyTimeout(FLUSH_TIMEOUT_MS);
    const deadline = Date.now() + SHARED_FLUSH_TIMEOUT_MS;
    this.#othersWrite();
    while (this.#queued > 0) {
      const isWritten = this.#writeBatch();
      const othersWrote = this.#othersWrite();
      const isShared = this.#outage?.problem === "locked" && othersWrote;
      if (!isWritten && (!isShared || Date.now() >= deadline)) break;
      if (othersWrote) sleep(turnMs());
    }
    this.#giveUp();
    this.#closeDatabase();
  }

  /** A row of a later exit handler. A database that was waited for is not waited for again. */
  #writeLate(): void {
    if (this.#outage === undefined) this.#flushAtExit();
    else this.#giveUp();
  }

  /** Drops what still waits, and says how much was lost in all. */
  #giveUp(): void {
    this.#drop(this.#queued);
    this.#leaveQueue(this.#queue.slice(this.#head));
    if (this.#dropped > this.#droppedAtEnd) {
      this.#droppedAtEnd = this.#dropped;
      const cause = this.#started
        ? this.#outage?.message
        : "initLogging() was not called";
      const because = cause === undefined ? "" : `: ${cause}`;
      this.#tell(
        `log rows dropped: ${this.#dropped}, written: ${this.#written}${because}`,
      );
    }
  }

  #closeDatabase(): void {
    try {
      this.#database?.close();
    } catch {
      // It could not be used any more, which is why it is closed.
    }
    this.#database = undefined;
    this.#file = undefined;
  }

  /** Says it once per cause, and again only much later. Returns false when it was left out. */
  report(cause: string, line: string): boolean {
    const now = Date.now();
    const isRecent = (at: number) => now - at < REPORT_AGAIN_AFTER_MS;
    if (isRecent(this.#lastReports.get(cause) ?? -Infinity)) return false;
    if (this.#lastReports.size >= MAX_REPORTED_CAUSES) {
      for (const [known, at] of this.#lastReports) {
        if (!isRecent(at)) this.#lastReports.delete(known);
      }
      if (this.#lastReports.size >= MAX_REPORTED_CAUSES) return false;
    }
    this.#lastReports.set(cause, now);
    this.#tell(line);
    return true;
  }

  #tell(line: string): void {
    const text = `adw_logging: ${line}\n`;
    const { report } = this.#options;
    try {
      if (report === undefined) process.stderr.write(text);
      else report(text);
    } catch (error) {
      process.stderr.write(
        `${text}adw_logging: the option report threw: ${messageOf(error)}\n`,
      );
    }
  }
}

/** Names the file itself, whatever its path; undefined when there is none. */
function fileAt(path: string): string | undefined {
  const file = statSync(path, { throwIfNoEntry: false });
  return file && `${file.dev}:${file.ino}`;
}

/** Whether the file and its folder may be written: SQLite makes files beside it. */
function isWritable(path: string): boolean {
  try {
    if (fileAt(path) !== undefined) accessSync(path, constants.W_OK);
    accessSync(dirname(path), constants.W_OK);
    return true;
  } catch (error) {
    // A folder that is missing is made.
    const isMissing =
      error instanceof Error && "code" in error && error.code === "ENOENT";
    return isMissing && dirname(path) !== path && isWritable(dirname(path));
  }
}

/** Whether there is room for a few pages more. */
function hasRoom(path: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(dirname(path));
    return bavail * bsize >= LEAST_ROOM_BYTES;
  } catch {
    return true;
  }
}

function turnMs(): number {
  return TURN_MS * (0.5 + Math.random());
}

function backoff(problem: Outage["problem"]): typeof BACKOFF_MS {
  return problem === "locked" ? LOCKED_BACKOFF_MS : BACKOFF_MS;
}

/** Also of an error that another realm has thrown, which is no `Error` here. */
export function messageOf(error: unknown): string {
  try {
    return typeof error === "object" && error !== null && "message" in error
      ? String(error.message)
      : String(error);
  } catch {
    return "an error that cannot be put into words";
  }
}

/**
 * Writes rows to the database: the only part of logging that touches it. It
 * runs on a thread of its own, where waiting for a disk holds nobody up; where
 * there can be no thread, on the caller's. Rows that find the database locked,
 * full or read-only wait; one that it refuses even as an event of the system is dropped.
 *
 * Template: adw_logging 1.3.0, rendered by adw-scaffold.
 * Needs:    nothing but Node >= 20.19.
 * Update:   npx adw-scaffold update
 */
import {
  NO_WAL_ADVICE,
  openDatabase,
  sleep,
  sqliteProblem,
} from "../adw_database.ts";
import type { AdwDatabase } from "../adw_database.ts";
import { messageOf, REPORT_AGAIN_AFTER_MS } from "../adw_stderr.ts";
import {
  charsOf,
  detach,
  diagnose,
  fileAt,
  RunMemory,
  WHAT_TO_DO,
  writeRow,
} from "./storage.ts";
import type { LogRow, Problem } from "./storage.ts";

/** Rows of one transaction at most, and text in them. */
const BATCH_ROWS = 1_024;
const BATCH_CHARS = 4_194_304;
/** How long an end waits for a database that cannot be written. */
export const FLUSH_TIMEOUT_MS = 2_000;
/** How long an end waits while other writers get on: for a turn, and in all before it has less patience. */
const SHARED_FLUSH_TIMEOUT_MS = { turn: 30_000, all: 120_000 };
/**
 * Writers that take turns lock each other out all the time: that is no problem.
 * It is one when nobody has committed while this writer waited so long, which is
 * what adw_database waits too. Waits count as long as they were meant to be: a
 * machine that is late with everything says nothing about the lock.
 */
const LOCK_PATIENCE_MS = 5_000;
/** First and longest wait between two attempts. */
const LOCKED_BACKOFF_MS = { first: 1, longest: 8 };
const BACKOFF_MS = { first: 50, longest: 1_000 };
/** How often to make sure that the file is still the one that was opened. */
const FILE_CHECK_INTERVAL_MS = 250;
/** Soon after one outage, the next is reported when it lasts so long: not each of many. */
const FLAP_MS = 1_000;
/**
 * Between two batches where others write too, longer than they wait for the lock: it
 * is not fair, and who comes back at once would always get it.
 */
const turnMs = () => LOCKED_BACKOFF_MS.longest * (1.5 + 3 * Math.random());

export interface RowBatch {
  rows: readonly LogRow[];
  /** Rows that nobody has taken: the log is to say so. */
  dropped: number;
}

export type WriterMessage =
  | { type: "started" }
  /** So many of the oldest rows are done with; those not written were refused. */
  | { type: "settled"; rows: number; chars: number; written: number }
  /** Without a cause it is said every time. */
  | { type: "report"; cause: string | undefined; line: string }
  /** The last attempt failed; until the next succeeds. */
  | { type: "outage"; message: string }
  | { type: "recovered" }
  | { type: "ended" };

interface Outage {
  problem: Problem;
  since: number;
  isReported: boolean;
  /** Milliseconds waited since other writers last got on. */
  waitedMs: number;
  /** The wait before the next attempt, and the longest that may follow it. */
  waitMs: number;
  nextWaitMs: number;
}

/** Nothing here throws, and only the end waits for a lock. */
export class RowWriter {
  readonly #path: string;
  readonly #take: () => RowBatch | undefined;
  readonly #tell: (message: WriterMessage) => void;
  readonly #memory = new RunMemory();
  #rows: LogRow[] = [];
  #database: AdwDatabase | undefined;
  /** Which file it is: `undefined` for one that is no file. */
  #file: string | undefined;
  #fileCheckedAt = 0;
  /** The file is another one: what this run needs is not in it. */
  #isReplaced = false;
  #dataVersion: unknown;
  /** When that was seen to have changed. */
  #othersWroteAt = 0;
  #outage: Outage | undefined;
  /** When an outage was last reported. */
  #reportedAt = -Infinity;
  /** Not to be written before: it is somebody else's turn, or too soon to try again. */
  #notBefore = 0;
  #isOpening = true;
  #dropped = 0;
  /** Dropped rows that no row in the database tells of yet. */
  #droppedUntold = 0;

  /** @param take gives the next rows that were sent, if there are any */
  constructor(
    path: string,
    take: () => RowBatch | undefined,
    tell: (message: WriterMessage) => void,
  ) {
    this.#path = path;
    this.#take = take;
    this.#tell = tell;
  }

  /**
   * Opens the database or commits the oldest rows, if it is time.
   *
   * @returns milliseconds until the next step, infinitely many when nothing waits
   */
  step(): number {
    const tooEarlyMs = this.#notBefore - performance.now();
    if (tooEarlyMs > 0) return tooEarlyMs;
    this.#takeRows(BATCH_ROWS);
    if (this.#isIdle) return Infinity;
    if (this.#write()) {
      this.#takeRows(BATCH_ROWS);
      if (this.#othersWrote() && this.#rows.length > 0)
        this.#notBefore = performance.now() + turnMs();
    }
    return 0;
  }

  /** No more than are needed: what was sent takes less room until it is taken. */
  #takeRows(enough: number): void {
    while (this.#rows.length < enough) {
      const batch = this.#take();
      if (batch === undefined) return;
      this.#drop(batch.dropped);
      for (const row of batch.rows) this.#rows.push(row);
    }
  }

  get #isIdle(): boolean {
    const isWaiting = this.#rows.length > 0 || this.#droppedUntold > 0;
    return !isWaiting && !this.#isOpening && this.#outage === undefined;
  }

  /** Returns false when the database could not be written. */
  #write(): boolean {
    try {
      this.#checkFile();
      this.#database ??= this.#open();
      const database = this.#database;
      this.#isOpening = false;
      if (this.#isReplaced) {
        database.transaction(() => {
          this.#memory.restoreOpen(database);
        });
        this.#isReplaced = false;
      }
      const settled = this.#rows.length > 0 && this.#commit(database);
      try {
        this.#recover(database);
      } finally {
        // Last: whoever waits for these rows finds all that belongs to them.
        if (settled) this.#tell(settled);
      }
      return true;
    } catch (error) {
      this.#fail(error);
      return false;
    }
  }

  #open(): AdwDatabase {
    const database = openDatabase({ path: this.#path, busyTimeoutMs: 0 });
    this.#file = fileAt(database.path);
    this.#fileCheckedAt = performance.now();
    this.#dataVersion = database.dataVersion();
    return database;
  }

  /** SQLite goes on writing to a file that was deleted, where nobody will find it. */
  #checkFile(): void {
    if (this.#database === undefined || this.#file === undefined) return;
    const now = performance.now();
    if (now - this.#fileCheckedAt < FILE_CHECK_INTERVAL_MS) return;
    this.#fileCheckedAt = now;
    const { path } = this.#database;
    if (fileAt(path) === this.#file) return;
    this.#isReplaced = true;
    this.#closeDatabase();
    this.#report(
      `the database ${path} was deleted or replaced while it was written: rows of the last moments are lost. It is opened anew`,
      "deleted",
    );
  }

  #commit(database: AdwDatabase): WriterMessage {
    const written: LogRow[] = [];
    const refusals: unknown[] = [];
    let chars = 0;
    database.transaction(() => {
      for (const row of this.#rows.slice(0, BATCH_ROWS)) {
        try {
          written.push(this.#writeRow(database, row));
        } catch (error) {
          // One bad row must not keep the others waiting for ever.
          if (sqliteProblem(error) !== "refused") throw error;
          refusals.push(error);
        }
        chars += charsOf(row);
        if (chars >= BATCH_CHARS) break;
      }
    });
    const rows = written.length + refusals.length;
    this.#rows.splice(0, rows);
    for (const row of written) this.#memory.remember(row);
    this.#drop(refusals.length);
    for (const error of refusals) this.#reportRefusal("was dropped", error);
    return { type: "settled", rows, chars, written: written.length };
  }

  /**
   * What this run has written may be gone: then it is written again, once. A row of an
   * agent that nobody has logged is written all the same.
   *
   * @returns the row as it was written
   */
  #writeRow(database: AdwDatabase, row: LogRow): LogRow {
    try {
      writeRow(database, row);
      return row;
    } catch (error) {
      if (sqliteProblem(error) !== "refused") throw error;
      if (this.#memory.restoreFor(database, row)) {
        writeRow(database, row);
        return row;
      }
      const detached = detach(row);
      if (detached === undefined) throw error;
      writeRow(database, detached);
      this.#reportRefusal("was written without its agent or prompt", error);
      return detached;
    }
  }

  #reportRefusal(what: string, error: unknown): void {
    const message = messageOf(error);
    const hint = message.includes("FOREIGN KEY")
      ? " (the row's agent is not in the database: see logAgentCreated)"
      : "";
    this.#report(
      `a log row ${what}, the database refuses it: ${message}${hint}`,
      message,
    );
  }

  #report(line: string, cause?: string): void {
    this.#tell({ type: "report", cause, line });
  }

  #drop(rows: number): void {
    this.#dropped += rows;
    this.#droppedUntold += rows;
  }

  #fail(error: unknown): void {
    const problem = diagnose(error, this.#path);
    const message = messageOf(error);
    const now = performance.now();
    const before = this.#outage;
    const same = before?.problem === problem ? before : undefined;
    // A lock that somebody never lets go is looked at now and then.
    const isTaken = problem === "locked" && before?.isReported !== true;
    const { first, longest } = isTaken ? LOCKED_BACKOFF_MS : BACKOFF_MS;
    const wait = same?.nextWaitMs ?? first;
    const outage = {
      problem,
      since: before?.since ?? now,
      isReported: before?.isReported ?? false,
      waitedMs: same === undefined ? 0 : same.waitedMs + same.waitMs,
      // Jitter: writers that collided once should not collide again.
      waitMs: wait * (0.5 + Math.random()),
      nextWaitMs: Math.min(wait * 2, longest),
    };
    if (problem === "locked" && this.#othersWrote()) outage.waitedMs = 0;
    // A file that was moved, remounted or repaired is another one: open it anew.
    if (problem !== "locked" && problem !== "full") this.#closeDatabase();
    this.#reportOutage(outage, message);
    this.#outage = outage;
    this.#notBefore = now + outage.waitMs;
    this.#tell({ type: "outage", message });
  }

  #reportOutage(outage: Outage, message: string): void {
    const { problem, since, waitedMs, isReported } = outage;
    if (isReported) return;
    if (problem === "locked" && waitedMs < LOCK_PATIENCE_MS) return;
    const now = performance.now();
    const isFlapping = now - this.#reportedAt < REPORT_AGAIN_AFTER_MS;
    if (isFlapping && now - since < FLAP_MS) return;
    this.#reportedAt = now;
    outage.isReported = true;
    // Who opens a database in such a folder is told what to do by the error itself.
    const isAdvised = message.endsWith(NO_WAL_ADVICE);
    const hint = isAdvised ? "" : ` (${WHAT_TO_DO[problem]})`;
    this.#report(
      `the database ${this.#path} cannot be written: ${message}${hint}. Log rows wait and are retried`,
    );
  }

  /** After a write that succeeded. */
  #recover(database: AdwDatabase): void {
    const outage = this.#outage;
    this.#outage = undefined;
    if (outage) this.#tell({ type: "recovered" });
    if (outage?.isReported) {
      const seconds = ((performance.now() - outage.since) / 1_000).toFixed(1);
      this.#report(`the database can be written again after ${seconds} s`);
    }
    if (this.#droppedUntold === 0) return;
    const dropped = this.#droppedUntold;
    database.systemLogs.create({
      log_level: "warning",
      component: "adw_logging",
      message: `Log rows dropped: ${String(dropped)}`,
      details: { dropped, dropped_in_total: this.#dropped },
    });
    this.#droppedUntold = 0;
  }

  /** Whether others have committed since this was last asked. */
  #othersWrote(): boolean {
    if (this.#database === undefined) return false;
    const before = this.#dataVersion;
    this.#dataVersion = this.#database.dataVersion();
    if (this.#dataVersion === before) return false;
    this.#othersWroteAt = performance.now();
    return true;
  }

  /**
   * Writes what waits, and closes. Many that end together take turns, and wait on
   * while the others get on.
   */
  end(): void {
    this.#takeRows(Infinity);
    const from = performance.now();
    let turnAt = from;
    let waitedMs = 0;
    this.#othersWrote();
    while (!this.#isIdle) {
      const triedAt = performance.now();
      const isWritten = this.#write();
      const isShared = this.#othersWrote() || this.#othersWroteAt >= triedAt;
      const now = performance.now();
      if (isWritten) turnAt = now;
      const { turn, all } = SHARED_FLUSH_TIMEOUT_MS;
      const isInTime = now - turnAt < turn && now - from < all;
      if (isWritten || (isShared && isInTime)) waitedMs = 0;
      const isLocked = this.#outage?.problem === "locked";
      // Who cannot even open it sees nothing of the others, who make it just now.
      const isMade = this.#database ?? !isLocked;
      const leftMs = (isMade ? FLUSH_TIMEOUT_MS : LOCK_PATIENCE_MS) - waitedMs;
      if (leftMs <= 0) break;
      const waitMs = Math.min(this.#outage?.waitMs ?? 0, leftMs);
      if (!isWritten) sleep(waitMs);
      else if (isShared && this.#rows.length > 0) sleep(turnMs());
      waitedMs += isLocked ? waitMs : performance.now() - triedAt;
    }
    this.#rows = [];
    this.#closeDatabase();
    this.#tell({ type: "ended" });
  }

  #closeDatabase(): void {
    try {
      this.#database?.close();
    } catch {
      // It could not be used any more, which is why it is closed.
    }
    this.#database = undefined;
  }
}

/**
 * Writes rows to the database: the only part of logging that touches it. It
 * runs on a thread of its own (thread.ts), where waiting for a disk holds nobody
 * up; where there can be no thread, and when the process ends, on the caller's.
 *
 * Template: adw_logging 1.2.0, rendered by adw-scaffold.
 * Needs:    nothing but Node >= 20.19.
 * Update:   npx adw-scaffold update
 *
 *     rows ──▶ step(): one transaction for the oldest BATCH_ROWS ──▶ database
 *                │ locked, full, read-only: they wait, retried with backoff
 *                └ a row that is refused is dropped and reported
 */
import { openDatabase, sleep, sqliteProblem } from "../adw_database.ts";
import type { AdwDatabase } from "../adw_database.ts";
import { messageOf, REPORT_AGAIN_AFTER_MS } from "../adw_stderr.ts";
import { backoff, diagnose, fileAt, whatToDo } from "./outage.ts";
import type { Problem } from "./outage.ts";
import { RunMemory, writeRow } from "./rows.ts";
import type { LogRow } from "./rows.ts";

/** Rows of one transaction at most. */
export const BATCH_ROWS = 256;
/** How long an end waits for a database that cannot be written. */
export const FLUSH_TIMEOUT_MS = 2_000;
/** How long an end waits in all while other writers get on: their turn will come. */
export const SHARED_FLUSH_TIMEOUT_MS = 30_000;
/**
 * Writers that take turns lock each other out all the time: that is no problem.
 * It is one when nobody has committed while this writer waited so long, which is
 * what adw_database waits too. Waits count as long as they were meant to be: a
 * machine that is late with everything says nothing about the lock.
 */
export const LOCK_PATIENCE_MS = 5_000;
/** How often to make sure that the file is still the one that was opened. */
export const FILE_CHECK_INTERVAL_MS = 250;
/** Soon after one outage, the next is reported when it lasts so long: not each of many. */
const FLAP_MS = 1_000;
/** Between two batches where others write too: whoever waits gets a turn. */
const TURN_MS = 4;

/** What a writer is told. Rows that nobody has taken are `dropped`: the log is to say so. */
export type WriterCommand =
  | { type: "open" }
  | { type: "rows"; rows: LogRow[]; dropped: number }
  /** Write all that can be written, wait for it, and close. More rows may follow. */
  | { type: "finish" }
  /** Close; nothing follows. */
  | { type: "close" };

/** What a writer tells. */
export type WriterMessage =
  /** So many of the oldest rows are done with; those not written were refused. */
  | { type: "settled"; rows: number; written: number }
  /** Without a cause it is told every time. */
  | { type: "report"; cause?: string; line: string }
  /** The last attempt failed; undefined: it did not. */
  | { type: "outage"; outage: OutageState | undefined }
  | { type: "finished" };

export interface OutageState {
  problem: Problem;
  message: string;
  /** Milliseconds waited since other writers last got on. */
  waitedMs: number;
  /** How often others were seen to get on; undefined while it cannot even be opened. */
  othersGotOn: number | undefined;
}

interface Outage extends OutageState {
  since: number;
  dataVersion: unknown;
  reported: boolean;
  /** How long the wait before the next attempt is, and may be after it. */
  waitMs: number;
  nextWaitMs: number;
  retryAt: number;
}

/** Nothing here throws, and only `finish` waits for a lock. */
export class RowWriter {
  readonly #path: string;
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
  #busyTimeoutMs = 0;
  #outage: Outage | undefined;
  #othersGotOn = 0;
  /** When an outage was last reported. */
  #reportedAt = -Infinity;
  #turnAt = 0;
  #isOpening = false;
  #dropped = 0;
  /** Dropped rows that no row in the database tells of yet. */
  #droppedUntold = 0;

  constructor(path: string, tell: (message: WriterMessage) => void) {
    this.#path = path;
    this.#tell = tell;
  }

  handle(command: WriterCommand): void {
    switch (command.type) {
      case "open":
        this.#isOpening = true;
        return;
      case "rows":
        this.#drop(command.dropped);
        for (const row of command.rows) this.#rows.push(row);
        return;
      case "finish":
        this.#finish();
        this.#tell({ type: "finished" });
        return;
      case "close":
        this.#closeDatabase();
        this.#rows = [];
        this.#tell({ type: "finished" });
    }
  }

  /**
   * Commits the oldest rows, if it is time.
   *
   * @returns milliseconds until the next step, infinitely many when nothing waits
   */
  step(): number {
    const now = performance.now();
    const untilTurn = Math.max(this.#turnAt, this.#outage?.retryAt ?? 0) - now;
    if (untilTurn > 0) return untilTurn;
    if (this.#outage) this.#outage.waitedMs += this.#outage.waitMs;
    const isIdle = this.#rows.length === 0 && this.#droppedUntold === 0;
    if (isIdle && !this.#outage && !this.#isOpening) return Infinity;
    this.#write();
    if (this.#outage) return this.#outage.retryAt - performance.now();
    if (this.#rows.length === 0) return Infinity;
    if (this.#othersWrite()) this.#turnAt = performance.now() + turnMs();
    return Math.max(0, this.#turnAt - performance.now());
  }

  /** Returns false when the database could not be written. */
  #write(): boolean {
    try {
      this.#checkFile();
      this.#database ??= this.#open();
      const database = this.#database;
      this.#isOpening = false;
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
    const database = openDatabase({
      path: this.#path,
      busyTimeoutMs: this.#busyTimeoutMs,
    });
    const file = fileAt(database.path);
    this.#fileCheckedAt = performance.now();
    this.#dataVersion = database.dataVersion();
    try {
      if (this.#isReplaced) {
        database.transaction(() => {
          this.#memory.restoreOpen(database);
        });
      }
    } catch (error) {
      database.close();
      throw error;
    }
    this.#isReplaced = false;
    this.#file = file;
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
    this.#tell({
      type: "report",
      cause: "deleted",
      line: `the database ${path} was deleted or replaced while it was written: rows of the last moments are lost. It is opened anew`,
    });
  }

  #commit(database: AdwDatabase): WriterMessage {
    const rows = this.#rows.slice(0, BATCH_ROWS);
    const written: LogRow[] = [];
    const refusals: unknown[] = [];
    database.transaction(() => {
      written.length = 0;
      refusals.length = 0;
      for (const row of rows) {
        try {
          this.#writeRow(database, row);
          written.push(row);
        } catch (error) {
          // One bad row must not keep the others waiting for ever.
          if (sqliteProblem(error) !== "refused") throw error;
          refusals.push(error);
        }
      }
    });
    this.#rows.splice(0, rows.length);
    for (const row of written) this.#memory.remember(row);
    for (const error of refusals) this.#refuse(error);
    return { type: "settled", rows: rows.length, written: written.length };
  }

  /** What this run has written may be gone: then it is written again, once. */
  #writeRow(database: AdwDatabase, row: LogRow): void {
    try {
      writeRow(database, row);
    } catch (error) {
      if (sqliteProblem(error) !== "refused") throw error;
      if (!this.#memory.restoreFor(database, row)) throw error;
      writeRow(database, row);
    }
  }

  #refuse(error: unknown): void {
    this.#drop(1);
    const message = messageOf(error);
    const hint = message.includes("FOREIGN KEY")
      ? " (the row's agent is not in the database: see logAgentCreated)"
      : "";
    this.#tell({
      type: "report",
      cause: message,
      line: `a log row was dropped, the database refuses it: ${message}${hint}`,
    });
  }

  #drop(rows: number): void {
    this.#dropped += rows;
    this.#droppedUntold += rows;
  }

  #fail(error: unknown): void {
    const problem = diagnose(error, this.#path);
    const before = this.#outage;
    const outage: Outage =
      before?.problem === problem
        ? before
        : {
            problem,
            message: messageOf(error),
            since: before?.since ?? performance.now(),
            waitedMs: 0,
            dataVersion: this.#database?.dataVersion(),
            othersGotOn: undefined,
            reported: before?.reported ?? false,
            waitMs: 0,
            nextWaitMs: backoff(problem).first,
            retryAt: 0,
          };
    this.#outage = outage;
    if (problem === "locked") this.#noteProgress(outage);
    // A file that was moved, remounted or repaired is another one: open it anew.
    if (problem !== "locked" && problem !== "full") this.#closeDatabase();
    this.#reportOutage(outage);
    // Jitter: writers that collided once should not collide again.
    outage.waitMs = outage.nextWaitMs * (0.5 + Math.random());
    const { longest } = backoff(problem);
    outage.nextWaitMs = Math.min(outage.nextWaitMs * 2, longest);
    outage.retryAt = performance.now() + outage.waitMs;
    const { message, waitedMs, othersGotOn } = outage;
    this.#tell({
      type: "outage",
      outage: { problem, message, waitedMs, othersGotOn },
    });
  }

  #noteProgress(outage: Outage): void {
    // Who cannot even open it sees nothing of the others, who make it just now.
    if (this.#database === undefined) return;
    outage.othersGotOn ??= this.#othersGotOn;
    const dataVersion = this.#database.dataVersion();
    if (dataVersion === outage.dataVersion) return;
    outage.dataVersion = dataVersion;
    this.#othersGotOn += 1;
    outage.othersGotOn = this.#othersGotOn;
    outage.waitedMs = 0;
  }

  #reportOutage(outage: Outage): void {
    const { problem, message, waitedMs } = outage;
    if (problem === "locked" && waitedMs < LOCK_PATIENCE_MS) return;
    if (outage.reported) return;
    const now = performance.now();
    const isFlapping = now - this.#reportedAt < REPORT_AGAIN_AFTER_MS;
    if (isFlapping && now - outage.since < FLAP_MS) return;
    this.#reportedAt = now;
    outage.reported = true;
    this.#tell({
      type: "report",
      line: `the database ${this.#path} cannot be written: ${message} (${whatToDo(problem)}). Log rows wait and are retried`,
    });
  }

  /** After a write that succeeded. */
  #recover(database: AdwDatabase): void {
    const outage = this.#outage;
    this.#outage = undefined;
    if (outage) this.#tell({ type: "outage", outage: undefined });
    if (outage?.reported) {
      const seconds = ((performance.now() - outage.since) / 1_000).toFixed(1);
      this.#tell({
        type: "report",
        line: `the database can be written again after ${seconds} s`,
      });
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
  #othersWrite(): boolean {
    const dataVersion = this.#database?.dataVersion();
    const isNew = dataVersion !== this.#dataVersion;
    this.#dataVersion = dataVersion;
    return isNew;
  }

  /**
   * Nothing can wait in the background any more: SQLite waits for the lock. Many
   * that end together take turns, and wait on while the others get on. A database
   * that was waited for in vain is not waited for again.
   */
  #finish(): void {
    const isHopeless = this.#busyTimeoutMs > 0 && this.#outage !== undefined;
    if (isHopeless) {
      this.#closeDatabase();
      return;
    }
    this.#busyTimeoutMs = FLUSH_TIMEOUT_MS;
    this.#database?.setBusyTimeout(FLUSH_TIMEOUT_MS);
    const deadline = performance.now() + SHARED_FLUSH_TIMEOUT_MS;
    this.#othersWrite();
    while (this.#rows.length > 0 || this.#isOpening) {
      const isWritten = this.#write();
      const othersWrote = this.#othersWrite();
      const isShared = this.#outage?.problem === "locked" && othersWrote;
      const isLate = performance.now() >= deadline;
      if (!isWritten && (!isShared || isLate)) break;
      if (othersWrote) sleep(turnMs());
    }
    this.#rows = [];
    this.#closeDatabase();
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

/** SQLite's lock is not fair: who comes back at once would always get it. */
function turnMs(): number {
  return TURN_MS * (0.5 + Math.random());
}

/**
 * A bounded queue of rows in front of the thread that writes them.
 *
 * Template: adw_logging 1.2.0, rendered by adw-scaffold.
 * Needs:    nothing but Node >= 20.19.
 * Update:   npx adw-scaffold update
 *
 *     log call ──▶ queue ──▶ once a turn of the event loop ──▶ thread ──▶ database
 *                    ▲ rows stay until the thread says that they are written
 *
 * Nothing here throws, and nothing waits for a disk before the process exits.
 * For a healthy one it waits a moment at the end of each turn, so that what was
 * logged in it is committed, and survives whatever comes next.
 */
import { databasePath } from "../adw_database.ts";
import { messageOf, Reporter, writeStderr } from "../adw_stderr.ts";
import { InlineLink, ThreadLink } from "./links.ts";
import type { WriterLink } from "./links.ts";
import type { LogRow } from "./rows.ts";
import {
  BATCH_ROWS,
  FLUSH_TIMEOUT_MS,
  LOCK_PATIENCE_MS,
  SHARED_FLUSH_TIMEOUT_MS,
} from "./writer.ts";
import type { OutageState, WriterMessage } from "./writer.ts";

/** Rows that wait at most while the database cannot be written; later ones are dropped. */
export const MAX_QUEUED_ROWS = 50_000;
/** The same for the text in them. */
export const MAX_QUEUED_CHARS = 67_108_864;
/** Rows, and text in them, that the thread has at a time: enough to keep it busy. */
const WINDOW_ROWS = 4 * BATCH_ROWS;
const WINDOW_CHARS = 4_194_304;
/** How long a turn of the event loop waits at its end for its rows to be committed. */
const COMMIT_WAIT_MS = 3;
/** How long one log call waits in a turn that logs faster than any disk writes. */
const CALL_WAIT_MS = 3;
/** How long such a turn waits in all while the thread gets nowhere. */
const STALLED_WAIT_MS = 40;
/** How long it waits when its next row would be dropped: the lesser evil. */
const FULL_WAIT_MS = 10_000;
/** How long the thread may take to start before rows are written without it. */
const START_TIMEOUT_MS = 20_000;
/** How long an end waits for a disk that is slow: nothing at all has happened meanwhile. */
export const SLOW_DISK_TIMEOUT_MS = 120_000;
/** How often a flush looks whether it should wait any longer. */
const LOOK_MS = 50;

export interface LoggingOptions {
  /** The database file. Default: `databasePath()`. */
  path?: string | undefined;
  /** Called after each commit, so that a server in this process can publish at once. */
  onCommit?: (() => void) | undefined;
  maxQueuedRows?: number | undefined;
  /** Takes one line about a problem. Default: stderr. */
  report?: ((line: string) => void) | undefined;
}

export interface LoggingStats {
  /** Rows that wait. */
  queued: number;
  /** Rows that were committed. */
  written: number;
  /** Rows that are lost: the queue was full, or the database refused them. */
  dropped: number;
}

interface QueuedRow {
  row: LogRow;
  /** Roughly the text it holds. */
  chars: number;
}

interface Waiter {
  /** Resolves once so many rows have left the queue. */
  settled: number;
  resolve: () => void;
}

/** For one run: after `close` there is nothing more to write with it. */
export class LogQueue {
  readonly reporter = new Reporter("adw_logging");
  readonly #exitHook = () => {
    this.#finishAtExit();
  };

  #options: LoggingOptions = {};
  #path = "";
  #link: WriterLink | undefined;
  #queue: QueuedRow[] = [];
  /** Rows before this index have left the queue; the array is cut now and then. */
  #head = 0;
  /** Rows from the head on that the writer has, and the text in them. */
  #sent = 0;
  #sentChars = 0;
  #queuedChars = 0;
  #settled = 0;
  #written = 0;
  #dropped = 0;
  /** Dropped rows that the writer has not been told of. */
  #droppedUntold = 0;
  /** Dropped rows that were reported at the end. */
  #droppedAtEnd = 0;

  #hooked = false;
  #exiting = false;
  #closing = false;
  #finished = false;
  #outage: OutageState | undefined;
  #othersGotOnBefore = 0;
  #nextTick: NodeJS.Immediate | undefined;
  #turnRows = 0;
  #turnChars = 0;
  #stalledMs = 0;
  #waiters: Waiter[] = [];

  get stats(): LoggingStats {
    return {
      queued: this.#queued,
      written: this.#written,
      dropped: this.#dropped,
    };
  }

  /** Begins to write. Rows queued before are written too. */
  start(options: LoggingOptions): void {
    const path = options.path ?? databasePath();
    if (this.#link) {
      if (options.path !== undefined && path !== this.#path) {
        this.reporter.report(
          "started twice",
          `logging goes to ${this.#path} until closeLogging(): ${path} is not used`,
        );
      }
      return;
    }
    this.#options = options;
    this.#path = path;
    this.reporter.sink = options.report;
    this.#hookExit();
    try {
      this.#link = new ThreadLink(
        path,
        (message) => {
          this.#handle(message);
          this.#receive();
        },
        (error) => {
          this.#loseThread(error);
        },
      );
      this.#link.send({ type: "open" });
      setTimeout(() => {
        this.#missThread();
      }, START_TIMEOUT_MS).unref();
    } catch (error) {
      this.#writeInline(error);
    }
    this.#schedule();
  }

  enqueue(row: LogRow, chars: number): void {
    this.#hookExit();
    const fits = () => this.#hasRoom(this.#maxRows, MAX_QUEUED_CHARS - chars);
    const isHeld = this.#link && this.#isLongTurn && !this.#outage;
    if (isHeld && !fits()) this.#waitUntil(fits, FULL_WAIT_MS);
    if (!fits()) {
      this.#drop(1);
      this.#droppedUntold += 1;
      this.reporter.report(
        "queue full",
        `${String(this.#queued)} rows wait for the database, no more are taken: new rows are dropped`,
      );
      return;
    }
    this.#queue.push({ row, chars });
    this.#queuedChars += chars;
    if (this.#exiting) {
      this.#writeLate();
      return;
    }
    this.#turnRows += 1;
    this.#turnChars += chars;
    if (this.#isLongTurn) this.#holdBack();
    else if (this.#turnRows % BATCH_ROWS === 0) this.#pump();
    this.#schedule();
  }

  /**
   * Resolves once every row queued so far has been committed (or dropped): true;
   * or after `timeoutMs`: false. Without a time, a slow disk is waited for, but
   * one that cannot be written for two seconds only.
   */
  flush(timeoutMs?: number): Promise<boolean> {
    const target = this.#settled + this.#queued;
    this.#endTurn();
    this.#schedule();
    if (this.#settled >= target) return Promise.resolve(true);
    return new Promise((resolve) => {
      const isTooLate = this.#patience(timeoutMs);
      const timer = setInterval(
        () => {
          if (!isTooLate()) return;
          clearInterval(timer);
          this.#waiters = this.#waiters.filter((other) => other !== waiter);
          resolve(false);
        },
        Math.min(LOOK_MS, timeoutMs ?? LOOK_MS),
      );
      const waiter = {
        settled: target,
        resolve: () => {
          clearInterval(timer);
          resolve(true);
        },
      };
      this.#waiters.push(waiter);
    });
  }

  /**
   * Writes what waits, drops what cannot be written, and closes the database.
   * Where it is only shared with busy writers, or slow, it waits longer.
   */
  async close(): Promise<void> {
    const deadline = performance.now() + SHARED_FLUSH_TIMEOUT_MS;
    while (
      this.#link &&
      !(await this.flush()) &&
      this.#isShared() &&
      performance.now() < deadline
    );
    clearImmediate(this.#nextTick);
    if (this.#link) {
      this.#closing = true;
      this.#link.send({ type: "close" });
      const isTooLate = this.#patience(undefined);
      this.#receive();
      while (!this.#finished && !isTooLate()) {
        await new Promise((resolve) => setTimeout(resolve, 1));
        this.#receive();
      }
    }
    this.#giveUp();
    process.off("exit", this.#exitHook);
  }

  get #maxRows(): number {
    return this.#options.maxQueuedRows ?? MAX_QUEUED_ROWS;
  }

  get #isLongTurn(): boolean {
    return this.#turnRows >= WINDOW_ROWS || this.#turnChars >= WINDOW_CHARS;
  }

  get #queued(): number {
    return this.#queue.length - this.#head;
  }

  /** Tells, each time it is asked, whether the writer has been waited for in vain. */
  #patience(timeoutMs: number | undefined): () => boolean {
    const from = performance.now();
    let [activity, activeAt] = [this.#link?.activity(), from];
    let outageSince: number | undefined;
    return () => {
      const now = performance.now();
      if (timeoutMs !== undefined) return now - from >= timeoutMs;
      const isStuck = !this.#link || (this.#outage && !this.#closing);
      outageSince = isStuck ? (outageSince ?? now) : undefined;
      if (outageSince !== undefined && now - outageSince >= FLUSH_TIMEOUT_MS) {
        return true;
      }
      if (this.#link?.activity() !== activity) {
        [activity, activeAt] = [this.#link?.activity(), now];
      }
      return now - activeAt >= SLOW_DISK_TIMEOUT_MS;
    };
  }

  /** Rows that still wait when the process exits are written then, or counted. */
  #hookExit(): void {
    if (this.#hooked) return;
    this.#hooked = true;
    process.on("exit", this.#exitHook);
  }

  /** Since this was last asked, the only trouble was that others came first. */
  #isShared(): boolean {
    if (this.#outage === undefined) return true;
    const { othersGotOn, problem, waitedMs } = this.#outage;
    if (problem !== "locked") return false;
    if (othersGotOn === undefined) return waitedMs < LOCK_PATIENCE_MS;
    const isNew = othersGotOn !== this.#othersGotOnBefore;
    this.#othersGotOnBefore = othersGotOn;
    return isNew;
  }

  #schedule(): void {
    if (this.#queued === 0 || this.#nextTick) return;
    if (!this.#link) {
      this.reporter.report(
        "not initialised",
        "initLogging() has not been called: log rows wait for it",
      );
      return;
    }
    this.#nextTick = setImmediate(() => {
      this.#endTurn();
    });
  }

  /** Gives the rows of this turn to the writer, and a healthy disk a moment. */
  #endTurn(): void {
    clearImmediate(this.#nextTick);
    this.#nextTick = undefined;
    this.#turnRows = 0;
    this.#turnChars = 0;
    this.#stalledMs = 0;
    const wasBusy = this.#sent > 0;
    this.#pump();
    const isHealthy = this.#link?.state() === "running" && !this.#outage;
    const isCommitted = () => this.#queued === 0;
    if (isHealthy && !wasBusy) this.#waitUntil(isCommitted, COMMIT_WAIT_MS);
  }

  /**
   * A turn that logs more than the writer can take at a time is slowed down to
   * its pace, as long as it has one.
   */
  #holdBack(): void {
    this.#receive();
    const isOver =
      this.#queued > WINDOW_ROWS || this.#queuedChars > WINDOW_CHARS;
    const isRunning = this.#link?.state() === "running" && !this.#outage;
    if (!isOver || !isRunning || this.#stalledMs >= STALLED_WAIT_MS) return;
    const before = this.#settled;
    const from = performance.now();
    this.#waitUntil(
      () => this.#hasRoom(WINDOW_ROWS, WINDOW_CHARS),
      CALL_WAIT_MS,
    );
    const isStalled = this.#settled === before;
    this.#stalledMs = isStalled
      ? this.#stalledMs + performance.now() - from
      : 0;
  }

  #hasRoom(rows: number, chars: number): boolean {
    return this.#queued < rows && this.#queuedChars <= chars;
  }

  /** Blocks until `isDone`, or for so long. */
  #waitUntil(isDone: () => boolean, milliseconds: number): void {
    const deadline = performance.now() + milliseconds;
    for (;;) {
      const seen = this.#link?.activity() ?? 0;
      this.#receive();
      const left = deadline - performance.now();
      if (isDone() || this.#outage || left <= 0) return;
      if (!this.#link?.wait(seen, left)) {
        this.#receive();
        return;
      }
    }
  }

  /** Gives the writer as many rows as it takes at a time. */
  #pump(isWhole = false): void {
    const link = this.#link;
    if (!link || this.#closing) return;
    if (link.state() === "gone") {
      this.#writeInline();
      return;
    }
    const hasRoom = () =>
      isWhole || (this.#sent < WINDOW_ROWS && this.#sentChars < WINDOW_CHARS);
    for (;;) {
      const rows: LogRow[] = [];
      while (rows.length < BATCH_ROWS && hasRoom()) {
        const next = this.#queue[this.#head + this.#sent];
        if (next === undefined) break;
        rows.push(next.row);
        this.#sent += 1;
        this.#sentChars += next.chars;
      }
      if (rows.length === 0 && this.#droppedUntold === 0) return;
      const dropped = this.#droppedUntold;
      this.#droppedUntold = 0;
      link.send({ type: "rows", rows, dropped });
    }
  }

  #receive(): void {
    for (;;) {
      const message = this.#link?.receive();
      if (message === undefined) break;
      this.#handle(message);
    }
    this.#pump();
  }

  #handle(message: WriterMessage): void {
    switch (message.type) {
      case "settled":
        this.#written += message.written;
        this.#drop(message.rows - message.written);
        this.#leaveQueue(message.rows);
        if (message.written > 0) this.#afterCommit();
        return;
      case "report":
        if (message.cause === undefined) this.reporter.tell(message.line);
        else this.reporter.report(message.cause, message.line);
        return;
      case "outage":
        this.#outage = message.outage;
        return;
      case "finished":
        this.#finished = true;
    }
  }

  /** What is committed stays committed: a listener's error is not the writer's. */
  #afterCommit(): void {
    try {
      this.#options.onCommit?.();
    } catch (error) {
      writeStderr(
        `adw_logging: a commit listener threw: ${messageOf(error)}\n`,
      );
    }
  }

  #leaveQueue(rows: number): void {
    for (let index = 0; index < rows; index += 1) {
      const chars = this.#queue[this.#head]?.chars ?? 0;
      this.#head += 1;
      this.#queuedChars -= chars;
      if (this.#sent === 0) continue;
      this.#sent -= 1;
      this.#sentChars -= chars;
    }
    this.#settled += rows;
    if (this.#head >= this.#queue.length / 2) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    this.#waiters = this.#waiters.filter(({ settled, resolve }) => {
      if (settled > this.#settled) return true;
      resolve();
      return false;
    });
  }

  #drop(rows: number): void {
    this.#dropped += rows;
  }

  #loseThread(error: unknown): void {
    if (this.#closing || this.#exiting || this.#link instanceof InlineLink)
      return;
    this.#writeInline(error);
  }

  #missThread(): void {
    if (this.#link instanceof InlineLink || !this.#link?.takeBack()) return;
    this.#writeInline(new Error("it has not started"));
    if (this.#closing) this.#link.send({ type: "close" });
  }

  /** Without a thread, rows are written here. What it had and did not write is sent again. */
  #writeInline(error?: unknown): void {
    if (error !== undefined) {
      this.reporter.report(
        "no thread",
        `the thread that writes cannot run: ${messageOf(error)}. Rows are written by the one that logs`,
      );
    }
    this.#link = new InlineLink(this.#path, () => {
      this.#receive();
    });
    this.#sent = 0;
    this.#sentChars = 0;
    this.#link.send({ type: "open" });
    this.#pump();
    this.#receive();
  }

  /**
   * Nothing can go on in the background any more: the writer is waited for, which
   * waits for locks as `close` does, and for a disk as long as that takes.
   */
  #finishAtExit(): void {
    this.#exiting = true;
    clearImmediate(this.#nextTick);
    if (this.#link && !this.#closing) {
      this.#receive();
      if (this.#link.takeBack()) this.#writeInline();
      this.#pump(true);
      this.#finished = false;
      this.#link.send({ type: "finish" });
    }
    const isOver = () => this.#link === undefined || this.#finished;
    while (!isOver()) {
      const seen = this.#link?.activity() ?? 0;
      this.#receive();
      if (isOver() || !this.#link?.wait(seen, SLOW_DISK_TIMEOUT_MS)) break;
    }
    this.#giveUp();
  }

  /** A row of a later exit handler. A database that was waited for is not waited for again. */
  #writeLate(): void {
    if (this.#outage === undefined && !this.#closing) this.#finishAtExit();
    else this.#giveUp();
  }

  /** Drops what still waits, and says how much was lost in all. */
  #giveUp(): void {
    this.#drop(this.#queued);
    this.#leaveQueue(this.#queued);
    if (this.#dropped <= this.#droppedAtEnd) return;
    this.#droppedAtEnd = this.#dropped;
    const cause = this.#link
      ? this.#outage?.message
      : "initLogging() was not called";
    const because = cause === undefined ? "" : `: ${cause}`;
    this.reporter.tell(
      `log rows dropped: ${String(this.#dropped)}, written: ${String(this.#written)}${because}`,
    );
  }
}

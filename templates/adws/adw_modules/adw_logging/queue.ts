/**
 * The rows that are not written yet, in front of the thread that writes them.
 *
 * Template: adw_logging 1.3.0, rendered by adw-scaffold.
 * Needs:    nothing but Node >= 20.19.
 * Update:   npx adw-scaffold update
 *
 *     log call ──▶ queue ──▶ once a turn of the event loop ──▶ thread ──▶ database
 *                    ▲ knows of the rows until the thread says that they are written
 *
 * Nothing here throws, and nothing waits for a disk before the process exits. At
 * the end of a turn, a healthy one gets a moment to commit what was logged in it.
 */
import { messageOf, Reporter, writeStderr } from "../adw_stderr.ts";
import { charsOf, databaseFile } from "./storage.ts";
import type { LogRow } from "./storage.ts";
import { WriterThread } from "./thread.ts";
import { FLUSH_TIMEOUT_MS, RowWriter } from "./writer.ts";
import type { RowBatch, WriterMessage } from "./writer.ts";

/** Rows that wait at most, and the text in them; later ones are dropped. */
const MAX_QUEUED_ROWS = 50_000;
const MAX_QUEUED_CHARS = 67_108_864;
/** In a long turn so many rows, or one of so many characters, go to the thread at once. */
const SEND_ROWS = 256;
const SEND_CHARS = 65_536;
/**
 * How long the end of a turn waits for its rows to be committed, and a call in a
 * turn that has filled half of the queue by itself.
 */
const WAIT_MS = 3;
/** How long such a call waits when its row would be dropped: the lesser evil. */
const FULL_WAIT_MS = 10_000;
/** How long an end waits for a disk that is slow: nothing at all has happened meanwhile. */
const SLOW_DISK_TIMEOUT_MS = 120_000;
/** How often a wait looks whether it should go on. */
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

/** For one run: after `close` there is nothing more to write with it. */
export class LogQueue {
  readonly reporter = new Reporter("adw_logging");

  #options: LoggingOptions = {};
  #path = "";
  #thread: WriterThread | undefined;
  /** Writes where there is no thread: nothing is lost, but a slow disk is waited for. */
  #writer: RowWriter | undefined;
  #retry: NodeJS.Timeout | undefined;
  /** Rows that the writer does not have yet; how many it has; the text in all of them. */
  #rows: LogRow[] = [];
  #sent = 0;
  #chars = 0;
  /** What was logged in this turn of the event loop. */
  #turn = { rows: 0, chars: 0 };
  #endOfTurn: NodeJS.Immediate | undefined;
  /** Rows that have left the queue: written, or refused. */
  #settled = 0;
  #written = 0;
  #dropped = 0;
  /** Dropped rows that were not reported to the writer, and those that were reported at the end. */
  #droppedUntold = 0;
  #droppedAtEnd = 0;
  #outage: { message: string; since: number } | undefined;
  #activeAt = 0;
  /** Called after the next message. */
  #waiting: (() => void)[] = [];
  #isEnding = false;
  #isExiting = false;
  #hasEnded = false;

  constructor() {
    // Rows that still wait when the process exits are written then, or counted.
    process.on("exit", this.#finishAtExit);
  }

  get stats(): LoggingStats {
    const [written, dropped] = [this.#written, this.#dropped];
    return { queued: this.#queued, written, dropped };
  }

  get #isStarted(): boolean {
    return this.#thread !== undefined || this.#writer !== undefined;
  }

  get #queued(): number {
    return this.#rows.length + this.#sent;
  }

  /** Begins to write. Rows queued before are written too. */
  start(options: LoggingOptions): void {
    const path = databaseFile(options.path, this.reporter.report);
    if (this.#isStarted) {
      if (options.path === undefined || path === this.#path) return;
      this.reporter.report(
        "started twice",
        `logging goes to ${this.#path} until closeLogging(): ${path} is not used`,
      );
      return;
    }
    this.#options = options;
    this.#path = path;
    this.reporter.sink = options.report;
    try {
      this.#thread = new WriterThread(path, this.#handle, this.#loseThread);
    } catch (error) {
      this.#loseThread(error);
    }
  }

  enqueue(row: LogRow): void {
    const chars = charsOf(row);
    const turn = this.#turn;
    if (turn.rows > MAX_QUEUED_ROWS / 2 || turn.chars > MAX_QUEUED_CHARS / 2) {
      // A turn that logs faster than the thread writes is slowed down to its pace.
      this.#wait(WAIT_MS, () => this.#fillWith(chars) <= 0.5);
      this.#wait(FULL_WAIT_MS, () => this.#fillWith(chars) <= 1);
    }
    if (this.#fillWith(chars) > 1) {
      this.#dropped += 1;
      this.#droppedUntold += 1;
      this.reporter.report(
        "queue full",
        `${String(this.#queued)} rows wait for the database, no more are taken: new rows are dropped`,
      );
      return;
    }
    this.#rows.push(row);
    this.#chars += chars;
    turn.rows += 1;
    turn.chars += chars;
    if (this.#isExiting) {
      this.#writeLate();
      return;
    }
    const isBatch = this.#rows.length % SEND_ROWS === 0 || chars >= SEND_CHARS;
    if (isBatch) this.#send();
    this.#endOfTurn ??= setImmediate(() => {
      this.#endTurn();
    });
    if (this.#isStarted) return;
    this.reporter.report(
      "not initialised",
      "initLogging() has not been called: log rows wait for it",
    );
  }

  /** As `flushLogging`; a row that is dropped is waited for no longer. */
  async flush(timeoutMs?: number): Promise<boolean> {
    const from = performance.now();
    const target = this.#settled + this.#queued;
    this.#endTurn();
    while (this.#settled < target) {
      const now = performance.now();
      const outageSince = this.#isStarted ? (this.#outage?.since ?? now) : from;
      const isInVain = now - Math.max(from, outageSince) >= FLUSH_TIMEOUT_MS;
      const isTooLate =
        timeoutMs === undefined
          ? isInVain || this.#isStill(from)
          : now - from >= timeoutMs;
      if (isTooLate) return false;
      await this.#nextMessage(timeoutMs);
    }
    return true;
  }

  /** Writes what waits, drops what cannot be written, and closes the database. */
  async close(): Promise<void> {
    const from = performance.now();
    clearImmediate(this.#endOfTurn);
    this.#isEnding = true;
    this.#send();
    while (this.#isStarted && !this.#hasEnded && !this.#isStill(from)) {
      await this.#nextMessage();
    }
    this.#giveUp();
    process.off("exit", this.#finishAtExit);
  }

  /** How full the queue is with a row more: above 1 there is no room for it. */
  #fillWith(chars: number): number {
    const maxRows = this.#options.maxQueuedRows ?? MAX_QUEUED_ROWS;
    return Math.max(
      (this.#queued + 1) / maxRows,
      (this.#chars + chars) / MAX_QUEUED_CHARS,
    );
  }

  /** Gives the rows of this turn to the writer, and a healthy disk a moment. */
  #endTurn(): void {
    clearImmediate(this.#endOfTurn);
    this.#endOfTurn = undefined;
    this.#turn = { rows: 0, chars: 0 };
    const isHealthy = this.#sent === 0 && this.#thread?.state === "running";
    this.#send();
    if (isHealthy) this.#wait(WAIT_MS, () => this.#queued === 0);
  }

  /** Blocks for so long, until `isDone`, or while there is nothing to wait for. */
  #wait(milliseconds: number, isDone: () => boolean): void {
    const deadline = performance.now() + milliseconds;
    this.#receive();
    while (!isDone() && !this.#outage && this.#thread?.state !== "gone") {
      const left = deadline - performance.now();
      if (left <= 0 || !this.#receive(left)) return;
    }
  }

  /** A thread that is still starting is not given anything: it may never run. */
  #send(): void {
    if (this.#hasEnded) return;
    if (this.#writer) {
      this.#writeHere(this.#writer);
    } else if (this.#thread?.state === "running") {
      const batch = this.#nextBatch();
      if (batch) this.#thread.send(batch);
      if (this.#isEnding) this.#thread.end();
    }
  }

  readonly #nextBatch = (): RowBatch | undefined => {
    const [rows, dropped] = [this.#rows, this.#droppedUntold];
    if (rows.length === 0 && dropped === 0) return undefined;
    this.#rows = [];
    this.#sent += rows.length;
    this.#droppedUntold = 0;
    return { rows, dropped };
  };

  #writeHere(writer: RowWriter): void {
    clearTimeout(this.#retry);
    if (this.#isEnding) {
      writer.end();
      return;
    }
    let waitMs: number;
    do {
      waitMs = writer.step();
    } while (waitMs === 0);
    if (waitMs === Infinity) return;
    this.#retry = setTimeout(() => {
      this.#send();
    }, waitMs).unref();
  }

  /** Takes the messages that are there, or waits for one. Returns false when none came. */
  #receive(waitMs = 0): boolean {
    let message = this.#thread?.receive(waitMs);
    const isAny = message !== undefined;
    while (message) {
      this.#handle(message);
      message = this.#thread?.receive();
    }
    return isAny;
  }

  readonly #handle = (message: WriterMessage): void => {
    this.#activeAt = performance.now();
    switch (message.type) {
      case "started":
        this.#send();
        break;
      case "settled":
        this.#sent -= message.rows;
        this.#chars -= message.chars;
        this.#settled += message.rows;
        this.#written += message.written;
        this.#dropped += message.rows - message.written;
        if (message.written > 0) this.#afterCommit();
        // No row may follow that would tell the thread of those dropped.
        if (this.#thread && this.#queued === 0) this.#send();
        break;
      case "report":
        if (message.cause === undefined) this.reporter.tell(message.line);
        else this.reporter.report(message.cause, message.line);
        break;
      case "outage": {
        const since = this.#outage?.since ?? this.#activeAt;
        this.#outage = { message: message.message, since };
        break;
      }
      case "recovered":
        this.#outage = undefined;
        break;
      case "ended":
        this.#hasEnded = true;
    }
    for (const resolve of this.#waiting.splice(0)) resolve();
  };

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

  #nextMessage(timeoutMs = LOOK_MS): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.min(timeoutMs, LOOK_MS));
      this.#waiting.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** Whether nothing at all has happened for as long as a disk may take. */
  #isStill(from: number): boolean {
    const since = Math.max(from, this.#activeAt);
    return performance.now() - since >= SLOW_DISK_TIMEOUT_MS;
  }

  readonly #loseThread = (error: unknown): void => {
    this.#receive();
    if (this.#hasEnded || this.#writer) return;
    this.reporter.report(
      "no thread",
      `the thread that writes cannot run: ${messageOf(error)}. Rows are written by the one that logs`,
    );
    this.#replaceThread();
  };

  /** What a thread had taken is lost with it; what waits is written here. */
  #replaceThread(): void {
    this.#thread = undefined;
    this.#hasEnded = false;
    this.#dropped += this.#sent;
    this.#settled += this.#sent;
    this.#sent = 0;
    this.#chars = 0;
    for (const row of this.#rows) this.#chars += charsOf(row);
    this.#writer = new RowWriter(this.#path, this.#nextBatch, this.#handle);
    this.#send();
  }

  /**
   * Nothing can go on in the background any more: the writer is waited for, which
   * waits for locks as `close` does, and for a disk as long as that takes.
   */
  readonly #finishAtExit = (): void => {
    this.#isExiting = true;
    clearImmediate(this.#endOfTurn);
    this.#receive();
    this.#isEnding = true;
    this.#send();
    const isGone = this.#thread?.takeBack();
    this.#receive(); // what it said before it was gone
    if (isGone && !this.#hasEnded) this.#replaceThread();
    while (this.#thread && !this.#hasEnded) {
      if (!this.#receive(SLOW_DISK_TIMEOUT_MS)) break;
    }
    this.#giveUp();
  };

  /** A row of a later exit handler. A database that was waited for is not waited for again. */
  #writeLate(): void {
    if (this.#isStarted && this.#outage === undefined) this.#replaceThread();
    this.#giveUp();
  }

  /** Drops what still waits, and says how much was lost in all. */
  #giveUp(): void {
    this.#dropped += this.#queued;
    this.#settled += this.#queued;
    this.#rows = [];
    this.#sent = 0;
    this.#chars = 0;
    if (this.#dropped <= this.#droppedAtEnd) return;
    this.#droppedAtEnd = this.#dropped;
    const counts = `log rows dropped: ${String(this.#dropped)}, written: ${String(this.#written)}`;
    const uninitialised = "initLogging() was not called";
    const cause = this.#isStarted ? this.#outage?.message : uninitialised;
    this.reporter.tell(cause === undefined ? counts : `${counts}: ${cause}`);
  }
}

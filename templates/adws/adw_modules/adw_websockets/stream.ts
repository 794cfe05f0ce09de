/**
 * Stream: gives events their numbers, publishes what is broadcast and what the
 * history gains, and remembers the newest.
 *
 * Template: adw_websockets 1.2.0
 */
import { randomUUID } from "node:crypto";
import { PROTOCOL_VERSION } from "../adw_events.ts";
import { messageOf } from "../adw_stderr.ts";
import type { EventInput, SerializedEvent, StoredEvent } from "./events.ts";
import { fitEvent, fitStored, serialize } from "./fitting.ts";
import type { Problem } from "./fitting.ts";
import { encodeEvent } from "./frames.ts";
import type { EncodedEvent } from "./frames.ts";
import {
  isPromise,
  PAGE_BYTES,
  PAGE_EVENTS,
  READ_RETRY_MS,
  RecentEvents,
} from "./history.ts";
import type { EventHistory } from "./history.ts";

/** Where a client resumes: everything after `since` of the given stream. */
export interface ResumePoint {
  since: number;
  /** Absent: taken as this server's stream. */
  streamId?: string | undefined;
}

export interface StreamOptions {
  history: EventHistory | undefined;
  maxEventBytes: number;
  historySize: number;
  historyBytes: number;
  report(cause: string, text: string): void;
  onEvent(event: EncodedEvent): void;
  /** The history may have grown: `readNew` is due. */
  onGrowth(): void;
}

export class Stream {
  streamId: string;
  /** Newest seq that was published. */
  lastSeq: number;
  recent: RecentEvents;
  /** Events published since the start. */
  published = 0;
  readonly history: EventHistory | undefined;
  private readonly options: StreamOptions;
  private hasGrown = false;
  private isReading = false;

  constructor(options: StreamOptions) {
    const { history } = options;
    this.options = options;
    this.history = history;
    this.streamId = history?.streamId ?? randomUUID();
    this.lastSeq = history?.lastSeq ?? 0;
    this.recent = this.emptyRecent();
  }

  /** The history holds another stream now. */
  restart(history: EventHistory): void {
    this.streamId = history.streamId;
    this.lastSeq = history.lastSeq;
    this.recent = this.emptyRecent();
  }

  private emptyRecent(): RecentEvents {
    const { historySize, historyBytes } = this.options;
    return new RecentEvents(historySize, historyBytes, this.lastSeq);
  }

  /** Publishes an event and returns its seq. @throws what the history throws. */
  append(input: EventInput): number {
    const fitted = fitEvent(input, this.options.maxEventBytes);
    this.reportAll(fitted.problems);
    if (this.history?.append === undefined) {
      const seq = Math.max(this.lastSeq, this.history?.lastSeq ?? 0) + 1;
      this.publish(serialize(seq, fitted));
      return seq;
    }
    const stored = this.history.append(fitted.event);
    if (stored.seq === this.lastSeq + 1) {
      this.publish(this.fit(stored));
    } else {
      // Another process wrote in between: read both, in the order of seq.
      this.notify();
    }
    return stored.seq;
  }

  private publish(event: SerializedEvent): void {
    if (event.seq <= this.lastSeq) return; // seen already
    const encoded = encodeEvent(event);
    this.lastSeq = event.seq;
    this.recent.push(encoded);
    this.published += 1;
    this.options.onEvent(encoded);
  }

  notify(): void {
    if (this.history === undefined) return;
    this.hasGrown = true;
    this.options.onGrowth();
  }

  /** Publishes what the history has gained. A synchronous one takes no await. */
  async readNew(): Promise<void> {
    const { history } = this;
    if (history === undefined || !this.hasGrown || this.isReading) return;
    this.hasGrown = false;
    this.isReading = true;
    try {
      const pending = history.read(this.lastSeq, PAGE_EVENTS, PAGE_BYTES);
      const rows = isPromise(pending) ? await pending : pending;
      for (const row of rows) this.publish(this.fit(row));
      // A page may be short because its events are large.
      const hasMore = rows.length > 0 && history.lastSeq > this.lastSeq;
      if (hasMore || rows.length >= PAGE_EVENTS) this.hasGrown = true;
    } catch (error) {
      this.reportRead(error);
      setTimeout(() => {
        this.notify();
      }, READ_RETRY_MS).unref();
    } finally {
      this.isReading = false;
      if (this.hasGrown) this.options.onGrowth();
    }
  }

  /** The stream's newest seq, and the oldest from which nothing is missing. */
  bounds(): { oldest: number; newest: number } {
    const inMemory = this.recent.droppedSeq + 1;
    if (this.history === undefined) {
      return { oldest: inMemory, newest: this.lastSeq };
    }
    try {
      const { firstSeq, lastSeq } = this.history;
      // Events kept in memory only may leave a hole behind the history's end.
      const joined = lastSeq + 1 >= inMemory;
      return {
        oldest: joined ? Math.min(firstSeq, inMemory) : inMemory,
        newest: Math.max(lastSeq, this.lastSeq),
      };
    } catch (error) {
      this.reportRead(error);
      return { oldest: inMemory, newest: this.lastSeq };
    }
  }

  /**
   * What a new client is told, and the seq after which it is fed. Live clients
   * have everything up to `sentSeq`.
   */
  welcome(
    sentSeq: number,
    resume: ResumePoint | undefined,
  ): { messages: object[]; cursor: number } {
    const { oldest, newest } = this.bounds();
    const position = {
      stream_id: this.streamId,
      last_seq: sentSeq,
      oldest_seq: oldest,
    };
    const greeting = {
      type: "connection_established",
      server_time: new Date().toISOString(),
      protocol: PROTOCOL_VERSION,
      ...position,
    };
    if (newest > this.lastSeq) this.notify();
    if (resume === undefined) return { messages: [greeting], cursor: sentSeq };
    const reason = this.resyncReason(resume, oldest, newest);
    if (reason === null) return { messages: [greeting], cursor: resume.since };
    const notice = { type: "resync_required", reason, ...position };
    return {
      messages: [greeting, notice],
      cursor: Math.min(oldest - 1, sentSeq),
    };
  }

  /** Why a client cannot resume there; null when it can. */
  private resyncReason(
    { since, streamId }: ResumePoint,
    oldest: number,
    newest: number,
  ): "other_stream" | "ahead" | "pruned" | null {
    if (streamId !== undefined && streamId !== this.streamId) {
      return "other_stream";
    }
    if (since > newest) return "ahead";
    return since + 1 < oldest ? "pruned" : null;
  }

  reportRead(error: unknown): void {
    const text = messageOf(error);
    this.options.report(
      `history read: ${text}`,
      `reading the history failed, will try again: ${text}`,
    );
  }

  /** A stored event as it is sent. */
  fit(stored: StoredEvent): SerializedEvent {
    const fitted = fitStored(stored, this.options.maxEventBytes);
    this.reportAll(fitted.problems);
    return fitted.event;
  }

  private reportAll(problems: readonly Problem[]): void {
    for (const { cause, text } of problems) this.options.report(cause, text);
  }
}

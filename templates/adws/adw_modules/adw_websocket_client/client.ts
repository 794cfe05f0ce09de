/**
 * Client: connects, resumes, and hands over each event once and in order.
 *
 * Template: adw_websocket_client 1.3.0
 */
import {
  createMatcher,
  isEvent,
  isRecord,
  parseJson,
  PROTOCOL_VERSION,
} from "../adw_events.ts";
import type { EventFilter, WebSocketEvent } from "../adw_events.ts";
import { planRetry, resolveOptions } from "./options.ts";
import type {
  ClientOptions,
  ConnectionState,
  Defaults,
  Settings,
  StreamPosition,
  WebSocketLike,
} from "./options.ts";

type Result = IteratorResult<WebSocketEvent, undefined>;
type ResyncState = Extract<ConnectionState, { status: "resyncing" }>;

const DONE: Result = { done: true, value: undefined };

export class AdwWebSocketClient implements AsyncIterableIterator<
  WebSocketEvent,
  undefined
> {
  readonly #options: ClientOptions;
  readonly #settings: Settings;
  #filter: EventFilter | undefined;
  #matches: (event: WebSocketEvent) => boolean;
  #state: ConnectionState = { status: "connecting" };
  #socket: WebSocketLike | undefined;
  /** One timer, as waits exclude each other: for a greeting, a sign of life, the next try. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Times are `performance.now()` milliseconds: no set clock moves them. */
  #heardAt = 0;
  #liveSince = Infinity;
  #isOpen = false;
  #progressed = false;
  #attempt = 0;
  #failedOpens = 0;
  /** Filters sent but not yet confirmed: so long the client filters for itself. */
  #unconfirmed = 0;
  #received: StreamPosition;
  #delivered: StreamPosition;
  /** Resync notices wait in line, so that a loop sees them at the right place. */
  readonly #buffer: (WebSocketEvent | ResyncState)[] = [];
  readonly #waiting: ((result: Result) => void)[] = [];

  /** @throws TypeError for an unusable URL, token or runtime. */
  constructor(options: ClientOptions, defaults: Defaults) {
    this.#options = options;
    this.#settings = resolveOptions(options, defaults);
    const { filter, signal, since: seq, streamId } = options;
    this.#filter = filter;
    this.#matches = createMatcher(filter ?? {});
    this.#received = { streamId, seq };
    this.#delivered = { streamId, seq };
    // In a microtask, so that callbacks can already use the client.
    queueMicrotask(() => {
      if (signal?.aborted === true) this.#abort();
      if (this.#state.status === "closed") return;
      signal?.addEventListener("abort", this.#abort);
      this.#setState({ status: "connecting" });
      this.#connect();
    });
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** The last event handed over: to keep, if a later process shall go on from it. */
  get position(): StreamPosition {
    return { ...this.#delivered };
  }

  /** Replaces the filter, now and after every reconnect. Past events are not sent again. */
  subscribe(filter: EventFilter): void {
    this.#filter = filter;
    this.#matches = createMatcher(filter);
    if (this.#isOpen) this.#sendFilter();
  }

  /** Ends the wait for the next try: for a "retry now" button or an `online` event. */
  retryNow(): void {
    const { status } = this.#state;
    const isWaiting = status === "reconnecting" || status === "refused";
    if (isWaiting && this.#socket === undefined) this.#connect();
  }

  /** Ends the client for good; a loop still gets what has been received. Idempotent. */
  close(reason = "closed by the caller"): void {
    if (this.#state.status === "closed") return;
    this.#options.signal?.removeEventListener("abort", this.#abort);
    this.#leaveSocket(1000, "");
    for (const resolve of this.#waiting.splice(0)) resolve(DONE);
    this.#setState({ status: "closed", reason });
  }

  [Symbol.asyncIterator](): this {
    if (this.#options.onEvent === undefined) return this;
    throw new TypeError(
      "This client already hands its events to onEvent: use either onEvent or for await.",
    );
  }

  next(): Promise<Result> {
    let entry = this.#buffer.shift();
    while (entry !== undefined && "status" in entry) {
      this.#announceResync(entry);
      entry = this.#buffer.shift();
    }
    const isRoomy = this.#buffer.length <= this.#settings.maxBufferedEvents / 2;
    if (this.#state.status === "paused" && isRoomy) {
      const reason = "the consumer has caught up";
      this.#retryIn(0, { status: "reconnecting", code: 1000, reason });
    }
    if (entry !== undefined) {
      this.#delivered.seq = entry.seq;
      return Promise.resolve({ done: false, value: entry });
    }
    if (this.#state.status === "closed") return Promise.resolve(DONE);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Called by `break` or `return` in a loop: closes the client. */
  return(): Promise<Result> {
    this.#buffer.length = 0;
    this.close("the consumer left its loop");
    return Promise.resolve(DONE);
  }

  #abort = (): void => {
    this.close("aborted");
  };

  #setState(state: ConnectionState): void {
    this.#state = state;
    this.#tell(state);
  }

  #tell(state: ConnectionState): void {
    callOwner(() => this.#options.onStateChange?.(state));
  }

  #after(delayMs: number, action: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(action, delayMs);
  }

  #connect(): void {
    const { protocols, replyTimeoutMs, WebSocket } = this.#settings;
    const url = new URL(this.#settings.url);
    const { streamId, seq } = this.#received;
    if (seq !== undefined) url.searchParams.set("since", String(seq));
    if (streamId !== undefined) url.searchParams.set("stream_id", streamId);
    const socket = new WebSocket(url.href, protocols);
    let problem = "";
    const isCurrent = () => socket === this.#socket;
    const lose = (code: number, reason: string) => {
      if (isCurrent()) this.#lose(code, reason, this.#isOpen);
    };
    this.#socket = socket;
    this.#progressed = false;
    this.#unconfirmed = 0;
    this.#after(replyTimeoutMs, () => {
      lose(1006, `no greeting within ${String(replyTimeoutMs)} ms`);
    });
    socket.addEventListener("open", () => {
      if (!isCurrent()) return;
      this.#isOpen = true;
      if (this.#filter !== undefined) this.#sendFilter();
    });
    socket.addEventListener("message", ({ data }) => {
      if (isCurrent()) this.#receive(data);
    });
    socket.addEventListener("error", ({ message = "" }) => {
      problem = message;
      // Node 22 sends no "close" when a connection could not be opened.
      if (!this.#isOpen)
        lose(1006, message || "the connection could not be opened");
    });
    socket.addEventListener("close", ({ code = 1006, reason }) => {
      const known = [reason, problem].find((text) => text !== "");
      lose(code, known ?? "connection lost");
    });
  }

  #lose(code: number, reason: string, wasOpen: boolean): void {
    const lastedMs = performance.now() - this.#liveSince;
    if (lastedMs >= this.#settings.stableAfterMs) this.#attempt = 0;
    const attempt = this.#attempt++;
    const failedOpens = wasOpen ? 0 : this.#failedOpens + 1;
    this.#failedOpens = failedOpens;
    this.#leaveSocket(4000, "no sign of life");
    const progressed = this.#progressed;
    const loss = { code, reason, attempt, failedOpens, progressed };
    const { status, delayMs } = planRetry(loss, this.#settings);
    this.#retryIn(delayMs, { status, code, reason });
  }

  #retryIn(
    delayMs: number,
    state: { status: "reconnecting" | "refused"; code: number; reason: string },
  ): void {
    // Armed before the callback runs, which may close the client.
    this.#after(delayMs, () => {
      this.#connect();
    });
    this.#setState({ ...state, delayMs });
  }

  /** Stops listening to the socket, closes it, and clears the timer. */
  #leaveSocket(code: number, reason: string): void {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = undefined;
    this.#liveSince = Infinity;
    this.#isOpen = false;
    socket?.close(code, reason);
    if (socket?.terminate === undefined) return;
    // `ws` waits 30 s for the answer of a mute peer; that may not keep a process alive.
    const timer: unknown = setTimeout(() => socket.terminate?.(), 1_000);
    unref(timer);
  }

  #sendFilter(): void {
    this.#unconfirmed++;
    const filter = this.#filter ?? {};
    this.#socket?.send(JSON.stringify({ type: "subscribe", filter }));
  }

  /** The server ignores what is too much in a second: the last filter, maybe. */
  #sendFilterLater(): void {
    if (this.#liveSince === Infinity) return;
    this.#after(1_000, () => {
      this.#sendFilter();
      this.#watch();
    });
  }

  /** Browsers do not show pings: a repeated `subscribe` serves as one. */
  #watch(): void {
    const { probeAfterMs, replyTimeoutMs } = this.#settings;
    const probedAt = performance.now();
    const silentMs = probedAt - this.#heardAt;
    if (silentMs < probeAfterMs) {
      this.#after(probeAfterMs - silentMs, () => {
        this.#watch();
      });
      return;
    }
    this.#sendFilter();
    this.#after(replyTimeoutMs, () => {
      const reason = `no answer within ${String(replyTimeoutMs)} ms`;
      if (this.#heardAt >= probedAt) this.#watch();
      else this.#lose(1006, reason, true);
    });
  }

  #receive(data: unknown): void {
    this.#heardAt = performance.now();
    const message = typeof data === "string" ? parseJson(data) : undefined;
    if (isEvent(message)) {
      this.#accept(message);
      return;
    }
    const notice = isRecord(message) ? message : {};
    const { type } = notice;
    if (type === "connection_established") this.#greet(notice);
    else if (type === "resync_required") this.#resync(notice);
    else if (type === "subscribed") this.#unconfirmed--;
    else if (type === "error") {
      if (notice["code"] === "rate_limited") this.#sendFilterLater();
      this.#reportProblem(String(notice["message"]));
    } else if (type === undefined) {
      const start = String(data).slice(0, 200);
      this.#reportProblem(`message not understood: ${start}`);
    }
  }

  #reportProblem(problem: string): void {
    callOwner(() => this.#options.onProblem?.(problem));
  }

  #greet(greeting: Record<string, unknown>): void {
    const { protocol, stream_id: streamId, last_seq: lastSeq } = greeting;
    if (protocol !== PROTOCOL_VERSION || typeof streamId !== "string") {
      const reason = `The server speaks protocol ${String(protocol)}, this client ${String(PROTOCOL_VERSION)}: run npx adw-scaffold update.`;
      this.#leaveSocket(1000, "");
      const { maxDelayMs } = this.#settings;
      this.#retryIn(maxDelayMs, { status: "refused", code: 1000, reason });
      return;
    }
    const received = this.#received;
    const isOther = (received.streamId ?? streamId) !== streamId;
    if (received.seq === undefined && typeof lastSeq === "number") {
      received.seq = lastSeq;
    } else if (isOther) {
      received.seq = 0;
    }
    received.streamId = streamId;
    this.#delivered.streamId ??= streamId;
    this.#delivered.seq ??= received.seq;
    this.#liveSince = performance.now();
    this.#watch();
    this.#setState({ status: "live", streamId });
  }

  #resync(notice: Record<string, unknown>): void {
    const { reason, stream_id: streamId, oldest_seq: oldestSeq } = notice;
    const firstSeq = typeof oldestSeq === "number" ? oldestSeq : 1;
    if (typeof streamId === "string") this.#received.streamId = streamId;
    this.#received.seq = firstSeq - 1;
    this.#progressed = true;
    const state: ResyncState = {
      status: "resyncing",
      reason: String(reason),
      streamId: this.#received.streamId,
      firstSeq,
    };
    if (this.#buffer.length > 0) this.#buffer.push(state);
    else this.#announceResync(state);
  }

  #announceResync(state: ResyncState): void {
    this.#delivered = { streamId: state.streamId, seq: state.firstSeq - 1 };
    this.#tell(state);
    this.#tell(this.#state);
  }

  #accept(event: WebSocketEvent): void {
    if (event.seq <= (this.#received.seq ?? 0)) return;
    const isUnwanted = this.#unconfirmed > 0 && !this.#matches(event);
    if (
      !isUnwanted &&
      this.#buffer.length >= this.#settings.maxBufferedEvents
    ) {
      this.#leaveSocket(1000, "consumer is behind");
      const reason = `${String(this.#buffer.length)} events wait to be taken`;
      this.#setState({ status: "paused", reason });
      return;
    }
    this.#received.seq = event.seq;
    this.#progressed = true;
    if (isUnwanted) return;
    const { onEvent } = this.#options;
    const resolve = this.#waiting.shift();
    if (onEvent === undefined && resolve === undefined) {
      this.#buffer.push(event);
      return;
    }
    this.#delivered.seq = event.seq;
    resolve?.({ done: false, value: event });
    callOwner(() => onEvent?.(event));
  }
}

/**
 * Runs a callback of the owner's. What it throws becomes an uncaught exception
 * a moment later, where it cannot tear the stream: `ws` would stop reading.
 */
function callOwner(callback: () => void): void {
  try {
    callback();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

/** A browser's timer is a number, and keeps no process alive. */
function unref(timer: unknown): void {
  const method = isRecord(timer) ? timer["unref"] : undefined;
  if (typeof method === "function") Reflect.apply(method, timer, []);
}

/**
 * adw_websocket_client: follows the live event stream of `adw_websockets`,
 * reconnects by itself, and neither loses nor repeats an event.
 *
 * Template: adw_websocket_client 1.2.0
 * Needs:    nothing (Node >= 22 and browsers have WebSocket; Node 20: `ws`,
 *           which `adw_websockets` needs anyway, and which is found by itself)
 * Update:   npx adw-scaffold update
 *
 * Node: a loop that waits for events until `close()`, an abort, or `break`.
 *
 *     const client = new AdwWebSocketClient({ url: "http://localhost:<< config.websocket_port | comment >>", token });
 *     for await (const event of client) console.log(event.seq, event.message);
 *
 * Browser: callbacks; the token may stand in the page's own address (#token=…).
 *
 *     const client = new AdwWebSocketClient({
 *       url: location.href,
 *       since: 0, // the whole history first; without it only what happens from now on
 *       filter: { log_levels: ["error"] },
 *       onEvent: (event) => list.append(event.message),
 *       onStateChange: (state) => {
 *         if (state.status === "resyncing") list.replaceChildren();
 *       },
 *     });
 *
 * What happens when:
 *
 *   connection lost    waits random(0 … min(maxDelayMs, initialDelayMs * 2^n)),
 *                      then resumes after the last event received
 *   close 4413         (this peer was too slow) resumes at once if it got anywhere
 *   close 1013         (the server is full) waits busyDelayMs more than usual
 *   close 1008, 1009   (this peer sends too much) state `refused`; tries on, slowly
 *   never gets open    after `refusedAfter` tries, or at once where the HTTP status
 *                      is known (`ws`): state `refused`; tries on, slowly. A browser
 *                      cannot tell a wrong token from a server that is down
 *   resync_required    state `resyncing` with the reason: events are missing, or the
 *                      stream is another one. Drop what was built from earlier events;
 *                      all that the server still has follows
 *   silence            after `probeAfterMs` asks the server for a sign of life, so that
 *                      a connection that died unnoticed (sleep, Wi-Fi) is replaced
 *   slow for-await     at `maxBufferedEvents` untaken events: state `paused`, the socket
 *                      is closed; at half of it the client resumes after the last one
 *                      buffered. Nothing is dropped, memory is bounded
 */

/** First backoff ceiling, in milliseconds; it doubles with every failed try. */
export const INITIAL_DELAY_MS = 500;
/** Highest backoff ceiling, in milliseconds. */
export const MAX_DELAY_MS = 30_000;
/** Least wait after a server said that it is full (1013), in milliseconds. */
export const BUSY_DELAY_MS = 10_000;
/** Tries that never got open before the state says `refused`. */
export const REFUSED_AFTER = 5;
/** A connection must have lasted so long, in ms, for the backoff to start over. */
export const STABLE_AFTER_MS = 5_000;
/** Time for the server's greeting, or for its answer to a probe, in milliseconds. */
export const REPLY_TIMEOUT_MS = 10_000;
/** Silence after which the server is asked for a sign of life, in milliseconds. */
export const PROBE_AFTER_MS = 45_000;
/** Events kept for a `for await` loop that is slower than the stream. */
export const MAX_BUFFERED_EVENTS = 1_000;
/** The version of the wire contract that this client speaks. */
export const PROTOCOL_VERSION = 1;
/** Offered beside the token's own subprotocol. */
const SUBPROTOCOL = "adw.v1";

/** One event of the stream, as `adw_websockets` sends it. */
export interface WebSocketEvent {
  /** Positive; only grows within one stream. */
  seq: number;
  event_type: string;
  agent_id: string;
  message: string;
  metadata: Record<string, unknown>;
  /** ISO 8601, UTC, milliseconds. */
  timestamp: string;
  log_type: string;
  log_level: string;
  session_id?: string;
}

/** Each list means "one of these"; one that is absent or empty does not filter. */
export interface EventFilter {
  agent_ids?: readonly string[];
  event_types?: readonly string[];
  log_levels?: readonly string[];
  session_ids?: readonly string[];
}

export type ConnectionState =
  | { status: "connecting" }
  | { status: "live"; streamId: string }
  /** Lost, with the close code and reason; the next try is in `delayMs`. */
  | { status: "reconnecting"; code: number; reason: string; delayMs: number }
  /** Never got open: a wrong token, a forbidden origin, or no server there. */
  | { status: "refused"; code: number; reason: string; delayMs: number }
  /** The history before `firstSeq` is gone: forget what was built from it. */
  | {
      status: "resyncing";
      reason: string;
      streamId: string | undefined;
      firstSeq: number;
    }
  /** The `for await` loop is too slow; goes on when it has caught up. */
  | { status: "paused"; reason: string }
  | { status: "closed"; reason: string };

/** A place in a stream; give it back as `since` and `streamId` to go on there. */
export interface StreamPosition {
  streamId: string | undefined;
  seq: number | undefined;
}

interface SocketEvent {
  type: string;
  data?: unknown;
  code?: number;
  reason?: string;
  message?: string;
}

/** What the client uses of a WebSocket: the browser's, Node's and `ws` all fit. */
export interface WebSocketLike {
  send(data: string): void;
  close(code?: number, reason?: string): void;
  /** Only `ws` has it. */
  terminate?(): void;
  addEventListener(
    type: "open" | "message" | "error" | "close",
    listener: (event: SocketEvent) => void,
  ): void;
}

export type WebSocketConstructor = new (
  url: string,
  protocols: string[],
) => WebSocketLike;

export interface ClientOptions {
  /** ws:, wss:, http: or https:; `#token=…` in it is taken as the token. */
  url: string | URL;
  token?: string | undefined;
  /**
   * `subprotocol` (default) works in browsers and keeps the token out of URLs and
   * access logs; `query` is for a proxy that strips subprotocols.
   */
  tokenIn?: "subprotocol" | "query";
  /** Start after this seq; 0 is the whole history. Absent: from now on. */
  since?: number | undefined;
  /** The stream that `since` belongs to. */
  streamId?: string | undefined;
  filter?: EventFilter | undefined;
  /** Gets every event as it arrives. Without it, use `for await`. */
  onEvent?: (event: WebSocketEvent) => void;
  onStateChange?: (state: ConnectionState) => void;
  /** An `error` message of the server, or one that could not be read. */
  onProblem?: (message: string) => void;
  /** Aborting closes the client. */
  signal?: AbortSignal | undefined;
  /** Absent: the global one, or that of an installed `ws`. */
  WebSocket?: WebSocketConstructor | undefined;
  initialDelayMs?: number;
  maxDelayMs?: number;
  busyDelayMs?: number;
  refusedAfter?: number;
  stableAfterMs?: number;
  replyTimeoutMs?: number;
  probeAfterMs?: number;
  maxBufferedEvents?: number;
  /** From 0 up to but not including 1; for tests. */
  random?: () => number;
}

/** What is known when a connection has ended. */
export interface Loss {
  code: number;
  reason: string;
  /** Tries since the last stable connection, this one not counted. */
  attempt: number;
  /** Tries in a row, this one included, that never got open; 0 if this one did. */
  failedOpens: number;
  /** Whether an event or a greeting with news arrived on this connection. */
  progressed: boolean;
}

export interface RetryPolicy {
  initialDelayMs: number;
  maxDelayMs: number;
  busyDelayMs: number;
  refusedAfter: number;
  random: () => number;
}

/** Decides how to go on after a loss. */
export function planRetry(
  loss: Loss,
  policy: RetryPolicy,
): { status: "reconnecting" | "refused"; delayMs: number } {
  const { initialDelayMs, maxDelayMs, busyDelayMs, random } = policy;
  // Full jitter: a server that comes back is not hit by everybody at once.
  const backoff =
    random() * Math.min(maxDelayMs, initialDelayMs * 2 ** loss.attempt);
  // Only `ws` tells the HTTP status of a refused upgrade.
  const isUnauthorized =
    loss.failedOpens > 0 &&
    /Unexpected server response: 40[13]/.test(loss.reason);
  // The server will not hear this client as it is: hammering helps nobody.
  const isRejected = loss.code === 1008 || loss.code === 1009;
  if (isUnauthorized || isRejected || loss.failedOpens >= policy.refusedAfter) {
    return { status: "refused", delayMs: (maxDelayMs * (1 + random())) / 2 };
  }
  if (loss.code === 1013) {
    return { status: "reconnecting", delayMs: busyDelayMs + backoff };
  }
  const isAtOnce = loss.code === 4413 && loss.progressed;
  return { status: "reconnecting", delayMs: isAtOnce ? 0 : backoff };
}

type ResyncState = Extract<ConnectionState, { status: "resyncing" }>;

/** A client has one consumer: `onEvent`, or one `for await` loop. */
export class AdwWebSocketClient implements AsyncIterableIterator<
  WebSocketEvent,
  undefined
> {
  readonly #options: ClientOptions;
  readonly #policy: RetryPolicy;
  readonly #WebSocket: WebSocketConstructor;
  readonly #url: URL;
  readonly #protocols: string[];
  readonly #maxBuffered: number;
  #filter: EventFilter | undefined;
  #state: ConnectionState = { status: "connecting" };
  #socket: WebSocketLike | undefined;
  /** One timer, as waits exclude each other: for a greeting, a sign of life, the next try. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Times are `performance.now()` milliseconds: no set clock moves them. */
  #heardAt = 0;
  #liveSince: number | undefined;
  #progressed = false;
  #attempt = 0;
  #failedOpens = 0;
  /** Filters sent but not yet confirmed: so long the client filters for itself. */
  #unconfirmed = 0;
  #received: StreamPosition;
  #delivered: StreamPosition;
  /** Resync notices wait in line, so that a loop sees them at the right place. */
  readonly #buffer: (WebSocketEvent | ResyncState)[] = [];
  readonly #waiting: ((
    result: IteratorResult<WebSocketEvent, undefined>,
  ) => void)[] = [];

  /** Connects at once. @throws TypeError for an unusable URL, token or runtime. */
  constructor(options: ClientOptions) {
    this.#options = options;
    this.#WebSocket = options.WebSocket ?? findWebSocket();
    this.#policy = {
      initialDelayMs: options.initialDelayMs ?? INITIAL_DELAY_MS,
      maxDelayMs: options.maxDelayMs ?? MAX_DELAY_MS,
      busyDelayMs: options.busyDelayMs ?? BUSY_DELAY_MS,
      refusedAfter: options.refusedAfter ?? REFUSED_AFTER,
      random: options.random ?? Math.random,
    };
    this.#maxBuffered = Math.max(
      1,
      options.maxBufferedEvents ?? MAX_BUFFERED_EVENTS,
    );
    const { url, protocols } = parseAddress(options);
    this.#url = url;
    this.#protocols = protocols;
    this.#filter = options.filter;
    this.#received = { streamId: options.streamId, seq: options.since };
    this.#delivered = { ...this.#received };
    // In a microtask, so that callbacks can already use the client.
    queueMicrotask(() => {
      if (options.signal?.aborted === true) this.#abort();
      if (this.#state.status === "closed") return;
      options.signal?.addEventListener("abort", this.#abort);
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
    if (this.#liveSince !== undefined) this.#sendFilter();
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
    for (const resolve of this.#waiting.splice(0)) {
      resolve({ done: true, value: undefined });
    }
    this.#setState({ status: "closed", reason });
  }

  [Symbol.asyncIterator](): this {
    if (this.#options.onEvent !== undefined) {
      throw new TypeError(
        "This client already hands its events to onEvent: use either onEvent or for await.",
      );
    }
    return this;
  }

  next(): Promise<IteratorResult<WebSocketEvent, undefined>> {
    let entry = this.#buffer.shift();
    while (entry !== undefined && "status" in entry) {
      this.#announceResync(entry);
      entry = this.#buffer.shift();
    }
    const isRoomy = this.#buffer.length <= this.#maxBuffered / 2;
    if (this.#state.status === "paused" && isRoomy) {
      const reason = "the consumer has caught up";
      this.#retryIn(0, { status: "reconnecting", code: 1000, reason });
    }
    if (entry !== undefined) {
      this.#delivered.seq = entry.seq;
      return Promise.resolve({ done: false, value: entry });
    }
    if (this.#state.status === "closed") {
      return Promise.resolve({ done: true, value: undefined });
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Called by `break` or `return` in a loop: closes the client. */
  return(): Promise<IteratorResult<WebSocketEvent, undefined>> {
    this.#buffer.length = 0;
    this.close("the consumer left its loop");
    return Promise.resolve({ done: true, value: undefined });
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
    const url = new URL(this.#url);
    const { streamId, seq } = this.#received;
    if (seq !== undefined) url.searchParams.set("since", String(seq));
    if (streamId !== undefined) url.searchParams.set("stream_id", streamId);
    const socket = new this.#WebSocket(url.href, this.#protocols);
    let isOpen = false;
    let problem = "";
    const isCurrent = () => socket === this.#socket;
    const lose = (code: number, reason: string) => {
      if (isCurrent()) this.#lose(code, reason, isOpen);
    };
    this.#socket = socket;
    this.#progressed = false;
    this.#unconfirmed = 0;
    const replyTimeoutMs = this.#options.replyTimeoutMs ?? REPLY_TIMEOUT_MS;
    this.#after(replyTimeoutMs, () => {
      lose(1006, `no greeting within ${String(replyTimeoutMs)} ms`);
    });
    socket.addEventListener("open", () => {
      isOpen = true;
      if (isCurrent() && this.#filter !== undefined) this.#sendFilter();
    });
    socket.addEventListener("message", ({ data }) => {
      if (isCurrent()) this.#receive(data);
    });
    socket.addEventListener("error", ({ message = "" }) => {
      problem = message;
      // Node 22 sends no "close" when a connection could not be opened.
      if (!isOpen) lose(1006, message || "the connection could not be opened");
    });
    socket.addEventListener("close", ({ code = 1006, reason }) => {
      const known = [reason, problem].find((text) => text !== "");
      lose(code, known ?? "connection lost");
    });
  }

  #lose(code: number, reason: string, wasOpen: boolean): void {
    const lastedMs = performance.now() - (this.#liveSince ?? Infinity);
    const stableAfterMs = this.#options.stableAfterMs ?? STABLE_AFTER_MS;
    if (lastedMs >= stableAfterMs) this.#attempt = 0;
    this.#failedOpens = wasOpen ? 0 : this.#failedOpens + 1;
    const attempt = this.#attempt++;
    this.#leaveSocket(4000, "no sign of life");
    const failedOpens = this.#failedOpens;
    const progressed = this.#progressed;
    const loss = { code, reason, attempt, failedOpens, progressed };
    const { status, delayMs } = planRetry(loss, this.#policy);
    this.#retryIn(delayMs, { status, code, reason });
  }

  #retryIn(
    delayMs: number,
    state: {
      status: "reconnecting" | "refused";
      code: number;
      reason: string;
    },
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
    this.#liveSince = undefined;
    if (socket === undefined) return;
    socket.close(code, reason);
    if (socket.terminate === undefined) return;
    // `ws` waits 30 s for the answer of a mute peer; that may not keep a process alive.
    const timer: unknown = setTimeout(() => socket.terminate?.(), 1_000);
    if (isNodeTimer(timer)) timer.unref();
  }

  #sendFilter(): void {
    this.#unconfirmed++;
    const filter = this.#filter ?? {};
    this.#socket?.send(JSON.stringify({ type: "subscribe", filter }));
  }

  /** Browsers do not show pings: a repeated `subscribe` serves as one. */
  #watch(): void {
    const probeAfterMs = this.#options.probeAfterMs ?? PROBE_AFTER_MS;
    const replyTimeoutMs = this.#options.replyTimeoutMs ?? REPLY_TIMEOUT_MS;
    const silentMs = performance.now() - this.#heardAt;
    if (silentMs < probeAfterMs) {
      this.#after(probeAfterMs - silentMs, () => {
        this.#watch();
      });
      return;
    }
    const probedAt = performance.now();
    this.#sendFilter();
    this.#after(replyTimeoutMs, () => {
      if (this.#heardAt >= probedAt) this.#watch();
      else
        this.#lose(1006, `no answer within ${String(replyTimeoutMs)} ms`, true);
    });
  }

  #receive(data: unknown): void {
    this.#heardAt = performance.now();
    const message = parseMessage(data);
    if (isEvent(message)) {
      this.#accept(message);
      return;
    }
    const { type } = message ?? {};
    if (type === "connection_established") this.#greet(message ?? {});
    else if (type === "resync_required") this.#resync(message ?? {});
    else if (type === "subscribed") this.#unconfirmed--;
    else if (type === "error" || type === undefined) {
      const problem =
        type === "error"
          ? String(message?.["message"])
          : `message not understood: ${String(data).slice(0, 200)}`;
      callOwner(() => this.#options.onProblem?.(problem));
    }
  }

  #greet(greeting: Record<string, unknown>): void {
    const { protocol, stream_id: streamId, last_seq: lastSeq } = greeting;
    if (protocol !== PROTOCOL_VERSION || typeof streamId !== "string") {
      const reason = `The server speaks protocol ${String(protocol)}, this client ${String(PROTOCOL_VERSION)}: run npx adw-scaffold update.`;
      this.#leaveSocket(1000, "");
      const delayMs = this.#policy.maxDelayMs;
      this.#retryIn(delayMs, { status: "refused", code: 1000, reason });
      return;
    }
    const isOther = this.#received.streamId !== streamId;
    if (this.#received.seq === undefined && typeof lastSeq === "number") {
      this.#received.seq = lastSeq;
    } else if (isOther && this.#received.streamId !== undefined) {
      this.#received.seq = 0;
    }
    this.#received.streamId = streamId;
    this.#delivered.streamId ??= streamId;
    this.#delivered.seq ??= this.#received.seq;
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
    const isUnwanted = this.#unconfirmed > 0 && !matches(event, this.#filter);
    const isFull = this.#buffer.length >= this.#maxBuffered;
    if (!isUnwanted && isFull) {
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

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isConstructor(value: unknown): value is WebSocketConstructor {
  return typeof value === "function";
}

/** The runtime's own; on Node 20, which has none, that of the package `ws`. */
function findWebSocket(): WebSocketConstructor {
  const candidate: unknown = Reflect.get(globalThis, "WebSocket");
  const found = isConstructor(candidate) ? candidate : requireWs();
  if (found !== undefined) return found;
  throw new TypeError(
    "This runtime has no WebSocket (Node 20?): npm install ws, or pass a constructor as the option WebSocket.",
  );
}

/** What is used of Node's `process`; this file also has to compile without its types. */
interface NodeProcess {
  getBuiltinModule(name: "node:module"): {
    createRequire(from: string): (name: string) => unknown;
  };
}

function isNodeProcess(value: unknown): value is NodeProcess {
  return isRecord(value) && typeof value["getBuiltinModule"] === "function";
}

/** A browser's timer is a number, and keeps no process alive. */
function isNodeTimer(timer: unknown): timer is { unref: () => void } {
  return isRecord(timer) && typeof timer["unref"] === "function";
}

/** Not an import: a browser, and a bundler for one, must not see it. */
function requireWs(): WebSocketConstructor | undefined {
  const runtime: unknown = Reflect.get(globalThis, "process");
  if (!isNodeProcess(runtime)) return undefined;
  const nodeModule = runtime.getBuiltinModule("node:module");
  try {
    const candidate = nodeModule.createRequire(import.meta.url)("ws");
    return isConstructor(candidate) ? candidate : undefined;
  } catch {
    return undefined; // not installed
  }
}

/** Separates what goes into the URL from what goes into the subprotocol header. */
function parseAddress(options: ClientOptions): {
  url: URL;
  protocols: string[];
} {
  const url = new URL(options.url);
  url.protocol = url.protocol.replace(/^http/, "ws");
  if (url.protocol !== "ws:" && url.protocol !== "wss:") {
    throw new TypeError(
      `The URL must start with ws:, wss:, http: or https:, not with ${url.protocol}`,
    );
  }
  const fragment = new URLSearchParams(url.hash.slice(1));
  const token = options.token ?? fragment.get("token") ?? "";
  url.hash = "";
  if (token === "") return { url, protocols: [] };
  if (options.tokenIn === "query") {
    url.searchParams.set("token", token);
    return { url, protocols: [] };
  }
  // A subprotocol is an RFC 9110 §5.6.2 token; WebSocket throws on anything else.
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(token)) {
    throw new TypeError(
      'The token holds characters that a subprotocol may not have: pass tokenIn: "query", or use a token of letters, digits, "-" and "_".',
    );
  }
  // The server picks the first, so that the token is not repeated in its answer.
  return { url, protocols: [SUBPROTOCOL, `adw.token.${token}`] };
}

function parseMessage(data: unknown): Record<string, unknown> | undefined {
  if (typeof data !== "string") return undefined;
  try {
    const message: unknown = JSON.parse(data);
    return isRecord(message) ? message : undefined;
  } catch {
    return undefined;
  }
}

function isEvent(
  message: Record<string, unknown> | undefined,
): message is Record<string, unknown> & WebSocketEvent {
  return (
    message !== undefined &&
    Number.isSafeInteger(message["seq"]) &&
    typeof message["event_type"] === "string" &&
    typeof message["agent_id"] === "string" &&
    isRecord(message["metadata"])
  );
}

/** As the server filters: an event passes when every list given contains it. */
function matches(event: WebSocketEvent, filter: EventFilter = {}): boolean {
  const allows = (list: readonly string[] | undefined, value: unknown) =>
    list === undefined ||
    list.length === 0 ||
    (typeof value === "string" && list.includes(value));
  return (
    allows(filter.agent_ids, event.agent_id) &&
    allows(filter.event_types, event.event_type) &&
    allows(filter.log_levels, event.log_level) &&
    allows(filter.session_ids, event.session_id)
  );
}

/**
 * Options of the client and its states; what it connects with (an address, a
 * WebSocket), and when it tries again.
 *
 * Template: adw_websocket_client 1.3.0
 */
import {
  CLOSE_MESSAGE_TOO_BIG,
  CLOSE_POLICY_VIOLATION,
  CLOSE_TOO_SLOW,
  CLOSE_TRY_AGAIN_LATER,
  isRecord,
  TOKEN_PROTOCOL,
} from "../adw_events.ts";
import type { EventFilter, WebSocketEvent } from "../adw_events.ts";

/** Offered beside the token's own subprotocol. */
const SUBPROTOCOL = "adw.v1";

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

export interface ClientOptions extends Partial<Defaults> {
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
  /** From 0 up to but not including 1; for tests. */
  random?: () => number;
}

/** The options that have a default: the constants of the face say what each is. */
export interface Defaults {
  initialDelayMs: number;
  maxDelayMs: number;
  busyDelayMs: number;
  refusedAfter: number;
  stableAfterMs: number;
  replyTimeoutMs: number;
  probeAfterMs: number;
  maxBufferedEvents: number;
}

/** The options, complete. */
export interface Settings extends Defaults {
  url: URL;
  /** The subprotocols to offer. */
  protocols: string[];
  WebSocket: WebSocketConstructor;
  random: () => number;
}

/** @throws TypeError for an unusable URL, token or runtime. */
export function resolveOptions(
  options: ClientOptions,
  defaults: Defaults,
): Settings {
  const given = Object.entries(options).filter(
    ([name, value]) => Object.hasOwn(defaults, name) && value !== undefined,
  );
  const settings = { ...defaults, ...Object.fromEntries(given) };
  const { random = Math.random, WebSocket = findWebSocket() } = options;
  const maxBufferedEvents = Math.max(1, settings.maxBufferedEvents);
  const address = parseAddress(options);
  return { ...settings, ...address, maxBufferedEvents, random, WebSocket };
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
  return { url, protocols: [SUBPROTOCOL, TOKEN_PROTOCOL + token] };
}

function isConstructor(value: unknown): value is WebSocketConstructor {
  return typeof value === "function";
}

/** The runtime's own; on Node 20, which has none, that of the package `ws`. */
function findWebSocket(): WebSocketConstructor {
  const own: unknown = Reflect.get(globalThis, "WebSocket");
  const found = own ?? requireWs();
  if (isConstructor(found)) return found;
  throw new TypeError(
    "This runtime has no WebSocket (Node 20?): npm install ws, or pass a constructor as the option WebSocket.",
  );
}

/** What is used of Node's `process`; this file also has to compile without its types. */
interface NodeProcess {
  getBuiltinModule(name: "node:module"): {
    createRequire: (from: string) => (name: string) => unknown;
  };
}

function isNodeProcess(value: unknown): value is NodeProcess {
  return isRecord(value) && typeof value["getBuiltinModule"] === "function";
}

/** Not an import: a browser, and a bundler for one, must not see it. */
function requireWs(): unknown {
  const runtime: unknown = Reflect.get(globalThis, "process");
  if (!isNodeProcess(runtime)) return undefined;
  const { createRequire } = runtime.getBuiltinModule("node:module");
  try {
    return createRequire(import.meta.url)("ws");
  } catch {
    return undefined; // not installed
  }
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

/** Decides how to go on after a loss. Pure. */
export function planRetry(
  loss: Loss,
  policy: RetryPolicy,
): { status: "reconnecting" | "refused"; delayMs: number } {
  const { initialDelayMs, maxDelayMs, busyDelayMs, random } = policy;
  const { attempt, code, failedOpens, progressed, reason } = loss;
  // Full jitter: a server that comes back is not hit by everybody at once.
  const backoff =
    random() * Math.min(maxDelayMs, initialDelayMs * 2 ** attempt);
  // Only `ws` tells the HTTP status of a refused upgrade.
  const isUnauthorized =
    failedOpens > 0 && /Unexpected server response: 40[13]/.test(reason);
  // The server will not hear this client as it is: hammering helps nobody.
  const isRejected =
    code === CLOSE_POLICY_VIOLATION || code === CLOSE_MESSAGE_TOO_BIG;
  if (isUnauthorized || isRejected || failedOpens >= policy.refusedAfter) {
    return { status: "refused", delayMs: (maxDelayMs * (1 + random())) / 2 };
  }
  let delayMs = backoff;
  if (code === CLOSE_TRY_AGAIN_LATER) delayMs += busyDelayMs;
  else if (code === CLOSE_TOO_SLOW && progressed) delayMs = 0;
  return { status: "reconnecting", delayMs };
}

/**
 * Options of the client, its states, and the address it connects to.
 *
 * Template: adw_websocket_client 1.2.0
 */
import { TOKEN_PROTOCOL } from "../adw_events.ts";
import type { EventFilter, WebSocketEvent } from "../adw_events.ts";
import type { RetryPolicy } from "./retry.ts";
import type { WebSocketConstructor } from "./socket.ts";

/** Offered beside the token's own subprotocol. */
const SUBPROTOCOL = "adw.v1";

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

/** What an option is when it is not given. */
export interface Defaults extends Omit<RetryPolicy, "random"> {
  stableAfterMs: number;
  replyTimeoutMs: number;
  probeAfterMs: number;
  maxBufferedEvents: number;
}

/** The numbers of the options, or their defaults. */
export function resolveLimits(
  options: ClientOptions,
  defaults: Defaults,
): Defaults {
  const limits = { ...defaults };
  const isLimit = (name: string): name is keyof Defaults =>
    Object.hasOwn(defaults, name);
  for (const name of Object.keys(defaults).filter(isLimit)) {
    limits[name] = options[name] ?? defaults[name];
  }
  return limits;
}

/** Separates what goes into the URL from what goes into the subprotocol header. */
export function parseAddress(options: ClientOptions): {
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

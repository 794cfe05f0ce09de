/**
 * adw_websocket_client: follows the live event stream of `adw_websockets`,
 * reconnects by itself, and neither loses nor repeats an event.
 *
 * Template: adw_websocket_client 1.3.0
 * Needs:    nothing (Node >= 22 and browsers have WebSocket; Node 20: `ws`,
 *           which `adw_websockets` needs anyway, and which is found by itself)
 * Update:   npx adw-scaffold update
 *
 * Node: a loop that waits for events until `close()`, an abort, or `break`.
 *
 *     const client = new AdwWebSocketClient({ url: server.url, token });
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

import { AdwWebSocketClient as Client } from "./adw_websocket_client/client.ts";
import type {
  ClientOptions,
  Defaults,
} from "./adw_websocket_client/options.ts";

export { PROTOCOL_VERSION } from "./adw_events.ts";
export type { EventFilter, WebSocketEvent } from "./adw_events.ts";
export { planRetry } from "./adw_websocket_client/options.ts";
export type {
  ClientOptions,
  ConnectionState,
  Loss,
  RetryPolicy,
  StreamPosition,
  WebSocketConstructor,
  WebSocketLike,
} from "./adw_websocket_client/options.ts";

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

/** What an option is when it is not given. */
const DEFAULTS: Defaults = {
  initialDelayMs: INITIAL_DELAY_MS,
  maxDelayMs: MAX_DELAY_MS,
  busyDelayMs: BUSY_DELAY_MS,
  refusedAfter: REFUSED_AFTER,
  stableAfterMs: STABLE_AFTER_MS,
  replyTimeoutMs: REPLY_TIMEOUT_MS,
  probeAfterMs: PROBE_AFTER_MS,
  maxBufferedEvents: MAX_BUFFERED_EVENTS,
};

/** A client has one consumer: `onEvent`, or one `for await` loop. */
export class AdwWebSocketClient extends Client {
  /** Connects at once. @throws TypeError for an unusable URL, token or runtime. */
  constructor(options: ClientOptions) {
    super(options, DEFAULTS);
  }
}

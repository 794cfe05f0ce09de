/**
 * Retry policy: how to go on after a loss. Pure.
 *
 * Template: adw_websocket_client 1.2.0
 */
import {
  CLOSE_MESSAGE_TOO_BIG,
  CLOSE_POLICY_VIOLATION,
  CLOSE_TOO_SLOW,
  CLOSE_TRY_AGAIN_LATER,
} from "../adw_events.ts";

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
  const isRejected =
    loss.code === CLOSE_POLICY_VIOLATION || loss.code === CLOSE_MESSAGE_TOO_BIG;
  if (isUnauthorized || isRejected || loss.failedOpens >= policy.refusedAfter) {
    return { status: "refused", delayMs: (maxDelayMs * (1 + random())) / 2 };
  }
  if (loss.code === CLOSE_TRY_AGAIN_LATER) {
    return { status: "reconnecting", delayMs: busyDelayMs + backoff };
  }
  const isAtOnce = loss.code === CLOSE_TOO_SLOW && loss.progressed;
  return { status: "reconnecting", delayMs: isAtOnce ? 0 : backoff };
}

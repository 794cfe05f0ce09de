/**
 * Keepalive: finds the clients that are not there any more, and those that are
 * too slow. One timer, armed at the earliest deadline, serves all of them.
 *
 * Template: adw_websockets 1.3.0
 *
 * A ping goes out every pingIntervalMs; a pong later than pongTimeoutMs is a
 * strike, and the next ping goes out at once: with 30 s and 10 s, strikes fall
 * at 40, 50 and 60 s, and the third terminates.
 */

/** Longest delay that setTimeout takes; a longer one would fire at once. */
const MAX_TIMER_MS = 2_147_483_647;

/** Times are milliseconds since whenever; only their differences matter. */
export interface Clock {
  now(): number;
  /** Calls back once, and keeps no process alive. Returns how to cancel it. */
  after(delayMs: number, callback: () => void): () => void;
}

export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  after(delayMs, callback) {
    const delay = Math.min(Math.max(Math.ceil(delayMs), 1), MAX_TIMER_MS);
    const timer = setTimeout(callback, delay).unref();
    return () => {
      clearTimeout(timer);
    };
  },
};

/** What is known of a client's life. */
export interface Pulse {
  heardAt: number;
  pingDueAt: number;
  /** Infinity while no ping is unanswered. */
  pongDueAt: number;
  pingNumber: number;
  strikes: number;
  /** Since when it is fed from the history; Infinity while it is live. */
  behindSince: number;
  /** Infinity, or when to terminate a client whose close waits for its queue. */
  closeBy: number;
}

/** Why a client has to go. */
export type Verdict = "mute" | "idle" | "behind" | "not drained";

export interface KeepaliveOptions<Peer extends Pulse> {
  limits: {
    idleTimeoutMs: number;
    pingIntervalMs: number;
    pongTimeoutMs: number;
    maxMissedPongs: number;
    maxBehindMs: number;
  };
  clock: Clock;
  peers: Iterable<Peer>;
  /** Peers that only wait for their `closeBy`. */
  draining: Iterable<Peer>;
  ping: (peer: Peer, payload: string) => void;
  end: (peer: Peer, why: Verdict, now: number) => void;
}

export class Keepalive<Peer extends Pulse> {
  private readonly options: KeepaliveOptions<Peer>;
  private cancel: () => void = () => undefined;
  private wakeAt = Infinity;
  private isStopped = false;

  constructor(options: KeepaliveOptions<Peer>) {
    this.options = options;
  }

  /** One pass over all clients: whatever is due by `now`. */
  run(now: number): void {
    const { draining, end, limits, peers } = this.options;
    let next = Infinity;
    for (const peer of peers) {
      const verdict = this.check(peer, now);
      if (verdict !== undefined) {
        end(peer, verdict, now);
        continue;
      }
      const isAsked = peer.pongDueAt !== Infinity;
      next = Math.min(
        next,
        isAsked ? peer.pongDueAt : peer.pingDueAt,
        peer.heardAt + limits.idleTimeoutMs,
        peer.behindSince + limits.maxBehindMs,
      );
    }
    for (const peer of draining) {
      if (now >= peer.closeBy) end(peer, "not drained", now);
      else next = Math.min(next, peer.closeBy);
    }
    this.wake(next);
  }

  /** Pings a peer where that is due; says whether it has to go. */
  private check(peer: Peer, now: number): Verdict | undefined {
    const { idleTimeoutMs, maxBehindMs, maxMissedPongs } = this.options.limits;
    if (now >= peer.pongDueAt) {
      peer.strikes += 1;
      if (peer.strikes >= maxMissedPongs) return "mute";
      this.ping(peer, now, peer.pongDueAt);
    } else if (now >= peer.pingDueAt && peer.pongDueAt === Infinity) {
      this.ping(peer, now, peer.pingDueAt);
    }
    if (now - peer.heardAt >= idleTimeoutMs) return "idle";
    if (now - peer.behindSince >= maxBehindMs) return "behind";
    return undefined;
  }

  /** Numbered, so that a pong tells which ping it answers (RFC 6455 §5.5.3). */
  private ping(peer: Peer, now: number, dueAt: number): void {
    const { pingIntervalMs, pongTimeoutMs } = this.options.limits;
    // From when it was due: timers fire late, and three late strikes would fall
    // after the idle timeout. A stalled process starts afresh.
    const from = now - dueAt < pongTimeoutMs / 2 ? dueAt : now;
    peer.pingNumber += 1;
    peer.pingDueAt = from + pingIntervalMs;
    peer.pongDueAt = from + pongTimeoutMs;
    this.options.ping(peer, String(peer.pingNumber));
  }

  /**
   * A timely pong clears the strikes; a late one is a sign of life only.
   * Returns false for one that nobody asked for.
   */
  receivePong(peer: Peer, payload: string): boolean {
    const isAsked = peer.pongDueAt !== Infinity;
    if (!isAsked || payload !== String(peer.pingNumber)) return false;
    peer.heardAt = this.options.clock.now();
    if (peer.heardAt >= peer.pongDueAt) return true;
    peer.pongDueAt = Infinity;
    peer.strikes = 0;
    this.wake(peer.pingDueAt);
    return true;
  }

  /** Has `run` called at this time, or earlier. */
  wake(at: number): void {
    if (at >= this.wakeAt || this.isStopped) return;
    const { clock } = this.options;
    this.cancel();
    this.wakeAt = at;
    this.cancel = clock.after(at - clock.now(), () => {
      this.onTimer(clock.now());
    });
  }

  /**
   * When this process itself was blocked (a synchronous child process, say),
   * pongs lie unread in the kernel: that is not held against the clients.
   */
  private onTimer(now: number): void {
    const { pongTimeoutMs } = this.options.limits;
    const lateMs = now - this.wakeAt;
    this.wakeAt = Infinity;
    if (lateMs > Math.min(1_000, pongTimeoutMs / 2)) {
      for (const peer of this.options.peers) {
        peer.heardAt = now;
        if (peer.pongDueAt !== Infinity) peer.pongDueAt = now + pongTimeoutMs;
      }
    }
    this.run(now);
  }

  stop(): void {
    this.isStopped = true;
    this.cancel();
  }
}

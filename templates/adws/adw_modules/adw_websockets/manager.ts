/**
 * ConnectionManager: the clients, and what happens to each from its first to
 * its last moment.
 *
 * Template: adw_websockets 1.3.0
 */
import type { Duplex } from "node:stream";
import { WebSocket } from "ws";
import type { RawData } from "ws";
import {
  CLOSE_GOING_AWAY,
  CLOSE_IDLE_TIMEOUT,
  CLOSE_POLICY_VIOLATION,
  CLOSE_TOO_SLOW,
  CLOSE_TRY_AGAIN_LATER,
} from "../adw_events.ts";
import { messageOf, Reporter } from "../adw_stderr.ts";
import type { ResumePoint } from "./access.ts";
import { CatchUp } from "./catch_up.ts";
import {
  clientError,
  Connection,
  countMessage,
  parseClientMessage,
} from "./connection.ts";
import type { EventInput } from "./events.ts";
import { FanOut } from "./fan_out.ts";
import type { EncodedEvent } from "./frames.ts";
import { BATCH_BYTES, Stream } from "./history.ts";
import type { EventHistory } from "./history.ts";
import { Keepalive, SYSTEM_CLOCK } from "./keepalive.ts";
import type { Verdict } from "./keepalive.ts";
import type { Limits, ManagerStats } from "./options.ts";

/** How long an evicted client may take to drain before it is terminated. */
const EVICTION_GRACE_MS = 30_000;

/**
 * The clients and the stream of events they get. Nothing in it ever throws at,
 * or waits for, the code that emits events.
 */
export class ConnectionManager {
  private readonly limits: Limits;
  private readonly reporter = new Reporter("adw_websockets");
  private readonly clients = new Set<Connection>();
  /** Evicted clients that still have bytes to drain before their close frame. */
  private readonly draining = new Set<Connection>();
  /** Sockets whose closing handshake is under way. */
  private readonly closing = new Set<WebSocket>();
  private readonly stream: Stream;
  private readonly fanOut: FanOut;
  private readonly catchUp: CatchUp;
  private readonly liveness: Keepalive<Connection>;
  private readonly counts = { catch_ups: 0, evictions: 0, timeouts: 0 };

  constructor(limits: Limits, history: EventHistory | undefined) {
    this.limits = limits;
    this.stream = new Stream({
      ...limits,
      history,
      report: this.reporter.report,
      onBatch: this.deliver,
    });
    this.fanOut = new FanOut(limits.maxQueueBytes);
    this.catchUp = new CatchUp(this.stream, limits.maxQueueBytes, (lost) => {
      const why = "its next event has left the history";
      this.evict(lost, why, performance.now());
    });
    this.liveness = new Keepalive<Connection>({
      limits,
      clock: SYSTEM_CLOCK,
      peers: this.clients,
      draining: this.draining,
      ping: (connection, payload) => {
        if (connection.isOpen) connection.ws.ping(payload);
      },
      end: this.end,
    });
  }

  /** Another one after `changeStream`. */
  get streamId(): string {
    return this.stream.streamId;
  }

  /** The open connections. */
  get connections(): ReadonlySet<Connection> {
    return this.clients;
  }

  /** Whether another client may be registered. */
  get isFull(): boolean {
    const count = this.clients.size + this.draining.size;
    return count >= this.limits.maxConnections;
  }

  /** Counters for a metrics page. */
  stats(): ManagerStats {
    const { lastSeq, published } = this.stream;
    const { lagging } = this.catchUp;
    let lag = 0;
    for (const { cursor } of lagging) lag = Math.max(lag, lastSeq - cursor);
    let queueBytes = 0;
    for (const { socket } of [...this.clients, ...this.draining]) {
      queueBytes += socket.writableLength;
    }
    return {
      ...this.counts,
      connections: this.clients.size,
      behind: lagging.size,
      events: published,
      deliveries: this.fanOut.deliveries + this.catchUp.deliveries,
      queue_bytes: queueBytes,
      max_lag_events: lag,
      last_seq: lastSeq,
      oldest_seq: this.stream.bounds().oldest,
    };
  }

  /**
   * One line on stderr, at most once a minute for one and the same cause.
   * Clients and tokens are never part of it.
   */
  report(cause: string, text: string): void {
    this.reporter.report(cause, text);
  }

  // --- Events -------------------------------------------------------------

  /**
   * Publishes one event to every client that wants it. Never throws and never
   * waits: events of one turn of the event loop go out together, in one write
   * per client. Returns the event's seq, or 0 when the history refused it.
   */
  broadcast(input: EventInput): number {
    try {
      return this.stream.append(input);
    } catch (error) {
      this.report("broadcast", `an event was lost: ${messageOf(error)}`);
      return 0;
    }
  }

  /** The history has grown: reads what is new and sends it out. */
  notify(): void {
    this.stream.notify();
  }

  /**
   * The history holds another stream now, under another `streamId`. Every client
   * is closed with 1001; it comes back to resume, and is told to start anew.
   */
  changeStream(): void {
    if (this.stream.history === undefined) return;
    this.stream.restart();
    for (const connection of this.clients) {
      const reason = "the stream is another one";
      this.disconnect(connection, CLOSE_GOING_AWAY, reason);
    }
  }

  private readonly deliver = (
    batch: readonly EncodedEvent[],
    sentSeq: number,
  ): void => {
    for (const connection of this.fanOut.write(batch)) {
      this.counts.catch_ups += 1;
      this.catchUp.fallBehind(connection, sentSeq);
      this.liveness.wake(connection.behindSince + this.limits.maxBehindMs);
    }
    this.catchUp.serveLagging(sentSeq);
  };

  // --- Clients ------------------------------------------------------------

  /** Registers an upgraded client where there is room; else closes it with 1013. */
  accept(ws: WebSocket, socket: Duplex, resume?: ResumePoint): void {
    if (this.makeRoom()) {
      this.register(ws, socket, resume);
      return;
    }
    // Without a listener a protocol error of the peer would be thrown.
    ws.on("error", () => undefined);
    const reason = `server is full: ${String(this.limits.maxConnections)} connections`;
    this.startClose(ws, CLOSE_TRY_AGAIN_LATER, reason);
  }

  /** A full server takes the place of the client that missed a pong longest ago. */
  private makeRoom(): boolean {
    if (!this.isFull) return true;
    const [silent] = [...this.clients]
      .filter(({ strikes }) => strikes > 0)
      .sort((a, b) => a.heardAt - b.heardAt);
    if (silent !== undefined) this.end(silent, "mute", performance.now());
    return !this.isFull;
  }

  /**
   * Takes over an upgraded client: greets it, replays what it missed, then
   * feeds it live. `socket` is the socket that the `upgrade` event handed out.
   */
  register(ws: WebSocket, socket: Duplex, resume?: ResumePoint): Connection {
    const { idleTimeoutMs, pingIntervalMs } = this.limits;
    const { everyone } = this.fanOut;
    const connection = new Connection(ws, socket, everyone, pingIntervalMs);
    everyone.size += 1;
    this.clients.add(connection);
    this.catchUp.lagging.add(connection);
    this.listen(connection);
    const { messages, cursor } = this.stream.welcome(resume);
    connection.cursor = cursor;
    for (const message of messages) connection.send(message);
    this.catchUp.advance(connection);
    const { heardAt } = connection;
    this.liveness.wake(heardAt + Math.min(pingIntervalMs, idleTimeoutMs));
    return connection;
  }

  /** Forgets a client. It does not close its socket. */
  unregister(connection: Connection): void {
    connection.state = "closing";
    if (!this.clients.delete(connection)) return;
    this.catchUp.lagging.delete(connection);
    this.fanOut.leave(connection);
  }

  /** One pass of the keepalive over all clients; its timer calls it too. */
  keepalive(now: number = performance.now()): void {
    this.liveness.run(now);
  }

  private listen(connection: Connection): void {
    const { ws, socket } = connection;
    ws.on("message", (data, isBinary) => {
      this.receive(connection, data, isBinary);
    });
    ws.on("pong", (data) => {
      // Unasked for, it counts against the rate limit.
      const isAnswer = this.liveness.receivePong(connection, data.toString());
      if (!isAnswer) this.admit(connection);
    });
    ws.on("ping", () => this.admit(connection));
    ws.on("close", () => {
      this.draining.delete(connection);
      this.unregister(connection);
    });
    // ws has closed the connection by the time it tells about an error.
    ws.on("error", () => undefined);
    socket.on("drain", () => {
      if (connection.state === "behind") {
        this.catchUp.scheduleAdvance(connection);
      } else {
        this.closeDrained(connection);
      }
    });
  }

  private receive(
    connection: Connection,
    data: RawData,
    isBinary: boolean,
  ): void {
    if (!this.admit(connection)) return;
    const message = isBinary
      ? clientError("invalid_message", "Binary messages are not supported.")
      : parseClientMessage(Buffer.isBuffer(data) ? data.toString() : "");
    if (message.type === "error") {
      connection.send(message);
      return;
    }
    const { filter } = message;
    // Takes effect for every event after the `last_seq` of its answer.
    this.fanOut.leave(connection);
    this.fanOut.join(connection, filter);
    const isLive = connection.state === "live";
    const last_seq = isLive ? this.stream.sentSeq : connection.cursor;
    connection.send({ type: "subscribed", filter, last_seq });
  }

  /** Notes a sign of life; false when the client sends more than it may. */
  private admit(connection: Connection): boolean {
    if (connection.state === "closing") return false;
    const now = performance.now();
    connection.heardAt = now;
    const { maxMessagesPerSecond, maxQueueBytes, maxEventBytes } = this.limits;
    const verdict = countMessage(connection, now, maxMessagesPerSecond);
    // Events alone never queue so much: the rest is answers nobody reads.
    const mostBytes = maxQueueBytes + maxEventBytes + 2 * BATCH_BYTES;
    if (connection.socket.writableLength > mostBytes) {
      this.disconnect(connection, CLOSE_POLICY_VIOLATION, "answers not read");
      return false;
    }
    if (verdict === "flood") {
      this.disconnect(connection, CLOSE_POLICY_VIOLATION, "too many messages");
    } else if (verdict === "limited") {
      const text = `More than ${String(maxMessagesPerSecond)} messages in a second; the rest is ignored.`;
      connection.send(clientError("rate_limited", text));
    }
    return verdict === "read";
  }

  // --- Closing ------------------------------------------------------------

  /**
   * Closes every client with 1001 and resolves once all are gone. Whoever does
   * not answer the close within CLOSE_TIMEOUT_SECONDS is terminated.
   */
  async close(): Promise<void> {
    this.stream.stop();
    this.liveness.stop();
    for (const connection of this.clients) {
      this.disconnect(connection, CLOSE_GOING_AWAY, "server stopping");
    }
    for (const connection of this.draining) this.closeDrained(connection);
    const untilClosed = (ws: WebSocket) =>
      new Promise((resolve) => ws.once("close", resolve));
    await Promise.all([...this.closing].map(untilClosed));
  }

  private readonly end = (
    connection: Connection,
    why: Verdict,
    now: number,
  ): void => {
    const { idleTimeoutMs, maxBehindMs } = this.limits;
    if (why === "mute") {
      this.counts.timeouts += 1;
      this.unregister(connection);
      connection.ws.terminate(); // nobody is there to answer a close
    } else if (why === "idle") {
      this.counts.timeouts += 1;
      const reason = `idle timeout: nothing heard for ${String(idleTimeoutMs)} ms`;
      this.disconnect(connection, CLOSE_IDLE_TIMEOUT, reason);
    } else if (why === "behind") {
      this.evict(connection, `behind for ${String(maxBehindMs)} ms`, now);
    } else {
      connection.ws.terminate();
    }
  };

  /**
   * Too slow. Its queue may drain before the close frame goes out: only so
   * does the client learn where it stands, and can resume elsewhere.
   */
  private evict(connection: Connection, why: string, now: number): void {
    this.counts.evictions += 1;
    this.unregister(connection);
    connection.closeReason = `last_seq=${String(connection.cursor)}: ${why}`;
    connection.closeBy = now + EVICTION_GRACE_MS;
    this.draining.add(connection);
    if (!connection.socket.writableNeedDrain) this.closeDrained(connection);
    else this.liveness.wake(connection.closeBy);
  }

  /** Nothing is queued any more, or nothing waits for that. */
  private closeDrained(connection: Connection): void {
    if (!this.draining.delete(connection)) return;
    this.startClose(connection.ws, CLOSE_TOO_SLOW, connection.closeReason);
  }

  private disconnect(connection: Connection, code: number, why: string): void {
    this.unregister(connection);
    this.startClose(connection.ws, code, why);
  }

  /** ws terminates whoever does not answer within its close timeout. */
  private startClose(ws: WebSocket, code: number, reason: string): void {
    if (ws.readyState === WebSocket.CLOSED) return;
    this.closing.add(ws);
    ws.once("close", () => this.closing.delete(ws));
    ws.close(code, reason);
  }
}

/**
 * ConnectionManager: the clients, and what happens to each from its first to
 * its last moment.
 *
 * Template: adw_websockets 1.2.0
 */
import type { Duplex } from "node:stream";
import { WebSocket } from "ws";
import type { RawData } from "ws";
import {
  CLOSE_GOING_AWAY,
  CLOSE_IDLE_TIMEOUT,
  CLOSE_POLICY_VIOLATION,
  CLOSE_TRY_AGAIN_LATER,
} from "../adw_events.ts";
import { messageOf, Reporter } from "../adw_stderr.ts";
import { CatchUp } from "./catch_up.ts";
import { Closing } from "./closing.ts";
import { Connection } from "./connection.ts";
import type { EventInput } from "./events.ts";
import { BATCH_BYTES, FanOut } from "./fan_out.ts";
import type { EventHistory } from "./history.ts";
import { Keepalive, SYSTEM_CLOCK } from "./keepalive.ts";
import { clientError, countMessage, parseClientMessage } from "./messages.ts";
import type { Limits, ManagerStats } from "./options.ts";
import { Stream } from "./stream.ts";
import type { ResumePoint } from "./stream.ts";

/**
 * The clients and the stream of events they get. Nothing in it ever throws at,
 * or waits for, the code that emits events.
 */
export class ConnectionManager {
  private readonly limits: Limits;
  private readonly reporter = new Reporter("adw_websockets");
  private readonly clients = new Set<Connection>();
  private readonly closing = new Closing();
  private readonly stream: Stream;
  private readonly fanOut: FanOut;
  private readonly catchUp: CatchUp;
  private readonly liveness: Keepalive<Connection>;
  private turnScheduled = false;
  private stopped = false;
  private catchUps = 0;
  private timeouts = 0;

  constructor(limits: Limits, history: EventHistory | undefined) {
    this.limits = limits;
    this.stream = new Stream({
      ...limits,
      history,
      report: (cause, text) => {
        this.report(cause, text);
      },
      onEvent: (event) => {
        this.fanOut.push(event);
      },
      onGrowth: () => {
        this.scheduleTurn();
      },
    });
    this.fanOut = new FanOut({
      maxQueueBytes: limits.maxQueueBytes,
      lastSeq: this.stream.lastSeq,
      onPending: () => {
        this.scheduleTurn();
      },
      onQueueFull: (connection, sentSeq) => {
        this.catchUps += 1;
        this.catchUp.fallBehind(connection, sentSeq);
        this.liveness.wake(connection.behindSince + limits.maxBehindMs);
      },
      onFlushed: (sentSeq) => {
        this.catchUp.serveLagging(sentSeq);
      },
    });
    this.catchUp = new CatchUp({
      stream: this.stream,
      fanOut: this.fanOut,
      maxQueueBytes: limits.maxQueueBytes,
      onLost: (connection) => {
        const why = "its next event has left the history";
        this.evict(connection, why, performance.now());
      },
    });
    this.liveness = new Keepalive<Connection>({
      limits,
      clock: SYSTEM_CLOCK,
      peers: this.clients,
      draining: this.closing.draining,
      ping: (connection, payload) => {
        if (connection.isOpen) connection.ws.ping(payload);
      },
      onMute: (connection) => {
        this.terminate(connection);
      },
      onIdle: (connection) => {
        this.timeouts += 1;
        const reason = `idle timeout: nothing heard for ${String(limits.idleTimeoutMs)} ms`;
        this.disconnect(connection, CLOSE_IDLE_TIMEOUT, reason);
      },
      onBehind: (connection, now) => {
        const why = `behind for ${String(limits.maxBehindMs)} ms`;
        this.evict(connection, why, now);
      },
      onNotDrained: ({ ws }) => {
        ws.terminate();
      },
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
    return (
      this.clients.size + this.closing.draining.size >=
      this.limits.maxConnections
    );
  }

  /**
   * Whether another client may be registered. Where the server is full, a client
   * that has missed a pong gives up its place: the one not heard for longest.
   */
  makeRoom(): boolean {
    if (!this.isFull) return true;
    let silent: Connection | undefined;
    for (const connection of this.clients) {
      if (connection.strikes === 0) continue;
      if (silent === undefined || connection.heardAt < silent.heardAt) {
        silent = connection;
      }
    }
    if (silent === undefined) return false;
    this.terminate(silent);
    return !this.isFull;
  }

  /**
   * Takes over an upgraded client: greets it, replays what it missed, then
   * feeds it live. `socket` is the socket that the `upgrade` event handed out.
   */
  register(ws: WebSocket, socket: Duplex, resume?: ResumePoint): Connection {
    const { fanOut, limits } = this;
    const now = performance.now();
    const pingDueAt = now + limits.pingIntervalMs;
    const connection = new Connection(
      ws,
      socket,
      fanOut.everyone,
      fanOut.flushedSeq,
      pingDueAt,
      now,
    );
    fanOut.everyone.size += 1;
    this.clients.add(connection);
    this.catchUp.lagging.add(connection);
    this.listen(connection);
    const { messages, cursor } = this.stream.welcome(fanOut.flushedSeq, resume);
    connection.cursor = cursor;
    for (const message of messages) connection.send(message);
    this.catchUp.advance(connection);
    this.liveness.wake(Math.min(pingDueAt, now + limits.idleTimeoutMs));
    return connection;
  }

  /** Forgets a client. It does not close its socket. */
  unregister(connection: Connection): void {
    connection.state = "closing";
    if (!this.clients.delete(connection)) return;
    this.catchUp.lagging.delete(connection);
    this.fanOut.leave(connection);
  }

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
    const { history } = this.stream;
    if (history === undefined) return;
    this.stream.restart(history);
    this.fanOut.restart(this.stream.lastSeq);
    for (const connection of this.clients) {
      const reason = "the stream is another one";
      this.disconnect(connection, CLOSE_GOING_AWAY, reason);
    }
  }

  /**
   * setImmediate, not a microtask: a loop that awaits each broadcast then
   * still ends up in one batch.
   */
  private scheduleTurn(): void {
    if (this.turnScheduled || this.stopped) return;
    this.turnScheduled = true;
    setImmediate(() => {
      this.turnScheduled = false;
      if (!this.stopped) void this.stream.readNew();
      this.fanOut.flush();
    });
  }

  /** Counters for a metrics page. */
  stats(): ManagerStats {
    const { lagging } = this.catchUp;
    const queueBytes = (sum: number, { socket }: Connection) =>
      sum + socket.writableLength;
    let lag = 0;
    for (const { cursor } of lagging) {
      lag = Math.max(lag, this.stream.lastSeq - cursor);
    }
    return {
      connections: this.clients.size,
      behind: lagging.size,
      events: this.stream.published,
      deliveries: this.fanOut.deliveries,
      catch_ups: this.catchUps,
      evictions: this.closing.evictions,
      timeouts: this.timeouts,
      queue_bytes: [...this.clients, ...this.closing.draining].reduce(
        queueBytes,
        0,
      ),
      max_lag_events: lag,
      last_seq: this.stream.lastSeq,
      oldest_seq: this.stream.bounds().oldest,
    };
  }

  /** One pass of the keepalive over all clients; its timer calls it too. */
  keepalive(now: number = performance.now()): void {
    this.liveness.run(now);
  }

  /**
   * One line on stderr, at most once a minute for one and the same cause.
   * Clients and tokens are never part of it.
   */
  report(cause: string, text: string): void {
    this.reporter.report(cause, text);
  }

  // --- Messages -----------------------------------------------------------

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
      this.closing.draining.delete(connection);
      this.unregister(connection);
    });
    // ws has closed the connection by the time it tells about an error.
    ws.on("error", () => undefined);
    socket.on("drain", () => {
      if (connection.state === "behind") {
        this.catchUp.scheduleAdvance(connection);
      } else {
        this.closing.drained(connection);
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
    // Takes effect for every event after the `last_seq` of its answer.
    this.fanOut.leave(connection);
    this.fanOut.join(connection, message.filter);
    const isLive = connection.state === "live";
    connection.send({
      type: "subscribed",
      filter: message.filter,
      last_seq: isLive ? this.fanOut.flushedSeq : connection.cursor,
    });
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
    this.fanOut.flush();
    this.stopped = true;
    this.liveness.stop();
    for (const connection of this.clients) {
      this.disconnect(connection, CLOSE_GOING_AWAY, "server stopping");
    }
    await this.closing.finish();
  }

  /** Closes a client that was never registered, "try again later". */
  refuse(ws: WebSocket): void {
    // Without a listener a protocol error of the peer would be thrown.
    ws.on("error", () => undefined);
    const reason = `server is full: ${String(this.limits.maxConnections)} connections`;
    this.closing.start(ws, CLOSE_TRY_AGAIN_LATER, reason);
  }

  private evict(connection: Connection, why: string, now: number): void {
    this.unregister(connection);
    this.closing.evict(connection, why, now);
    this.liveness.wake(connection.closeBy);
  }

  /** For a peer that is not there any more: nobody would answer a close. */
  private terminate(connection: Connection): void {
    this.timeouts += 1;
    this.unregister(connection);
    connection.ws.terminate();
  }

  private disconnect(connection: Connection, code: number, why: string): void {
    this.unregister(connection);
    this.closing.start(connection.ws, code, why);
  }
}

/**
 * Server: the port, HTTP requests and upgrades.
 *
 * Template: adw_websockets 1.2.0
 */
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Server as HttpServer } from "node:http";
import type { Server as HttpsServer } from "node:https";
import type { Duplex } from "node:stream";
import { Server as TlsServer } from "node:tls";
import { WebSocketServer } from "ws";
import { messageOf } from "../adw_stderr.ts";
import {
  bracketed,
  checkPeer,
  chooseProtocol,
  isAuthorized,
  parseResume,
  splitTarget,
} from "./access.ts";
import type { Refusal } from "./access.ts";
import { refuseUpgrade, respond, serveAsPlain } from "./http.ts";
import type { ConnectionManager } from "./manager.ts";
import type { ServerSettings } from "./options.ts";
import type { ResumePoint } from "./stream.ts";

/** Requests of one socket that may wait for their answers (HTTP pipelining). */
const MAX_PIPELINED_REQUESTS = 16;
/** Sockets on top of `maxConnections`: not upgraded yet, HTTP, or closing. */
const MAX_SPARE_SOCKETS = 500;
/** Whole-request timeout for plain HTTP. */
const REQUEST_TIMEOUT_MS = 30_000;

/** A running server, as `startServer` hands it out. */
export class AdwServer {
  readonly manager: ConnectionManager;
  private readonly settings: ServerSettings;
  private readonly sockets: WebSocketServer;
  private readonly http: HttpServer | HttpsServer;
  private readonly isOwn: boolean;
  /** Requests that wait for their answers, by socket. */
  private readonly pending = new WeakMap<Duplex, number>();
  private boundPort = 0;
  private stopping: Promise<void> | undefined;

  /** Use `startServer`. */
  constructor(settings: ServerSettings, manager: ConnectionManager) {
    this.settings = settings;
    this.manager = manager;
    const options = {
      noServer: true,
      clientTracking: true,
      // 17 times slower in fan-out, and frames would no longer be shared.
      perMessageDeflate: false,
      maxPayload: settings.maxMessageBytes,
      maxFragments: 16,
      // A mute peer otherwise holds its socket for 30 s.
      closeTimeout: settings.closeTimeoutMs,
      handleProtocols: chooseProtocol,
    };
    this.sockets = new WebSocketServer(options);
    this.isOwn = settings.server === undefined;
    this.http = settings.server ?? this.createHttpServer();
    this.http.on("upgrade", this.onUpgrade);
  }

  get streamId(): string {
    return this.manager.streamId;
  }

  /** The host it was told to bind, or the address of the attached server. */
  get host(): string {
    return this.isOwn ? this.settings.host : (this.address()?.address ?? "");
  }

  /** 0 while an attached server does not listen yet. */
  get port(): number {
    return this.address()?.port ?? this.boundPort;
  }

  /** Where to connect, without the token. */
  get url(): string {
    const scheme = this.http instanceof TlsServer ? "wss" : "ws";
    const { host } = this;
    // Nobody can connect to "any address".
    const name = host === "0.0.0.0" || host === "" ? "127.0.0.1" : host;
    return `${scheme}://${bracketed(name === "::" ? "::1" : name)}:${String(this.port)}`;
  }

  /** Opens the port. @throws Error naming host and port, with the code kept. */
  async listen(): Promise<void> {
    if (!this.isOwn) return;
    const { host, port } = this.settings;
    await new Promise<void>((resolve, reject) => {
      const onError = (error: NodeJS.ErrnoException) => {
        reject(listenError(error, host, port));
      };
      this.http.once("error", onError);
      this.http.listen(port, host, () => {
        this.http.off("error", onError);
        resolve();
      });
    });
    this.boundPort = this.port;
    this.http.on("error", (error) => {
      this.manager.report("http", `HTTP server: ${error.message}`);
    });
  }

  /** See `stopServer`. */
  stop(): Promise<void> {
    this.stopping ??= this.shutDown();
    return this.stopping;
  }

  private async shutDown(): Promise<void> {
    if (!this.isOwn) {
      await this.closeClients();
      this.http.off("upgrade", this.onUpgrade);
      return;
    }
    const closed = new Promise<void>((resolve) => {
      this.http.close(() => {
        resolve();
      });
    });
    this.http.closeIdleConnections();
    const deadline = setTimeout(() => {
      this.http.closeAllConnections();
    }, this.settings.closeTimeoutMs);
    await this.closeClients();
    await closed;
    clearTimeout(deadline);
  }

  private async closeClients(): Promise<void> {
    await this.manager.close();
    // Whoever was unregistered by hand is unknown there, but still connected.
    for (const ws of this.sockets.clients) ws.terminate();
  }

  private address(): { address: string; port: number } | null {
    const address = this.http.address();
    return typeof address === "string" ? null : address;
  }

  private createHttpServer(): HttpServer {
    const { headerTimeoutMs, maxConnections } = this.settings;
    const http = createServer({
      headersTimeout: headerTimeoutMs,
      requestTimeout: Math.max(headerTimeoutMs, REQUEST_TIMEOUT_MS),
      // Node looks for expired sockets every 30 s unless told otherwise.
      connectionsCheckingInterval: Math.min(1_000, headerTimeoutMs / 2),
    });
    http.on("request", (request, response) => {
      if (this.mayAnswer(request.socket, response)) {
        this.answer(request, response);
      }
    });
    // Beyond it the kernel's connections are dropped at once.
    http.maxConnections = maxConnections + MAX_SPARE_SOCKETS;
    return http;
  }

  /**
   * Counts the requests that a socket sends without waiting for answers
   * (pipelining, which no browser does). The last one allowed is answered too,
   * then its socket closes; whatever else it sent is neither read nor answered.
   */
  private mayAnswer(socket: Duplex, response: ServerResponse): boolean {
    const count = (this.pending.get(socket) ?? 0) + 1;
    this.pending.set(socket, count);
    if (count > MAX_PIPELINED_REQUESTS) return false;
    if (count === MAX_PIPELINED_REQUESTS) {
      response.shouldKeepAlive = false;
      socket.on("resume", () => socket.pause());
      socket.pause();
    } else {
      response.once("close", () => {
        const left = this.pending.get(socket) ?? 0;
        if (left < MAX_PIPELINED_REQUESTS) this.pending.set(socket, left - 1);
      });
    }
    return true;
  }

  /** Plain HTTP. */
  private answer(request: IncomingMessage, response: ServerResponse): void {
    const { onRequest, rules } = this.settings;
    const refusal = checkPeer(request, rules);
    if (refusal !== null) {
      respond(response, refusal.status, refusal.message);
    } else if (onRequest === undefined) {
      response.setHeader("Upgrade", "websocket");
      respond(response, 426, `WebSocket only: connect to ${this.url}`);
    } else {
      const authorized = isAuthorized(request, rules);
      // In a promise, so that a throw and a rejection end up alike.
      void Promise.resolve()
        .then(() => onRequest(request, response, { authorized }))
        .catch((error: unknown) => {
          const text = messageOf(error);
          this.manager.report(`onRequest: ${text}`, `onRequest threw: ${text}`);
          if (response.headersSent) response.destroy();
          else respond(response, 500, "internal error");
        });
    }
  }

  /** An exception here would end the whole process: whatever comes is caught. */
  private readonly onUpgrade = (
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
  ): void => {
    try {
      if (this.isPlain(request)) serveAsPlain(this.http, request, socket, head);
      else if (!this.leavesToOthers(request)) {
        this.upgrade(request, socket, head);
      }
    } catch (error) {
      const text = messageOf(error);
      this.manager.report(`upgrade: ${text}`, `upgrade failed: ${text}`);
      socket.destroy();
    }
  };

  /**
   * Whether the upgrade on offer may be ignored (RFC 9110 §7.8): h2c, which curl
   * and Java's client offer with requests for plain HTTP.
   */
  private isPlain(request: IncomingMessage): boolean {
    return (
      !/websocket/i.test(request.headers.upgrade ?? "") &&
      this.http.listenerCount("upgrade") === 1
    );
  }

  /** On an attached server other paths may have listeners of their own. */
  private leavesToOthers(request: IncomingMessage): boolean {
    const { path } = this.settings;
    return (
      path !== undefined &&
      splitTarget(request)?.path !== path &&
      this.http.listenerCount("upgrade") > 1
    );
  }

  private upgrade(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
  ): void {
    const resume = this.admit(request);
    if (resume !== undefined && "status" in resume) {
      refuseUpgrade(socket, resume, this.settings.closeTimeoutMs);
      return;
    }
    this.sockets.handleUpgrade(request, socket, head, (ws) => {
      if (this.manager.makeRoom()) this.manager.register(ws, socket, resume);
      else this.manager.refuse(ws);
    });
  }

  private admit(request: IncomingMessage): ResumePoint | Refusal | undefined {
    if (this.stopping !== undefined) {
      return { status: 503, message: "the server is stopping" };
    }
    const { path, rules } = this.settings;
    const target = splitTarget(request);
    if (target === null) return { status: 400, message: "malformed path" };
    const refusal = checkPeer(request, rules);
    if (refusal !== null) return refusal;
    if (path !== undefined && target.path !== path) {
      return { status: 404, message: "no such path" };
    }
    if (!isAuthorized(request, rules)) {
      return { status: 401, message: "token missing or wrong" };
    }
    return parseResume(target.query);
  }
}

/** Says where it happened and what to do, and keeps the code. */
function listenError(
  error: NodeJS.ErrnoException,
  host: string,
  port: number,
): Error {
  const where = `${bracketed(host)}:${String(port)}`;
  const why =
    error.code === "EADDRINUSE"
      ? "the port is in use. Stop the other process, or choose another port."
      : error.message;
  return Object.assign(
    new Error(`cannot listen on ${where}: ${why}`, { cause: error }),
    { code: error.code ?? "ERR_LISTEN" },
  );
}

/**
 * Server: the port, HTTP requests and upgrades.
 *
 * Template: adw_websockets 1.3.0
 */
import { createServer, STATUS_CODES } from "node:http";
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
import type { Refusal, ResumePoint } from "./access.ts";
import type { ConnectionManager } from "./manager.ts";
import type { ServerSettings } from "./options.ts";

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
      maxPayload: settings.limits.maxMessageBytes,
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

  private address(): { address: string; port: number } | null {
    const address = this.http.address();
    return typeof address === "string" ? null : address;
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
    const closed = new Promise((resolve) => this.http.close(resolve));
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

  // --- Plain HTTP ---------------------------------------------------------

  private createHttpServer(): HttpServer {
    const { headerTimeoutMs, maxConnections } = this.settings.limits;
    // Node takes whole numbers only, and 0 for no limit.
    const isLimited = headerTimeoutMs !== Infinity;
    const headersTimeout = isLimited ? Math.ceil(headerTimeoutMs) : 0;
    const http = createServer({
      headersTimeout,
      requestTimeout: isLimited
        ? Math.max(headersTimeout, REQUEST_TIMEOUT_MS)
        : 0,
      // Node looks for expired sockets every 30 s unless told otherwise.
      connectionsCheckingInterval: Math.ceil(
        Math.min(1_000, headerTimeoutMs / 2),
      ),
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

  // --- Upgrades -----------------------------------------------------------

  /** An exception here would end the whole process: whatever comes is caught. */
  private readonly onUpgrade = (
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
  ): void => {
    try {
      this.upgrade(request, socket, head);
    } catch (error) {
      const text = messageOf(error);
      this.manager.report(`upgrade: ${text}`, `upgrade failed: ${text}`);
      socket.destroy();
    }
  };

  private upgrade(request: IncomingMessage, socket: Duplex, head: Buffer) {
    if ((this.pending.get(socket) ?? 0) > 0) {
      // Answers that come first are not here yet, and could not follow.
      socket.destroy();
      return;
    }
    const { path } = this.settings;
    const isOurs = path === undefined || splitTarget(request)?.path === path;
    const hasOthers = this.http.listenerCount("upgrade") > 1;
    // A list of offers, of which any may be taken (RFC 9110 §7.8).
    const offers = (request.headers.upgrade ?? "").toLowerCase().split(",");
    const isWebSocket = offers.some((offer) => offer.trim() === "websocket");
    if (isWebSocket) request.headers.upgrade = "websocket";
    else if (!hasOthers) {
      // Any may be ignored as well: curl's and Java's of h2c, say.
      serveAsPlain(this.http, request, socket, head);
      return;
    }
    if (!isOurs && hasOthers) return; // theirs
    const resume = this.admit(request, isOurs);
    if (resume !== undefined && "status" in resume) {
      refuseUpgrade(socket, resume, this.settings.closeTimeoutMs);
      return;
    }
    this.sockets.handleUpgrade(request, socket, head, (ws) => {
      this.manager.accept(ws, socket, resume);
    });
  }

  private admit(
    request: IncomingMessage,
    isOurs: boolean,
  ): ResumePoint | Refusal | undefined {
    if (this.stopping !== undefined) {
      return { status: 503, message: "the server is stopping" };
    }
    const { rules } = this.settings;
    const target = splitTarget(request);
    if (target === null) return { status: 400, message: "malformed path" };
    const refusal = checkPeer(request, rules);
    if (refusal !== null) return refusal;
    if (!isOurs) return { status: 404, message: "no such path" };
    if (!isAuthorized(request, rules)) {
      return { status: 401, message: "token missing or wrong" };
    }
    return parseResume(target.query);
  }
}

function respond(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    Connection: "close",
    "Content-Type": "text/plain; charset=utf-8",
  });
  response.end(`${text}\n`);
}

/** Answers an upgrade request with plain HTTP, and closes its socket. */
function refuseUpgrade(
  socket: Duplex,
  { status, message }: Refusal,
  timeoutMs: number,
): void {
  socket.on("error", () => socket.destroy());
  const timer = setTimeout(() => socket.destroy(), timeoutMs).unref();
  socket.once("close", () => {
    clearTimeout(timer);
  });
  // Unread bytes at close would make the kernel reset, and lose the answer.
  socket.resume();
  socket.end(
    `HTTP/1.1 ${String(status)} ${STATUS_CODES[status] ?? ""}\r\n` +
      (status === 401 ? "WWW-Authenticate: Bearer\r\n" : "") +
      "Connection: close\r\n" +
      "Content-Type: text/plain; charset=utf-8\r\n" +
      `Content-Length: ${String(Buffer.byteLength(message) + 1)}\r\n\r\n` +
      `${message}\n`,
  );
}

/**
 * Gives a request back to the HTTP server, without the upgrade that it offered.
 * Node has taken the socket from it, and the body, if any, is yet to be read.
 */
function serveAsPlain(
  http: HttpServer | HttpsServer,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): void {
  const { method = "GET", url = "/", httpVersion, rawHeaders } = request;
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const [name = "", value = ""] = rawHeaders.slice(index, index + 2);
    if (/^(connection|upgrade|http2-settings)$/i.test(name)) continue;
    lines.push(`${name}: ${value}`);
  }
  const isLast = /\bclose\b/i.test(request.headers.connection ?? "");
  if (isLast) lines.push("Connection: close");
  // Node reads header lines as latin1, and so they go back byte for byte.
  const text = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  socket.unshift(Buffer.concat([text, head]));
  const isTls = http instanceof TlsServer;
  http.emit(isTls ? "secureConnection" : "connection", socket);
}

/** Says where it happened and what to do, keeps the code, and is known by its name. */
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
    { name: "ListenError", code: error.code ?? "ERR_LISTEN" },
  );
}

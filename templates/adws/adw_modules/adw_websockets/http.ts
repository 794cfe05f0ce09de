/**
 * HTTP: the answers that are no WebSocket.
 *
 * Template: adw_websockets 1.2.0
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Server as HttpServer } from "node:http";
import type { Server as HttpsServer } from "node:https";
import type { Duplex } from "node:stream";
import { Server as TlsServer } from "node:tls";
import type { Refusal } from "./access.ts";

export function respond(
  response: ServerResponse,
  status: number,
  text: string,
): void {
  response.writeHead(status, {
    Connection: "close",
    "Content-Type": "text/plain; charset=utf-8",
  });
  response.end(`${text}\n`);
}

const STATUS_TEXT: Record<Refusal["status"], string> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  503: "Service Unavailable",
};

/** Answers an upgrade request with plain HTTP, and closes its socket. */
export function refuseUpgrade(
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
    `HTTP/1.1 ${String(status)} ${STATUS_TEXT[status]}\r\n` +
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
export function serveAsPlain(
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

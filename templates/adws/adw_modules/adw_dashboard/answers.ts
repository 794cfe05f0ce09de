/** How every answer is sent: headers, JSON, errors, what has not changed. */
import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";

export function setSecurityHeaders(response: ServerResponse): void {
  response.setHeader("X-Content-Type-Options", "nosniff");
  response.setHeader("Referrer-Policy", "no-referrer");
  response.setHeader("Cross-Origin-Resource-Policy", "same-origin");
  response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
  // The page replaces this with its own policy; nothing else may run anything.
  response.setHeader(
    "Content-Security-Policy",
    "default-src 'none'; frame-ancestors 'none'",
  );
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: string,
): void {
  response.setHeader("Cache-Control", "no-store");
  sendBody(response, status, "application/json; charset=utf-8", body);
}

/** `{"error":{"code","message"}}`, for people and programs alike. */
export function sendError(
  response: ServerResponse,
  status: number,
  code: string,
  message: string,
): void {
  sendJson(response, status, JSON.stringify({ error: { code, message } }));
}

/** Node leaves the body out of the answer to a HEAD request. */
export function sendBody(
  response: ServerResponse,
  status: number,
  contentType: string,
  body: string,
): void {
  response.statusCode = status;
  response.setHeader("Content-Type", contentType);
  const bytes = Buffer.from(body);
  response.setHeader("Content-Length", bytes.length);
  response.end(bytes);
}

/** Sends a text of which the browser keeps a copy, unless that copy is the same. */
export function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  contentType: string,
  text: string,
): void {
  const etag = `"${sha256(text, "base64url").slice(0, 27)}"`;
  response.setHeader("Cache-Control", "no-cache");
  response.setHeader("ETag", etag);
  const known = (request.headers["if-none-match"] ?? "").split(/\s*,\s*/);
  if (known.some((tag) => tag.replace(/^W\//, "") === etag)) {
    response.statusCode = 304;
    response.end();
    return;
  }
  sendBody(response, 200, contentType, text);
}

export function sha256(text: string, encoding: "base64" | "base64url"): string {
  return createHash("sha256").update(text).digest(encoding);
}

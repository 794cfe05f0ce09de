/**
 * Answers: how each is sent, the page among them.
 *
 * Template: adw_dashboard 1.3.0
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";

/** What answers the requests for one path. */
export type Answer = (
  request: IncomingMessage,
  response: ServerResponse,
  params: URLSearchParams,
) => void | Promise<void>;

const TITLE_MARK = "<!-- adw:title -->";

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
function sendFile(
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

function sha256(text: string, encoding: "base64" | "base64url"): string {
  return createHash("sha256").update(text).digest(encoding);
}

/**
 * The page: one HTML file with its scripts and styles inside, and beside it the
 * owner's custom.css where there is one. Both are read anew for each request,
 * so that an edit or a build of one's own is there with the next reload.
 *
 * @throws {Error} when the folder holds no page, so that the mistake shows at
 * start and not in a browser.
 */
export function openPage(
  directory: string,
  title: string,
): { sendPage: Answer; sendCustomStyle: Answer } {
  const file = join(directory, "index.html");
  if (!existsSync(file)) {
    throw new Error(
      `The dashboard has no page at ${file}: run 'npx adw-scaffold update'.`,
    );
  }
  const read = shareWhileRunning(async () => {
    // A browser reads every line end as "\n", and hashes what it has read.
    const text = (await readFile(file, "utf8")).replaceAll(/\r\n?/g, "\n");
    const html = text.replace(TITLE_MARK, () => escapeHtml(title));
    return { html, policy: pagePolicy(html) };
  });
  return {
    async sendPage(request, response) {
      const { html, policy } = await read();
      response.setHeader("Content-Security-Policy", policy);
      sendFile(request, response, "text/html; charset=utf-8", html);
    },
    async sendCustomStyle(request, response) {
      const custom = join(directory, "custom.css");
      const style = existsSync(custom) ? await readFile(custom, "utf8") : "";
      sendFile(request, response, "text/css; charset=utf-8", style);
    },
  };
}

/** Whoever asks while the answer is being made gets the same: it costs nothing more. */
function shareWhileRunning<T>(run: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  return () => {
    running ??= run().finally(() => (running = undefined));
    return running;
  };
}

/**
 * Allows what the page itself holds, by its hashes, the owner's style sheet,
 * and requests to this server; nothing else.
 */
function pagePolicy(html: string): string {
  const scripts = inlineTexts(html, "script");
  const styles = inlineTexts(
    scripts.reduce((rest, script) => rest.replace(script, () => ""), html),
    "style",
  );
  return [
    "default-src 'none'",
    `script-src ${sourceOf(scripts)}`,
    `style-src ${sourceOf(styles)} 'self'`,
    "img-src data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
}

/** What stands inside the elements of this name. */
function inlineTexts(html: string, name: "script" | "style"): string[] {
  const element = new RegExp(`<${name}\\b[^>]*>(.*?)</${name}\\s*>`, "gis");
  return [...html.matchAll(element)].map(([, text = ""]) => text);
}

function sourceOf(texts: readonly string[]): string {
  return texts.map((text) => `'sha256-${sha256(text, "base64")}'`).join(" ");
}

function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

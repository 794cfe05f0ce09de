/**
 * The page: one HTML file with its scripts and styles inside, and beside it the
 * owner's custom.css where there is one. Both are read anew for each request,
 * so that an edit or a build of one's own is there with the next reload.
 */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { sendFile, sha256 } from "./answers.ts";

const TITLE_MARK = "<!-- adw:title -->";

interface Page {
  readonly html: string;
  readonly policy: string;
}

export interface PageFiles {
  sendPage(request: IncomingMessage, response: ServerResponse): Promise<void>;
  sendCustomStyle(
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void>;
}

/**
 * @throws {Error} when the folder holds no page, so that the mistake shows at
 * start and not in a browser.
 */
export function openPage(directory: string, title: string): PageFiles {
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
    return { html, policy: pagePolicy(html) } satisfies Page;
  });
  return {
    async sendPage(request, response) {
      const { html, policy } = await read();
      response.setHeader("Content-Security-Policy", policy);
      sendFile(request, response, "text/html; charset=utf-8", html);
    },
    async sendCustomStyle(request, response) {
      const style = await readOptional(join(directory, "custom.css"));
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

/** "" when there is no such file. */
async function readOptional(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (isMissingFile(error)) return "";
    throw error;
  }
}

function isMissingFile(error: unknown): boolean {
  return (
    typeof error === "object" &&
    error !== null &&
    "code" in error &&
    error.code === "ENOENT"
  );
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

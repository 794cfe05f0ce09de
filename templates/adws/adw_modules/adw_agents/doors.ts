/**
 * The HTTP doors for what cannot write into the spool itself: other machines,
 * and OpenTelemetry exporters.
 *
 *     POST /hooks/<source>            a hook's payload as it is     204
 *     POST /v1/logs, /v1/traces       OTLP/HTTP, JSON, gzip or not  200
 *     POST /v1/metrics                answered, and not used        200
 *
 * The answer comes as soon as the body is there, before anything is written, so
 * that an agent never waits for a disk; the body then goes into the spool. All
 * of them need the ingest token, which may write events and read nothing.
 *
 * Template: adw_agents 1.3.0
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import {
  constants,
  closeSync,
  openSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { isRecord } from "../adw_events.ts";
import { messageOf } from "../adw_stderr.ts";
import { putIntoSpool } from "./spool.ts";

/** What is longer is cut to this and marked, never refused. */
export const MAX_BODY_BYTES = 1024 * 1024;
/** An OTLP request is one batch of an exporter; a larger one is refused with 413. */
export const MAX_OTLP_BYTES = 8 * 1024 * 1024;

const unzip = promisify(gunzip);

export interface DoorOptions {
  /** The folder of the spool, which must be there. */
  folder: string;
  token: string;
  /** The names that `/hooks/<source>` takes. */
  sources: readonly string[];
  report: (problem: string) => void;
}

/** @returns true when the request was for one of the doors, and is answered */
export type Doors = (
  request: IncomingMessage,
  response: ServerResponse,
) => boolean;

export function createDoors(options: DoorOptions): Doors {
  return (request, response) => {
    const [path = ""] = (request.url ?? "").split("?", 1);
    const hook = /^\/hooks\/([a-z-]{1,30})$/.exec(path)?.[1];
    const isOtel = /^\/v1\/(?:logs|traces|metrics)$/.test(path);
    if (hook === undefined && !isOtel) return false;
    const refusal = refuse(request, hook, options);
    if (refusal !== undefined) {
      answer(response, refusal.status, { error: refusal });
      // What is still on its way is read and dropped.
      request.resume();
      return true;
    }
    const source = hook ?? (path === "/v1/metrics" ? undefined : "otel");
    receive(request, response, source, options).catch((error: unknown) => {
      options.report(`${path}: a payload was lost: ${messageOf(error)}`);
      if (!response.headersSent)
        answer(response, 400, {
          error: { code: "bad_request", message: messageOf(error) },
        });
    });
    return true;
  };
}

interface Refusal {
  status: number;
  code: string;
  message: string;
}

function refuse(
  request: IncomingMessage,
  hook: string | undefined,
  options: DoorOptions,
): Refusal | undefined {
  if (request.method !== "POST")
    return {
      status: 405,
      code: "method_not_allowed",
      message: "Only POST is served here.",
    };
  const [, given = ""] =
    /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "") ?? [];
  if (!isSame(given, options.token))
    return {
      status: 401,
      code: "unauthorized",
      message:
        "Missing or wrong ingest token: send it as 'Authorization: Bearer <token>'.",
    };
  if (hook !== undefined && !options.sources.includes(hook))
    return {
      status: 404,
      code: "not_found",
      message: `Unknown source. Known: ${options.sources.join(", ")}.`,
    };
  const type = request.headers["content-type"] ?? "";
  if (hook === undefined && !type.startsWith("application/json"))
    return {
      status: 415,
      code: "unsupported_media_type",
      message: "Send OTLP as JSON: OTEL_EXPORTER_OTLP_PROTOCOL=http/json.",
    };
  return undefined;
}

async function receive(
  request: IncomingMessage,
  response: ServerResponse,
  source: string | undefined,
  { folder, report }: DoorOptions,
): Promise<void> {
  const at = Date.now();
  const isHook = source !== undefined && source !== "otel";
  const max = isHook ? MAX_BODY_BYTES : MAX_OTLP_BYTES;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    const part = Buffer.from(chunk);
    if (bytes < max) chunks.push(part);
    bytes += part.length;
  }
  if (bytes > max && !isHook) {
    answer(response, 413, {
      error: { code: "too_large", message: `At most ${String(max)} bytes.` },
    });
    return;
  }
  if (isHook) response.writeHead(204).end();
  else answer(response, 200, {});
  if (source === undefined || bytes === 0) return;
  let body = Buffer.concat(chunks);
  if (request.headers["content-encoding"] === "gzip")
    body = await unzip(body, { maxOutputLength: MAX_OTLP_BYTES });
  const text =
    bytes > max ? salvage(body.subarray(0, max).toString("utf8"), bytes) : body;
  await putIntoSpool(folder, source, text, at).catch((error: unknown) => {
    report(`${folder} could not be written: ${messageOf(error)}`);
  });
}

/** Of a payload that was cut, the short texts that say what it is about. */
function salvage(text: string, bytes: number): string {
  const payload: Record<string, unknown> = {
    truncated: true,
    original_bytes: bytes,
  };
  const pattern =
    /"(session_id|conversation_id|hook_event_name|tool_name|tool_use_id|agent_id|agent_type|cwd|prompt_id|turn_id|generation_id)"\s{0,3}:\s{0,3}("(?:[^"\\]|\\.){0,400}")/g;
  for (const [, name, value] of text.matchAll(pattern)) {
    if (name === undefined || value === undefined || name in payload) continue;
    payload[name] = JSON.parse(value);
  }
  return JSON.stringify(payload);
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, {
    "Content-Type": "application/json",
    "Cache-Control": "no-store",
  });
  response.end(JSON.stringify(body));
}

/** In a time that does not tell how much of it is right. */
function isSame(one: string, two: string): boolean {
  const hash = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(hash(one), hash(two));
}

/**
 * The ingest token: ADW_INGEST_TOKEN, else the file's, which is made at the
 * first start and which its owner only can read.
 *
 * @throws when the file cannot be read, or holds no token
 */
export function readIngestToken(file: string): string {
  const fromEnvironment = process.env["ADW_INGEST_TOKEN"] ?? "";
  if (fromEnvironment !== "") return fromEnvironment;
  try {
    // It appears with the flag wx: of two that start together, one makes it.
    const token = randomBytes(32).toString("base64url");
    writeFileSync(file, `${token}\n`, { mode: 0o600, flag: "wx" });
    return token;
  } catch (error) {
    if (!isRecord(error) || error["code"] !== "EEXIST") throw error;
  }
  const flags: Readonly<Record<string, number | undefined>> = constants;
  const handle = openSync(
    file,
    constants.O_RDONLY | (flags["O_NOFOLLOW"] ?? 0),
  );
  try {
    const token = readFileSync(handle, "utf8").trim();
    if (/^[\w.~-]{8,512}$/.test(token)) return token;
    throw new Error(
      `${file} holds no token: delete it, and the next start makes one`,
    );
  } finally {
    closeSync(handle);
  }
}

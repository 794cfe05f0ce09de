/**
 * The HTTP doors for what cannot write into the spool itself: other machines,
 * OpenTelemetry exporters, and programs with events of their own.
 *
 *     POST /hooks/<source>     a hook's payload as it is                   204
 *     POST /v1/logs, /traces   OTLP/HTTP: JSON or protobuf, gzip or not    200
 *     POST /v1/metrics         answered, and not used: the logs say it all 200
 *     POST /api/events         one event, or a batch                       202
 *
 * A hook is answered as soon as its body is there, before anything is written,
 * so that an agent never waits for a disk; the body then goes into the spool.
 * All of them need the ingest token, which may write events and read nothing.
 *
 * Template: adw_agents 1.3.0
 */
import { hash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { promisify } from "node:util";
import { constants, createGunzip, gunzip } from "node:zlib";
import { parseJson } from "../adw_events.ts";
import { messageOf } from "../adw_stderr.ts";
import { fieldsOf, listOf } from "./act.ts";
import { checkEvents, listEvents } from "./api_events.ts";
import { HOOK_SOURCES } from "./sources.ts";
import { putIntoSpool } from "./spool.ts";

/** What is longer is cut to this and marked, never refused. */
export const MAX_HOOK_BYTES = 1024 * 1024;
/** An OTLP request is one batch of an exporter; a larger one is refused with 413. */
export const MAX_BODY_BYTES = 4 * 1024 * 1024;
/** Empty records zip well: a small request could make any number of events. */
const MAX_RECORDS = 10_000;

const unzip = promisify(gunzip);

export interface DoorOptions {
  /** The folder of the spool, which must be there. */
  folder: string;
  /** undefined: nobody needs one. */
  token: string | undefined;
  report: (problem: string) => void;
}

/** @returns true when the request was for one of the doors, and is answered */
export type Doors = (
  request: IncomingMessage,
  response: ServerResponse,
) => boolean;

/** What is answered, and not taken. */
class Refusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

type Signal = "logs" | "traces" | "metrics";
type Door =
  | { type: "hook"; source: string }
  | { type: "otlp"; signal: Signal }
  | { type: "events" };

export function createDoors(options: DoorOptions): Doors {
  const { token } = options;
  const tokenDigest = token === undefined ? undefined : digest(token);
  const refuse = (response: ServerResponse, error: unknown) => {
    if (response.headersSent) {
      const why = messageOf(error);
      options.report(`A request is lost that was answered already: ${why}`);
    }
    if (response.headersSent || response.destroyed) return;
    const isRefusal = error instanceof Refusal;
    const status = isRefusal ? error.status : 503;
    const code = isRefusal ? error.code : "unavailable";
    if (!isRefusal)
      options.report(`A request was not taken: ${messageOf(error)}`);
    if (status === 401) response.setHeader("WWW-Authenticate", "Bearer");
    if (status === 405) response.setHeader("Allow", "POST");
    // OTLP's own form of an error is { code, message } too.
    send(response, status, { error: { code, message: messageOf(error) } });
  };
  return (request, response) => {
    const door = doorOf(request);
    if (door === undefined) return false;
    try {
      admit(request, door, tokenDigest);
    } catch (error) {
      refuse(response, error);
      // What is still on its way is read and dropped.
      request.resume();
      return true;
    }
    receive(request, response, door, options).catch((error: unknown) => {
      refuse(response, error);
    });
    return true;
  };
}

function doorOf({ url, method }: IncomingMessage): Door | undefined {
  const [path = ""] = (url ?? "").split("?", 1);
  // Who may read it, the dashboard says.
  if (path === "/api/events")
    return method === "POST" ? { type: "events" } : undefined;
  const source = /^\/hooks\/([^/]{1,100})$/.exec(path)?.[1];
  if (source !== undefined) return { type: "hook", source };
  const signal = (["logs", "traces", "metrics"] as const).find(
    (name) => path === `/v1/${name}`,
  );
  return signal && { type: "otlp", signal };
}

/** @throws a Refusal */
function admit(
  { method, headers }: IncomingMessage,
  door: Door,
  tokenDigest: Buffer | undefined,
): void {
  const [, given = ""] =
    /^Bearer +(\S+)$/i.exec(headers.authorization ?? "") ?? [];
  // In a time that does not tell how much of it is right.
  if (tokenDigest !== undefined && !timingSafeEqual(digest(given), tokenDigest))
    throw new Refusal(
      401,
      "unauthorized",
      "Missing or wrong ingest token: send it as 'Authorization: Bearer <token>'.",
    );
  if (method !== "POST")
    throw new Refusal(405, "method_not_allowed", "Only POST is served here.");
  if (
    door.type === "hook" &&
    !HOOK_SOURCES.some((name) => name === door.source)
  )
    throw new Refusal(
      404,
      "not_found",
      `Unknown source. Known: ${HOOK_SOURCES.join(", ")}.`,
    );
  const type = (headers["content-type"] ?? "").split(";", 1)[0]?.trim() ?? "";
  // A page of another origin could send text/plain without being asked.
  const isKnown =
    type === "application/json" ||
    (door.type === "otlp" && type === "application/x-protobuf");
  if (!isKnown)
    throw new Refusal(
      415,
      "unsupported_media_type",
      door.type === "otlp"
        ? "Send application/json or application/x-protobuf."
        : "Send application/json.",
    );
  const encoding = headers["content-encoding"] ?? "identity";
  if (encoding !== "identity" && encoding !== "gzip")
    throw new Refusal(415, "unsupported_encoding", "Only gzip is understood.");
}

async function receive(
  request: IncomingMessage,
  response: ServerResponse,
  door: Door,
  { folder, report }: DoorOptions,
): Promise<void> {
  const at = Date.now();
  const max = door.type === "hook" ? MAX_HOOK_BYTES : MAX_BODY_BYTES;
  const { body, bytes } = await readBody(request, max);
  const isZipped = request.headers["content-encoding"] === "gzip";
  if (door.type === "hook") {
    response.writeHead(204).end();
    if (bytes === 0) return;
    const start = isZipped ? await unzippedStart(body, max) : body;
    const isCut = bytes > max || start.length > max;
    const text = isCut
      ? salvage(start.subarray(0, max).toString("utf8"), bytes)
      : start;
    await putIntoSpool(folder, door.source, text, at).catch(
      (error: unknown) => {
        report(`${folder} could not be written: ${messageOf(error)}`);
      },
    );
    return;
  }
  if (bytes > max)
    throw new Refusal(413, "too_large", `At most ${String(max)} bytes.`);
  const whole = isZipped ? await unzipped(body) : body;
  if (door.type === "events") {
    const value = parseJson(whole.toString("utf8"));
    if (value === undefined)
      throw new Refusal(400, "bad_request", "It is no JSON.");
    const wrong = checkEvents(value);
    if (wrong !== undefined) throw new Refusal(400, "invalid_event", wrong);
    await putIntoSpool(folder, "event", JSON.stringify(value), at);
    send(response, 202, { accepted: listEvents(value).length });
    return;
  }
  await takeOtlp(request, response, door.signal, whole, (text) =>
    putIntoSpool(folder, "otel", text, at),
  );
}

// ------------------------------------------------------------------- OTLP

/** https://opentelemetry.io/docs/specs/otlp/#otlphttp */
async function takeOtlp(
  request: IncomingMessage,
  response: ServerResponse,
  signal: Signal,
  body: Buffer,
  put: (text: string) => Promise<void>,
): Promise<void> {
  const isJson = (request.headers["content-type"] ?? "").includes("json");
  const proto = isJson ? undefined : await import("./otlp_proto.ts");
  const value = isJson
    ? parseJson(body.toString("utf8"))
    : proto?.decodeRequest(signal, body);
  if (value === undefined)
    throw new Refusal(400, "bad_request", "It is no OTLP request.");
  const records = signal === "metrics" ? [] : recordsIn(value);
  if (records.length > MAX_RECORDS)
    throw new Refusal(
      413,
      "too_large",
      `At most ${String(MAX_RECORDS)} records at a time.`,
    );
  const rejected = records.filter(
    (record) => typeof record !== "object" || record === null,
  ).length;
  if (signal !== "metrics") await put(JSON.stringify(value));
  if (proto !== undefined) {
    const answer = proto.encodeResponse(rejected);
    response.writeHead(200, { "Content-Type": "application/x-protobuf" });
    response.end(answer);
    return;
  }
  const counter = signal === "logs" ? "rejectedLogRecords" : "rejectedSpans";
  const partial = { [counter]: String(rejected), errorMessage: NOT_RECORDS };
  send(response, 200, rejected === 0 ? {} : { partialSuccess: partial });
}

export const NOT_RECORDS = "Some were no records, and are left out.";

/** The log records or spans of a request. */
function recordsIn(value: unknown): unknown[] {
  const groups = fieldsOf(value);
  const scopes = [
    ...listOf(groups["resourceLogs"]).map(
      (each) => fieldsOf(each)["scopeLogs"],
    ),
    ...listOf(groups["resourceSpans"]).map(
      (each) => fieldsOf(each)["scopeSpans"],
    ),
  ].flatMap(listOf);
  return scopes
    .map(fieldsOf)
    .flatMap(({ logRecords, spans }) => [
      ...listOf(logRecords),
      ...listOf(spans),
    ]);
}

// ------------------------------------------------------------------- bodies

/** Of a body that is too long, the beginning; and how long it was. */
function readBody(
  request: IncomingMessage,
  max: number,
): Promise<{ body: Buffer; bytes: number }> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on("data", (chunk: Buffer) => {
      if (bytes < max) chunks.push(chunk);
      bytes += chunk.length;
    });
    request.on("end", () => {
      resolve({ body: Buffer.concat(chunks), bytes });
    });
    request.on("error", reject);
  });
}

/** What can be unzipped of a body, also of its beginning alone; little more than `max` bytes. */
function unzippedStart(body: Buffer, max: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const stream = createGunzip({ finishFlush: constants.Z_SYNC_FLUSH });
    const chunks: Buffer[] = [];
    let bytes = 0;
    const finish = () => {
      resolve(Buffer.concat(chunks));
      stream.destroy();
    };
    stream.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > max) finish();
    });
    stream.on("end", finish);
    stream.on("error", () => {
      if (bytes > 0) finish();
      else reject(new Refusal(400, "bad_request", "It is not gzip."));
    });
    stream.end(body);
  });
}

async function unzipped(body: Buffer): Promise<Buffer> {
  try {
    return await unzip(body, { maxOutputLength: MAX_BODY_BYTES });
  } catch (error) {
    const isLong = fieldsOf(error)["code"] === "ERR_BUFFER_TOO_LARGE";
    throw isLong
      ? new Refusal(
          413,
          "too_large",
          `At most ${String(MAX_BODY_BYTES)} bytes.`,
        )
      : new Refusal(400, "bad_request", "It is not gzip.");
  }
}

/** Of a payload that was cut, the short texts that say what it is about, and its beginning. */
function salvage(text: string, bytes: number): string {
  const payload: Record<string, unknown> = {
    truncated: true,
    original_bytes: bytes,
  };
  const pattern =
    /"(session_id|conversation_id|hook_event_name|tool_name|tool_use_id|agent_id|agent_type|cwd|prompt_id|turn_id|generation_id|transcript_path)"\s{0,3}:\s{0,3}("(?:[^"\\]|\\.){0,400}")/g;
  for (const [, name, value] of text.matchAll(pattern)) {
    if (name === undefined || value === undefined || name in payload) continue;
    payload[name] = parseJson(value);
  }
  payload["text"] = text.slice(0, 10_000);
  return JSON.stringify(payload);
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, {
    "Content-Type": "application/json",
    "Cache-Control": "no-store",
  });
  response.end(JSON.stringify(body));
}

function digest(text: string): Buffer {
  return hash("sha256", text, "buffer");
}

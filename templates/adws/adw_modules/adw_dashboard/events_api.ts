/**
 * /api/events: stored events, as JSON in pages or as one stream of JSON lines.
 *
 * Template: adw_dashboard 1.3.0
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import {
  fitStored,
  MAX_EVENT_BYTES,
  nextPageEvents,
  PAGE_BYTES,
} from "../adw_websockets.ts";
import type { EventHistory, StoredEvent } from "../adw_websockets.ts";
import { sendError, sendJson } from "./answers.ts";
import type { Answer } from "./answers.ts";

/** Events in a page of /api/events when the request names no limit. */
export const DEFAULT_PAGE_EVENTS = 1_000;
/** The largest limit a request may ask for. */
export const MAX_PAGE_EVENTS = 10_000;
/** A page ends early once its events exceed this many bytes. */
export const MAX_PAGE_BYTES = 8 * 1024 * 1024;
const FILTERED = [
  "agent_id",
  "event_type",
  "log_level",
  "session_id",
  "project",
  "source",
] as const;
/** A filtered page ends early after looking at this many stored events. */
export const MAX_SCANNED_EVENTS = 50_000;

/** Events read from the history at a time, between which others get a turn. */
const CHUNK_EVENTS = 500;
/** How many are read first, while nothing is known about their size. */
const FIRST_CHUNK_EVENTS = 16;
/** An answer with events is given up when its reader takes nothing for so long. */
const STALLED_READER_MS = 60_000;

export interface EventsOptions {
  /** Asked at each request, so that it may name a server started later. */
  source: () => { readonly history: EventHistory };
  /** Larger events are sent cut. Default: as configured; give it what `startServer` got. */
  maxEventBytes?: number;
}

interface EventsQuery {
  readonly format: "json" | "ndjson";
  readonly since: number;
  /** Undefined: as many as the format's default. */
  readonly limit: number | undefined;
  /** Only so many of the newest stored events are looked at. */
  readonly newest: number | undefined;
  /** Empty: every value passes. */
  readonly filters: readonly {
    field: (typeof FILTERED)[number];
    values: ReadonlySet<string>;
  }[];
}

export function answerEvents({
  source,
  maxEventBytes = MAX_EVENT_BYTES,
}: EventsOptions): Answer {
  return (request, response, params) => {
    const query = parseEventsQuery(params);
    if (typeof query === "string") {
      sendError(response, 400, "bad_request", query);
      return;
    }
    response.setTimeout(STALLED_READER_MS, () => response.destroy());
    const read = { query, history: source().history, maxEventBytes };
    return query.format === "json"
      ? sendEventsPage(response, read)
      : streamEvents(request, response, read);
  };
}

/** What is read, and how large an event may be when it is sent. */
interface EventsRead {
  readonly query: EventsQuery;
  readonly history: EventHistory;
  readonly maxEventBytes: number;
}

/**
 * Answers `{ stream_id, first_seq, last_seq, events, next_since, has_more }`.
 * A page may hold fewer events than asked for, even none, while `has_more` is
 * true: go on from `next_since`.
 */
async function sendEventsPage(
  response: ServerResponse,
  { query, history, maxEventBytes }: EventsRead,
): Promise<void> {
  const { limit = DEFAULT_PAGE_EVENTS } = query;
  const { streamId } = history;
  const found: string[] = [];
  let bytes = 0;
  let scanned = 0;
  let since = startOf(query, history);
  const isFull = () =>
    found.length >= limit ||
    bytes >= MAX_PAGE_BYTES ||
    scanned >= MAX_SCANNED_EVENTS ||
    response.destroyed;
  for await (const chunk of readChunks(history, since)) {
    for (const event of chunk) {
      if (isFull()) break;
      if (passes(event, query)) {
        const json = toJson(event, maxEventBytes);
        bytes += Buffer.byteLength(json);
        if (bytes > MAX_PAGE_BYTES && found.length > 0) break; // for the next page
        found.push(json);
      }
      since = event.seq;
      scanned += 1;
    }
    if (isFull()) break;
  }
  if (history.streamId !== streamId) {
    const text = "The stream has just become another one. Ask again.";
    sendError(response, 503, "unavailable", text);
    return;
  }
  const head = JSON.stringify({
    stream_id: streamId,
    first_seq: history.firstSeq,
    last_seq: history.lastSeq,
    next_since: since,
    has_more: isFull() && since < history.lastSeq,
  });
  const body = `${head.slice(0, -1)},"events":[${found.join(",")}]}`;
  sendJson(response, 200, body);
}

/**
 * Answers with one event a line, up to the newest, in one response of any
 * length; where the stream begins and ends is in the headers. What is held in
 * memory is a chunk: the next is read when the reader has taken the last.
 */
async function streamEvents(
  request: IncomingMessage,
  response: ServerResponse,
  { query, history, maxEventBytes }: EventsRead,
): Promise<void> {
  const { lastSeq, streamId } = history;
  response.statusCode = 200;
  response.setHeader("Cache-Control", "no-store");
  response.setHeader("Content-Type", "application/x-ndjson; charset=utf-8");
  response.setHeader("Adw-Stream-Id", streamId);
  response.setHeader("Adw-First-Seq", history.firstSeq);
  response.setHeader("Adw-Last-Seq", lastSeq);
  if (request.method === "HEAD") {
    response.end();
    return;
  }
  let left = query.limit ?? Infinity;
  for await (const chunk of readChunks(history, startOf(query, history))) {
    // Whoever has gone would never take what is written now.
    if (history.streamId !== streamId || response.destroyed) break;
    let text = "";
    for (const event of chunk) {
      if (event.seq > lastSeq || left === 0) break;
      if (!passes(event, query)) continue;
      // Between two tokens JSON may hold line breaks, inside them never.
      text += `${toJson(event, maxEventBytes).replaceAll("\n", " ")}\n`;
      left -= 1;
    }
    if (text !== "" && !response.write(text)) await untilDrained(response);
    const isEnd = (chunk.at(-1)?.seq ?? lastSeq) >= lastSeq || left === 0;
    if (isEnd) break;
  }
  // Two streams, or a part of one, would be taken for a whole one.
  if (history.streamId === streamId) response.end();
  else response.destroy();
}

/**
 * The events after `since`, up to the newest: as many at a time as their size
 * allows, and in between others get a turn. A chunk may be short because its
 * events are large.
 */
async function* readChunks(
  history: EventHistory,
  since: number,
): AsyncGenerator<readonly StoredEvent[]> {
  let asked = FIRST_CHUNK_EVENTS;
  let at = since;
  while (at < history.lastSeq) {
    const chunk = await history.read(at, asked, PAGE_BYTES);
    const last = chunk.at(-1);
    if (last === undefined) return;
    yield chunk;
    const bytes = chunk.reduce((sum, event) => sum + sizeOf(event), 0);
    asked = nextPageEvents(asked, bytes, CHUNK_EVENTS);
    at = last.seq;
    await nextTurn();
  }
}

/** Of an event in memory: about a byte a character. */
function sizeOf(event: StoredEvent): number {
  return "json" in event ? event.json.length : 0;
}

/** The seq after which to begin. */
function startOf(query: EventsQuery, history: EventHistory): number {
  const { since, newest } = query;
  return newest === undefined
    ? since
    : Math.max(since, history.lastSeq - newest);
}

function toJson(event: StoredEvent, maxEventBytes: number): string {
  return fitStored(event, maxEventBytes).event.json;
}

/** Resolves when there is room for more, or nobody to send it to. */
function untilDrained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off("drain", done);
      response.off("close", done);
      resolve();
    };
    response.on("drain", done);
    response.on("close", done);
  });
}

function parseEventsQuery(params: URLSearchParams): EventsQuery | string {
  const given = params.get("format") ?? "";
  const format = given === "" ? "json" : given;
  if (format !== "json" && format !== "ndjson") {
    return "format must be json or ndjson.";
  }
  const since = parseCount(params, "since");
  if (Number.isNaN(since)) return "since must be an integer >= 0.";
  const newest = parseCount(params, "newest");
  if (Number.isNaN(newest)) return "newest must be an integer >= 0.";
  const limit = parseCount(params, "limit");
  const most = format === "json" ? MAX_PAGE_EVENTS : Infinity;
  if (limit !== undefined && !(limit >= 1 && limit <= most)) {
    return format === "json"
      ? `limit must be an integer from 1 to ${String(MAX_PAGE_EVENTS)}.`
      : "limit must be an integer >= 1.";
  }
  const filters: EventsQuery["filters"] = FILTERED.flatMap((field) => {
    const values = params
      .getAll(field)
      .flatMap((value) => value.split(","))
      .filter((value) => value !== "");
    return values.length > 0 ? [{ field, values: new Set(values) }] : [];
  });
  return { format, since: since ?? 0, limit, newest, filters };
}

/** Undefined when it is not there, NaN when it is no count. */
function parseCount(params: URLSearchParams, name: string): number | undefined {
  const text = params.get(name);
  if (text === null || text === "") return undefined;
  return /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
}

function passes(event: StoredEvent, query: EventsQuery): boolean {
  return query.filters.every(({ field, values }) =>
    values.has(event[field] ?? ""),
  );
}

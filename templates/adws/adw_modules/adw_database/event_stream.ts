/**
 * The events of the database, in order, without gaps.
 *
 *     a row is written          event_stream            this process
 *     (any process, any    ──▶  seq 1, 2, 3, …   ──▶  readers, by seq
 *      language) ─ trigger ┘          └ commit seen by watchStream ┘
 *
 * Template: adw_database 1.3.0
 */
import { isRecord, parseJson } from "../adw_events.ts";
import type { StreamEvent } from "../orch_database_models.ts";
import { columnOf } from "./connection.ts";
import type { SqliteConnection } from "./connection.ts";
import { decodeRow, deleteInBatches } from "./tables.ts";
import type { TableContext } from "./tables.ts";

const DAY_MS = 86_400_000;
/** Of a larger seq, JavaScript and JSON would make another one. */
const MAX_SEQ = String(Number.MAX_SAFE_INTEGER);
/** The columns that filters look at. */
const NAMES = [
  "event_type",
  "agent_id",
  "session_id",
  "log_level",
  "project",
  "source",
] as const;
/** What an event holds beside its metadata and its message. */
const SHORT_TEXTS = [...NAMES, "log_type", "timestamp"] as const;
const MAX_NAME_LENGTH = 1_024;
const CUT_MARK = "… [truncated]";

/** substr takes a NUL character for the end of a text. */
const CUT_NAMES = NAMES.map(
  (name) =>
    `CASE WHEN octet_length(${name}) <= ${String(MAX_NAME_LENGTH)} THEN CAST(${name} AS TEXT)
     ELSE substr(CAST(${name} AS TEXT), 1, ${String(MAX_NAME_LENGTH)}) END AS ${name}`,
);
const SHORT_BYTES = SHORT_TEXTS.map(
  (name) => `coalesce(octet_length(${name}), 0)`,
).join(" + ");
/**
 * The event's JSON has at most so many bytes: six a character. octet_length
 * knows a size without reading the value. The metadata is JSON already; the
 * names of the fields and the marks between them have less than 300.
 */
const MOST_BYTES = `octet_length(metadata) + 300 + 6 * (octet_length(message) + ${SHORT_BYTES})`;
/**
 * Whether all is what the triggers put there. Other programs may leave metadata
 * that is no JSON object, or is followed by a NUL character and more.
 */
const IS_PLAIN = `json_valid(metadata) AND substr(ltrim(metadata, char(9, 10, 13, 32)), 1, 1) = '{' AND instr(
  metadata || event_type || agent_id || coalesce(session_id, '') || log_level
    || coalesce(project, '') || coalesce(source, ''), char(0)
) = 0`;

/** Without the JSON of events that are large, or not plain. */
const READ_PAGE = `SELECT seq, ${CUT_NAMES.join(", ")},
  CASE WHEN ${MOST_BYTES} <= ? AND ${IS_PLAIN} THEN json END AS json
  FROM event_stream WHERE seq > ? AND seq <= ${MAX_SEQ} ORDER BY seq LIMIT ?`;

const SHORT_PARTS = SHORT_TEXTS.map(
  (name) =>
    `substr(CAST(${name} AS BLOB), 1, ${String(4 * MAX_NAME_LENGTH)}) AS ${name}`,
);
/** One of those. Its texts as bytes, each bounded: a character has up to four. */
const READ_PARTS = `SELECT ${SHORT_PARTS.join(", ")},
  substr(CAST(message AS BLOB), 1, ?) AS message, octet_length(message) AS message_bytes,
  CASE WHEN octet_length(metadata) <= ? THEN CAST(metadata AS BLOB) END AS metadata,
  octet_length(metadata) AS metadata_bytes
  FROM event_stream WHERE seq = ?`;

/** An event with its JSON text, ready to send. */
export interface StoredEvent {
  seq: number;
  event_type: string;
  agent_id: string;
  session_id: string | null;
  log_level: string;
  project: string | null;
  source: string | null;
  json: string;
  /** Of the metadata. Only where `json` holds just a part of a large event. */
  original_bytes?: number;
}

/**
 * The event stream of one database, for reading, direct writing, and pruning. A
 * WebSocket server takes it as its history.
 */
export class EventStream {
  #streamId: string;
  readonly #connection: SqliteConnection;
  readonly #afterWrite: () => void;
  readonly #maxEventBytes: number;

  /** @param maxEventBytes of larger events, only what may be sent is read */
  constructor({ connection, afterWrite }: TableContext, maxEventBytes: number) {
    this.#connection = connection;
    this.#afterWrite = afterWrite;
    this.#maxEventBytes = maxEventBytes;
    this.#streamId = this.readStreamId();
  }

  /** Names this numbering: a `seq` means something only together with it. */
  get streamId(): string {
    return this.#streamId;
  }

  /** The name as it is in the database now: another program may have changed it. */
  readStreamId(): string {
    const id = this.#get("SELECT stream_id AS value FROM event_stream_info");
    if (typeof id === "string") return id;
    throw new Error(
      "the database has no stream_id: event_stream_info is empty",
    );
  }

  /** The number of the file's page that holds the name. */
  get namePage(): number {
    const sql =
      "SELECT rootpage AS value FROM sqlite_master WHERE name = 'event_stream_info'";
    return seqOf(this.#get(sql)) ?? 1;
  }

  /**
   * Gives the stream a new name: for a database whose numbers no longer mean
   * the events that clients have seen. Whoever resumes is told to start anew.
   */
  renameStream(): void {
    this.#connection.exec(
      "UPDATE event_stream_info SET stream_id = lower(hex(randomblob(16)))",
    );
    this.#streamId = this.readStreamId();
  }

  /** The oldest event kept; `lastSeq + 1` when there is none. */
  get firstSeq(): number {
    const sql = `SELECT min(seq) AS value FROM event_stream WHERE seq <= ${MAX_SEQ}`;
    return seqOf(this.#get(sql)) ?? this.lastSeq + 1;
  }

  /** The newest event; 0 when there never was one. */
  get lastSeq(): number {
    // sqlite_sequence remembers the last seq when every event has been pruned.
    const sql = `SELECT coalesce(
        (SELECT max(seq) FROM event_stream WHERE seq <= ${MAX_SEQ}),
        (SELECT min(seq, ${MAX_SEQ}) FROM sqlite_sequence WHERE name = 'event_stream')
      ) AS value`;
    return seqOf(this.#get(sql)) ?? 0;
  }

  /**
   * Events with `seq > since`, ascending, at most `limit`. The page ends with
   * the event that brings its JSON over `maxBytes`.
   */
  read(since: number, limit: number, maxBytes = Infinity): StoredEvent[] {
    // What is small comes with the page; the rest is read while there is room.
    const small = Math.min(maxBytes / limit, this.#maxEventBytes);
    const rows = this.#connection.prepare(READ_PAGE).all(small, since, limit);
    const events: StoredEvent[] = [];
    let bytes = 0;
    for (const row of rows) {
      const event = isStoredEvent(row) ? row : this.#readLarge(row);
      if (event === undefined) continue;
      events.push(event);
      bytes += event.json.length;
      if (bytes > maxBytes) break;
    }
    return events;
  }

  /**
   * What is too large is cut as adw_websockets cuts it: the message to a half of
   * the bound at most; then the metadata stays if there is room for it.
   */
  #readLarge(row: unknown): StoredEvent | undefined {
    const most = this.#maxEventBytes;
    const seq = seqOf(columnOf(row, "seq"));
    if (seq === undefined) return undefined;
    const parts = decodeRow(
      this.#connection.prepare(READ_PARTS).get(most, most, seq),
    );
    const text = (name: string) => {
      const part: unknown = parts[name] ?? "";
      return String(part);
    };
    const short = (name: string) => beginning(text(name), MAX_NAME_LENGTH);
    const names = {
      event_type: short("event_type"),
      agent_id: short("agent_id"),
    };
    const optional = (name: string) =>
      parts[name] === null ? null : short(name);
    const log_level = short("log_level");
    const session_id = optional("session_id");
    const project = optional("project");
    const source = optional("source");
    const metadataBytes = Number(parts["metadata_bytes"]);
    const messageBytes = Math.max(
      Number(parts["message_bytes"]),
      Buffer.byteLength(JSON.stringify(text("message"))),
    );
    const isCut = metadataBytes + messageBytes > most;
    const cutsMessage = isCut && messageBytes > most / 2;
    const keepsMetadata =
      !isCut || (cutsMessage && metadataBytes <= most * 0.75);
    const message = cutsMessage
      ? beginning(text("message"), most / 4) + CUT_MARK
      : text("message");
    const metadata = keepsMetadata
      ? toJson(text("metadata"))
      : JSON.stringify({ truncated: true, original_bytes: metadataBytes });
    const head = JSON.stringify({ seq, ...names, message });
    const tail = JSON.stringify({
      timestamp: short("timestamp"),
      log_type: short("log_type"),
      log_level,
      ...(session_id === null ? {} : { session_id }),
      ...(project === null ? {} : { project }),
      ...(source === null ? {} : { source }),
    });
    return {
      seq,
      ...names,
      session_id,
      log_level,
      project,
      source,
      json: `${head.slice(0, -1)},"metadata":${metadata},${tail.slice(1)}`,
      ...(isCut ? { original_bytes: metadataBytes } : {}),
    };
  }

  /** Stores an event that no row of the five tables stands for. */
  append(event: Omit<StreamEvent, "seq">): StoredEvent {
    const { lastInsertRowid } = this.#connection
      .prepare(
        `INSERT INTO event_stream
           (event_type, agent_id, session_id, message, metadata, timestamp, log_type, log_level, project, source)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        event.event_type,
        event.agent_id,
        event.session_id ?? null,
        event.message,
        JSON.stringify(event.metadata),
        event.timestamp,
        event.log_type,
        event.log_level,
        event.project ?? null,
        event.source ?? null,
      );
    const [stored] = this.read(Number(lastInsertRowid) - 1, 1);
    if (stored === undefined) throw new Error("the event was not stored");
    this.#afterWrite();
    return stored;
  }

  /**
   * Says when the events after `seq` happened. Within the transaction that wrote
   * them only: nobody has read them yet.
   */
  dateAfter(seq: number, timestamp: string): void {
    this.#connection
      .prepare("UPDATE event_stream SET timestamp = ? WHERE seq > ?")
      .run(timestamp, seq);
  }

  /**
   * Deletes the events before the first one from `cutoff` or later. Only from
   * the old end, so that what stays has no gaps. A time that lies more than a
   * day in the future is some writer's wrong clock, and keeps nothing.
   *
   * @returns how many events were deleted
   */
  async pruneBefore(cutoff: Date): Promise<number> {
    const tomorrow = new Date(Date.now() + DAY_MS).toISOString();
    const kept = this.#get(
      `SELECT min(seq) AS value FROM event_stream
       WHERE timestamp >= ? AND timestamp < ? AND seq <= ${MAX_SEQ}`,
      cutoff.toISOString(),
      tomorrow,
    );
    return deleteInBatches(this.#connection, {
      table: "event_stream",
      key: "seq",
      last: (seqOf(kept) ?? this.lastSeq + 1) - 1,
      condition: "TRUE",
      values: [],
    });
  }

  /** The column `value` of the one row. */
  #get(sql: string, ...values: string[]): unknown {
    return columnOf(this.#connection.prepare(sql).get(...values), "value");
  }
}

function seqOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

/** The columns are declared NOT NULL, and `json` is text; nothing is parsed. */
function isStoredEvent(row: unknown): row is StoredEvent {
  return typeof columnOf(row, "json") === "string";
}

/** Of at most so many UTF-16 units, and not half of a surrogate pair at its end. */
function beginning(text: string, units: number): string {
  return text.slice(0, units).replace(/[\uD800-\uDBFF]$/, "");
}

/** What is not a JSON object is not to be lost either. */
function toJson(metadata: string): string {
  const value = parseJson(metadata);
  if (isRecord(value)) return metadata;
  if (value === null) return "{}";
  return JSON.stringify(value === undefined ? { text: metadata } : { value });
}

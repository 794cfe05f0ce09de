/**
 * OpenCode: its database (1.2 and later), read as it grows. Its rows are told as
 * the events that `opencode serve` would have sent at /event.
 *
 * What lies there is read from the tables; what comes, from the table `event`
 * where there is one (its rows are those very events), else from the tables
 * again: an act that is told twice has the same ids. What is never written
 * there is not seen: that it waits for a permission or an answer.
 *
 * The database is opened read-only for as long as one look takes, and only when
 * its files have changed.
 *
 * Template: adw_agents 1.3.0
 */
import { connectReadOnly } from "../adw_database/driver.ts";
import type { SqliteConnection } from "../adw_database/connection.ts";
import { parseJson } from "../adw_events.ts";
import { fieldsOf, nameOf, numberOf } from "./act.ts";
import type { Act, Delivery, Fields } from "./act.ts";
import { mapOpenCodeEvent, openCodeState } from "./opencode.ts";
import { statOf } from "./transcripts.ts";

/** Rows that are read at a time. */
const PAGE = 200;
/** Rows may be committed so long after the time they carry. */
const OVERLAP_MS = 10_000;

/** Where reading goes on: after this row of `event`, and this time. */
export interface DatabasePosition {
  event: number;
  time: number;
}

export interface OpenCodeOptions {
  path: string;
  /** Gets the acts of some rows, and where reading goes on when they are stored. */
  take: (acts: readonly Act[], next: DatabasePosition | undefined) => void;
  /** Sessions that have not changed since then are left out. ms since the epoch */
  since?: number | undefined;
  position?: DatabasePosition | undefined;
}

export class OpenCodeDatabase {
  readonly #options: OpenCodeOptions;
  readonly #state = openCodeState();
  #position: DatabasePosition | undefined;
  #acts: Act[] = [];
  /** How the files looked when they were read last. */
  #seen = "";

  constructor(options: OpenCodeOptions) {
    this.#options = options;
    this.#position = options.position;
  }

  /** Reads what has come. @throws what SQLite throws */
  look(): void {
    const { path } = this.#options;
    const file = statOf(path);
    if (file === undefined) return;
    const log = statOf(`${path}-wal`);
    const looks = [file, log].map((each) => [
      each?.ino,
      each?.size,
      each?.mtimeMs,
    ]);
    const seen = JSON.stringify(looks);
    if (seen === this.#seen) return;
    const connection = connectReadOnly(path, log === undefined);
    try {
      // One moment for all that is read.
      connection.exec("BEGIN");
      this.#read(connection);
    } finally {
      connection.close();
      this.#acts = [];
    }
    this.#seen = seen;
  }

  #read(connection: SqliteConnection): void {
    const before = this.#position;
    const last = lastEvent(connection);
    const time = Date.now(); // earlier than before: the clock was set back
    // Rows that were deleted may give their numbers to new ones.
    const isOn =
      before !== undefined && last !== undefined && before.event <= last;
    if (isOn) this.#readEvents(connection, before.event);
    else {
      const from = before && Math.min(before.time, time) - OVERLAP_MS;
      this.#readTables(connection, from ?? this.#options.since ?? 0);
    }
    this.#give({ event: last ?? 0, time });
  }

  /** @param next where reading goes on; undefined: within what is read now */
  #give(next?: DatabasePosition): void {
    this.#options.take(this.#acts.splice(0), next);
    this.#position = next ?? this.#position;
  }

  #readEvents(connection: SqliteConnection, after: number): void {
    const sql = `SELECT rowid AS number, id, type, data FROM event
      WHERE rowid > ? ORDER BY rowid LIMIT ${String(PAGE)}`;
    for (let from = after; ;) {
      const rows = connection.prepare(sql).all(from).map(fieldsOf);
      for (const row of rows) {
        // session.updated.1: the type, and the version of what it holds.
        const type = (nameOf(row, "type") ?? "").replace(/\.\d+$/, "");
        const properties = dataOf(row);
        this.#recall(connection, fieldsOf(properties["part"]));
        this.#tell(type, properties, nameOf(row, "id") ?? "");
        from = numberOf(row, "number") ?? from;
      }
      if (rows.length < PAGE) return;
      this.#give({ event: from, time: Date.now() });
    }
  }

  /** Whose message a part belongs to, where that was said before the last start. */
  #recall(connection: SqliteConnection, part: Fields): void {
    const id = nameOf(part, "messageID");
    const { prompts, models } = this.#state;
    if (id === undefined || prompts.has(id) || models.has(id)) return;
    const sql = "SELECT data FROM message WHERE id = ?";
    const row = fieldsOf(connection.prepare(sql).get(id));
    const info = { ...dataOf(row), id, sessionID: part["sessionID"] };
    this.#tell("message.updated", { info, isOpen: true }, id);
  }

  #readTables(connection: SqliteConnection, since: number): void {
    const sessions = connection
      .prepare(
        `SELECT id, parent_id, directory, title, time_created FROM session
          WHERE time_updated >= ? ORDER BY time_created`,
      )
      .all(since)
      .map(fieldsOf);
    for (const row of sessions) {
      const sessionID = nameOf(row, "id") ?? "";
      const created = row["time_created"];
      const parentID = row["parent_id"] ?? undefined;
      const { directory, title } = row;
      const time = { created };
      const info = { id: sessionID, parentID, directory, title, time };
      this.#tell("session.updated", { sessionID, info }, sessionID);
      this.#readSession(connection, sessionID, since);
    }
  }

  #readSession(
    connection: SqliteConnection,
    sessionID: string,
    since: number,
  ): void {
    const sql = `SELECT id, time_updated, data FROM message
      WHERE session_id = ? AND id > ? ORDER BY id LIMIT ${String(PAGE)}`;
    for (let from = ""; ;) {
      const rows = connection.prepare(sql).all(sessionID, from).map(fieldsOf);
      for (const row of rows) {
        const id = nameOf(row, "id") ?? "";
        const info = { ...dataOf(row), id, sessionID };
        const delivery = `${id}@${String(row["time_updated"])}`;
        // Whose the parts are, before them; that it is over, after them.
        this.#tell("message.updated", { sessionID, info, isOpen: true }, id);
        this.#readParts(connection, id, sessionID, since);
        this.#tell("message.updated", { sessionID, info }, delivery);
        if (this.#acts.length >= PAGE) this.#give();
        from = id;
      }
      if (rows.length < PAGE) return;
    }
  }

  #readParts(
    connection: SqliteConnection,
    messageID: string,
    sessionID: string,
    since: number,
  ): void {
    // Of a session that goes on, all is told: its sums are of all.
    const isAll = this.#position === undefined;
    const rows = connection
      .prepare(
        `SELECT id, time_created, time_updated, data FROM part
          WHERE message_id = ? AND time_updated >= ? ORDER BY id`,
      )
      .all(messageID, isAll ? 0 : since)
      .map(fieldsOf);
    for (const row of rows) {
      const id = nameOf(row, "id") ?? "";
      const part = { ...dataOf(row), id, sessionID, messageID };
      const time = row["time_created"];
      const delivery = `${id}@${String(row["time_updated"])}`;
      this.#tell("message.part.updated", { sessionID, part, time }, delivery);
    }
  }

  #tell(type: string, properties: Fields, id: string): void {
    const info = { ...fieldsOf(properties["info"]) };
    // Until it has a better one.
    if (/^(?:New|Child) session - \d{4}-/.test(nameOf(info, "title") ?? ""))
      delete info["title"];
    const ended = type === "message.updated" && !properties["isOpen"];
    for (const event of [{ type, properties }, ...(ended ? endOf(info) : [])]) {
      const delivery: Delivery = { id, at: timeOf(properties) };
      const acts = mapOpenCodeEvent(event, delivery, this.#state);
      for (const [index, act] of acts.entries()) {
        const own = `${id}#${event.type}#${String(index)}`;
        this.#acts.push({ ...act, delivery: own });
      }
    }
  }
}

/** That a turn is over is not written as an event, but into its last message. */
function endOf(info: Fields): { type: string; properties: Fields }[] {
  const sessionID = info["sessionID"];
  const { error } = info;
  const isDone = numberOf(fieldsOf(info["time"]), "completed") !== undefined;
  if (info["role"] !== "assistant" || !isDone) return [];
  if (error !== undefined && error !== null)
    return [{ type: "session.error", properties: { sessionID, error } }];
  const goesOn =
    info["finish"] === "tool-calls" || info["finish"] === undefined;
  return goesOn ? [] : [{ type: "session.idle", properties: { sessionID } }];
}

/** When it was: the end of what has one. */
function timeOf(properties: Fields): number {
  const info = fieldsOf(properties["info"]);
  const part = fieldsOf(properties["part"]);
  return (
    numberOf(fieldsOf(part["time"]), "end") ??
    numberOf(properties, "time") ??
    numberOf(fieldsOf(info["time"]), "completed", "updated", "created") ??
    Date.now()
  );
}

function dataOf(row: Fields): Fields {
  const { data } = row;
  return typeof data === "string" ? fieldsOf(parseJson(data)) : {};
}

/** The number of the newest row of `event`; undefined where there is no such table. */
function lastEvent(connection: SqliteConnection): number | undefined {
  const table = connection
    .prepare(
      "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'event'",
    )
    .get();
  if (table === undefined) return undefined;
  const sql = "SELECT coalesce(max(rowid), 0) AS last FROM event";
  return numberOf(fieldsOf(connection.prepare(sql).get()), "last");
}

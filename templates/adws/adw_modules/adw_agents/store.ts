/**
 * The database as coding agents fill it: log calls become rows, and what the
 * ledger knows is stored with them, in one transaction.
 *
 * Template: adw_agents 1.3.0
 */
import { statSync } from "node:fs";
import { toUSVString } from "node:util";
import {
  AdwDatabase,
  openConnection,
  openDatabase,
  sqliteProblem,
} from "../adw_database.ts";
import { FINAL_STATUSES, LOG_TYPES, parseJson } from "../adw_events.ts";
import type { NewEvent } from "../adw_events.ts";
import { projectOf } from "../adw_logging.ts";
import { messageOf } from "../adw_stderr.ts";
import { fieldsOf, nameOf, textOf } from "./act.ts";
import type { Fields } from "./act.ts";
import type { LogCall } from "./agents.ts";
import type { Change } from "./joiner.ts";
import type { LedgerStore } from "./ledger.ts";
import { OvertakenError } from "./lock.ts";
import { positionSchema } from "./transcripts.ts";
import type { Position } from "./transcripts.ts";

type Connection = ReturnType<typeof openConnection>;

/** What is written together. */
export interface Batch {
  calls?: readonly LogCall[];
  changes?: readonly Change[];
  /** Events that no agent's row stands for, each by the key that tells it again. */
  events?: readonly { key: string; event: NewEvent }[];
  position?: { path: string; next: Position } | undefined;
}

/** Counts the commits of all processes that store what agents say. */
const GENERATION = "generation";

/** Whether it is the fault of what was to be stored: not that another process was faster. */
export function isRefused(error: unknown): boolean {
  const isOvertaken = error instanceof OvertakenError;
  return !isOvertaken && sqliteProblem(error) === "refused";
}

export class AgentStore implements LedgerStore {
  readonly #path: string;
  readonly #busyTimeoutMs: number;
  readonly #report: (problem: string) => void;
  #open: { connection: Connection; database: AdwDatabase; file: string };
  readonly #kinds = new Map<string, string>();
  /** As of the time when the ledger began to be read. */
  #generation = 0;
  /** Rows that were written since the start. */
  written = 0;

  /** @throws what `openDatabase` throws */
  constructor(
    path: string,
    busyTimeoutMs: number,
    report: (problem: string) => void,
  ) {
    this.#path = path;
    this.#busyTimeoutMs = busyTimeoutMs;
    this.#report = report;
    this.#open = this.#connect();
  }

  #connect() {
    // It makes and migrates the file.
    openDatabase({ path: this.#path }).close();
    const connection = openConnection(this.#path, this.#busyTimeoutMs);
    const database = new AdwDatabase(connection, this.#path);
    return { connection, database, file: identityOf(this.#path) };
  }

  /** Whether the file is another one than before: then what was known of it is not so. */
  reopened(): boolean {
    if (identityOf(this.#path) === this.#open.file) return false;
    this.close();
    this.#kinds.clear();
    this.#open = this.#connect();
    return true;
  }

  close(): void {
    try {
      this.#open.database.close();
    } catch {
      // Its file is gone, which is why it is closed.
    }
  }

  // --------------------------------------------------------------- reading

  load(session: string): { key: string; state: string }[] {
    const sql = "SELECT key, state FROM agent_acts WHERE session_id = ?";
    return this.#rows(sql, session).map((row) => ({
      key: String(row["key"]),
      state: String(row["state"]),
    }));
  }

  sessionsOf(keys: readonly string[]): string[] {
    const sql = `SELECT DISTINCT session_id AS id FROM agent_acts
      WHERE key IN (SELECT value FROM json_each(?))`;
    return this.#rows(sql, JSON.stringify(keys)).map((row) =>
      String(row["id"]),
    );
  }

  /** The sessions of which something may be left to log: an end, what a request used, an answer. */
  openSessions(): string[] {
    const sql = `SELECT DISTINCT session_id AS id FROM agents
      WHERE source <> 'adw' AND status IN ('initializing', 'executing')
      UNION SELECT DISTINCT session_id FROM agent_acts
      WHERE session_id <> '' AND heard_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour')
      UNION SELECT DISTINCT session_id FROM agent_acts WHERE key >= 'usage ' AND key < 'usage!'
      AND json_extract(state, '$.usage.logged') IS NULL
      UNION SELECT DISTINCT session_id FROM agent_acts WHERE key >= 'wait ' AND key < 'wait!'
      AND json_extract(state, '$.logged') = '["start"]'`;
    return this.#rows(sql).map((row) => String(row["id"]));
  }

  /** Is to be called before a ledger is read: `write` takes only what was made of all that is stored. */
  beginReading(): void {
    this.#generation = this.#readGeneration();
  }

  #readGeneration(): number {
    const sql =
      "SELECT state FROM agent_acts WHERE session_id = '' AND key = ?";
    return Number(this.#rows(sql, GENERATION)[0]?.["state"] ?? 0);
  }

  #advance(generation: number): void {
    if (this.#readGeneration() !== generation - 1)
      throw new OvertakenError(
        "another process has stored something meanwhile",
      );
    const state = String(generation);
    this.#saveState({ session: "", key: GENERATION, state });
  }

  /** Where reading of the transcripts goes on. */
  positions(): Map<string, Position> {
    const rows = this.#rows("SELECT path, position FROM agent_files");
    return new Map(
      rows.flatMap((row) => {
        const position = positionSchema.safeParse(
          parseJson(String(row["position"])),
        );
        return position.success ? [[String(row["path"]), position.data]] : [];
      }),
    );
  }

  forgetFile(path: string): void {
    this.#run("DELETE FROM agent_files WHERE path = ?", path);
  }

  rows(sql: string): Fields[] {
    return this.#rows(sql);
  }

  #rows(sql: string, ...values: string[]): Fields[] {
    return this.#open.connection
      .prepare(sql)
      .all(...values)
      .map(fieldsOf);
  }

  /** A text may end in half a character, which is no UTF-8. */
  #run(sql: string, ...values: (string | number | undefined)[]): void {
    const bound = values.map((value) =>
      typeof value === "string" ? toUSVString(value) : (value ?? null),
    );
    this.#open.connection.prepare(sql).run(...bound);
  }

  // --------------------------------------------------------------- writing

  /** Nobody else stores anything while `work` runs. */
  alone<Result>(work: () => Result): Result {
    return this.#open.database.transaction(work);
  }

  /**
   * All of it, or nothing.
   *
   * @param confirm throws when it must not be written; called when nobody else can write any more
   * @throws {OvertakenError}, and what SQLite throws
   */
  write(
    { calls = [], changes = [], events = [], position }: Batch,
    confirm: () => void = () => undefined,
  ): void {
    let rows = 0;
    const isOfLedger = calls.length + changes.length > 0;
    const generation = this.#generation + (isOfLedger ? 1 : 0);
    // What a failed transaction has made is not there.
    this.#kinds.clear();
    this.#open.database.transaction(() => {
      confirm();
      if (isOfLedger) this.#advance(generation);
      for (const call of calls)
        rows += this.#try(() => {
          this.#writeCall(call);
        });
      for (const { key, event } of events) {
        if (this.#isKnown(key)) continue;
        this.#saveState({ session: "", key, state: "{}" });
        rows += this.#try(() => this.#open.database.events.append(event));
      }
      for (const change of changes) this.#saveState(change);
      if (position !== undefined) {
        const { path, next } = position;
        const sql =
          "INSERT OR REPLACE INTO agent_files (path, position) VALUES (?, ?)";
        this.#run(sql, path, JSON.stringify(next));
      }
    });
    this.#generation = generation;
    this.written += rows;
  }

  /** One bad row must not keep the others waiting for ever. */
  #try(work: () => unknown): number {
    try {
      work();
      return 1;
    } catch (error) {
      if (sqliteProblem(error) !== "refused") throw error;
      this.#report(
        `a row was dropped, the database refuses it: ${messageOf(error)}`,
      );
      return 0;
    }
  }

  #isKnown(key: string): boolean {
    const sql = "SELECT 1 FROM agent_acts WHERE session_id = '' AND key = ?";
    return this.#rows(sql, key).length > 0;
  }

  #saveState({ session, key, state }: Change): void {
    if (state === undefined) {
      const sql = "DELETE FROM agent_acts WHERE session_id = ? AND key = ?";
      this.#run(sql, session, key);
    } else {
      const sql = `INSERT INTO agent_acts (session_id, key, state) VALUES (?, ?, ?)
        ON CONFLICT DO UPDATE SET state = excluded.state, heard_at = excluded.heard_at`;
      this.#run(sql, session, key, state);
    }
  }

  /** What the ledger makes needs no checking: it goes past the schemas of the tables. */
  #writeCall(call: LogCall): void {
    const { events } = this.#open.database;
    const { agent: id, at } = call;
    const time = new Date(at).toISOString();
    switch (call.type) {
      case "agent":
        this.#createAgent(call, time);
        return;
      case "status": {
        const { status, error } = call;
        const isOver = FINAL_STATUSES.some((final) => final === status);
        const before = events.lastSeq;
        const sql =
          "UPDATE agents SET status = ?, completed_at = ?, error_message = ? WHERE id = ?";
        this.#run(sql, status, isOver ? time : undefined, error, id);
        events.dateAfter(before, time);
        return;
      }
      case "prompt": {
        const sql = `INSERT INTO prompts (id, agent_id, prompt_type, prompt_text, created_at)
          VALUES (?, ?, 'command', ?, ?)`;
        this.#run(sql, call.id, id, call.text, time);
        return;
      }
      case "prompt_result": {
        const { status, response, error, latencyMs } = call;
        const sql = `UPDATE prompts SET status = ?, response_text = ?, error_message = ?,
          latency_ms = ?, completed_at = ? WHERE id = ?`;
        this.#run(sql, status, response, error, latencyMs, time, call.id);
        return;
      }
      case "event":
        if (call.event === "agent_updated" || call.event === "model_changed")
          this.#updateAgent(call);
        this.#append(call, time);
    }
  }

  #append(
    { agent, ...call }: Extract<LogCall, { type: "event" }>,
    time: string,
  ) {
    const { event, level, message } = call;
    const type = LOG_TYPES.find((known) => known === event);
    const details =
      type === undefined
        ? { ...call.details, event_type: event }
        : call.details;
    const json = JSON.stringify(details);
    const { agentLogs } = this.#open.database;
    agentLogs.append(agent, level, type ?? "event", message, json, time);
  }

  #createAgent(call: Extract<LogCall, { type: "agent" }>, time: string): void {
    const { agents } = this.#open.database;
    const { agent: id, session, name, model, source, details } = call;
    if (agents.get(id) !== undefined) return;
    const parent = agents.get(call.parent ?? "");
    const cwd = textOf(details, "cwd");
    agents.create({
      id,
      orchestrator_agent_id: this.#kindOf(source),
      session_id: session,
      parent_agent_id: parent?.id ?? null,
      config: { name, model, ...details },
      started_at: time,
      // What it costs is the sum of its cost updates.
      cost_usd: null,
      project: cwd === undefined ? (parent?.project ?? null) : projectOf(cwd),
      source,
    });
  }

  #updateAgent({ agent: id, details }: Extract<LogCall, { type: "event" }>) {
    const { agents } = this.#open.database;
    const news = Object.fromEntries(
      Object.entries(details).filter(([name]) => name !== "parent_agent_id"),
    );
    const row = agents.get(id);
    if (row === undefined) return;
    const cwd = textOf(details, "cwd");
    const parent = agents.get(nameOf(details, "parent_agent_id") ?? "");
    agents.update(id, {
      config: { ...row.config, ...news },
      ...(parent === undefined ? {} : { parent_agent_id: parent.id }),
      ...(cwd === undefined ? {} : { project: projectOf(cwd) }),
    });
  }

  /** Its kind: a row of orchestrator_agents for each source. */
  #kindOf(source: string): string {
    const known = this.#kinds.get(source);
    if (known !== undefined) return known;
    const { orchestratorAgents } = this.#open.database;
    const [
      row = orchestratorAgents.create({ name: source, agent_type: "utility" }),
    ] = orchestratorAgents.list({ name: source }, { limit: 1 });
    this.#kinds.set(source, row.id);
    return row.id;
  }
}

function identityOf(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? "" : `${String(found.dev)}:${String(found.ino)}`;
}

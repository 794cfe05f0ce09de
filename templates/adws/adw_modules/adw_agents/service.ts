/**
 * Puts the rooms together: spool and transcripts in, the ledger between, the
 * database out. It runs on a thread of its own (thread.ts), because it waits
 * for disks and locks.
 *
 * Template: adw_agents 1.3.0
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { sqliteProblem } from "../adw_database.ts";
import { messageOf } from "../adw_stderr.ts";
import { fieldsOf, makeAct, maskContent, numbered, textOf } from "./act.ts";
import type { Act, Delivery } from "./act.ts";
import { eventsIn } from "./api_events.ts";
import { NO_PRICES, readPrices } from "./cost.ts";
import type { Prices } from "./cost.ts";
import { Ledger } from "./ledger.ts";
import { Liveness } from "./liveness.ts";
import { OpenCodeDatabase } from "./opencode_database.ts";
import { readSessions } from "./sessions.ts";
import type { AgentSession } from "./sessions.ts";
import {
  claudeMeta,
  mapPayload,
  TRANSCRIPTS,
  transcriptOf,
} from "./sources.ts";
import { Spool } from "./spool.ts";
import type { SpoolPayload } from "./spool.ts";
import { AgentStore } from "./store.ts";
import type { Batch } from "./store.ts";
import { Follower } from "./transcripts.ts";
import type { Line, Position, Progress } from "./transcripts.ts";
import { SETTLE_MS } from "./usage.ts";

/** How often time is let pass for the ledger. */
const SETTLE_INTERVAL_MS = 1_000;
/** How often OpenCode's database is looked at. */
const OPENCODE_INTERVAL_MS = 500;

/** Plain data, so that it can be passed to a thread. */
export interface ServiceOptions {
  database: string;
  busyTimeoutMs: number;
  spool: string | undefined;
  transcripts: "named" | "all" | "none";
  since: number;
  /** The folders that hold the transcripts, by what maps them. */
  folders: Readonly<Record<keyof typeof TRANSCRIPTS, string>>;
  /** OpenCode's database. */
  openCode: string;
  prices: string | undefined;
  maskSecrets: boolean;
}

/** What the service tells while it runs. */
export interface ServiceEvents {
  report: (problem: string) => void;
  onCommit: () => void;
  onProgress: (progress: Progress) => void;
}

/** What has been done since the start. */
export interface AgentsStats {
  /** Payloads and lines that were taken. */
  taken: number;
  /** Rows that were written. */
  written: number;
  /** Secrets that were masked. */
  masked: number;
}

export class AgentService {
  readonly #options: ServiceOptions;
  readonly #events: ServiceEvents;
  readonly #store: AgentStore;
  readonly #prices: Prices;
  readonly #liveness = new Liveness();
  readonly #follower: Follower;
  readonly #positions: Map<string, Position>;
  /** Transcripts of which the file beside them was read. */
  readonly #metas = new Set<string>();
  #ledger: Ledger;
  #spool: Spool | undefined;
  #openCode: OpenCodeDatabase | undefined;
  #timers: NodeJS.Timeout[] = [];
  #taken = 0;
  #masked = 0;

  /** @throws what opening the database throws */
  constructor(options: ServiceOptions, events: ServiceEvents) {
    this.#options = options;
    this.#events = events;
    const { database, busyTimeoutMs, since } = options;
    this.#store = new AgentStore(database, busyTimeoutMs, events.report);
    this.#prices = this.#readPrices();
    this.#ledger = this.#newLedger();
    this.#positions = this.#store.positions();
    this.#follower = new Follower({
      take: (lines, path, next) => {
        this.#takeLines(lines, path, next);
      },
      since,
      positionOf: (path) => this.#positions.get(path),
      forget: (path) => {
        this.#positions.delete(path);
        this.#store.forgetFile(path);
      },
      report: events.report,
      onProgress: events.onProgress,
    });
  }

  /** Takes what lies there, and then what comes. */
  async start(): Promise<void> {
    const { spool, transcripts, folders } = this.#options;
    if (transcripts === "all") {
      for (const kind of KINDS)
        this.#follower.addFolder(folders[kind], TRANSCRIPTS[kind].fileOf);
    }
    if (transcripts === "named") {
      for (const path of this.#positions.keys()) this.#follow(path);
    }
    if (spool !== undefined) {
      this.#spool = new Spool({
        folder: spool,
        report: this.#events.report,
        take: (batch) => {
          this.#takePayloads(batch);
        },
        isRefused: (error) => sqliteProblem(error) === "refused",
      });
    }
    if (transcripts !== "none") await this.#follower.start();
    if (transcripts === "all") {
      this.#openCode = this.#openOpenCode();
      this.#lookAtOpenCode();
      this.#every(OPENCODE_INTERVAL_MS, () => {
        this.#lookAtOpenCode();
      });
    }
    // Of what lay there, nothing more is to come.
    this.#settle(Date.now() + SETTLE_MS);
    this.#every(SETTLE_INTERVAL_MS, () => {
      this.#settle(Date.now());
    });
  }

  #every(milliseconds: number, work: () => void): void {
    this.#timers.push(setInterval(work, milliseconds).unref());
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#spool?.close();
    await this.#follower.stop();
    this.#store.close();
  }

  sessions(): AgentSession[] {
    return readSessions((sql) => this.#store.rows(sql));
  }

  stats(): AgentsStats {
    const { written } = this.#store;
    return { taken: this.#taken, written, masked: this.#masked };
  }

  #readPrices(): Prices {
    const { prices } = this.#options;
    try {
      return prices === undefined ? NO_PRICES : readPrices(prices);
    } catch (error) {
      this.#events.report(
        `The prices in ${String(prices)} cannot be read, so costs that no agent reports are unknown: ${messageOf(error)}`,
      );
      return NO_PRICES;
    }
  }

  #newLedger(): Ledger {
    const { isAlive } = this.#liveness;
    const ledger = new Ledger({
      prices: this.#prices,
      store: this.#store,
      isAlive,
    });
    for (const session of this.#store.openSessions()) ledger.recall(session);
    return ledger;
  }

  // ------------------------------------------------------------------- in

  #takePayloads(batch: readonly SpoolPayload[]): void {
    const acts: Act[] = [];
    const events: NonNullable<Batch["events"]>[number][] = [];
    for (const { source, payload, delivery } of batch) {
      this.#taken += 1;
      if (source === "event") {
        const [found, problems] = eventsIn(payload, delivery);
        for (const { key, event } of found)
          events.push({ key, event: this.#mask(event) });
        for (const problem of problems) this.#events.report(problem);
        continue;
      }
      for (const act of mapPayload(source, payload, delivery))
        acts.push(this.#mask(act));
      const named = textOf(fieldsOf(payload), "transcript_path");
      if (this.#options.transcripts === "named" && named !== undefined)
        this.#follow(named);
    }
    this.#write(acts, { events });
  }

  #takeLines(lines: readonly Line[], path: string, next: Position): void {
    const kind = transcriptOf(path, this.#options.folders);
    if (kind === undefined) return;
    const at = Date.now();
    const acts = lines.flatMap(({ value, id }) => {
      this.#taken += 1;
      const { mapLine } = TRANSCRIPTS[kind];
      return numbered(mapLine(value, { at, id }, next.state));
    });
    const all = [
      ...this.#metaOf(path, acts[0]?.at ?? at),
      ...this.#rootOf(path, acts[0]),
      ...acts,
    ];
    this.#write(
      all.map((act) => this.#mask(act)),
      { position: { path, next } },
    );
    this.#positions.set(path, structuredClone(next));
  }

  /** Beside a subagent's transcript lies who started it. */
  #metaOf(path: string, at: number): Act[] {
    const meta = claudeMeta(path);
    if (meta === undefined || this.#metas.has(path)) return [];
    try {
      const value: unknown = JSON.parse(readFileSync(meta.path, "utf8"));
      this.#metas.add(path);
      const delivery: Delivery = { at, id: meta.path };
      return meta.map(value, delivery);
    } catch {
      return []; // it may come yet
    }
  }

  /** Gemini's chats do not tell their folder, but a file above them does. */
  #rootOf(path: string, first: Act | undefined): Act[] {
    if (first?.source !== "gemini-cli" || this.#metas.has(path)) return [];
    this.#metas.add(path);
    try {
      const file = join(dirname(dirname(path)), ".project_root");
      const cwd = readFileSync(file, "utf8").trim();
      const { source, lane, at, session, agent } = first;
      const base = { source, lane, at, session, agent, delivery: file };
      const about = { cwd };
      return [makeAct({ ...base, about }, { type: "session_started" })];
    } catch {
      return []; // of an earlier version
    }
  }

  #openOpenCode(): OpenCodeDatabase {
    const { openCode: path, since } = this.#options;
    const known = this.#positions.get(path);
    const position = known && {
      event: known.offset,
      time: known.state.startedAt ?? 0,
    };
    return new OpenCodeDatabase({
      path,
      since,
      position,
      take: (acts, next) => {
        this.#taken += acts.length;
        const masked = acts.map((act) => this.#mask(act));
        if (next === undefined) return this.#write(masked, {});
        // As the position in a file, which is what there is a table for.
        const { event: offset, time: startedAt } = next;
        const state = { session: "", agent: "", startedAt };
        const stored = { path, next: { file: "opencode", offset, state } };
        this.#write(masked, { position: stored });
      },
    });
  }

  #lookAtOpenCode(): void {
    try {
      this.#openCode?.look();
    } catch (error) {
      // The next look tries again.
      this.#events.report(
        `OpenCode's database could not be read: ${messageOf(error)}`,
      );
    }
  }

  /** A session's transcript that a hook names, and those of its subagents. */
  #follow(path: string): void {
    if (this.#follower.has(path)) return;
    const { folders } = this.#options;
    const kind = transcriptOf(path, folders);
    if (kind === undefined) return;
    const { fileOf } = TRANSCRIPTS[kind];
    this.#follower.addFile(path, fileOf);
    if (kind === "claude" && !/[/\\]subagents[/\\]/.test(path))
      this.#follower.addFolder(
        join(path.replace(/\.jsonl$/, ""), "subagents"),
        fileOf,
      );
  }

  #mask<Told extends object>(told: Told): Told {
    if (!this.#options.maskSecrets) return told;
    return maskContent(told, () => {
      this.#masked += 1;
    });
  }

  // ------------------------------------------------------------------ out

  #write(acts: readonly Act[], batch: Omit<Batch, "calls" | "changes">): void {
    if (this.#store.reopened()) this.#ledger = this.#newLedger();
    const ledger = this.#ledger;
    const now = Date.now();
    try {
      const calls = acts.flatMap((act) => ledger.take(act, now));
      this.#store.write({ ...batch, calls, changes: ledger.changes() });
    } catch (error) {
      // What was not stored is not known.
      this.#ledger = this.#newLedger();
      throw error;
    }
    this.#events.onCommit();
  }

  #settle(now: number): void {
    try {
      const calls = this.#ledger.settle(now);
      const changes = this.#ledger.changes();
      if (calls.length === 0 && changes.length === 0) return;
      this.#store.write({ calls, changes });
      this.#events.onCommit();
    } catch (error) {
      this.#ledger = this.#newLedger();
      this.#events.report(
        `The database cannot be written: ${messageOf(error)}`,
      );
    }
  }
}

const KINDS = ["claude", "codex", "gemini"] as const;

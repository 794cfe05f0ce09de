/**
 * Puts the rooms together: spool and transcripts in, the ledger between, the
 * database out. It runs on a thread of its own (thread.ts), because it waits
 * for disks and locks. Of several processes that share a spool, the one that
 * has its lock does all of it.
 *
 * Template: adw_agents 1.3.0
 */
import { join } from "node:path";
import type { NewEvent } from "../adw_events.ts";
import { messageOf } from "../adw_stderr.ts";
import { fieldsOf, maskContent, numbered, textOf } from "./act.ts";
import type { Act } from "./act.ts";
import { eventsIn } from "./api_events.ts";
import { actsBeside } from "./beside.ts";
import { NO_PRICES, readPrices } from "./cost.ts";
import type { Prices } from "./cost.ts";
import { Ledger } from "./ledger.ts";
import type { LogCall } from "./ledger.ts";
import { Liveness } from "./liveness.ts";
import { Lock, OvertakenError } from "./lock.ts";
import { OpenCodeDatabase } from "./opencode_database.ts";
import { readSessions } from "./sessions.ts";
import type { AgentSession } from "./sessions.ts";
import { mapPayload, TRANSCRIPTS, transcriptOf } from "./sources.ts";
import { Spool } from "./spool.ts";
import type { SpoolPayload } from "./spool.ts";
import { AgentStore, isRefused } from "./store.ts";
import type { Batch } from "./store.ts";
import { Follower } from "./transcripts.ts";
import type { Line, Position, Progress } from "./transcripts.ts";

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
  onCommit: (stats: AgentsStats) => void;
  onProgress: (progress: Progress) => void;
}

/** What has been done since the start. */
export interface AgentsStats {
  /** Payloads and lines that were taken. */
  taken: number;
  /** Rows that were written. */
  written: number;
  /** Secrets that were masked in what was written. */
  masked: number;
}

export class AgentService {
  readonly #options: ServiceOptions;
  readonly #events: ServiceEvents;
  readonly #store: AgentStore;
  readonly #prices: Prices;
  readonly #liveness = new Liveness();
  /** Undefined where there is no spool, and so nobody else who may take the same. */
  readonly #lock: Lock | undefined;
  #follower: Follower | undefined;
  #positions = new Map<string, Position>();
  /** Transcripts of which the file beside them was read. */
  readonly #metas = new Set<string>();
  /** Undefined where it would know what was not stored, or not what another process has stored. */
  #ledger: Ledger | undefined;
  #spool: Spool | undefined;
  #openCode: OpenCodeDatabase | undefined;
  /** The first look at the transcripts. */
  #reading: Promise<void> | undefined;
  #isStopping = false;
  #timers: NodeJS.Timeout[] = [];
  #taken = 0;
  #masked = 0;

  /** @throws what opening the database throws */
  constructor(options: ServiceOptions, events: ServiceEvents) {
    this.#options = options;
    this.#events = events;
    const { database, busyTimeoutMs, spool } = options;
    this.#store = new AgentStore(database, busyTimeoutMs, events.report);
    this.#prices = this.#readPrices();
    if (spool !== undefined)
      this.#lock = new Lock(join(spool, "lock"), {
        onTaken: () => {
          this.#begin();
        },
        onLost: () => {
          void this.#follower?.stop();
          this.#openCode = undefined;
        },
      });
  }

  /** Takes what lies there, and then what comes. */
  async start(): Promise<void> {
    const { spool: folder } = this.#options;
    if (folder === undefined || this.#lock === undefined) this.#begin();
    else {
      this.#spool = new Spool({
        folder,
        lock: this.#lock,
        report: this.#events.report,
        take: (batch) => {
          this.#takePayloads(batch);
        },
        isRefused,
      });
    }
    await this.#reading;
    if (this.#isStopping) return;
    this.#every(OPENCODE_INTERVAL_MS, () => {
      this.#lookAtOpenCode();
    });
    this.#every(SETTLE_INTERVAL_MS, () => {
      this.#settle();
    });
  }

  /** From now on this process takes all: from where it, or another one, has left off. */
  #begin(): void {
    const { transcripts, folders } = this.#options;
    this.#ledger = undefined;
    this.#positions = this.#store.positions();
    this.#follower = this.#newFollower();
    if (transcripts === "all") {
      for (const kind of KINDS)
        this.#follower.addFolder(folders[kind], TRANSCRIPTS[kind].fileOf);
    }
    if (transcripts === "named") {
      for (const path of this.#positions.keys()) this.#follow(path);
    }
    this.#reading = this.#read(this.#follower);
  }

  #newFollower(): Follower {
    const { report, onProgress } = this.#events;
    return new Follower({
      take: (lines, path, next) => {
        this.#takeLines(lines, path, next);
      },
      since: this.#options.since,
      positionOf: (path) => this.#positions.get(path),
      forget: (path) => {
        this.#positions.delete(path);
        this.#store.forgetFile(path);
      },
      report,
      onProgress,
    });
  }

  async #read(follower: Follower): Promise<void> {
    // What lies in the spool comes first.
    await Promise.resolve();
    const { transcripts } = this.#options;
    if (transcripts !== "none") await follower.start();
    if (this.#isStopping || follower !== this.#follower) return;
    if (transcripts === "all" && this.#isInCharge) {
      this.#openCode = this.#openOpenCode();
      this.#lookAtOpenCode();
    }
    // Of what lay there, nothing more is to come.
    this.#settle(true);
  }

  get #isInCharge(): boolean {
    return this.#lock?.isHeld ?? true;
  }

  #every(milliseconds: number, work: () => void): void {
    this.#timers.push(setInterval(work, milliseconds).unref());
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const timer of this.#timers) clearInterval(timer);
    this.#spool?.close();
    await this.#follower?.stop();
    await this.#reading;
    // Nothing more is to come.
    this.#settle(true);
    this.#lock?.release();
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
    this.#store.beginReading();
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
    const events: { key: string; event: NewEvent }[] = [];
    for (const { source, payload, delivery } of batch) {
      this.#taken += 1;
      if (source === "event") {
        const [found, problems] = eventsIn(payload, delivery);
        events.push(...found);
        for (const problem of problems) this.#events.report(problem);
        continue;
      }
      acts.push(...mapPayload(source, payload, delivery));
      const named = textOf(fieldsOf(payload), "transcript_path");
      if (this.#options.transcripts === "named" && named !== undefined)
        this.#follow(named);
    }
    this.#write(acts, { events });
  }

  #takeLines(lines: readonly Line[], path: string, next: Position): void {
    const kind = transcriptOf(path, this.#options.folders);
    if (kind === undefined)
      throw new Error(`${path} is no longer in a folder of transcripts`);
    const at = Date.now();
    const { mapLine } = TRANSCRIPTS[kind];
    const acts = lines.flatMap(({ value, id }) => {
      this.#taken += 1;
      try {
        return numbered(mapLine(value, { at, id }, next.state));
      } catch (error) {
        this.#events.report(
          `${path}: a line that cannot be read was left out: ${messageOf(error)}`,
        );
        return [];
      }
    });
    const beside = this.#metas.has(path)
      ? undefined
      : actsBeside(path, acts[0], at);
    this.#write([...(beside ?? []), ...acts], { position: { path, next } });
    if (beside !== undefined) this.#metas.add(path);
    this.#positions.set(path, structuredClone(next));
  }

  #openOpenCode(): OpenCodeDatabase {
    const { openCode: path, since } = this.#options;
    const known = this.#positions.get(path);
    const time = known?.state.startedAt ?? 0;
    const position = known && { event: known.offset, time };
    return new OpenCodeDatabase({
      path,
      since,
      position,
      take: (acts, next) => {
        this.#taken += acts.length;
        // As the position in a file, which is what there is a table for.
        const state = { session: "", agent: "", startedAt: next?.time ?? 0 };
        const offset = next?.event ?? 0;
        const stored = { path, next: { file: "opencode", offset, state } };
        this.#write(acts, { position: next && stored });
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
    const follower = this.#follower;
    if (follower === undefined || follower.has(path)) return;
    const { folders } = this.#options;
    const kind = transcriptOf(path, folders);
    if (kind === undefined) return;
    const { fileOf } = TRANSCRIPTS[kind];
    follower.addFile(path, fileOf);
    if (kind === "claude" && !/[/\\]subagents[/\\]/.test(path))
      follower.addFolder(
        join(path.replace(/\.jsonl$/, ""), "subagents"),
        fileOf,
      );
  }

  // ------------------------------------------------------------------ out

  /** Stores what was said, its secrets masked. */
  #write(said: readonly Act[], { events = [], position }: Stored): void {
    let masked = 0;
    const mask = <Told extends object>(told: Told): Told =>
      this.#options.maskSecrets ? maskContent(told, () => (masked += 1)) : told;
    const acts = said.map(mask);
    const others = events.map((each) => ({ ...each, event: mask(each.event) }));
    const now = Date.now();
    this.#update(
      (ledger) => ledger.takeAll(acts, now),
      { events: others, position },
      masked,
    );
  }

  #settle(isRead = false): void {
    if (!this.#isInCharge) return;
    try {
      this.#update((ledger) => ledger.settle(Date.now(), isRead));
    } catch (error) {
      this.#events.report(
        `The database cannot be written: ${messageOf(error)}`,
      );
    }
  }

  /**
   * Stores what the ledger makes of something. Another server, with a spool of its
   * own, may have stored in the same database meanwhile: then once more, with a
   * ledger that knows it, and with nobody in between.
   */
  #update(
    make: (ledger: Ledger) => LogCall[],
    { events = [], position }: Stored = {},
    masked = 0,
  ): void {
    const attempt = (): boolean => {
      this.#ledger ??= this.#newLedger();
      const ledger = this.#ledger;
      const calls = make(ledger);
      const changes = ledger.changes();
      const rows = calls.length + changes.length + events.length;
      if (rows === 0 && position === undefined) return false;
      const batch = { calls, changes, events, position };
      this.#store.write(batch, () => this.#lock?.confirm());
      return true;
    };
    for (const isAlone of [false, true]) {
      try {
        if (this.#store.reopened()) this.#ledger = undefined;
        if (!(isAlone ? this.#store.alone(attempt) : attempt())) return;
        break;
      } catch (error) {
        // What was not stored is not known.
        this.#ledger = undefined;
        if (isAlone || !(error instanceof OvertakenError)) throw error;
      }
    }
    this.#masked += masked;
    this.#events.onCommit(this.stats());
  }
}

/** What is stored beside the log calls. */
type Stored = Pick<Batch, "events" | "position">;

const KINDS = ["claude", "codex", "gemini"] as const;

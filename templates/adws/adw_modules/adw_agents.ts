/**
 * adw_agents: what coding agents say of themselves, in: Claude Code, Codex,
 * Gemini CLI, OpenCode, Cursor, and whatever speaks OpenTelemetry's GenAI words.
 *
 * Template: adw_agents 1.3.0, rendered by adw-scaffold.
 * Needs:    nothing but Node >= 20.19.
 * Update:   npx adw-scaffold update
 *
 * A payload becomes acts (adw_agents/act.ts), by one pure mapper a source; the
 * ledger (adw_agents/ledger.ts) makes log calls of acts, each once, whatever
 * road they came by, however often and in which order. A new source is one
 * file, and one line in `HOOKS` or `TRANSCRIPTS` below.
 *
 *     const ledger = new Ledger({ prices, load, isAlive });
 *     await Spool.open({ folder, report, take: (batch) => {
 *       const acts = batch.flatMap(({ source, payload, delivery }) =>
 *         mapPayload(source, payload, delivery));
 *       const calls = acts.flatMap((act) => ledger.take(maskAct(act), Date.now()));
 *       // Write `calls` in one transaction.
 *     }});
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { numbered } from "./adw_agents/act.ts";
import type { Act, Delivery, FileState } from "./adw_agents/act.ts";
import { mapClaudeHook, mapClaudeRecord } from "./adw_agents/claude.ts";
import {
  claudeFile,
  mapClaudeLine,
  mapClaudeMeta,
} from "./adw_agents/claude_lines.ts";
import {
  codexFile,
  mapCodexHook,
  mapCodexLine,
  mapCodexRecord,
} from "./adw_agents/codex.ts";
import { isCursor, mapCursorHook } from "./adw_agents/cursor.ts";
import {
  geminiFile,
  mapGeminiHook,
  mapGeminiLine,
  mapGeminiRecord,
} from "./adw_agents/gemini.ts";
import { mapGenAi, readOtel } from "./adw_agents/otel.ts";
import type { AgentStatus } from "./adw_events.ts";
import { maskValue } from "./adw_mask.ts";

export { parsePrices, readPrices } from "./adw_agents/cost.ts";
export { createDoors, readIngestToken } from "./adw_agents/doors.ts";
export type { Doors, DoorOptions } from "./adw_agents/doors.ts";
export { Ledger } from "./adw_agents/ledger.ts";
export type { LedgerOptions, LogCall } from "./adw_agents/ledger.ts";
export { mapOpenCodeEvent, openCodeState } from "./adw_agents/opencode.ts";
export { putIntoSpool, Spool } from "./adw_agents/spool.ts";
export type { SpoolOptions, SpoolPayload } from "./adw_agents/spool.ts";
export { Follower, readLines } from "./adw_agents/transcripts.ts";
export type { FollowOptions, Position } from "./adw_agents/transcripts.ts";
export type { Act, Delivery, FileState };

/** What `startAgents` does, and where. Times in ms since the epoch. */
export interface AgentsOptions {
  /** The database file to write into; made and migrated when needed. */
  database: string;
  /** The spool's folder, made when missing (mode 0700). Without one, no HTTP request is taken. */
  spool?: string | undefined;
  /**
   * Which transcripts are read: those of the sessions that hooks name (for their
   * tokens), all of this user's, or none. Default: "named".
   */
  transcripts?: "named" | "all" | "none" | undefined;
  /** Of all transcripts, those that have grown since then. Default: all. */
  since?: number | undefined;
  /** The folder that holds .claude, .codex and .gemini. Default: the user's home, CLAUDE_CONFIG_DIR and CODEX_HOME respected. */
  home?: string | undefined;
  /** The price table. Default: `prices.json` in the folder above this module's. */
  prices?: string | undefined;
  /** What `handle` asks of a request. Default: nothing, so that every local program may write. */
  ingestToken?: string | undefined;
  /** Whether secrets are masked before anything is stored. Default: as configured. */
  maskSecrets?: boolean | undefined;
  /** Called after each commit, so that a server in this process can publish at once. */
  onCommit?: (() => void) | undefined;
  /** Called while what lay there at the start is read. */
  onProgress?: ((progress: AgentsProgress) => void) | undefined;
  /** Told, in a sentence, what went wrong, and what became of it. Default: stderr, each once a minute. */
  report?: ((problem: string) => void) | undefined;
  /**
   * Whether the work is done on a thread of its own, which runs `adw_agents/thread.ts`
   * (in a bundle: `adw_agents/thread.js` beside it). Default: true.
   */
  thread?: boolean | undefined;
}

/** How much of the transcripts was read since the start, in files and bytes. */
export interface AgentsProgress {
  files: number;
  filesInAll: number;
  bytes: number;
  bytesInAll: number;
}

/** One session of a coding agent, its subagents included. */
export interface AgentSession {
  session_id: string;
  /** claude-code, codex, gemini-cli, opencode, cursor, … */
  source: string;
  project: string | null;
  cwd: string | null;
  branch: string | null;
  model: string | null;
  title: string | null;
  /** Of its main agent; "waiting" while one of its agents waits for a person. */
  status: AgentStatus | "waiting";
  /** ISO 8601, UTC. */
  started_at: string;
  last_activity: string;
  /** Its subagents, however deep. */
  subagents: number;
  tokens_input: number;
  tokens_output: number;
  tokens_cache_read: number;
  tokens_cache_write: number;
  /** US dollars; null when nothing of it is known. */
  cost_usd: number | null;
  /** "partial": some of its requests have no known cost. */
  cost_source: "reported" | "estimated" | "mixed" | "partial" | "unknown";
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

export interface Agents {
  /** Resolves when what lay there at the start (spool, transcripts) is stored. */
  readonly ready: Promise<void>;
  /**
   * Answers a request for one of the doors: POST /hooks/<source>, /v1/logs,
   * /v1/traces, /v1/metrics, /api/events.
   *
   * @returns false when the request is for something else, and untouched
   */
  handle(request: IncomingMessage, response: ServerResponse): boolean;
  /** The sessions in the database, the last active first. */
  sessions(): Promise<AgentSession[]>;
  stats(): Promise<AgentsStats>;
  /** Stores what was taken, and closes all. */
  stop(): Promise<void>;
}

/**
 * Takes what coding agents say, by every door that the options open, and writes
 * it into the database, until `stop`.
 *
 * @throws what opening the database or the spool throws
 */
export function startAgents(_options: AgentsOptions): Promise<Agents> {
  return Promise.reject(new Error("startAgents is not there yet"));
}

type Mapper = (payload: unknown, delivery: Delivery) => Act[];

/** By the name that a spool's file or the path of a request gives a source. */
const HOOKS: ReadonlyMap<string, Mapper> = new Map([
  [
    "claude",
    (payload, delivery) =>
      isCursor(payload)
        ? mapCursorHook(payload, delivery)
        : mapClaudeHook(payload, delivery),
  ],
  ["codex", mapCodexHook],
  ["gemini", mapGeminiHook],
  ["cursor", mapCursorHook],
  ["otel", mapOtel],
] satisfies [string, Mapper][]);

export const SOURCES: readonly string[] = [...HOOKS.keys()];

/** How the files of an agent are read. */
export interface Transcripts {
  fileOf: (path: string) => FileState | undefined;
  /** May change `state`: what the file has said so far. */
  mapLine: (line: unknown, delivery: Delivery, state: FileState) => Act[];
}

export const TRANSCRIPTS: Readonly<
  Record<"claude" | "codex" | "gemini", Transcripts>
> = {
  claude: { fileOf: claudeFile, mapLine: mapClaudeLine },
  codex: { fileOf: codexFile, mapLine: mapCodexLine },
  gemini: { fileOf: geminiFile, mapLine: mapGeminiLine },
};
export { mapClaudeMeta };

/** The acts of one payload of a source; none for a source that nobody knows. */
export function mapPayload(
  source: string,
  payload: unknown,
  delivery: Delivery,
): Act[] {
  return numbered(HOOKS.get(source)?.(payload, delivery) ?? []);
}

/** The acts of an OTLP request for logs or traces, as JSON. */
export function mapOtel(payload: unknown, delivery: Delivery): Act[] {
  return readOtel(payload, delivery).flatMap((record) => {
    if (record.durationMs !== undefined) return mapGenAi(record);
    if (record.service.startsWith("claude")) return mapClaudeRecord(record);
    if (record.service.startsWith("codex")) return mapCodexRecord(record);
    if (record.service.startsWith("gemini")) return mapGeminiRecord(record);
    return mapGenAi(record);
  });
}

/** What an act may hold that a person or a program wrote. */
const CONTENT = new Set([
  "text",
  "input",
  "output",
  "error",
  "message",
  "fields",
  "more",
  "about",
]);

/**
 * Masks the secrets in what an act tells, before it is compared or stored.
 *
 * @param onMasked called for each secret
 */
export function maskAct(act: Act, onMasked?: () => void): Act {
  const masked = { ...act };
  for (const [key, value] of Object.entries(act)) {
    if (!CONTENT.has(key) || value === undefined) continue;
    Object.assign(masked, { [key]: maskValue(value, "", onMasked) });
  }
  return masked;
}

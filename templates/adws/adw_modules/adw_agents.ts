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

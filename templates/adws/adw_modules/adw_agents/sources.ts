/**
 * The list of sources: by which name payloads come, who maps them, and where
 * the transcripts lie. A new source is one file, and one line here.
 *
 * Template: adw_agents 1.3.0
 */
import { realpathSync } from "node:fs";
import { sep } from "node:path";
import { numbered } from "./act.ts";
import type { Act, Delivery, FileState } from "./act.ts";
import { mapClaudeHook, mapClaudeRecord } from "./claude.ts";
import { claudeFile, mapClaudeLine, mapClaudeMeta } from "./claude_lines.ts";
import {
  codexFile,
  mapCodexHook,
  mapCodexLine,
  mapCodexRecord,
} from "./codex.ts";
import { isCursor, mapCursorHook } from "./cursor.ts";
import {
  geminiFile,
  mapGeminiHook,
  mapGeminiLine,
  mapGeminiRecord,
} from "./gemini.ts";
import { mapGenAi, readOtel } from "./otel.ts";
import type { OtelRecord } from "./otel.ts";

type Mapper = (payload: unknown, delivery: Delivery) => Act[];

/** By the name that a spool's file or the path of a request gives a source. */
const MAPPERS: ReadonlyMap<string, Mapper> = new Map([
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

/** Those whose hooks are taken. */
export const HOOK_SOURCES = ["claude", "codex", "gemini", "cursor"] as const;

/** The acts of one payload of a source, each told apart. @throws for a source that nobody knows */
export function mapPayload(
  source: string,
  payload: unknown,
  delivery: Delivery,
): Act[] {
  const map = MAPPERS.get(source);
  if (map === undefined) throw new Error(`nobody knows the source "${source}"`);
  const acts = map(payload, delivery);
  // A record is the same in whichever request it comes again.
  return map === mapOtel ? acts : numbered(acts);
}

/** The acts of an OTLP request for logs or traces, as JSON. */
export function mapOtel(payload: unknown, delivery: Delivery): Act[] {
  return readOtel(payload, delivery).flatMap((record) =>
    numbered(mapRecord(record)),
  );
}

function mapRecord(record: OtelRecord): Act[] {
  if (record.durationMs !== undefined)
    // Gemini's log records say the same, and of which session.
    return record.service.startsWith("gemini") ? [] : mapGenAi(record);
  if (record.service.startsWith("claude")) return mapClaudeRecord(record);
  if (record.service.startsWith("codex")) return mapCodexRecord(record);
  if (record.service.startsWith("gemini")) return mapGeminiRecord(record);
  return mapGenAi(record);
}

/** How the files of an agent are read. */
export interface Transcripts {
  /** What a file is, by its path; undefined: no transcript. */
  fileOf: (path: string) => FileState | undefined;
  /** May change `state`: what the file has said so far. */
  mapLine: (line: unknown, delivery: Delivery, state: FileState) => Act[];
}

export const TRANSCRIPTS: Readonly<
  Record<"claude" | "codex" | "gemini", Transcripts>
> = {
  claude: {
    // What names a subagent's call lies beside its transcript, and is read with it.
    fileOf: (path) => (path.endsWith(".jsonl") ? claudeFile(path) : undefined),
    mapLine: mapClaudeLine,
  },
  codex: { fileOf: codexFile, mapLine: mapCodexLine },
  gemini: { fileOf: geminiFile, mapLine: mapGeminiLine },
};

/** Whose transcript a path is. Only what lies in the agents' own folders is one. */
export function transcriptOf(
  path: string,
  folders: Readonly<Record<keyof typeof TRANSCRIPTS, string>>,
): keyof typeof TRANSCRIPTS | undefined {
  for (const kind of ["claude", "codex", "gemini"] as const) {
    if (TRANSCRIPTS[kind].fileOf(path) === undefined) continue;
    if (isWithin(path, folders[kind])) return kind;
  }
  return undefined;
}

/** Symbolic links are followed: a name in a payload must not lead elsewhere. */
function isWithin(path: string, folder: string): boolean {
  try {
    return realpathSync(path).startsWith(realpathSync(folder) + sep);
  } catch {
    return false;
  }
}

/** The file beside a subagent's transcript that says who started it. */
export function claudeMeta(path: string) {
  const state = claudeFile(path);
  if (state === undefined || state.agent === state.session) return undefined;
  return {
    path: path.replace(/\.jsonl$/, ".meta.json"),
    map: (meta: unknown, delivery: Delivery) =>
      numbered(mapClaudeMeta(meta, delivery, state)),
  };
}

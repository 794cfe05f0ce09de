/**
 * The shapes that the other files share. The event is the one of the wire, as
 * the event client has it.
 */
import type { WebSocketEvent } from "adw_modules/adw_websocket_client.ts";
import type { Share, Usage } from "./usage.ts";

export type AgentEvent = WebSocketEvent & {
  /** Short name of the project, where it is known. */
  project?: string;
  /** What the event comes from: adw, claude-code, codex, … */
  source?: string;
};

export type Activity =
  "running" | "waiting" | "idle" | "done" | "failed" | "cancelled" | "unknown";

export interface StepStats {
  name: string;
  /** finished runs */
  count: number;
  totalMs: number;
  maxMs: number;
  failed: number;
}

/** Why an agent waits for a person. */
export interface Wait {
  kind: "permission" | "question" | "idle" | "blocked";
  reason: string;
  /** ms since the epoch */
  since: number;
  seq: number;
  /** id of what was asked for, "" when it has none */
  request: string;
  /** the tool that was asked for, "" when none was named */
  tool: string;
}

/** The latest tool call, and how often it was made. */
export interface Repeat {
  input: unknown;
  label: string;
  /** in a row */
  calls: number;
  /** the same, calls that ran side by side counted once */
  rounds: number;
  /** of these calls, how many have not ended */
  open: number;
  since: number;
  /** when the latest of them ended, 0 when none has */
  endedAt: number;
  /** whether one of the latest round has ended */
  hasEnded: boolean;
  callId: string;
  seq: number;
}

export interface Agent {
  id: string;
  name: string;
  type: string;
  model: string;
  /** "" where its events do not say */
  project: string;
  source: string;
  /** its first prompt's first line */
  title: string;
  /** the folder it works in */
  cwd: string;
  parentId: string;
  /** the latest */
  sessionId: string;
  /** every one it was seen in */
  sessions: Set<string>;
  /** as recorded */
  status: string;
  activity: Activity;
  /** the latest */
  message: string;
  firstAt: number;
  lastAt: number;
  /** 0 while it works */
  endedAt: number;
  lastSeq: number;
  events: number;
  errors: number;
  /** sum of its own prompts and model requests */
  used: Usage;
  /** the same by model and day */
  shares: Map<string, Share>;
  /** the total that the agent itself reported */
  reportedTokensIn: number;
  reportedTokensOut: number;
  reportedCost: number;
  /** when it did, ms since the epoch */
  reportedAt: number;
  /** a recorded number was labelled an estimate */
  estimated: boolean;
  /** how often hooks ran in it, and how long that took in all */
  hookRuns: number;
  hookMs: number;
  /** innermost last */
  openSteps: { name: string; key: string; since: number }[];
  /** by name: any name may occur */
  steps: Map<string, StepStats>;
  openCalls: Map<string, { name: string; label: string; since: number }>;
  /** whether the ends of its tool calls are reported */
  reportsEnds: boolean;
  repeat: Repeat;
  /** in the order in which they began */
  waits: Wait[];
  failure: { reason: string; since: number; seq: number } | null;
}

/** One row of the "needs you" queue. */
export interface Need {
  /** stable while the same need lasts */
  key: string;
  agentId: string;
  agentName: string;
  kind:
    | "permission"
    | "question"
    | "failed"
    | "loop"
    | "blocked"
    | "idle"
    | "silent";
  reason: string;
  since: number;
  /** the event that tells, 0 when none does */
  seq: number;
}

/** The fields of the filter that hold a list of values. */
export const FILTER_FIELDS = [
  "agents",
  "types",
  "levels",
  "sessions",
  "projects",
  "sources",
] as const;
export type FilterField = (typeof FILTER_FIELDS)[number];

export interface Filter extends Record<FilterField, string[]> {
  text: string;
  /** ms since the epoch */
  from: number | null;
  to: number | null;
}

/** From the least to the most serious. */
export const LOG_LEVELS = ["debug", "info", "warning", "error", "critical"];

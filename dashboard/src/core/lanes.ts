/**
 * What the timeline draws: for each agent its steps as spans and its events as
 * marks, in columns sorted by time, so that drawing touches only what is seen.
 */
import type { AgentEvent } from "./types.ts";
import { stepName, text } from "./event_facts.ts";

export type MarkKind =
  "error" | "warning" | "needs" | "tool" | "prompt" | "status" | "other";

/** Kinds by weight: where marks coincide, the weightiest is drawn. */
export const MARK_KINDS: readonly MarkKind[] = [
  "other",
  "status",
  "prompt",
  "tool",
  "warning",
  "needs",
  "error",
];

export interface Span {
  name: string;
  key: string;
  start: number;
  /** Infinity while it is open */
  end: number;
  /** 0 for the outermost */
  depth: number;
  failed: boolean;
  startSeq: number;
  /** 0 while it is open */
  endSeq: number;
}

export interface Lane {
  agentId: string;
  start: number;
  /** Infinity while the agent works */
  end: number;
  /** of the marks */
  times: number[];
  /** of the marks */
  seqs: number[];
  /** of the marks: indexes into MARK_KINDS */
  kinds: number[];
  /** in order of their start */
  spans: Span[];
  open: Span[];
}

export function createLanes(): Map<string, Lane> {
  return new Map();
}

/** Adds one event to its agent's lane, in place. */
export function addToLanes(
  lanes: Map<string, Lane>,
  event: AgentEvent,
  at: number,
) {
  let lane = lanes.get(event.agent_id);
  if (lane === undefined) {
    lane = {
      agentId: event.agent_id,
      start: at,
      end: Infinity,
      times: [],
      seqs: [],
      kinds: [],
      spans: [],
      open: [],
    };
    lanes.set(event.agent_id, lane);
  }
  lane.start = Math.min(lane.start, at);
  addMark(lane, event, at);

  switch (event.event_type) {
    case "step_start":
      openSpan(lane, event, at);
      break;
    case "step_end":
      closeSpan(lane, event, at);
      break;
    case "agent_completed":
    case "agent_failed":
    case "agent_cancelled":
      endLane(lane, at);
      break;
    case "agent_started":
      lane.end = Infinity;
      break;
    case "agent_status_changed":
      if (isFinal(event.metadata["status"])) endLane(lane, at);
      else lane.end = Infinity;
      break;
  }
}

/**
 * Forgets what happened before an event, when the store lets go of it.
 *
 * @param seq the oldest event kept
 * @param time its time
 */
export function trimLanes(lanes: Map<string, Lane>, seq: number, time: number) {
  for (const [id, lane] of lanes) {
    const { seqs } = lane;
    const isKept = (_: unknown, index: number) => (seqs[index] ?? 0) >= seq;
    lane.times = lane.times.filter(isKept);
    lane.kinds = lane.kinds.filter(isKept);
    lane.seqs = seqs.filter(isKept);
    lane.spans = lane.spans.filter((span) => span.end >= time);
    if (lane.seqs.length === 0 && lane.end < time) lanes.delete(id);
  }
}

export function markKind(event: AgentEvent): MarkKind {
  const type = event.event_type;
  if (
    event.log_level === "error" ||
    event.log_level === "critical" ||
    type === "error" ||
    type === "agent_failed"
  ) {
    return "error";
  }
  if (type === "permission_request" || type === "notification") return "needs";
  if (event.log_level === "warning") return "warning";
  if (type === "tool_call") return "tool";
  if (type.startsWith("prompt_")) return "prompt";
  if (type.startsWith("agent_")) return "status";
  return "other";
}

/** Index of the first of sorted numbers that is >= `value`. */
export function lowerBound(sorted: ArrayLike<number>, value: number) {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Adds a mark where it belongs: a row may be written later than it happened. */
function addMark({ times, seqs, kinds }: Lane, event: AgentEvent, at: number) {
  const kind = MARK_KINDS.indexOf(markKind(event));
  let index = times.length;
  if (index > 0 && at < (times[index - 1] ?? 0)) {
    index = lowerBound(times, at);
    // After those of the same moment.
    while (times[index] === at) index += 1;
  }
  if (index === times.length) {
    times.push(at);
    seqs.push(event.seq);
    kinds.push(kind);
    return;
  }
  times.splice(index, 0, at);
  seqs.splice(index, 0, event.seq);
  kinds.splice(index, 0, kind);
}

function openSpan(lane: Lane, event: AgentEvent, at: number) {
  const span: Span = {
    name: stepName(event),
    key: stepKey(event),
    start: at,
    end: Infinity,
    depth: Math.min(lane.open.length, 2),
    failed: false,
    startSeq: event.seq,
    endSeq: 0,
  };
  lane.spans.push(span);
  lane.open.push(span);
}

function closeSpan(lane: Lane, event: AgentEvent, at: number) {
  const key = stepKey(event);
  const index = lane.open.findLastIndex((span) => span.key === key);
  const span = lane.open[index];
  if (span === undefined) return;
  lane.open.splice(index, 1);
  span.end = Math.max(at, span.start);
  span.endSeq = event.seq;
  span.failed = event.metadata["status"] === "failed";
}

function endLane(lane: Lane, at: number) {
  lane.end = at;
  for (const span of lane.open) span.end = Math.max(at, span.start);
  lane.open = [];
}

function stepKey(event: AgentEvent) {
  return text(event.metadata["step_id"]) || stepName(event);
}

function isFinal(status: unknown) {
  return (
    status === "completed" ||
    status === "complete" ||
    status === "failed" ||
    status === "cancelled"
  );
}

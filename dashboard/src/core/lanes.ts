/**
 * What the timeline draws: for each agent its steps as spans and its events as
 * marks, in columns sorted by time, so that drawing touches only what is seen.
 *
 * @import { AgentEvent } from "./types.ts"
 */
import { stepName } from "./event_facts.ts";

/** @typedef {"error" | "warning" | "needs" | "tool" | "prompt" | "status" | "other"} MarkKind */

/** Kinds by weight: where marks coincide, the weightiest is drawn. */
/** @type {readonly MarkKind[]} */
export const MARK_KINDS = [
  "other",
  "status",
  "prompt",
  "tool",
  "warning",
  "needs",
  "error",
];

/**
 * @typedef {object} Span
 * @property {string} name
 * @property {string} key
 * @property {number} start
 * @property {number} end Infinity while it is open
 * @property {number} depth 0 for the outermost
 * @property {boolean} failed
 * @property {number} startSeq
 * @property {number} endSeq 0 while it is open
 */

/**
 * @typedef {object} Lane
 * @property {string} agentId
 * @property {number} start
 * @property {number} end Infinity while the agent works
 * @property {number[]} times of the marks
 * @property {number[]} seqs of the marks
 * @property {number[]} kinds of the marks: indexes into MARK_KINDS
 * @property {Span[]} spans in order of their start
 * @property {Span[]} open
 */

/** @returns {Map<string, Lane>} */
export function createLanes() {
  return new Map();
}

/**
 * Adds one event to its agent's lane, in place.
 *
 * @param {Map<string, Lane>} lanes
 * @param {AgentEvent} event
 * @param {number} at
 */
export function addToLanes(lanes, event, at) {
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
      lane.end = at;
      for (const span of lane.open) span.end = Math.max(at, span.start);
      lane.open = [];
      break;
    case "agent_started":
      lane.end = Infinity;
      break;
    case "agent_status_changed":
      lane.end = isFinal(event.metadata["status"]) ? at : Infinity;
      break;
  }
}

/**
 * Forgets what happened before an event, when the store lets go of it.
 *
 * @param {Map<string, Lane>} lanes
 * @param {number} seq the oldest event kept
 * @param {number} time its time
 */
export function trimLanes(lanes, seq, time) {
  for (const [id, lane] of lanes) {
    const { seqs } = lane;
    const isKept = (/** @type {unknown} */ _, /** @type {number} */ index) =>
      (seqs[index] ?? 0) >= seq;
    lane.times = lane.times.filter(isKept);
    lane.kinds = lane.kinds.filter(isKept);
    lane.seqs = seqs.filter(isKept);
    lane.spans = lane.spans.filter((span) => span.end >= time);
    if (lane.seqs.length === 0 && lane.end < time) lanes.delete(id);
  }
}

/**
 * @param {AgentEvent} event
 * @returns {MarkKind}
 */
export function markKind(event) {
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

/**
 * Index of the first of sorted numbers that is >= `value`.
 *
 * @param {ArrayLike<number>} sorted
 * @param {number} value
 */
export function lowerBound(sorted, value) {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Adds a mark where it belongs: a row may be written later than it happened.
 *
 * @param {Lane} lane
 * @param {AgentEvent} event
 * @param {number} at
 */
function addMark({ times, seqs, kinds }, event, at) {
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

/**
 * @param {Lane} lane
 * @param {AgentEvent} event
 * @param {number} at
 */
function openSpan(lane, event, at) {
  /** @type {Span} */
  const span = {
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

/**
 * @param {Lane} lane
 * @param {AgentEvent} event
 * @param {number} at
 */
function closeSpan(lane, event, at) {
  const key = stepKey(event);
  const index = lane.open.findLastIndex((span) => span.key === key);
  const span = lane.open[index];
  if (span === undefined) return;
  lane.open.splice(index, 1);
  span.end = Math.max(at, span.start);
  span.endSeq = event.seq;
  span.failed = event.metadata["status"] === "failed";
}

/** @param {AgentEvent} event */
function stepKey(event) {
  const id = event.metadata["step_id"];
  return typeof id === "string" ? id : stepName(event);
}

/** @param {unknown} status */
function isFinal(status) {
  return (
    status === "completed" ||
    status === "complete" ||
    status === "failed" ||
    status === "cancelled"
  );
}

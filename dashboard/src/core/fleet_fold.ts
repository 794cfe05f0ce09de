/**
 * Folds events into the state of the fleet: who works, on what, at what cost.
 * The same events always give the same fleet, so that a replay is a fold over
 * fewer of them. Time is what the events say; no clock is read here.
 */
import type { Fleet } from "./fleet.ts";
import type { Activity, Agent, AgentEvent } from "./types.ts";
import { count, stepName, text } from "./event_facts.ts";
import { sessionOf } from "./filter.ts";
import { noRepeat, takeToolCall } from "./repeats.ts";
import { costIn, isEstimate, isRequest, noUsage, takeUsage } from "./usage.ts";
import { endWaitsByStatus, updateWaits } from "./waits.ts";

/** Statuses as recorded, of both generations of the tables. */
const ACTIVITY_OF_STATUS: ReadonlyMap<string, Activity> = new Map([
  ["initializing", "running"],
  ["planning", "running"],
  ["executing", "running"],
  ["reviewing", "running"],
  ["running", "running"],
  ["in_progress", "running"],
  ["waiting", "waiting"],
  ["blocked", "waiting"],
  ["idle", "idle"],
  ["completed", "done"],
  ["complete", "done"],
  ["failed", "failed"],
  ["cancelled", "cancelled"],
]);

/** What an event type alone says about the agent it belongs to. */
const STATUS_OF_TYPE: ReadonlyMap<string, string> = new Map([
  ["agent_started", "executing"],
  ["agent_completed", "completed"],
  ["agent_failed", "failed"],
  ["agent_cancelled", "cancelled"],
]);

/** Types that tell about a person's part, or nothing about the agent's work. */
const NOT_WORK = new Set([
  "permission_request",
  "permission_resolved",
  "notification",
  "heartbeat",
  "performance",
  "system_event",
  "system_log",
  "agent_log",
  "cost_update",
  "agent_created",
  "agent_updated",
  "agent_status_changed",
  "session_ended",
  "hook_execution_complete",
]);

/**
 * Adds one event to the fleet, in place.
 *
 * @param at ms since the epoch
 */
export function applyEvent(fleet: Fleet, event: AgentEvent, at: number) {
  fleet.events += 1;
  const isError =
    event.log_level === "error" ||
    event.log_level === "critical" ||
    event.event_type === "error";
  if (isError) fleet.errors += 1;
  if (event.agent_id === "system" || event.agent_id === "") return;

  const agent = agentOf(fleet, event.agent_id, at);
  const { metadata } = event;
  agent.events += 1;
  // A row may be written later than it happened.
  agent.firstAt = Math.min(agent.firstAt, at);
  agent.lastAt = Math.max(agent.lastAt, at);
  agent.lastSeq = event.seq;
  const session = sessionOf(event);
  if (session !== "") agent.sessions.add(session);
  if (isError) agent.errors += 1;
  if (event.message !== "") agent.message = event.message;
  describe(agent, event);
  updateWaits(agent, event, at);
  takeHooks(agent, event);

  switch (event.event_type) {
    case "step_start":
      startStep(agent, metadata, event, at);
      break;
    case "step_end":
      endStep(agent, metadata, event, at);
      break;
    case "prompt_sent":
      // Without an id a newer prompt stands for the older one.
      agent.openCalls.set(`prompt:${text(metadata["prompt_id"])}`, {
        name: "a prompt",
        label: "",
        since: at,
      });
      break;
    case "prompt_completed":
      agent.openCalls.delete(`prompt:${text(metadata["prompt_id"])}`);
      takeUsage(agent, metadata, at);
      agent.estimated ||= costIn(metadata) !== null && isEstimate(metadata);
      break;
    case "tool_call":
      takeToolCall(agent, event, at);
      break;
    case "agent_completed":
    case "agent_failed":
    case "agent_cancelled":
    case "agent_status_changed":
      takeReport(agent, metadata, at);
      break;
    case "cost_update":
      if (isRequest(metadata)) takeUsage(agent, metadata, at);
      else takeReport(agent, metadata, at);
      break;
  }

  const status =
    STATUS_OF_TYPE.get(event.event_type) ??
    (event.event_type === "agent_created" ||
    event.event_type === "agent_status_changed"
      ? text(metadata["status"])
      : "");
  if (status !== "") setStatus(agent, status, event, at);
  else if (agent.activity === "unknown" && isWork(event)) {
    agent.activity = "running";
  } else if (
    agent.activity === "waiting" &&
    agent.waits.length === 0 &&
    isWork(event)
  ) {
    // It works again, whatever status was last written.
    agent.activity = "running";
    agent.status = "";
  }
}

function agentOf(fleet: Fleet, id: string, at: number): Agent {
  const known = fleet.agents.get(id);
  if (known !== undefined) return known;
  const agent: Agent = {
    id,
    name: "",
    type: "",
    model: "",
    project: "",
    source: "",
    title: "",
    cwd: "",
    parentId: "",
    sessionId: "",
    sessions: new Set(),
    status: "",
    activity: "unknown",
    message: "",
    firstAt: at,
    lastAt: at,
    endedAt: 0,
    lastSeq: 0,
    events: 0,
    errors: 0,
    used: noUsage(),
    shares: new Map(),
    reportedTokensIn: 0,
    reportedTokensOut: 0,
    reportedCost: 0,
    reportedAt: 0,
    estimated: false,
    hookRuns: 0,
    hookMs: 0,
    openSteps: [],
    steps: new Map(),
    openCalls: new Map(),
    reportsEnds: false,
    repeat: noRepeat(),
    waits: [],
    failure: null,
  };
  fleet.agents.set(id, agent);
  return agent;
}

/** Takes over what an event says about who the agent is. */
function describe(agent: Agent, event: AgentEvent) {
  const { metadata } = event;
  if (event.event_type.startsWith("agent_")) {
    agent.name = text(metadata["name"]) || agent.name;
    agent.type = text(metadata["agent_type"]) || agent.type;
    agent.title = text(metadata["title"]) || agent.title;
    agent.cwd = text(metadata["cwd"]) || agent.cwd;
  }
  agent.project = event.project || agent.project;
  agent.source = event.source || agent.source;
  agent.model = text(metadata["model"]) || agent.model;
  const parent = text(metadata["parent_agent_id"]);
  if (parent !== "" && parent !== agent.id) agent.parentId = parent;
  agent.sessionId =
    event.session_id || text(metadata["session_id"]) || agent.sessionId;
}

function setStatus(
  agent: Agent,
  status: string,
  event: AgentEvent,
  at: number,
) {
  const before = text(event.metadata["previous_status"]);
  const saidItWaits =
    agent.activity === "waiting" ||
    ACTIVITY_OF_STATUS.get(before) === "waiting" ||
    event.event_type === "agent_started";
  agent.status = status;
  agent.activity = ACTIVITY_OF_STATUS.get(status) ?? "unknown";
  const over =
    agent.activity === "done" ||
    agent.activity === "failed" ||
    agent.activity === "cancelled";
  const endedAt = over ? endOf(agent, event, at) : 0;
  if (over) {
    const isRecorded = text(event.metadata["completed_at"]) !== "";
    if (agent.endedAt === 0 || isRecorded) agent.endedAt = endedAt;
    agent.openSteps = [];
    agent.openCalls.clear();
    agent.waits = [];
    agent.repeat = noRepeat();
  } else {
    agent.endedAt = 0;
  }
  if (agent.activity === "failed") {
    agent.failure ??= { reason: "", since: endedAt, seq: event.seq };
    agent.failure.reason =
      text(event.metadata["error_message"]) ||
      agent.failure.reason ||
      event.message;
  } else {
    agent.failure = null;
  }
  if (agent.activity === "waiting" && agent.waits.length === 0) {
    const reason = event.message || `Status: ${status}`;
    const { seq } = event;
    const request = { request: "", tool: "" };
    agent.waits = [{ kind: "blocked", reason, since: at, seq, ...request }];
  } else if (agent.activity === "running") {
    endWaitsByStatus(agent, saidItWaits);
  }
}

/**
 * When an agent ended: as it was recorded, which may be long before the row was
 * written; never later than that, nor before the agent was there.
 */
function endOf(agent: Agent, event: AgentEvent, at: number) {
  const recorded = Date.parse(text(event.metadata["completed_at"]));
  if (Number.isNaN(recorded)) return at;
  return Math.min(Math.max(recorded, agent.firstAt), at);
}

function startStep(
  agent: Agent,
  metadata: Record<string, unknown>,
  event: AgentEvent,
  at: number,
) {
  agent.openSteps.push({
    name: stepName(event),
    key: text(metadata["step_id"]) || stepName(event),
    since: at,
  });
}

function endStep(
  agent: Agent,
  metadata: Record<string, unknown>,
  event: AgentEvent,
  at: number,
) {
  const name = stepName(event);
  const key = text(metadata["step_id"]) || name;
  const index = agent.openSteps.findLastIndex((step) => step.key === key);
  const open = agent.openSteps[index];
  if (index >= 0) agent.openSteps.splice(index, 1);
  const stats = agent.steps.get(name) ?? {
    name,
    count: 0,
    totalMs: 0,
    maxMs: 0,
    failed: 0,
  };
  agent.steps.set(name, stats);
  const recorded = metadata["duration_ms"];
  const measured = open ? Math.max(0, at - open.since) : 0;
  const duration =
    typeof recorded === "number" ? Math.max(0, count(recorded)) : measured;
  stats.count += 1;
  stats.totalMs += duration;
  stats.maxMs = Math.max(stats.maxMs, duration);
  if (metadata["status"] === "failed") stats.failed += 1;
}

/** What is said of the agent is a total so far, a prompt's cost a part of it. */
function takeReport(
  agent: Agent,
  metadata: Record<string, unknown>,
  at: number,
) {
  const cost = costIn(metadata);
  const tokensIn = count(metadata["tokens_input"]);
  const tokensOut = count(metadata["tokens_output"]);
  if (cost === null && tokensIn + tokensOut === 0) return;
  agent.reportedAt = at;
  agent.reportedCost = Math.max(agent.reportedCost, cost ?? 0);
  agent.reportedTokensIn = Math.max(agent.reportedTokensIn, tokensIn);
  agent.reportedTokensOut = Math.max(agent.reportedTokensOut, tokensOut);
  agent.estimated ||= cost !== null && isEstimate(metadata);
}

/** The time that hooks took, where the agent says so. */
function takeHooks(agent: Agent, event: AgentEvent) {
  const { metadata, event_type: type } = event;
  const ms =
    metadata["hook_duration_ms"] ??
    (type === "hook_execution_complete"
      ? metadata["total_duration_ms"]
      : undefined);
  if (ms === undefined) return;
  agent.hookRuns += 1;
  agent.hookMs += Math.max(0, count(typeof ms === "string" ? Number(ms) : ms));
}

function isWork(event: AgentEvent) {
  return !NOT_WORK.has(event.event_type);
}

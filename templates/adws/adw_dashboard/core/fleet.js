/**
 * Folds events into the state of the fleet: who works, on what, at what cost.
 * The same events always give the same fleet, so that a replay is a fold over
 * fewer of them. Time is what the events say; no clock is read here.
 *
 * @import { Activity, Agent, AgentEvent } from "./types.js"
 */

/**
 * @typedef {object} Fleet
 * @property {Map<string, Agent>} agents by id, in order of appearance
 * @property {number} events
 * @property {number} errors
 */

/** Statuses as recorded, of both generations of the tables. */
/** @type {Readonly<Record<string, Activity>>} */
const ACTIVITY_OF_STATUS = {
  initializing: "running",
  planning: "running",
  executing: "running",
  reviewing: "running",
  running: "running",
  in_progress: "running",
  waiting: "waiting",
  blocked: "waiting",
  idle: "idle",
  completed: "done",
  complete: "done",
  failed: "failed",
  cancelled: "cancelled",
};

/** What an event type alone says about the agent it belongs to. */
/** @type {Readonly<Record<string, string>>} */
const STATUS_OF_TYPE = {
  agent_started: "executing",
  agent_completed: "completed",
  agent_failed: "failed",
  agent_cancelled: "cancelled",
};

/** Types that tell about a person's part, or nothing about the agent's work. */
const NOT_WORK = new Set([
  "permission_request",
  "notification",
  "heartbeat",
  "system_event",
  "system_log",
  "agent_log",
  "cost_update",
  "agent_created",
  "agent_status_changed",
]);

/** @returns {Fleet} */
export function createFleet() {
  return { agents: new Map(), events: 0, errors: 0 };
}

/**
 * @param {Fleet} fleet
 * @returns {Fleet}
 */
export function cloneFleet(fleet) {
  return structuredClone(fleet);
}

/**
 * Adds one event to the fleet, in place.
 *
 * @param {Fleet} fleet
 * @param {AgentEvent} event
 * @param {number} at ms since the epoch
 */
export function applyEvent(fleet, event, at) {
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
  agent.lastAt = at;
  agent.lastSeq = event.seq;
  if (isError) agent.errors += 1;
  if (event.message !== "") agent.message = event.message;
  describe(agent, event);
  if (isWork(event)) agent.wait = null;

  switch (event.event_type) {
    case "step_start":
      startStep(agent, metadata, event, at);
      break;
    case "step_end":
      endStep(agent, metadata, event, at);
      break;
    case "prompt_sent":
      openCall(agent, `prompt:${text(metadata["prompt_id"])}`, "prompt", at);
      break;
    case "prompt_completed":
      delete agent.openCalls[`prompt:${text(metadata["prompt_id"])}`];
      agent.tokensIn += count(metadata["tokens_input"]);
      agent.tokensOut += count(metadata["tokens_output"]);
      addCost(agent, metadata, "cost");
      break;
    case "tool_call":
      toolCall(agent, metadata, event, at);
      break;
    case "permission_request":
    case "notification":
      agent.wait = waitOf(event, at) ?? agent.wait;
      break;
    case "agent_completed":
    case "agent_failed":
    case "agent_cancelled":
    case "agent_status_changed":
    case "cost_update":
      addCost(agent, metadata, "reportedCost");
      agent.reportedTokensIn = Math.max(
        agent.reportedTokensIn,
        count(metadata["tokens_input"]),
      );
      agent.reportedTokensOut = Math.max(
        agent.reportedTokensOut,
        count(metadata["tokens_output"]),
      );
      break;
  }

  const status =
    STATUS_OF_TYPE[event.event_type] ??
    (event.event_type === "agent_created" ||
    event.event_type === "agent_status_changed"
      ? text(metadata["status"])
      : "");
  if (status !== "") setStatus(agent, status, event, at);
  else if (agent.activity === "unknown" && isWork(event)) {
    agent.activity = "running";
  } else if (agent.activity === "waiting" && isWork(event)) {
    // It works again, whatever status was last written.
    agent.activity = "running";
    agent.status = "";
  }
}

/**
 * @param {Fleet} fleet
 * @param {string} id
 * @param {number} at
 * @returns {Agent}
 */
function agentOf(fleet, id, at) {
  const known = fleet.agents.get(id);
  if (known !== undefined) return known;
  /** @type {Agent} */
  const agent = {
    id,
    name: "",
    type: "",
    model: "",
    parentId: "",
    sessionId: "",
    status: "",
    activity: "unknown",
    message: "",
    firstAt: at,
    lastAt: at,
    endedAt: 0,
    lastSeq: 0,
    events: 0,
    errors: 0,
    tokensIn: 0,
    tokensOut: 0,
    reportedTokensIn: 0,
    reportedTokensOut: 0,
    cost: 0,
    reportedCost: 0,
    costRecorded: false,
    estimated: false,
    openSteps: [],
    steps: {},
    openCalls: {},
    repeat: { input: null, label: "", count: 0, since: 0, callId: "", seq: 0 },
    wait: null,
    failure: null,
  };
  fleet.agents.set(id, agent);
  return agent;
}

/**
 * Takes over what an event says about who the agent is.
 *
 * @param {Agent} agent
 * @param {AgentEvent} event
 */
function describe(agent, event) {
  const { metadata } = event;
  if (event.event_type.startsWith("agent_")) {
    agent.name = text(metadata["name"]) || agent.name;
    agent.type = text(metadata["agent_type"]) || agent.type;
  }
  agent.model = text(metadata["model"]) || agent.model;
  const parent = text(metadata["parent_agent_id"]);
  if (parent !== "" && parent !== agent.id) agent.parentId = parent;
  agent.sessionId =
    event.session_id || text(metadata["session_id"]) || agent.sessionId;
}

/**
 * @param {Agent} agent
 * @param {string} status
 * @param {AgentEvent} event
 * @param {number} at
 */
function setStatus(agent, status, event, at) {
  agent.status = status;
  agent.activity = ACTIVITY_OF_STATUS[status] ?? "unknown";
  const over =
    agent.activity === "done" ||
    agent.activity === "failed" ||
    agent.activity === "cancelled";
  if (over) {
    if (agent.endedAt === 0) agent.endedAt = at;
    agent.openSteps = [];
    agent.openCalls = {};
    agent.wait = null;
    agent.repeat = { ...agent.repeat, input: null, label: "", count: 0 };
  } else {
    agent.endedAt = 0;
  }
  if (agent.activity === "failed") {
    agent.failure ??= { reason: "", since: at, seq: event.seq };
    agent.failure.reason =
      text(event.metadata["error_message"]) ||
      agent.failure.reason ||
      event.message;
  } else {
    agent.failure = null;
  }
  if (agent.activity === "waiting") {
    agent.wait ??= {
      kind: "blocked",
      reason: event.message || `Status: ${status}`,
      since: at,
      seq: event.seq,
    };
  } else if (agent.activity === "running") {
    agent.wait = null;
  }
}

/**
 * @param {Agent} agent
 * @param {Record<string, unknown>} metadata
 * @param {AgentEvent} event
 * @param {number} at
 */
function startStep(agent, metadata, event, at) {
  agent.openSteps.push({
    name: stepName(event),
    key: text(metadata["step_id"]) || stepName(event),
    since: at,
  });
}

/**
 * @param {Agent} agent
 * @param {Record<string, unknown>} metadata
 * @param {AgentEvent} event
 * @param {number} at
 */
function endStep(agent, metadata, event, at) {
  const name = stepName(event);
  const key = text(metadata["step_id"]) || name;
  const index = agent.openSteps.findLastIndex((step) => step.key === key);
  const open = agent.openSteps[index];
  if (index >= 0) agent.openSteps.splice(index, 1);
  const stats = (agent.steps[name] ??= {
    name,
    count: 0,
    totalMs: 0,
    maxMs: 0,
    failed: 0,
  });
  const recorded = metadata["duration_ms"];
  const duration =
    typeof recorded === "number" ? recorded : open ? at - open.since : 0;
  stats.count += 1;
  stats.totalMs += duration;
  stats.maxMs = Math.max(stats.maxMs, duration);
  if (metadata["status"] === "failed") stats.failed += 1;
}

/**
 * @param {Agent} agent
 * @param {Record<string, unknown>} metadata
 * @param {AgentEvent} event
 * @param {number} at
 */
function toolCall(agent, metadata, event, at) {
  const name = text(metadata["tool_name"]) || "tool";
  const callId = text(metadata["tool_use_id"]);
  const finished =
    typeof metadata["duration_ms"] === "number" ||
    metadata["error"] !== undefined;
  if (finished) delete agent.openCalls[`tool:${callId}`];
  else openCall(agent, `tool:${callId}`, name, at);

  // One call may make two events, at its start and at its end.
  if (callId !== "" && callId === agent.repeat.callId) return;
  const input = metadata["tool_input"] ?? event.message;
  const label = callLabel(name, input);
  // The label alone tells nearly all calls apart, at a fraction of the cost.
  if (
    label === agent.repeat.label &&
    JSON.stringify(input) === JSON.stringify(agent.repeat.input)
  ) {
    agent.repeat.count += 1;
    agent.repeat.callId = callId;
    agent.repeat.seq = event.seq;
    return;
  }
  agent.repeat = { input, label, count: 1, since: at, callId, seq: event.seq };
}

/**
 * @param {Agent} agent
 * @param {string} key
 * @param {string} name
 * @param {number} at
 */
function openCall(agent, key, name, at) {
  // Without an id a newer call stands for the older one.
  agent.openCalls[key] = { name, since: at };
}

/**
 * @param {Agent} agent
 * @param {Record<string, unknown>} metadata
 * @param {"cost" | "reportedCost"} field
 */
function addCost(agent, metadata, field) {
  const value = metadata["cost_usd"] ?? metadata["total_cost_usd"];
  if (typeof value !== "number" || !Number.isFinite(value)) return;
  // A prompt's cost is a part; what is said of the agent is a total so far.
  if (field === "cost") agent.cost += value;
  else agent.reportedCost = Math.max(agent.reportedCost, value);
  if (value > 0 || field === "cost") agent.costRecorded = true;
  if (
    metadata["estimated"] === true ||
    metadata["cost_estimated"] === true ||
    metadata["cost_is_estimate"] === true
  ) {
    agent.estimated = true;
  }
}

/**
 * Why a notification asks for a person, or null when it does not.
 *
 * @param {AgentEvent} event
 * @param {number} at
 * @returns {import("./types.js").Wait | null}
 */
function waitOf(event, at) {
  const { metadata } = event;
  const type = text(metadata["notification_type"]);
  const base = { since: at, seq: event.seq };
  if (
    event.event_type === "permission_request" ||
    type === "permission_prompt"
  ) {
    const tool = text(metadata["tool_name"]);
    const call = tool === "" ? "" : callLabel(tool, metadata["tool_input"]);
    const reason = call || event.message || "Waits for a permission";
    return { kind: "permission", reason, ...base };
  }
  const reason = event.message || type;
  if (type === "idle_prompt") return { kind: "idle", reason, ...base };
  if (type === "agent_needs_input" || type.includes("elicitation")) {
    return { kind: "question", reason, ...base };
  }
  return null;
}

/** @param {AgentEvent} event */
function isWork(event) {
  return !NOT_WORK.has(event.event_type);
}

/** @param {AgentEvent} event */
export function stepName(event) {
  return (
    text(event.metadata["step"]) ||
    text(event.metadata["step_name"]) ||
    event.message ||
    "step"
  );
}

/**
 * A tool call in a line: its name, and the argument that tells most.
 *
 * @param {string} name
 * @param {unknown} input
 */
export function callLabel(name, input) {
  if (typeof input === "string") return `${name} ${input}`;
  if (typeof input !== "object" || input === null) return name;
  const values = /** @type {Record<string, unknown>} */ (input);
  for (const key of ["command", "file_path", "path", "pattern", "url"]) {
    const value = values[key];
    if (typeof value === "string") return `${name} ${value}`;
  }
  const first = Object.values(values).find((v) => typeof v === "string");
  return first === undefined ? name : `${name} ${String(first)}`;
}

/** @param {unknown} value */
function text(value) {
  return typeof value === "string" ? value : "";
}

/** @param {unknown} value */
function count(value) {
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}

// ------------------------------------------------------------- questions

/** @param {Agent} agent */
export function agentName(agent) {
  return agent.name || shortId(agent.id);
}

/** @param {string} id */
export function shortId(id) {
  return /^[0-9a-f]{8}-[0-9a-f-]{27}$/i.test(id) ? id.slice(0, 8) : id;
}

/**
 * Tokens of an agent: the sum of its prompts, or its own report if larger.
 *
 * @param {Agent} agent
 */
export function tokensOf(agent) {
  return {
    input: Math.max(agent.tokensIn, agent.reportedTokensIn),
    output: Math.max(agent.tokensOut, agent.reportedTokensOut),
  };
}

/**
 * Recorded cost of an agent in US dollars, or null when none was recorded.
 *
 * @param {Agent} agent
 */
export function costOf(agent) {
  if (!agent.costRecorded) return null;
  return Math.max(agent.cost, agent.reportedCost);
}

/** @param {Fleet} fleet */
export function totals(fleet) {
  const sum = {
    agents: fleet.agents.size,
    running: 0,
    failed: 0,
    tokensIn: 0,
    tokensOut: 0,
    cost: 0,
    costRecorded: false,
    estimated: false,
    events: fleet.events,
    errors: fleet.errors,
  };
  for (const agent of fleet.agents.values()) {
    if (agent.activity === "running") sum.running += 1;
    if (agent.activity === "failed") sum.failed += 1;
    const tokens = tokensOf(agent);
    sum.tokensIn += tokens.input;
    sum.tokensOut += tokens.output;
    sum.cost += costOf(agent) ?? 0;
    sum.costRecorded ||= agent.costRecorded;
    sum.estimated ||= agent.estimated;
  }
  return sum;
}

/**
 * Durations by step name over the whole fleet, longest in total first.
 *
 * @param {Fleet} fleet
 * @returns {import("./types.js").StepStats[]}
 */
export function stepTotals(fleet) {
  /** @type {Map<string, import("./types.js").StepStats>} */
  const sums = new Map();
  for (const agent of fleet.agents.values()) {
    for (const step of Object.values(agent.steps)) {
      const sum = sums.get(step.name);
      if (sum === undefined) sums.set(step.name, { ...step });
      else {
        sum.count += step.count;
        sum.totalMs += step.totalMs;
        sum.maxMs = Math.max(sum.maxMs, step.maxMs);
        sum.failed += step.failed;
      }
    }
  }
  return [...sums.values()].sort((a, b) => b.totalMs - a.totalMs);
}

/**
 * The tree in the order it is drawn: parents before their children, each with
 * its depth. A parent that was never seen, or a circle, makes a root.
 *
 * @param {Fleet} fleet
 * @returns {{ agent: Agent, depth: number, children: number }[]}
 */
export function treeRows(fleet) {
  /** @type {Map<string, Agent[]>} */
  const childrenOf = new Map();
  /** @type {Agent[]} */
  const roots = [];
  for (const agent of fleet.agents.values()) {
    if (agent.parentId !== "" && fleet.agents.has(agent.parentId)) {
      const siblings = childrenOf.get(agent.parentId);
      if (siblings === undefined) childrenOf.set(agent.parentId, [agent]);
      else siblings.push(agent);
    } else {
      roots.push(agent);
    }
  }
  /** @type {{ agent: Agent, depth: number, children: number }[]} */
  const rows = [];
  const seen = new Set();
  /** @param {Agent} start */
  const walk = (start) => {
    /** @type {{ agent: Agent, depth: number }[]} */
    const stack = [{ agent: start, depth: 0 }];
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      if (seen.has(next.agent.id)) continue;
      seen.add(next.agent.id);
      const children = childrenOf.get(next.agent.id) ?? [];
      rows.push({ ...next, children: children.length });
      for (const child of children.toReversed()) {
        stack.push({ agent: child, depth: next.depth + 1 });
      }
    }
  };
  roots.forEach(walk);
  for (const agent of fleet.agents.values())
    if (!seen.has(agent.id)) walk(agent);
  return rows;
}

/**
 * What an agent waits for, and what ends a wait: its own answer, and not just
 * any sign of an agent that does several things at a time.
 */
import type { Agent, AgentEvent, Wait } from "./types.ts";
import { callLabel, isCallEnd, text } from "./event_facts.ts";

/** Most urgent first. */
const URGENCY: readonly Wait["kind"][] = [
  "permission",
  "question",
  "blocked",
  "idle",
];

/** Events with which an agent goes on to something new. */
const PROGRESS = new Set([
  "prompt_sent",
  "prompt_completed",
  "step_start",
  "step_end",
  "tool_call",
]);

/** Those with which it begins something, as the start of a call does. */
const STARTS = new Set(["prompt_sent", "step_start"]);

/** The wait to show where there is room for one. */
export function currentWait(agent: Agent) {
  for (const kind of URGENCY) {
    const wait = agent.waits.find((candidate) => candidate.kind === kind);
    if (wait !== undefined) return wait;
  }
  return null;
}

/** Starts the wait that an event tells of, or ends those that it answers. */
export function updateWaits(agent: Agent, event: AgentEvent, at: number) {
  const wait = waitOf(event, at);
  // Who failed is idle, too: that is not what it needs a person for.
  if (wait?.kind === "idle" && agent.failure !== null) return;
  if (wait !== null) addWait(agent, wait);
  else if (agent.waits.length === 0) return;
  else if (event.event_type === "permission_resolved") resolve(agent, event);
  else if (PROGRESS.has(event.event_type)) {
    const keys = [...agent.openCalls.keys()];
    const isBusy = keys.some((key) => key.startsWith("tool:"));
    agent.waits = agent.waits.filter(
      // A row may be written later than it happened.
      (open) => at < open.since || !isAnsweredBy(open, event, at, isBusy),
    );
  }
}

/**
 * What a change to a status that is no wait leaves of the waits: an agent that
 * said it waits, and now works, waits for nothing; one that never said so may
 * still have a request open.
 */
export function endWaitsByStatus(agent: Agent, saidItWaits: boolean) {
  agent.waits = saidItWaits
    ? []
    : agent.waits.filter((wait) => wait.kind === "permission");
}

function addWait(agent: Agent, wait: Wait) {
  // A hook and a notification may tell of the same request: who says less
  // about it gives way.
  const known = agent.waits.findIndex(
    (open) => open.kind === wait.kind && isSameRequest(open, wait),
  );
  const open = agent.waits[known];
  if (open === undefined) {
    agent.waits.push(wait);
    return;
  }
  if (!isNamed(wait) || open.request === wait.request) return;
  agent.waits[known] = { ...wait, since: open.since };
}

function isSameRequest(open: Wait, wait: Wait) {
  if (!isNamed(open) || !isNamed(wait)) return true;
  if (open.request !== "" || wait.request !== "") {
    return open.request === wait.request;
  }
  return open.reason === wait.reason;
}

/** Whether it says which request it is. */
function isNamed(wait: Wait) {
  return wait.request !== "" || wait.tool !== "";
}

function resolve(agent: Agent, event: AgentEvent) {
  const { metadata } = event;
  const request = requestOf(metadata);
  const tool = text(metadata["tool_name"]);
  const find = (matches: (wait: Wait) => boolean) =>
    agent.waits.findIndex(matches);
  let index = -1;
  if (request !== "") index = find((wait) => wait.request === request);
  // The answer to a request that had no name, or that says not to which.
  const isUnnamed = (wait: Wait) => request === "" || wait.request === "";
  if (index < 0 && tool !== "") {
    const label = callLabel(tool, metadata["tool_input"]);
    index = find((wait) => isUnnamed(wait) && wait.reason === label);
    for (const name of [tool, ""])
      if (index < 0)
        index = find((wait) => isUnnamed(wait) && wait.tool === name);
  } else if (index < 0) index = find(isUnnamed);
  if (index >= 0) agent.waits.splice(index, 1);
}

/** @param isBusy another tool call of the agent's is open */
function isAnsweredBy(
  wait: Wait,
  event: AgentEvent,
  at: number,
  isBusy: boolean,
) {
  const isCall = event.event_type === "tool_call";
  const { metadata } = event;
  if (wait.request !== "")
    return isCall && requestOf(metadata) === wait.request;
  // The end of what ran beside it answers nothing, only what is begun after it.
  const { duration_ms: ms } = metadata;
  const isLater = typeof ms === "number" && at - ms >= wait.since;
  const isNew =
    STARTS.has(event.event_type) || (isCall && (isLater || !isCallEnd(event)));
  if (wait.kind === "idle" || wait.kind === "blocked") return isNew;
  // Nor does a call beside the one that asks.
  if (wait.kind === "question") return isCall ? isNew && !isBusy : true;
  if (!isCall) return wait.tool === "";
  const tool = text(metadata["tool_name"]);
  if (wait.tool === "") return tool !== "" && hasWord(wait.reason, tool);
  const input = metadata["tool_input"];
  return (
    tool === wait.tool &&
    (wait.reason === tool ||
      input === undefined ||
      callLabel(tool, input) === wait.reason)
  );
}

function hasWord(sentence: string, word: string) {
  return sentence.split(/[^\w-]+/).includes(word);
}

function requestOf(metadata: Record<string, unknown>) {
  return (
    text(metadata["tool_use_id"]) ||
    text(metadata["request_id"]) ||
    text(metadata["permission_id"])
  );
}

/** Why an event asks for a person, or null when it does not. */
function waitOf(event: AgentEvent, at: number): Wait | null {
  const isRequest = event.event_type === "permission_request";
  if (!isRequest && event.event_type !== "notification") return null;
  const { metadata } = event;
  const type = text(metadata["notification_type"]);
  const tool = text(metadata["tool_name"]);
  const base = {
    since: at,
    seq: event.seq,
    request: requestOf(metadata),
    tool,
  };
  if (isRequest || type === "permission_prompt") {
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

/**
 * Rebuilds what the ledger knew from the rows that it made.
 *
 * Template: adw_agents 1.3.0
 */
import { isRecord } from "../adw_events.ts";
import { listOf, nameOf } from "./act.ts";
import type { Act } from "./act.ts";
import type { Agents } from "./agents.ts";
import { aboutOf, callLook, defined } from "./journal.ts";
import type { Agent, LogCall } from "./journal.ts";
import { digest } from "./joiner.ts";
import type { Entry, Joiner, Look, Memo } from "./joiner.ts";
import type { Usage } from "./usage.ts";

interface Parts {
  agents: Agents;
  joiner: Joiner;
  usage: Usage;
}

/** Takes what was logged before. */
export function restoreCall(
  call: LogCall,
  { agents: all, joiner, usage }: Parts,
): void {
  const agents = all.sessions.get(call.session);
  if (agents === undefined) return;
  const source = call.type === "agent" ? nameOf(call.details, "source") : "";
  const from = { session: call.session, source: source ?? "", at: call.at };
  const agent = all.find(agents, call.agent, from);
  agent.lastAt = Math.max(agent.lastAt, call.at);
  switch (call.type) {
    case "agent": {
      agent.isLogged = true;
      agent.parent = call.parent;
      agent.isParentAssumed = call.details["parent_assumed"] === true;
      agent.about = aboutOf({ ...call.details, model: call.model });
      return;
    }
    case "status":
      agent.status = call.status;
      agent.statusAt = Math.max(agent.statusAt, call.at);
      return;
    case "prompt": {
      const look: Look = ["", call.text === "" ? undefined : digest(call.text)];
      const entry = joiner.restore(promptMemo(call, look), {
        ...from,
        agent: call.agent,
      });
      agent.prompts.add(entry);
      return;
    }
    case "prompt_result":
      for (const entry of agent.prompts) {
        if (!entry.ids.has(`row:${call.id}`)) continue;
        entry.logged.add("end");
        agent.prompts.delete(entry);
      }
      agent.turn = { at: call.at, text: call.response, isTaken: true };
      return;
    case "event":
      return restoreEvent(agent, call, from, { agents: all, joiner, usage });
  }
}

function restoreEvent(
  agent: Agent,
  call: Extract<LogCall, { type: "event" }>,
  from: Pick<Act, "session" | "at">,
  { joiner, usage }: Parts,
): void {
  if (call.event === "agent_updated") {
    const parent = nameOf(call.details, "parent_agent_id");
    if (parent !== undefined) {
      agent.parent = parent;
      agent.isParentAssumed = false;
    }
    Object.assign(agent.about, defined(aboutOf(call.details)));
  }
  const memo = readMemo(call.details["act"]);
  if (memo === undefined) return;
  const entry = joiner.restore(memo, { ...from, agent: agent.id });
  const isStart = memo.phase === "start";
  if (memo.kind === "usage") usage.restore(entry, call.details);
  if (memo.kind === "call") {
    if (isStart && !entry.logged.has("end")) agent.calls.add(entry);
    if (!isStart) {
      entry.endedAt = call.at;
      agent.calls.delete(entry);
    }
  }
  if (memo.kind === "wait") {
    const tool = nameOf(call.details, "tool_name");
    const label = callLook(tool, call.details["tool_input"])[1];
    const kind = memo.look[0];
    if (isStart) agent.waits.push({ entry, kind, tool, label });
    else agent.waits = agent.waits.filter((wait) => wait.entry !== entry);
  }
}

export function promptId({ agent }: Entry, act: Act): string {
  return `${agent}/${act.ids[0] ?? `${act.lane}:${act.delivery}`}`;
}

/** A row of prompts has no details, but its id says what it was made from. */
function promptMemo(
  { id, agent }: { id: string; agent: string },
  look: Look,
): Memo {
  const own = id.slice(agent.length + 1);
  const lane = /^(hook|otel|transcript|stream)[^:]*(?=:)/.exec(own)?.[0];
  return {
    kind: "prompt",
    phase: "start",
    ids: [...(lane === undefined ? [own] : []), `row:${id}`],
    deliveries: lane === undefined ? [] : [own],
    lanes: lane === undefined ? [] : [`${lane} start`],
    look,
  };
}

function readMemo(value: unknown): Memo | undefined {
  if (!isRecord(value)) return undefined;
  const texts = (list: unknown) =>
    listOf(list).filter((item) => typeof item === "string");
  const [first = "", second] = texts(value["look"]);
  const kind = nameOf(value, "kind");
  const phase = nameOf(value, "phase");
  if (kind === undefined || phase === undefined) return undefined;
  return {
    kind,
    phase,
    ids: texts(value["ids"]),
    deliveries: texts(value["deliveries"]),
    lanes: texts(value["lanes"]),
    look: second === undefined ? [first] : [first, second],
  };
}

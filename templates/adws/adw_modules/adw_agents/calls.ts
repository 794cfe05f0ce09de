/**
 * The tool calls of agents: each has a start and an end, whatever of them is
 * told, and in which order.
 *
 * Template: adw_agents 1.3.0
 */
import { kept } from "./agents.ts";
import type { ActOf, Agent, Agents } from "./agents.ts";
import { callId, callLook, labelOf, looksLike } from "./joiner.ts";
import type { Entry, Joiner } from "./joiner.ts";
import { concerns } from "./turns.ts";
import type { Turns } from "./turns.ts";

/** Of one agent, so many calls are open at a time; the oldest give way. */
const MAX_OPEN = 200;

type CallAct = ActOf<"tool_started"> | ActOf<"tool_ended">;

export class Calls {
  readonly #joiner: Joiner;
  readonly #agents: Agents;
  readonly #turns: Turns;

  constructor(joiner: Joiner, agents: Agents, turns: Turns) {
    this.#joiner = joiner;
    this.#agents = agents;
    this.#turns = turns;
  }

  take(agent: Agent, act: CallAct): void {
    const isEnd = act.type === "tool_ended";
    const entry = this.#callOf(agent, act);
    const own =
      this.#agents.sessions.get(agent.session)?.get(entry.agent) ?? agent;
    if (entry.look[0] === "" || entry.look[1] === undefined) {
      const look = callLook(act.tool, act.input);
      entry.look = [entry.look[0] || look[0], entry.look[1] ?? look[1]];
    }
    if (!entry.logged.has("start")) {
      const before = isEnd ? (act.durationMs ?? 0) : 0;
      this.#startCall(own, entry, act, act.at - before);
    }
    if (isEnd) this.#endCall(own, entry, act);
  }

  /** A call without an id ends the oldest open one that looks like it. */
  #callOf(agent: Agent, act: CallAct): Entry {
    const look = callLook(act.tool, act.input);
    if (act.type === "tool_started")
      return this.#joiner.join("call", act, look);
    const phase = `${act.lane} end`;
    const open = [...agent.calls].find(
      (entry) =>
        looksLike(entry.look, look) &&
        !entry.lanes.has(phase) &&
        (act.ids.length === 0 ||
          ![...entry.ids].some((id) => id.startsWith("call:"))),
    );
    const [known] = this.#joiner.find("call", act);
    const at = act.at - (act.durationMs ?? 0);
    const entry =
      known ??
      open ??
      this.#joiner.alike("call", { ...act, at }, look, [phase]) ??
      this.#joiner.add("call", act, look);
    this.#joiner.tell(entry, act, "end");
    return entry;
  }

  #startCall(agent: Agent, entry: Entry, act: CallAct, at: number): void {
    entry.logged.add("start");
    entry.at = at;
    agent.calls.add(entry);
    const [oldest] = agent.calls;
    if (agent.calls.size > MAX_OPEN && oldest !== undefined)
      agent.calls.delete(oldest);
    const tool = act.tool ?? "tool";
    this.#agents.event(agent, at, "tool_call", labelOf(tool, act.input), {
      tool_name: tool,
      tool_use_id: callId(entry),
      tool_input: act.input,
      ...(act.type === "tool_started" ? kept(act) : {}),
    });
    this.#agents.claim(agent, entry);
  }

  #endCall(
    agent: Agent,
    entry: Entry,
    act: Pick<
      ActOf<"tool_ended">,
      "at" | "error" | "output" | "durationMs" | "tool" | "input" | "more"
    >,
  ): void {
    if (entry.logged.has("end")) return;
    entry.logged.add("end");
    entry.endedAt = act.at;
    this.#joiner.touch(entry);
    agent.calls.delete(entry);
    const { error, output } = act;
    const tool = act.tool ?? (entry.look[0] || "tool");
    const label = labelOf(tool, act.input);
    const message = error === undefined ? label : `${label}: ${error}`;
    this.#agents.event(
      agent,
      act.at,
      "tool_call",
      message,
      {
        tool_name: tool,
        tool_use_id: callId(entry),
        tool_input: act.input,
        duration_ms: act.durationMs ?? Math.max(0, act.at - entry.at),
        ...(error === undefined ? { tool_output: output } : { error }),
        ...kept(act),
      },
      error === undefined ? "info" : "warning",
    );
    const outcome = error === undefined ? "allowed" : undefined;
    this.#turns.endWaits(agent, act.at, outcome, (wait) =>
      concerns(wait, entry),
    );
  }

  endAll(agent: Agent, at: number, error: string): void {
    for (const entry of agent.calls) {
      if (entry.at <= at) this.#endCall(agent, entry, { at, error });
    }
  }
}

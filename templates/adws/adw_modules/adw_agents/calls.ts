/**
 * The tool calls of agents: each has a start and an end, whatever of them is
 * told, and in which order.
 *
 * Template: adw_agents 1.3.0
 */
import { isDue } from "./act.ts";
import { z } from "zod/v4";
import { parseJson } from "../adw_events.ts";
import { kept } from "./agents.ts";
import type { ActOf, Agent, Agents } from "./agents.ts";
import { callId, callLook, labelOf, looksLike } from "./joiner.ts";
import type { Entry, Joiner, Look } from "./joiner.ts";
import { concerns } from "./turns.ts";
import type { Turns } from "./turns.ts";

/** Of one agent, so many calls are open at a time; the oldest give way. */
const MAX_OPEN = 200;

/** So long an end that does not say how it ended waits for one that does. */
const VAGUE_MS = 3_000;

type CallAct = ActOf<"tool_started"> | ActOf<"tool_ended">;

/** What is logged of an end, and stored as long as it waits. */
const endSchema = z.object({
  source: z.string(),
  at: z.number(),
  tool: z.string().optional(),
  input: z.unknown().optional(),
  output: z.unknown().optional(),
  error: z.string().optional(),
  durationMs: z.number().optional(),
  more: z.record(z.string(), z.unknown()).optional(),
});
type End = z.infer<typeof endSchema>;

export class Calls {
  readonly #joiner: Joiner;
  readonly #agents: Agents;
  readonly #turns: Turns;
  readonly #vague = new Map<Entry, { end: End; until: number }>();

  constructor(joiner: Joiner, agents: Agents, turns: Turns) {
    this.#joiner = joiner;
    this.#agents = agents;
    this.#turns = turns;
  }

  take(agent: Agent, act: CallAct, now: number): void {
    const isEnd = act.type === "tool_ended";
    const look = callLook(act.tool, act.input);
    const entry = this.#callOf(agent, act, look);
    const own =
      this.#agents.sessions.get(agent.session)?.get(entry.agent) ?? agent;
    if (entry.look[0] === "" || entry.look[1] === undefined) {
      entry.look = [entry.look[0] || look[0], entry.look[1] ?? look[1]];
    }
    if (!entry.logged.has("start")) {
      const before = isEnd ? (act.durationMs ?? 0) : 0;
      this.#startCall(own, entry, act, Math.max(0, act.at - before));
    }
    if (!isEnd) return;
    if (act.isVague !== true) this.#endCall(own, entry, act);
    else if (!entry.logged.has("end")) {
      const end = endSchema.parse(act);
      entry.vague = JSON.stringify(end);
      this.#vague.set(entry, { end, until: now + VAGUE_MS });
      this.#joiner.touch(entry);
    }
  }

  /** Ends the calls of which nothing better has come. */
  settle(now: number): void {
    for (const [entry, { end, until }] of this.#vague) {
      if (!isDue(until, now, VAGUE_MS)) continue;
      const { session } = entry;
      const from = { session, source: end.source };
      const agents = this.#agents.in(session);
      this.#endCall(this.#agents.find(agents, entry.agent, from), entry, end);
    }
  }

  /** An end that was stored may not be logged yet. */
  restore(entry: Entry, now: number): void {
    const end = endSchema.safeParse(parseJson(entry.vague ?? ""));
    if (end.success)
      this.#vague.set(entry, { end: end.data, until: now + VAGUE_MS });
  }

  /** The sessions of ends that wait. */
  *waiting(): Iterable<string> {
    for (const { session } of this.#vague.keys()) yield session;
  }

  forget(session: string): void {
    for (const entry of this.#vague.keys())
      if (entry.session === session) this.#vague.delete(entry);
  }

  /** A call without an id ends the oldest open one that looks like it. */
  #callOf(agent: Agent, act: CallAct, look: Look): Entry {
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

  #endCall(agent: Agent, entry: Entry, act: Omit<End, "source">): void {
    this.#vague.delete(entry);
    entry.vague = undefined;
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

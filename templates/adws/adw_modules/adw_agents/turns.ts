/**
 * What an agent was asked, and how its turn ended; and what it waits for: a
 * permission or an answer. No event says that a request was answered; the next
 * sign of that agent which concerns it does.
 *
 * Template: adw_agents 1.3.0
 */
import { kept } from "./agents.ts";
import type { ActOf, Agent, Agents, Outcome } from "./agents.ts";
import { callLook, digest, idOf, labelOf, looksLike } from "./joiner.ts";
import type { Entry, Joiner, Look } from "./joiner.ts";

/** Of one agent, so many prompts or waits are open at a time; the oldest give way. */
const MAX_OPEN = 200;
/** A notification tells again, so late at most, what a request has told. */
const TOLD_AGAIN_MS = 15_000;

export class Turns {
  readonly #joiner: Joiner;
  readonly #agents: Agents;

  constructor(joiner: Joiner, agents: Agents) {
    this.#joiner = joiner;
    this.#agents = agents;
  }

  // -------------------------------------------------------------- prompts

  prompt(agent: Agent, act: ActOf<"prompt">): void {
    const { at, text } = act;
    const look: Look = text === undefined ? [""] : ["", digest(text)];
    const entry = this.#joiner.join("prompt", act, look);
    if (entry.logged.has("start")) return;
    entry.logged.add("start");
    this.#agents.log(agent, at, {
      type: "prompt",
      id: promptId(entry),
      text: text ?? "",
    });
    this.endWaits(agent, at, undefined, (wait) => wait.at <= at);
    keepOpen(agent.prompts, entry);
    const { turn } = agent;
    // Its end came before it.
    if (turn !== undefined && !turn.isTaken && at <= turn.at) {
      turn.isTaken = true;
      this.#endPrompt(agent, entry, turn.at, "completed", turn.text);
    }
  }

  #endPrompt(
    agent: Agent,
    entry: Entry,
    at: number,
    status: Outcome,
    response?: string,
    error?: string,
  ): void {
    agent.prompts.delete(entry);
    if (entry.logged.has("end")) return;
    entry.logged.add("end");
    this.#joiner.touch(entry);
    const latencyMs = Math.max(0, Math.round(at - entry.at));
    const result = { id: promptId(entry), status, response, error, latencyMs };
    this.#agents.log(agent, at, { type: "prompt_result", ...result });
  }

  /** Ends the prompts from before; the last of them has the answer. */
  end(
    agent: Agent,
    at: number,
    text: string | undefined,
    status: Outcome,
    error?: string,
  ): void {
    const open = [...agent.prompts].filter((entry) => entry.at <= at);
    const last = open.at(-1);
    const { said } = agent;
    const isIts = last && said && said.at >= last.at && said.at <= at;
    const own = isIts && status === "completed" ? said.text : undefined;
    for (const entry of open) {
      const answer = entry === last ? (text ?? own) : undefined;
      this.#endPrompt(agent, entry, at, status, answer, error);
    }
    const { turn } = agent;
    if (turn === undefined || at >= turn.at) {
      const isTaken = open.length > 0 || turn?.at === at;
      agent.turn = { at, text, isTaken };
    }
    this.#agents.touch(agent);
    this.endWaits(agent, at, undefined, (wait) => wait.at < at);
  }

  // ---------------------------------------------------------------- waits

  wait(agent: Agent, act: ActOf<"wait_started">): void {
    const { at, wait: kind, tool, message, input } = act;
    const callLike = tool === undefined ? undefined : callLook(tool, input);
    const look: Look = [kind, callLike?.join(" ")];
    const entry = this.#joiner.join("wait", act, look);
    if (entry.logged.has("start") || this.#isTold(act, entry)) return;
    entry.logged.add("start");
    const call = callLike && this.#callFor(agent, at, callLike);
    for (const id of call?.ids ?? []) entry.ids.add(id);
    const label = tool === undefined ? undefined : labelOf(tool, input);
    this.#agents.event(
      agent,
      at,
      kind === "permission" ? "permission_request" : "notification",
      message ?? label ?? `Waits: ${kind}`,
      {
        notification_type: NOTIFICATIONS[kind],
        tool_name: tool,
        tool_input: input,
        tool_use_id: idOf(entry, "call", "ask"),
        ...kept(act),
      },
      kind === "idle" ? "info" : "warning",
    );
    keepOpen(agent.waits, entry);
    // Its end came before it.
    const endedAt = call?.endedAt;
    if (endedAt !== undefined && endedAt >= at)
      this.endWaits(agent, endedAt, undefined, (open) => open === entry);
  }

  endWaits(
    agent: Agent,
    at: number,
    outcome: string | undefined,
    isOver: (wait: Entry) => boolean,
  ): void {
    for (const entry of agent.waits) {
      if (!isOver(entry)) continue;
      agent.waits.delete(entry);
      const [kind, callLike] = entry.look;
      if (entry.logged.has("end")) continue;
      entry.logged.add("end");
      this.#joiner.touch(entry);
      if (kind === "idle") continue;
      const message = outcome ?? "No longer waits";
      this.#agents.event(agent, at, "permission_resolved", message, {
        tool_name: callLike?.split(" ", 1)[0],
        tool_use_id: idOf(entry, "call", "ask"),
        outcome,
        waited_ms: Math.max(0, at - entry.at),
      });
    }
  }

  /** A notification tells again, some seconds late, what a request has told; and not which. */
  #isTold({ session, tool, at, wait }: ActOf<"wait_started">, own: Entry) {
    if (tool !== undefined) return false;
    for (const entry of this.#joiner.near(session, "wait", at)) {
      const age = at - entry.at;
      const isSuch = entry.look[0] === wait && entry.logged.has("start");
      if (entry !== own && isSuch && age >= 0 && age <= TOLD_AGAIN_MS)
        return true;
    }
    return false;
  }

  /** The call that a request is about: it has no id of its own. */
  #callFor(agent: Agent, at: number, look: Look): Entry | undefined {
    let found: Entry | undefined;
    for (const entry of this.#joiner.near(agent.session, "call", at)) {
      const isThen = entry.at <= at && (entry.endedAt ?? at) >= at;
      const isIt = entry.agent === agent.id && isThen;
      if (isIt && looksLike(entry.look, look)) found = entry;
    }
    return found;
  }
}

const NOTIFICATIONS = {
  permission: undefined,
  question: "agent_needs_input",
  idle: "idle_prompt",
} as const;

/** Whether the end of a call answers a request. */
export function concerns({ ids, look, at }: Entry, call: Entry): boolean {
  if ([...call.ids].some((id) => ids.has(id))) return true;
  const [kind, callLike] = look;
  if (kind !== "permission" || call.at > at) return false;
  if (callLike === undefined) return true;
  const [tool = "", label] = callLike.split(" ");
  return looksLike(call.look, [tool, label]);
}

function promptId({ agent, key }: Entry): string {
  return `${agent}/${key.slice(key.indexOf(" ") + 1)}`;
}

function keepOpen(open: Set<Entry>, entry: Entry): void {
  open.add(entry);
  const [oldest] = open;
  if (open.size > MAX_OPEN && oldest !== undefined) open.delete(oldest);
}

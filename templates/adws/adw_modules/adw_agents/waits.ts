/**
 * What agents wait for: a permission or an answer. No event says that a request
 * was answered; the next sign of that agent which concerns it does.
 *
 * Template: adw_agents 1.3.0
 */
import { askOf, callLook, kept, labelOf } from "./journal.ts";
import type { ActOf, Agent, Journal, Wait } from "./journal.ts";
import { memoOf } from "./joiner.ts";
import type { Entry, Joiner, Look } from "./joiner.ts";

/** Of one agent, so many are open at a time; the oldest give way. */
const MAX_OPEN = 100;

export class Waits {
  readonly #joiner: Joiner;
  readonly #journal: Journal;

  constructor(joiner: Joiner, journal: Journal) {
    this.#joiner = joiner;
    this.#journal = journal;
  }

  take(agent: Agent, act: ActOf<"wait_started">): void {
    const { wait: kind, tool, message } = act;
    const look: Look = [
      kind,
      tool === undefined ? undefined : callLook(tool, act.input).join(" "),
    ];
    const entry = this.#joiner.join("wait", act, look);
    if (entry.logged.has("start") || this.#isTold(agent, act, entry)) return;
    entry.logged.add("start");
    const call = tool === undefined ? undefined : this.#callFor(agent, act);
    for (const id of call?.ids ?? []) entry.ids.add(id);
    const label = tool === undefined ? undefined : labelOf(tool, act.input);
    const text = message ?? label ?? `Waits: ${kind}`;
    const type = {
      permission: undefined,
      question: "agent_needs_input",
      idle: "idle_prompt",
    }[kind];
    this.#journal.event(
      agent,
      act.at,
      kind === "permission" ? "permission_request" : "notification",
      text,
      {
        notification_type: type,
        tool_name: tool,
        tool_input: act.input,
        tool_use_id: askOf(entry),
        ...kept(act),
        act: memoOf(entry, "start"),
      },
      kind === "idle" ? "info" : "warning",
    );
    agent.waits.push({
      entry,
      kind,
      tool,
      label: callLook(tool, act.input)[1],
    });
    if (agent.waits.length > MAX_OPEN) agent.waits.shift();
    // Its end came before it.
    const endedAt = call?.endedAt;
    if (endedAt !== undefined && endedAt >= act.at)
      this.end(agent, endedAt, undefined, (open) => open.entry === entry);
  }

  end(
    agent: Agent,
    at: number,
    outcome: string | undefined,
    isOver: (wait: Wait) => boolean,
  ): void {
    const over = agent.waits.filter((wait) => isOver(wait));
    if (over.length === 0) return;
    agent.waits = agent.waits.filter((wait) => !over.includes(wait));
    for (const { entry, tool, kind } of over) {
      if (kind === "idle" || entry.logged.has("end")) continue;
      entry.logged.add("end");
      this.#journal.event(
        agent,
        at,
        "permission_resolved",
        outcome ?? "No longer waits",
        {
          tool_name: tool,
          tool_use_id: askOf(entry),
          outcome,
          waited_ms: Math.max(0, at - entry.at),
          act: memoOf(entry, "end"),
        },
      );
    }
  }

  /** A notification tells again, some seconds late, what a request has told; and not which. */
  #isTold({ session }: Agent, act: ActOf<"wait_started">, own: Entry): boolean {
    if (act.tool !== undefined) return false;
    for (const entry of this.#joiner.near(session, "wait", act.at)) {
      const age = act.at - entry.at;
      if (
        entry !== own &&
        entry.look[0] === act.wait &&
        entry.logged.has("start") &&
        age >= 0 &&
        age <= 15_000
      )
        return true;
    }
    return false;
  }

  /** The call that a request is about: it has no id of its own. */
  #callFor(agent: Agent, act: ActOf<"wait_started">): Entry | undefined {
    const [tool, label] = callLook(act.tool, act.input);
    let found: Entry | undefined;
    for (const entry of this.#joiner.near(agent.session, "call", act.at)) {
      const isIt =
        entry.agent === agent.id &&
        entry.look[0] === tool &&
        entry.look[1] === label;
      const isThen = entry.at <= act.at && (entry.endedAt ?? act.at) >= act.at;
      if (isIt && isThen) found = entry;
    }
    return found;
  }
}

/** Whether the end of a call answers a request. */
export function concerns(
  { entry, tool, label, kind }: Wait,
  call: Entry,
): boolean {
  if ([...call.ids].some((id) => entry.ids.has(id))) return true;
  if (kind !== "permission" || call.at > entry.at) return false;
  if (tool === undefined) return true;
  return call.look[0] === tool && call.look[1] === label;
}

/**
 * The ledger: acts in, in any order and by any road, log calls out, each once.
 *
 * It is a cache over the log. What it knows of a session it rebuilds from that
 * session's log rows (`load`), when the session is heard of for the first time
 * after a start or after it was dropped from memory. So a caller that commits
 * the calls of an act in one transaction, and only then deletes what the act
 * came from, neither loses nor repeats anything, whenever it is killed; and one
 * whose transaction fails calls `forget` and gives the act again later.
 *
 * Bounds: MAX_ENTRIES acts in memory; beyond them the sessions that were silent
 * for longest are dropped, and of the last one its oldest acts.
 *
 * Template: adw_agents 1.2.0
 */
import { isRecord } from "../adw_events.ts";
import { cut, listOf, nameOf, textOf } from "./act.ts";
import type { About, Act, Deed, Fields } from "./act.ts";
import { NO_PRICES } from "./cost.ts";
import type { Prices } from "./cost.ts";
import { digest, Joiner, looksLike, memoOf } from "./joiner.ts";
import type { Entry, Look, Memo } from "./joiner.ts";
import { Usage } from "./usage.ts";
import type { UsageCall } from "./usage.ts";

export const MAX_ENTRIES = 100_000;
/** A call whose turn is over may still be told its end for so long. */
export const LATE_END_MS = 30_000;
/** An agent whose process is gone is given up after this silence. */
export const GONE_AFTER_MS = 60_000;
/** One of which nobody knows whether it runs, after this. */
export const SILENT_AFTER_MS = 6 * 3_600_000;
const MAX_TITLE_CHARS = 80;

export type AgentState =
  "initializing" | "executing" | "idle" | "completed" | "failed" | "cancelled";

/** What to write into the log; `at` in ms since the epoch. */
export type LogCall = { agent: string; session: string; at: number } & (
  | {
      type: "agent";
      name: string;
      parent?: string | undefined;
      model?: string | undefined;
      /** cwd, branch, kind, title, source, and whether the parent is assumed. */
      details: Fields;
    }
  | { type: "status"; status: AgentState; error?: string | undefined }
  | { type: "prompt"; id: string; text: string }
  | {
      type: "prompt_result";
      id: string;
      status: "completed" | "failed" | "cancelled";
      response?: string | undefined;
      error?: string | undefined;
    }
  /** `details.act` is what the ledger is rebuilt from. */
  | {
      type: "event";
      event: string;
      level: "debug" | "info" | "warning" | "error";
      message: string;
      details: Fields;
    }
);

type Call = LogCall extends infer One
  ? One extends LogCall
    ? Omit<One, "agent" | "session" | "at">
    : never
  : never;

export interface LedgerOptions {
  prices?: Prices | undefined;
  /** The log rows of a session, in order. */
  load?: ((session: string) => Iterable<LogCall>) | undefined;
  /** Whether the process of a session runs; undefined: nobody knows. */
  isAlive?: ((session: string) => boolean | undefined) | undefined;
}

interface Wait {
  entry: Entry;
  kind: string;
  tool: string | undefined;
  label: string | undefined;
}

interface Agent {
  readonly id: string;
  readonly session: string;
  source: string;
  about: About;
  parent: string | undefined;
  isParentAssumed: boolean;
  isLogged: boolean;
  status: AgentState;
  statusAt: number;
  lastAt: number;
  /** The last end of a turn, and whether a prompt has it as its answer. */
  turn: { at: number; text: string | undefined; isTaken: boolean } | undefined;
  readonly prompts: Set<Entry>;
  readonly calls: Set<Entry>;
  waits: Wait[];
}

type ActOf<Type extends Deed["type"]> = Extract<Act, { type: Type }>;
type CallAct = ActOf<"tool_started"> | ActOf<"tool_ended">;

/** Acts that an agent does only while it works. */
const WORK = new Set<string>(["prompt", "tool_started"]);
const AGENT_TOOLS = new Set(["Agent", "Task", "task"]);

export class Ledger {
  readonly #options: LedgerOptions;
  readonly #joiner = new Joiner();
  readonly #usage: Usage;
  /** By session, the most lately heard of last; in each by id. */
  readonly #sessions = new Map<string, Map<string, Agent>>();
  /** Subagents by the call that started them, until that call's agent is known. */
  readonly #awaited = new Map<string, Agent>();
  #calls: LogCall[] = [];

  constructor(options: LedgerOptions = {}) {
    this.#options = options;
    this.#usage = new Usage(this.#joiner, options.prices ?? NO_PRICES);
  }

  /** Takes one act. @param now ms since the epoch */
  take(act: Act, now: number): LogCall[] {
    const agent = this.#agentFor(act);
    agent.lastAt = Math.max(agent.lastAt, act.at);
    if (WORK.has(act.type)) this.#status(agent, "executing", act.at);
    this.#apply(agent, act, now);
    this.#makeRoom();
    return this.#flush();
  }

  /** What time brings: requests that are complete, calls and agents that nothing more is heard of. */
  settle(now: number): LogCall[] {
    this.#logUsage(this.#usage.settle(now));
    for (const agents of this.#sessions.values()) {
      for (const agent of agents.values()) this.#age(agent, now);
    }
    return this.#flush();
  }

  /** Drops a session from memory: what is logged of it is loaded again. */
  forget(session: string): void {
    this.#joiner.forget(session);
    this.#usage.forget(session);
    this.#sessions.delete(session);
  }

  #flush(): LogCall[] {
    const calls = this.#calls;
    this.#calls = [];
    return calls;
  }

  #log({ id, session }: Agent, at: number, call: Call): void {
    this.#calls.push({ ...call, agent: id, session, at });
  }

  #event(
    agent: Agent,
    at: number,
    event: string,
    message: string,
    details: Fields,
    level: "debug" | "info" | "warning" | "error" = "info",
  ): void {
    const text = cut(message.trim(), 500);
    this.#log(agent, at, {
      type: "event",
      event,
      level,
      message: text,
      details,
    });
  }

  // ------------------------------------------------------------ agents

  #agentFor(act: Act): Agent {
    const agents = this.#sessionOf(act.session);
    const main = this.#find(agents, act.session, act);
    if (act.agent === act.session) {
      this.#learn(main, act);
      return main;
    }
    this.#introduce(main, act.at);
    const agent = this.#find(agents, act.agent, act);
    if (agent.parent === undefined) {
      agent.parent = main.id;
      agent.isParentAssumed = true;
    }
    this.#learn(agent, act);
    return agent;
  }

  #sessionOf(session: string): Map<string, Agent> {
    const known = this.#sessions.get(session);
    if (known !== undefined) {
      this.#sessions.delete(session);
      this.#sessions.set(session, known);
      return known;
    }
    const agents = new Map<string, Agent>();
    this.#sessions.set(session, agents);
    for (const call of this.#options.load?.(session) ?? []) this.#restore(call);
    return agents;
  }

  #find(
    agents: Map<string, Agent>,
    id: string,
    act: Pick<Act, "session" | "source" | "at">,
  ): Agent {
    const known = agents.get(id);
    if (known !== undefined) return known;
    const agent: Agent = {
      id,
      session: act.session,
      source: act.source,
      about: {},
      parent: undefined,
      isParentAssumed: false,
      isLogged: false,
      status: "initializing",
      statusAt: 0,
      lastAt: 0,
      turn: undefined,
      prompts: new Set(),
      calls: new Set(),
      waits: [],
    };
    agents.set(id, agent);
    return agent;
  }

  /** Logs the agent, or what is new about it. */
  #learn(agent: Agent, act: Act): void {
    const news: Record<string, string> = {};
    const title =
      act.type === "prompt" ? act.text?.split("\n", 1)[0] : undefined;
    const about = {
      title: title?.slice(0, MAX_TITLE_CHARS),
      ...defined(act.about),
    };
    for (const key of ["cwd", "branch", "model", "title", "kind"] as const) {
      const value = about[key];
      if (value === undefined || agent.about[key] !== undefined) continue;
      agent.about[key] = value;
      news[key] = value;
    }
    if (act.type === "agent_started") this.#setParent(agent, act, news);
    if (!agent.isLogged) this.#introduce(agent, act.at);
    else if (Object.keys(news).length > 0) {
      const parent = news["parent_agent_id"];
      const details =
        parent === undefined ? news : { ...news, parent_assumed: false };
      this.#event(
        agent,
        act.at,
        "agent_updated",
        `${nameOfAgent(agent)} is known better`,
        details,
        "debug",
      );
    }
  }

  #setParent(
    agent: Agent,
    { parent, parentCall }: ActOf<"agent_started">,
    news: Record<string, string>,
  ): void {
    const call = parentCall === undefined ? undefined : `call:${parentCall}`;
    const caller =
      call === undefined
        ? undefined
        : this.#joiner.find("call", { ids: [call], lane: "", delivery: "" })[0];
    const known = parent ?? caller?.agent;
    if (known === undefined) {
      if (call !== undefined) this.#awaited.set(call, agent);
      else this.#guessParent(agent);
      return;
    }
    if (known === agent.id) return;
    const isNew = agent.parent !== known || agent.isParentAssumed;
    agent.parent = known;
    agent.isParentAssumed = false;
    if (isNew) news["parent_agent_id"] = known;
  }

  /** When all open calls that start agents are of one agent, it is that one's child. */
  #guessParent(agent: Agent): void {
    if (!agent.isParentAssumed || agent.isLogged) return;
    const owners = new Set<string>();
    for (const other of this.#sessions.get(agent.session)?.values() ?? []) {
      for (const call of other.calls)
        if (AGENT_TOOLS.has(call.look[0]) && other.id !== agent.id)
          owners.add(other.id);
    }
    const [owner] = owners;
    if (owners.size === 1 && owner !== undefined) agent.parent = owner;
  }

  #introduce(agent: Agent, at: number): void {
    if (agent.isLogged) return;
    agent.isLogged = true;
    const { model, ...about } = agent.about;
    this.#log(agent, at, {
      type: "agent",
      name: nameOfAgent(agent),
      parent: agent.parent,
      model,
      details: {
        source: agent.source,
        ...about,
        ...(agent.isParentAssumed ? { parent_assumed: true } : {}),
      },
    });
  }

  /** What happened earlier does not change what is so now. */
  #status(agent: Agent, status: AgentState, at: number, error?: string): void {
    if (at < agent.statusAt || status === agent.status) return;
    agent.status = status;
    agent.statusAt = at;
    this.#log(agent, at, { type: "status", status, error });
  }

  // -------------------------------------------------------------- acts

  #apply(agent: Agent, act: Act, now: number): void {
    switch (act.type) {
      case "tool_started":
      case "tool_ended":
        return this.#takeCall(agent, act);
      case "prompt":
        return this.#takePrompt(agent, act);
      case "turn_ended":
        this.#endTurn(agent, act.at, act.text, "completed");
        return this.#status(agent, "idle", act.at);
      case "agent_ended":
        this.#endTurn(agent, act.at, act.text, "completed");
        return this.#status(agent, "completed", act.at);
      case "session_ended":
        return this.#endSession(agent, act);
      case "session_started":
      case "agent_started": {
        const isBack = agent.status === "completed" && act.at > agent.statusAt;
        if (act.type === "agent_started") {
          if (agent.statusAt === 0) this.#status(agent, "executing", act.at);
        } else if (isBack) this.#status(agent, "idle", act.at);
        return;
      }
      case "wait_started":
        return this.#takeWait(agent, act);
      case "wait_ended":
        return this.#endWaits(agent, act.at, act.outcome, (wait) =>
          act.ids.some((id) => wait.entry.ids.has(id)),
        );
      case "usage":
        return this.#logUsage(this.#usage.take(act, now));
      case "interrupted":
        this.#once(agent, act, "interrupted", "Interrupted", {}, "warning");
        this.#endTurn(agent, act.at, undefined, "cancelled");
        this.#endCalls(agent, act.at, "Interrupted");
        return this.#status(agent, "idle", act.at);
      case "failed": {
        const { error, reason } = act;
        this.#once(
          agent,
          act,
          "error",
          error,
          { error_message: error, reason },
          "error",
        );
        this.#endTurn(agent, act.at, undefined, "failed", error);
        return this.#status(agent, "failed", act.at, error);
      }
      case "answer":
        return this.#once(agent, act, "agent_message", act.text, {
          text: act.text,
        });
      case "compacted":
        return this.#once(agent, act, "compacted", "Context compacted", {
          reason: act.reason,
        });
      case "model_changed":
        agent.about.model = act.model;
        return this.#once(agent, act, "model_changed", `Model: ${act.model}`, {
          model: act.model,
        });
      case "other":
        return this.#once(agent, act, act.name, act.name, act.fields, "debug");
    }
  }

  /** Acts that are one event. */
  #once(
    agent: Agent,
    act: Act,
    event: string,
    message: string,
    details: Fields,
    level?: "debug" | "warning" | "error",
  ): void {
    const text = act.type === "answer" || act.type === "failed" ? message : "";
    const entry = this.#joiner.join(act.type, act, [event, digest(text)]);
    if (entry.logged.has("start")) return;
    entry.logged.add("start");
    const all = { ...details, ...kept(act), act: memoOf(entry, "start") };
    this.#event(agent, act.at, event, message, all, level);
  }

  #takeCall(agent: Agent, act: CallAct): void {
    const isEnd = act.type === "tool_ended";
    const entry = this.#callOf(agent, act);
    const own = this.#sessions.get(agent.session)?.get(entry.agent) ?? agent;
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
    const tool = act.tool ?? "tool";
    this.#event(agent, at, "tool_call", labelOf(tool, act.input), {
      tool_name: tool,
      tool_use_id: callId(entry),
      tool_input: act.input,
      ...(act.type === "tool_started" ? kept(act) : {}),
      act: memoOf(entry, "start"),
    });
    for (const id of entry.ids) {
      const child = this.#awaited.get(id);
      if (child === undefined) continue;
      this.#awaited.delete(id);
      const news: Record<string, string> = {};
      const parent = agent.id;
      const deed = { type: "agent_started", parent } as const;
      this.#setParent(child, { ...act, ...deed }, news);
      if (news["parent_agent_id"] !== undefined && child.isLogged)
        this.#event(
          child,
          at,
          "agent_updated",
          `Started by ${nameOfAgent(agent)}`,
          { ...news, parent_assumed: false },
          "debug",
        );
    }
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
    agent.calls.delete(entry);
    const { error, output } = act;
    const tool = act.tool ?? (entry.look[0] || "tool");
    const label = labelOf(tool, act.input);
    const message = error === undefined ? label : `${label}: ${error}`;
    this.#event(
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
        act: memoOf(entry, "end"),
      },
      error === undefined ? "info" : "warning",
    );
    const outcome = error === undefined ? "allowed" : undefined;
    this.#endWaits(agent, act.at, outcome, (wait) => concerns(wait, entry));
  }

  #endCalls(agent: Agent, at: number, error: string): void {
    for (const entry of agent.calls) {
      if (entry.at <= at) this.#endCall(agent, entry, { at, error });
    }
  }

  #takePrompt(agent: Agent, act: ActOf<"prompt">): void {
    const look: Look = [
      "",
      act.text === undefined ? undefined : digest(act.text),
    ];
    const entry = this.#joiner.join("prompt", act, look);
    if (entry.logged.has("start")) return;
    entry.logged.add("start");
    const id = promptId(entry, act);
    entry.ids.add(`row:${id}`);
    this.#log(agent, act.at, { type: "prompt", id, text: act.text ?? "" });
    this.#endWaits(
      agent,
      act.at,
      undefined,
      ({ entry: { at } }) => at <= act.at,
    );
    agent.prompts.add(entry);
    const { turn } = agent;
    // Its end came before it.
    if (turn !== undefined && !turn.isTaken && act.at <= turn.at) {
      turn.isTaken = true;
      this.#endPrompt(agent, entry, turn.at, "completed", turn.text);
    }
  }

  #endPrompt(
    agent: Agent,
    entry: Entry,
    at: number,
    status: "completed" | "failed" | "cancelled",
    response?: string,
    error?: string,
  ): void {
    agent.prompts.delete(entry);
    if (entry.logged.has("end")) return;
    entry.logged.add("end");
    const row = [...entry.ids].find((id) => id.startsWith("row:")) ?? "row:";
    const id = row.slice("row:".length);
    this.#log(agent, at, {
      type: "prompt_result",
      id,
      status,
      response,
      error,
    });
  }

  /** Ends the prompts from before; the last of them has the answer. */
  #endTurn(
    agent: Agent,
    at: number,
    text: string | undefined,
    status: "completed" | "failed" | "cancelled",
    error?: string,
  ): void {
    const open = [...agent.prompts].filter((entry) => entry.at <= at);
    for (const entry of open) {
      const isLast = entry === open.at(-1);
      this.#endPrompt(
        agent,
        entry,
        at,
        status,
        isLast ? text : undefined,
        error,
      );
    }
    if (agent.turn === undefined || at >= agent.turn.at)
      agent.turn = {
        at,
        text,
        isTaken: open.length > 0 || agent.turn?.at === at,
      };
    this.#endWaits(agent, at, undefined, ({ entry }) => entry.at < at);
  }

  #endSession(agent: Agent, act: ActOf<"session_ended">): void {
    const { reason } = act;
    this.#once(
      agent,
      act,
      "session_ended",
      `Session ended${reason === undefined ? "" : `: ${reason}`}`,
      { reason },
    );
    for (const other of this.#sessions.get(agent.session)?.values() ?? []) {
      this.#endTurn(other, act.at, undefined, "completed");
      if (other.status !== "failed" || other === agent)
        this.#status(other, "completed", act.at);
    }
  }

  // -------------------------------------------------------------- waits

  #takeWait(agent: Agent, act: ActOf<"wait_started">): void {
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
    const ask = [...entry.ids].find((id) => /^(?:call|ask):/.test(id));
    const label = tool === undefined ? undefined : labelOf(tool, act.input);
    const text = message ?? label ?? `Waits: ${kind}`;
    const type = {
      permission: undefined,
      question: "agent_needs_input",
      idle: "idle_prompt",
    }[kind];
    this.#event(
      agent,
      act.at,
      kind === "permission" ? "permission_request" : "notification",
      text,
      {
        notification_type: type,
        tool_name: tool,
        tool_input: act.input,
        tool_use_id: ask?.slice(ask.indexOf(":") + 1),
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
    // Its end came before it.
    const endedAt = call?.endedAt;
    if (endedAt !== undefined && endedAt >= act.at)
      this.#endWaits(agent, endedAt, undefined, (open) => open.entry === entry);
  }

  /** A notification tells again, some seconds late, what a request has told; and not which. */
  #isTold({ session }: Agent, act: ActOf<"wait_started">, own: Entry): boolean {
    if (act.tool !== undefined) return false;
    for (const entry of this.#joiner.of(session, "wait")) {
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
    for (const entry of this.#joiner.of(agent.session, "call")) {
      const isIt =
        entry.agent === agent.id &&
        entry.look[0] === tool &&
        entry.look[1] === label;
      const isThen = entry.at <= act.at && (entry.endedAt ?? act.at) >= act.at;
      if (isIt && isThen) found = entry;
    }
    return found;
  }

  #endWaits(
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
      const ask = [...entry.ids].find((id) => /^(?:call|ask):/.test(id));
      this.#event(
        agent,
        at,
        "permission_resolved",
        outcome ?? "No longer waits",
        {
          tool_name: tool,
          tool_use_id: ask?.slice(ask.indexOf(":") + 1),
          outcome,
          waited_ms: Math.max(0, at - entry.at),
          act: memoOf(entry, "end"),
        },
      );
    }
  }

  // --------------------------------------------------------------- time

  #age(agent: Agent, now: number): void {
    const isOver =
      agent.status !== "executing" && agent.status !== "initializing";
    if (isOver && agent.calls.size > 0 && now - agent.lastAt > LATE_END_MS) {
      return this.#endCalls(agent, agent.lastAt, "No end was reported");
    }
    if (isOver && agent.waits.length === 0) return;
    const silence = now - agent.lastAt;
    if (silence < GONE_AFTER_MS) return;
    const isAlive = this.#options.isAlive?.(agent.session);
    if (
      isAlive === true ||
      (isAlive === undefined && silence < SILENT_AFTER_MS)
    )
      return;
    const reason =
      isAlive === false
        ? "Its process is gone"
        : "Nothing was heard of it any more";
    this.#endCalls(agent, agent.lastAt, reason);
    this.#endTurn(agent, agent.lastAt, undefined, "cancelled", reason);
    this.#endWaits(agent, agent.lastAt, undefined, () => true);
    this.#status(agent, "cancelled", agent.lastAt, reason);
  }

  #logUsage(calls: readonly UsageCall[]): void {
    for (const { entry, at, message, details } of calls) {
      const agents = this.#sessionOf(entry.session);
      const from = { session: entry.session, source: "", at };
      const agent = this.#find(agents, entry.agent, from);
      this.#event(agent, at, "cost_update", message, details);
    }
  }

  #makeRoom(): void {
    for (const session of this.#sessions.keys()) {
      if (this.#joiner.size <= MAX_ENTRIES || this.#sessions.size === 1) break;
      this.forget(session);
    }
    for (const kind of this.#joiner.size > MAX_ENTRIES
      ? ["other", "answer", "call", "usage", "prompt"]
      : []) {
      for (const session of this.#sessions.keys()) {
        for (const entry of this.#joiner.of(session, kind)) {
          if (this.#joiner.size <= MAX_ENTRIES) return;
          this.#joiner.drop(entry);
        }
      }
    }
  }

  // ------------------------------------------------------------ restart

  /** Takes what was logged before. */
  #restore(call: LogCall): void {
    const agents = this.#sessions.get(call.session);
    if (agents === undefined) return;
    const source = call.type === "agent" ? nameOf(call.details, "source") : "";
    const from = { session: call.session, source: source ?? "", at: call.at };
    const agent = this.#find(agents, call.agent, from);
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
        const look: Look = [
          "",
          call.text === "" ? undefined : digest(call.text),
        ];
        const entry = this.#joiner.restore(promptMemo(call, look), {
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
        return this.#restoreEvent(agent, call, from);
    }
  }

  #restoreEvent(
    agent: Agent,
    call: Extract<LogCall, { type: "event" }>,
    from: Pick<Act, "session" | "at">,
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
    const entry = this.#joiner.restore(memo, { ...from, agent: agent.id });
    const isStart = memo.phase === "start";
    if (memo.kind === "usage") this.#usage.restore(entry, call.details);
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
}

// ------------------------------------------------------------------ helpers

function nameOfAgent({ about, source, id, session }: Agent): string {
  if (id !== session) return about.kind ?? "subagent";
  const folder = about.cwd?.split(/[/\\]/).findLast((part) => part !== "");
  return folder === undefined ? source : `${source} ${folder}`;
}

function defined(about: About | undefined): About {
  return Object.fromEntries(
    Object.entries(about ?? {}).filter(([, value]) => value !== undefined),
  );
}

function aboutOf(fields: Fields): About {
  return {
    cwd: textOf(fields, "cwd"),
    branch: nameOf(fields, "branch"),
    model: nameOf(fields, "model"),
    title: textOf(fields, "title"),
    kind: nameOf(fields, "kind"),
  };
}

function kept({ more }: Pick<Act, "more">): Fields {
  return more === undefined || Object.keys(more).length === 0 ? {} : { more };
}

/** The argument that tells most of a call. */
function argumentOf(input: unknown): string | undefined {
  if (typeof input === "string") return input;
  if (!isRecord(input)) return undefined;
  for (const key of ["command", "cmd", "file_path", "path", "pattern", "url"]) {
    const value = input[key];
    if (typeof value === "string") return value;
    if (Array.isArray(value)) return value.join(" ");
  }
  const text = Object.values(input).find((value) => typeof value === "string");
  return typeof text === "string" ? text : JSON.stringify(input);
}

function callLook(tool: string | undefined, input: unknown): Look {
  const argument = argumentOf(input);
  return [tool ?? "", argument === undefined ? undefined : digest(argument)];
}

function labelOf(tool: string, input: unknown): string {
  const argument = argumentOf(input);
  return argument === undefined ? tool : `${tool} ${cut(argument, 200)}`;
}

/** The agent's own id of a call, or one of ours. */
function callId({ ids, deliveries }: Entry): string {
  const id = [...ids].find((each) => each.startsWith("call:"));
  return id?.slice("call:".length) ?? [...deliveries][0] ?? "";
}

function promptId({ agent }: Entry, act: Act): string {
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

function concerns({ entry, tool, label, kind }: Wait, call: Entry): boolean {
  if ([...call.ids].some((id) => entry.ids.has(id))) return true;
  if (kind !== "permission" || call.at > entry.at) return false;
  if (tool === undefined) return true;
  return call.look[0] === tool && call.look[1] === label;
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

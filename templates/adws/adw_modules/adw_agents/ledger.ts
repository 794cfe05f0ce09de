/**
 * The ledger: acts in, in any order and by any road, log calls out, each once.
 *
 * It is a cache over what is stored: of each session, what `changes` has told
 * since, which it loads when the session is heard of for the first time after a
 * start or after it was dropped from memory. So a caller that commits the log
 * calls and the changes of some acts in one transaction, and only then deletes
 * what the acts came from, neither loses nor repeats anything, whenever it is
 * killed; and one whose transaction fails gives the acts again later, to a
 * new ledger.
 *
 * Bounds: MAX_ENTRIES acts in memory; beyond them `changes`, once it has told
 * what is new, drops the sessions that were silent for longest, and of the last
 * one its oldest acts.
 *
 * Template: adw_agents 1.3.0
 */
import { parseJson } from "../adw_events.ts";
import { BY_HTTP, isDue } from "./act.ts";
import type { Act, Fields } from "./act.ts";
import { AGENT_KEY, Agents, kept, OURS } from "./agents.ts";
import type { ActOf, Agent, Level, LogCall } from "./agents.ts";
import { Calls } from "./calls.ts";
import { NO_PRICES } from "./cost.ts";
import type { Prices } from "./cost.ts";
import { digest, entrySchema, Joiner } from "./joiner.ts";
import type { Change, Entry } from "./joiner.ts";
import type { Liveness } from "./liveness.ts";
import { Turns } from "./turns.ts";
import { SETTLE_MS, Usage } from "./usage.ts";
import type { UsageCall } from "./usage.ts";

export type { LogCall } from "./agents.ts";
export type { Change } from "./joiner.ts";

export const MAX_ENTRIES = 100_000;
/** A call whose turn is over may still be told its end for so long. */
export const LATE_END_MS = 30_000;
/** An agent whose process is gone is given up after this silence. */
export const GONE_AFTER_MS = 60_000;
/** Any other one after this: a process like it may be another's. */
export const SILENT_AFTER_MS = 6 * 3_600_000;

/** Another machine's clock may run ahead so far. */
const AHEAD_MS = 60_000;

/** What is stored of the sessions. */
export interface LedgerStore {
  /** All that is known of a session, as `changes` told it. */
  load: (session: string) => Iterable<{ key: string; state: string }>;
  /** The sessions that know any of the keys. */
  sessionsOf: (keys: readonly string[]) => readonly string[];
}

export interface LedgerOptions {
  prices?: Prices | undefined;
  store?: LedgerStore | undefined;
  /** Acts in memory. Default: MAX_ENTRIES */
  maxEntries?: number | undefined;
  /** Whether a session's main agent runs on this machine; undefined: nobody knows. */
  isAlive?: Liveness["isAlive"] | undefined;
}

type TurnEnd = Pick<ActOf<"turn_ended">, "at" | "text">;

/** Acts that an agent does only while it works. */
const WORK = new Set<string>(["prompt", "tool_started"]);

export class Ledger {
  readonly #options: LedgerOptions;
  readonly #joiner = new Joiner();
  readonly #agents: Agents;
  readonly #turns: Turns;
  readonly #calls: Calls;
  readonly #usage: Usage;
  #now = 0;

  constructor(options: LedgerOptions = {}) {
    this.#options = options;
    this.#agents = new Agents(this.#joiner, (session) => {
      this.#load(session);
    });
    this.#turns = new Turns(this.#joiner, this.#agents);
    this.#calls = new Calls(this.#joiner, this.#agents, this.#turns);
    this.#usage = new Usage(this.#joiner, options.prices ?? NO_PRICES);
  }

  /** Takes acts, in this order. @param now ms since the epoch */
  takeAll(acts: readonly Act[], now: number): LogCall[] {
    this.#now = now;
    this.#loadOthers(acts);
    for (const act of acts) this.#take(act, now);
    return this.#agents.flush();
  }

  take(act: Act, now: number): LogCall[] {
    return this.takeAll([act], now);
  }

  #take(told: Act, now: number): void {
    // A time that cannot be must not stand in the log, nor freeze a status.
    const isPossible = told.at >= 0 && told.at <= now + AHEAD_MS;
    const act = isPossible ? told : { ...told, at: now };
    const agent = this.#agents.of(act);
    agent.lastAt = Math.max(agent.lastAt, act.at);
    if (act.delivery.includes(BY_HTTP)) agent.isRemote = true;
    this.#agents.touch(agent);
    if (WORK.has(act.type)) this.#agents.status(agent, "executing", act.at);
    this.#apply(agent, act, now);
  }

  /** What time brings: requests that are complete, calls and agents that nothing more is heard of. @param isRead all that lay there */
  settle(now: number, isRead = false): LogCall[] {
    this.#now = now;
    const until = isRead ? now + SETTLE_MS : now;
    this.#logUsage(this.#usage.settle(until));
    this.#calls.settle(until);
    for (const agents of this.#agents.sessions.values()) {
      for (const agent of agents.values()) {
        const { assumedEnd: end } = agent;
        const isOld = isRead && now - (end?.at ?? now) >= SETTLE_MS;
        if (end && (isOld || isDue(end.dueAt, now, SETTLE_MS)))
          this.#endTurn(agent, end);
        this.#age(agent, agents, now);
      }
    }
    return this.#agents.flush();
  }

  /** What is to be stored with the log calls since the last time. */
  changes(): Change[] {
    const changes = [...this.#joiner.changes(), ...this.#agents.changes()];
    // Not before: what has changed must not be dropped untold.
    this.#makeRoom();
    return changes;
  }

  /** Brings a session that is stored into memory, so that `settle` looks after it. */
  recall(session: string): void {
    this.#agents.in(session);
  }

  /** Drops a session from memory: what is stored of it is loaded again. */
  forget(session: string): void {
    this.#joiner.forget(session);
    this.#usage.forget(session);
    this.#calls.forget(session);
    this.#agents.forget(session);
  }

  #load(session: string): void {
    const entries: Entry[] = [];
    for (const { key, state } of this.#options.store?.load(session) ?? []) {
      const value = parseJson(state);
      if (key.startsWith(AGENT_KEY)) this.#agents.restore(session, key, value);
      else {
        const parsed = entrySchema.parse(value);
        entries.push(this.#joiner.restore(session, key, parsed));
      }
    }
    for (const entry of entries.toSorted((a, b) => a.at - b.at)) {
      this.#agents.reopen(entry);
      this.#usage.restore(entry, this.#now);
      this.#calls.restore(entry, this.#now);
    }
  }

  /** A session may tell again what another one did: a fork, a rollout that begins with its parent's. */
  #loadOthers(acts: readonly Act[]): void {
    const keys = acts.flatMap(({ type, ids }) => {
      const isCall = type === "tool_started" || type === "tool_ended";
      const kind = isCall ? "call" : type;
      if (!isCall && type !== "usage") return [];
      return ids.map((id) => `${kind} ${id}`);
    });
    const unknown = keys.filter((key) => !this.#joiner.knows(key));
    if (unknown.length === 0) return;
    for (const other of this.#options.store?.sessionsOf(unknown) ?? [])
      this.#agents.in(other);
  }

  #apply(agent: Agent, act: Act, now: number): void {
    switch (act.type) {
      case "tool_started":
      case "tool_ended":
        if (act.at >= (agent.assumedEnd?.at ?? Infinity))
          agent.assumedEnd = undefined;
        this.#calls.take(agent, act, now);
        return;
      case "prompt":
        this.#endTurn(agent, agent.assumedEnd, act.at);
        this.#turns.prompt(agent, act);
        return;
      case "turn_ended":
        if (!act.isAssumed) this.#endTurn(agent, act);
        else agent.assumedEnd = { ...act, dueAt: now + SETTLE_MS };
        return;
      case "agent_ended":
        this.#turns.end(agent, act.at, act.text, "completed");
        this.#agents.status(agent, "completed", act.at);
        return;
      case "session_ended":
        this.#endSession(agent, act);
        return;
      case "session_started":
      case "agent_started": {
        const isChild = act.type === "agent_started";
        const isNew = agent.status === "initializing";
        const isBack = agent.status === "completed" && act.at > agent.statusAt;
        if (isNew || (isBack && !isChild))
          this.#agents.status(agent, isChild ? "executing" : "idle", act.at);
        return;
      }
      case "wait_started":
        this.#turns.wait(agent, act);
        return;
      case "wait_ended":
        this.#turns.endWaits(agent, act.at, act.outcome, (wait) =>
          act.ids.some((id) => wait.ids.has(id)),
        );
        return;
      case "usage":
        this.#logUsage(this.#usage.take(act, now));
        return;
      case "interrupted":
        this.#once(agent, act, "interrupted", "Interrupted", {}, "warning");
        this.#turns.end(agent, act.at, undefined, "cancelled");
        this.#calls.endAll(agent, act.at, "Interrupted");
        this.#agents.status(agent, "idle", act.at);
        return;
      case "failed": {
        const { error, reason } = act;
        const details = { error_message: error, reason };
        this.#once(agent, act, "error", error, details, "error");
        this.#turns.end(agent, act.at, undefined, "failed", error);
        this.#agents.status(agent, "failed", act.at, error);
        return;
      }
      case "answer": {
        const { text } = act;
        if (act.at >= (agent.said?.at ?? 0)) agent.said = { at: act.at, text };
        this.#once(agent, act, "agent_message", text, { text });
        return;
      }
      case "compacted": {
        const { reason } = act;
        const message = "Context compacted";
        this.#once(agent, act, "compacted", message, { reason });
        return;
      }
      case "model_changed": {
        const { model } = act;
        agent.about.model = model;
        const message = `Model: ${model}`;
        this.#once(agent, act, "model_changed", message, { model });
        return;
      }
      case "other": {
        // It must not pass for an event that says what an agent did or used.
        const name = OURS.has(act.name) ? `other_${act.name}` : act.name;
        this.#once(agent, act, name, name, act.fields, "debug");
        return;
      }
    }
  }

  /** Acts that are one event. */
  #once(
    agent: Agent,
    act: Act,
    event: string,
    message: string,
    details: Fields,
    level?: Level,
  ): void {
    const text = act.type === "answer" || act.type === "failed" ? message : "";
    const entry = this.#joiner.join(act.type, act, [event, digest(text)]);
    if (entry.logged.has("start")) return;
    entry.logged.add("start");
    const all = { ...details, ...kept(act) };
    this.#agents.event(agent, act.at, event, message, all, level);
  }

  /** @param until ms since the epoch: an end after that is not meant */
  #endTurn(agent: Agent, end: TurnEnd | undefined, until = Infinity): void {
    if (end === undefined || end.at > until) return;
    agent.assumedEnd = undefined;
    this.#turns.end(agent, end.at, end.text, "completed");
    this.#agents.status(agent, "idle", end.at);
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
    for (const other of this.#agents.sessions.get(agent.session)?.values() ??
      []) {
      this.#turns.end(other, act.at, undefined, "completed");
      if (other.status !== "failed" || other === agent)
        this.#agents.status(other, "completed", act.at);
    }
  }

  #age(agent: Agent, agents: Map<string, Agent>, now: number): void {
    const isOver =
      agent.status !== "executing" && agent.status !== "initializing";
    if (isOver && agent.calls.size > 0 && now - agent.lastAt > LATE_END_MS) {
      this.#calls.endAll(agent, agent.lastAt, "No end was reported");
      return;
    }
    if (isOver && agent.waits.size === 0) return;
    const main = agents.get(agent.session) ?? agent;
    // The main agent may wait for its subagents.
    const heard = agent === main ? [...agents.values()] : [agent];
    const silence = now - Math.max(...heard.map(({ lastAt }) => lastAt));
    if (silence < GONE_AFTER_MS) return;
    const isRemote = main.isRemote ?? agent.isRemote;
    const isAlive = this.#options.isAlive?.({ ...main, isRemote }, silence);
    const isGone = isAlive === false;
    if (!isGone && silence < SILENT_AFTER_MS) return;
    const reason = isGone
      ? "Its process is gone"
      : "Nothing was heard of it any more";
    this.#calls.endAll(agent, agent.lastAt, reason);
    this.#turns.end(agent, agent.lastAt, undefined, "cancelled", reason);
    this.#turns.endWaits(agent, agent.lastAt, undefined, () => true);
    this.#agents.status(agent, "cancelled", agent.lastAt, reason);
  }

  #logUsage(calls: readonly UsageCall[]): void {
    for (const { entry, at, message, details } of calls) {
      const agents = this.#agents.in(entry.session);
      const from = { session: entry.session, source: "" };
      const agent = this.#agents.find(agents, entry.agent, from);
      this.#agents.event(agent, at, "cost_update", message, details);
    }
  }

  #makeRoom(): void {
    const { maxEntries = MAX_ENTRIES } = this.#options;
    if (this.#joiner.size <= maxEntries) return;
    const { sessions } = this.#agents;
    // What waits is logged soon, and only from memory.
    const waiting = new Set([
      ...this.#usage.waiting(),
      ...this.#calls.waiting(),
    ]);
    for (const [session, agents] of sessions) {
      const surplus = this.#joiner.size - maxEntries;
      if (surplus <= 0) return;
      const isEnding = [...agents.values()].some((each) => each.assumedEnd);
      if (sessions.size === 1) this.#joiner.dropOldest(session, surplus);
      else if (!waiting.has(session) && !isEnding) this.forget(session);
    }
  }
}

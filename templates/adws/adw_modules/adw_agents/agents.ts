/**
 * The agents of every session: who they are, whose children, what they do; and
 * the log calls on their way to the log.
 *
 * Template: adw_agents 1.3.0
 */
import { z } from "zod/v4";
import { AGENT_STATUSES, LOG_TYPES } from "../adw_events.ts";
import type { AgentStatus } from "../adw_events.ts";
import { cut, titleOf } from "./act.ts";
import type { About, Act, Deed, Fields } from "./act.ts";
import type { Change, Entry, Joiner } from "./joiner.ts";

/** Tools that start agents. */
const AGENT_TOOLS = new Set(["Agent", "Task", "task"]);
/** What an agent's key begins with in the state of its session. */
export const AGENT_KEY = "agent ";

/** Names of events that only the ledger and the database make. */
export const OURS = new Set<string>([
  ...LOG_TYPES,
  ..."agent_created agent_updated agent_status_changed prompt_sent prompt_completed permission_request permission_resolved".split(
    " ",
  ),
]);

export type Level = "debug" | "info" | "warning" | "error";
export type Outcome = "completed" | "failed" | "cancelled";

/** What to write into the log; `at` in ms since the epoch. */
export type LogCall = { agent: string; session: string; at: number } & (
  | {
      type: "agent";
      name: string;
      source: string;
      parent?: string | undefined;
      model?: string | undefined;
      /** cwd, branch, kind, title, and whether the parent is assumed. */
      details: Fields;
    }
  | { type: "status"; status: AgentStatus; error?: string | undefined }
  | { type: "prompt"; id: string; text: string }
  | {
      type: "prompt_result";
      id: string;
      status: Outcome;
      response?: string | undefined;
      error?: string | undefined;
      latencyMs: number;
    }
  | {
      type: "event";
      event: string;
      level: Level;
      message: string;
      details: Fields;
    }
);

type Call = LogCall extends infer One
  ? One extends LogCall
    ? Omit<One, "agent" | "session" | "at">
    : never
  : never;

const text = z.string().optional();
/** An agent as it is stored. */
const stateSchema = z.object({
  source: z.string(),
  about: z.object({
    cwd: text,
    branch: text,
    model: text,
    title: text,
    kind: text,
  }),
  parent: text,
  isParentAssumed: z.boolean(),
  /** The call that started it, as long as its agent is not known. */
  awaits: text,
  isLogged: z.boolean(),
  /** It may run on another machine: what it says came by HTTP. */
  isRemote: z.boolean().optional(),
  status: z.enum(AGENT_STATUSES),
  statusAt: z.number(),
  lastAt: z.number(),
  /** An end of a turn that is assumed, from `dueAt` on. */
  assumedEnd: z.object({ at: z.number(), text, dueAt: z.number() }).optional(),
  /** What it said last. */
  said: z.object({ at: z.number(), text: z.string() }).optional(),
  /** The last end of a turn, and whether a prompt has it as its answer. */
  turn: z.object({ at: z.number(), text, isTaken: z.boolean() }).optional(),
});

export type Agent = z.infer<typeof stateSchema> & {
  readonly id: string;
  readonly session: string;
  /** What has begun and not ended. */
  readonly prompts: Set<Entry>;
  readonly calls: Set<Entry>;
  readonly waits: Set<Entry>;
};

type Parent = Pick<ActOf<"agent_started">, "parent" | "parentCall">;
export type ActOf<Type extends Deed["type"]> = Extract<Act, { type: Type }>;

export class Agents {
  readonly #joiner: Joiner;
  readonly #onNew: (session: string) => void;
  /** By session, the most lately heard of last; in each by id. */
  readonly sessions = new Map<string, Map<string, Agent>>();
  #latest = "";
  /** Subagents by the call that started them, until that call's agent is known. */
  readonly #awaited = new Map<string, Agent>();
  #calls: LogCall[] = [];
  readonly #changed = new Set<Agent>();

  /** @param onNew called for a session that is not in memory */
  constructor(joiner: Joiner, onNew: (session: string) => void) {
    this.#joiner = joiner;
    this.#onNew = onNew;
  }

  // ------------------------------------------------------------- the log

  /** The log calls since the last time. */
  flush(): LogCall[] {
    const calls = this.#calls;
    this.#calls = [];
    return calls;
  }

  log(agent: Agent, at: number, call: Call): void {
    const { id, session } = agent;
    this.#calls.push({ ...call, agent: id, session, at });
    this.#changed.add(agent);
  }

  event(
    agent: Agent,
    at: number,
    event: string,
    message: string,
    details: Fields,
    level: Level = "info",
  ): void {
    const line = cut(message.trim(), 500);
    this.log(agent, at, {
      type: "event",
      event,
      level,
      message: line,
      details,
    });
  }

  // --------------------------------------------------------------- state

  touch(agent: Agent): void {
    this.#changed.add(agent);
  }

  changes(): Change[] {
    const changes = Array.from(this.#changed, (agent): Change => {
      const { id, session } = agent;
      const state = JSON.stringify(stateOf(agent));
      return { session, key: AGENT_KEY + id, state };
    });
    this.#changed.clear();
    return changes;
  }

  restore(session: string, key: string, state: unknown): void {
    const parsed = stateSchema.parse(state);
    const id = key.slice(AGENT_KEY.length);
    const open = { prompts: new Set<Entry>(), calls: new Set<Entry>() };
    const agent = { ...parsed, id, session, ...open, waits: new Set<Entry>() };
    this.sessions.get(session)?.set(id, agent);
    if (agent.awaits !== undefined) this.#awaited.set(agent.awaits, agent);
  }

  /** Puts an entry that was stored back to what has begun and not ended. */
  reopen(entry: Entry): void {
    const agent = this.sessions.get(entry.session)?.get(entry.agent);
    if (!entry.logged.has("start") || entry.logged.has("end")) return;
    if (entry.kind === "call") agent?.calls.add(entry);
    if (entry.kind === "prompt") agent?.prompts.add(entry);
    if (entry.kind === "wait") agent?.waits.add(entry);
  }

  forget(session: string): void {
    for (const agent of this.sessions.get(session)?.values() ?? []) {
      this.#changed.delete(agent);
      if (agent.awaits !== undefined) this.#awaited.delete(agent.awaits);
    }
    this.sessions.delete(session);
  }

  // -------------------------------------------------------------- agents

  of(act: Act): Agent {
    const agents = this.in(act.session);
    const main = this.find(agents, act.session, act);
    if (act.agent === act.session) {
      this.#learn(main, act);
      return main;
    }
    this.#introduce(main, act.at);
    const agent = this.find(agents, act.agent, act);
    if (agent.parent === undefined) {
      agent.parent = main.id;
      agent.isParentAssumed = true;
    }
    this.#learn(agent, act);
    return agent;
  }

  in(session: string): Map<string, Agent> {
    const known = this.sessions.get(session);
    if (known !== undefined && session === this.#latest) return known;
    this.#latest = session;
    const agents = known ?? new Map<string, Agent>();
    this.sessions.delete(session);
    this.sessions.set(session, agents);
    if (known === undefined) this.#onNew(session);
    return agents;
  }

  find(
    agents: Map<string, Agent>,
    id: string,
    { session, source }: Pick<Act, "session" | "source">,
  ): Agent {
    const known = agents.get(id);
    if (known !== undefined) return known;
    const agent: Agent = {
      id,
      session,
      source,
      about: {},
      parent: undefined,
      isParentAssumed: false,
      isLogged: false,
      awaits: undefined,
      status: "initializing",
      statusAt: 0,
      lastAt: 0,
      turn: undefined,
      prompts: new Set(),
      calls: new Set(),
      waits: new Set(),
    };
    agents.set(id, agent);
    return agent;
  }

  /** Logs the agent, or what is new about it. */
  #learn(agent: Agent, act: Act): void {
    const news: Record<string, string> = {};
    const about: About = {
      title: act.type === "prompt" ? titleOf(act.text) : undefined,
      ...defined(act.about),
    };
    for (const key of ["cwd", "branch", "model", "title", "kind"] as const) {
      const value = about[key];
      if (value === undefined || agent.about[key] !== undefined) continue;
      agent.about[key] = value;
      news[key] = value;
    }
    if (act.type === "agent_started") this.#setParent(agent, act, news, act.at);
    if (!agent.isLogged) this.#introduce(agent, act.at);
    else if (Object.keys(news).length > 0) this.#update(agent, act.at, news);
  }

  #update(agent: Agent, at: number, news: Readonly<Record<string, string>>) {
    const isParent = news["parent_agent_id"] !== undefined;
    const details = isParent ? { ...news, parent_assumed: false } : news;
    const message = `${nameOfAgent(agent)} is known better`;
    this.event(agent, at, "agent_updated", message, details, "debug");
  }

  #setParent(
    agent: Agent,
    { parent, parentCall }: Parent,
    news: Record<string, string>,
    at: number,
  ): void {
    const call = parentCall === undefined ? undefined : `call:${parentCall}`;
    const ask = {
      ids: call === undefined ? [] : [call],
      lane: "",
      delivery: "",
    };
    const known = parent ?? this.#joiner.find("call", ask)[0]?.agent;
    if (known === undefined) {
      if (call === undefined) this.#guessParent(agent);
      else {
        agent.awaits = call;
        this.#awaited.set(call, agent);
      }
      return;
    }
    if (known === agent.id) return;
    if (agent.parent !== known || agent.isParentAssumed)
      news["parent_agent_id"] = known;
    agent.parent = known;
    agent.isParentAssumed = false;
    this.touch(agent);
    this.#introduceParent(agent, at);
  }

  /** When all open calls that start agents are of one agent, it is that one's child. */
  #guessParent(agent: Agent): void {
    if (!agent.isParentAssumed || agent.isLogged) return;
    const owners = new Set<string>();
    for (const other of this.sessions.get(agent.session)?.values() ?? []) {
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
    const { source, parent } = agent;
    this.#introduceParent(agent, at);
    const { model, ...about } = agent.about;
    const details: Fields = agent.isParentAssumed
      ? { ...about, parent_assumed: true }
      : about;
    const name = nameOfAgent(agent);
    this.log(agent, at, {
      type: "agent",
      name,
      source,
      parent,
      model,
      details,
    });
  }

  /** A parent's row comes first, also when it has said nothing itself. */
  #introduceParent({ parent, session, source }: Agent, at: number): void {
    if (parent === undefined) return;
    const isOwn = parent === session || parent.startsWith(`${session}:`);
    const from = { session: isOwn ? session : parent, source };
    this.#introduce(this.find(this.in(from.session), parent, from), at);
  }

  /** What happened earlier does not change what is so now. */
  status(agent: Agent, status: AgentStatus, at: number, error?: string): void {
    if (at < agent.statusAt || status === agent.status) return;
    agent.status = status;
    agent.statusAt = at;
    this.log(agent, at, { type: "status", status, error });
  }

  /** A call that started subagents tells whose children they are. */
  claim(agent: Agent, entry: Entry): void {
    for (const id of entry.ids) {
      const child = this.#awaited.get(id);
      if (child === undefined) continue;
      this.#awaited.delete(id);
      child.awaits = undefined;
      const news: Record<string, string> = {};
      this.#setParent(child, { parent: agent.id }, news, entry.at);
      if (news["parent_agent_id"] !== undefined && child.isLogged)
        this.#update(child, entry.at, news);
    }
  }
}

/** What is stored of an agent: its open entries are found again by theirs. */
function stateOf(agent: Agent): z.infer<typeof stateSchema> {
  return stateSchema.parse(agent);
}

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

/** Fields that no mapper reads, for the details of a log call. */
export function kept({ more }: Pick<Act, "more">): Fields {
  return more === undefined || Object.keys(more).length === 0 ? {} : { more };
}

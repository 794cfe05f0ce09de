/**
 * The agents of every session: who they are, whose children, and what they do.
 *
 * Template: adw_agents 1.3.0
 */
import type { Act } from "./act.ts";
import { defined, nameOfAgent } from "./journal.ts";
import type { ActOf, Agent, AgentState, Journal } from "./journal.ts";
import type { Entry, Joiner } from "./joiner.ts";

const MAX_TITLE_CHARS = 80;
/** Tools that start agents. */
const AGENT_TOOLS = new Set(["Agent", "Task", "task"]);

export class Agents {
  readonly #joiner: Joiner;
  readonly #journal: Journal;
  readonly #onNew: (session: string) => void;
  /** By session, the most lately heard of last; in each by id. */
  readonly sessions = new Map<string, Map<string, Agent>>();
  /** Subagents by the call that started them, until that call's agent is known. */
  readonly #awaited = new Map<string, Agent>();

  /** @param onNew called for a session that is not in memory */
  constructor(
    joiner: Joiner,
    journal: Journal,
    onNew: (session: string) => void,
  ) {
    this.#joiner = joiner;
    this.#journal = journal;
    this.#onNew = onNew;
  }

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
    if (known !== undefined) {
      this.sessions.delete(session);
      this.sessions.set(session, known);
      return known;
    }
    const agents = new Map<string, Agent>();
    this.sessions.set(session, agents);
    this.#onNew(session);
    return agents;
  }

  find(
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
    if (act.type === "agent_started") this.setParent(agent, act, news);
    if (!agent.isLogged) this.#introduce(agent, act.at);
    else if (Object.keys(news).length > 0) {
      const parent = news["parent_agent_id"];
      const details =
        parent === undefined ? news : { ...news, parent_assumed: false };
      this.#journal.event(
        agent,
        act.at,
        "agent_updated",
        `${nameOfAgent(agent)} is known better`,
        details,
        "debug",
      );
    }
  }

  setParent(
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
    const { model, ...about } = agent.about;
    this.#journal.log(agent, at, {
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
  status(agent: Agent, status: AgentState, at: number, error?: string): void {
    if (at < agent.statusAt || status === agent.status) return;
    agent.status = status;
    agent.statusAt = at;
    this.#journal.log(agent, at, { type: "status", status, error });
  }

  /** A call that started subagents tells whose children they are. */
  claim(agent: Agent, entry: Entry, act: Act): void {
    for (const id of entry.ids) {
      const child = this.#awaited.get(id);
      if (child === undefined) continue;
      this.#awaited.delete(id);
      const news: Record<string, string> = {};
      const parent = agent.id;
      const deed = { type: "agent_started", parent } as const;
      this.setParent(child, { ...act, ...deed }, news);
      if (news["parent_agent_id"] !== undefined && child.isLogged)
        this.#journal.event(
          child,
          entry.at,
          "agent_updated",
          `Started by ${nameOfAgent(agent)}`,
          { ...news, parent_assumed: false },
          "debug",
        );
    }
  }
}

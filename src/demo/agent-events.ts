/**
 * What the agents of one workflow do, as events: every method adds what happens
 * and moves a clock.
 */
import { PRICES, type AgentType, type Model, type Task } from "./tasks.ts";

export interface FleetEvent {
  /** When it happens, in milliseconds after the story's start. */
  at_ms: number;
  event_type: string;
  agent_id: string;
  message: string;
  metadata: Record<string, unknown>;
  log_type: string;
  log_level: string;
}

/** One agent at work. `nowMs` is its own clock: agents in parallel have one each. */
export interface Agent {
  id: string;
  name: string;
  agent_type: AgentType;
  model: Model;
  parent_agent_id: string | null;
  session_id: string;
  step: string;
  status: string;
  nowMs: number;
  startedMs: number;
  tokens_input: number;
  tokens_output: number;
  cost_usd: number;
}

/** Numbers from 0 up to but not including 1. */
export type Random = () => number;

/** The events of one workflow, in the order in which they are added. */
export class AgentEvents {
  protected readonly task: Task;
  protected readonly events: FleetEvent[] = [];
  readonly #random: Random;
  readonly #ids: Random;
  readonly #adwId: string;
  readonly #orchestratorId: string;
  #nowMs: number;

  constructor(
    task: Task,
    { random, ids, startMs }: { random: Random; ids: Random; startMs: number },
  ) {
    this.task = task;
    this.#random = random;
    this.#ids = ids;
    this.#nowMs = startMs;
    this.#adwId = this.#hex(8);
    this.#orchestratorId = this.#uuid();
  }

  protected phase(step: string, number: number): void {
    this.system(
      "adw_step_change",
      `${this.task.title}: ${step} (${String(number)} of 4)`,
      {
        adw_step: step,
      },
    );
  }

  /** The workflow goes on when the last of these agents is done. */
  protected join(agents: readonly Agent[]): void {
    this.#nowMs = Math.max(...agents.map(({ nowMs }) => nowMs)) + 200;
  }

  protected spawn(
    step: string,
    role: string,
    agent_type: AgentType,
    model: Model,
    parent?: Agent,
  ): Agent {
    const startedMs = (parent?.nowMs ?? this.#nowMs) + this.between(50, 600);
    const agent: Agent = {
      id: this.#uuid(),
      name: `${this.task.slug}/${role}`,
      agent_type,
      model,
      parent_agent_id: parent?.id ?? null,
      session_id: this.#uuid(),
      step,
      status: "initializing",
      nowMs: startedMs,
      startedMs,
      tokens_input: 0,
      tokens_output: 0,
      cost_usd: 0,
    };
    this.log(agent, "agent_created", `${capitalised(agent_type)} created`, {
      ...identity(agent),
      orchestrator_agent_id: this.#orchestratorId,
      status: agent.status,
    });
    agent.nowMs += this.between(100, 300);
    this.log(agent, "agent_started", `Started on ${model}`, identity(agent));
    if (agent_type === "planner") this.status(agent, "planning");
    else if (agent_type === "reviewer") this.status(agent, "reviewing");
    else this.status(agent, "executing");
    this.log(agent, "step_start", `Step ${role}`, { step: role });
    return agent;
  }

  protected finish(agent: Agent, failure?: string): void {
    const duration_ms = agent.nowMs - agent.startedMs;
    const status = failure === undefined ? "completed" : "failed";
    const cause = failure === undefined ? {} : { error_message: failure };
    const level = failure === undefined ? "info" : "error";
    const step = agent.name.slice(this.task.slug.length + 1);
    this.log(
      agent,
      "step_end",
      `Step ${step} ${status}`,
      { step, status, duration_ms, ...cause },
      level,
    );
    this.status(agent, status, cause);
    const { tokens_input, tokens_output, cost_usd } = agent;
    this.log(
      agent,
      `agent_${status}`,
      failure ?? `Done in ${(duration_ms / 1_000).toFixed(1)} s`,
      {
        ...identity(agent),
        duration_ms,
        tokens_input,
        tokens_output,
        cost_usd,
        ...cause,
      },
      level,
    );
  }

  protected status(
    agent: Agent,
    status: string,
    more: Record<string, unknown> = {},
  ): void {
    const previous_status = agent.status;
    agent.status = status;
    this.log(agent, "agent_status_changed", `${previous_status} → ${status}`, {
      status,
      previous_status,
      name: agent.name,
      cost_usd: agent.cost_usd,
      ...more,
    });
  }

  protected prompt(
    agent: Agent,
    prompt_name: string,
    prompt_text: string,
    response_text: string,
    prompt_type = "adw",
  ): void {
    const prompt = {
      prompt_id: this.#uuid(),
      prompt_type,
      prompt_name,
      model: agent.model,
    };
    this.log(agent, "prompt_sent", prompt_text, { ...prompt, prompt_text });
    const latency_ms = this.between(900, 4_000);
    const tokens_input = this.between(2_000, 24_000);
    const tokens_output = this.between(150, 2_500);
    const price = PRICES[agent.model];
    const cost_usd = dollars(
      (tokens_input * price.input + tokens_output * price.output) / 1e6,
    );
    agent.nowMs += latency_ms;
    agent.tokens_input += tokens_input;
    agent.tokens_output += tokens_output;
    agent.cost_usd = dollars(agent.cost_usd + cost_usd);
    this.log(agent, "prompt_completed", response_text, {
      ...prompt,
      status: "completed",
      response_text,
      tokens_input,
      tokens_output,
      cost_usd,
      latency_ms,
    });
  }

  protected tool(
    agent: Agent,
    tool_name: string,
    tool_input: Record<string, unknown>,
    error?: string,
  ): void {
    const duration_ms = this.between(80, 1_400);
    agent.nowMs += duration_ms;
    const outcome =
      error === undefined ? { duration_ms } : { duration_ms, error };
    const subject = String(Object.values(tool_input)[0]);
    const ending = error === undefined ? "" : `: ${error}`;
    this.log(
      agent,
      "tool_call",
      `${tool_name} ${subject}${ending}`,
      {
        tool_name,
        tool_use_id: `toolu_${this.#hex(16)}`,
        tool_input,
        ...outcome,
      },
      error === undefined ? "info" : "warning",
    );
  }

  protected log(
    agent: Agent,
    event_type: string,
    message: string,
    metadata: Record<string, unknown>,
    log_level = "info",
  ): void {
    const { id, parent_agent_id, session_id, step } = agent;
    const context = {
      parent_agent_id,
      session_id,
      adw_id: this.#adwId,
      adw_step: step,
    };
    this.#add(
      agent.nowMs,
      id,
      event_type,
      message,
      { ...metadata, ...context },
      log_level,
    );
  }

  protected system(
    event_type: string,
    message: string,
    metadata: Record<string, unknown>,
  ): void {
    const context = { component: "orchestrator", adw_id: this.#adwId };
    this.#add(
      this.#nowMs,
      "system",
      event_type,
      message,
      { ...context, ...metadata },
      "info",
    );
  }

  #add(
    atMs: number,
    agent_id: string,
    event_type: string,
    message: string,
    metadata: Record<string, unknown>,
    log_level: string,
  ): void {
    const log_type = LOG_TYPES[event_type] ?? "event";
    this.events.push({
      at_ms: atMs,
      event_type,
      agent_id,
      message,
      metadata,
      log_type,
      log_level,
    });
  }

  protected between(low: number, high: number): number {
    return Math.round(low + this.#random() * (high - low));
  }

  #hex(length: number): string {
    const digit = () => Math.floor(this.#ids() * 16).toString(16);
    return Array.from({ length }, digit).join("");
  }

  /** Shaped like a version 4 UUID (RFC 9562 §5.4), but from where the ids come from. */
  #uuid(): string {
    const hex = this.#hex(32);
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
  }
}

/** The log type of an event type, where it is not "event". */
const LOG_TYPES: Readonly<Record<string, string>> = {
  step_start: "step_start",
  step_end: "step_end",
  tool_call: "tool_call",
  error: "error",
  agent_failed: "error",
  agent_status_changed: "state_change",
  milestone: "milestone",
  performance: "performance",
  cost_update: "cost_update",
};

function identity({ name, agent_type, model }: Agent): Record<string, unknown> {
  return { name, agent_type, model };
}

function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** To a hundredth of a cent, so that sums stay readable. */
export function dollars(amount: number): number {
  return Math.round(amount * 1e4) / 1e4;
}

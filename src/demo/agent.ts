/** One agent of the demo: whatever it does is an event, and moves its own clock. */
import { PRICES, type AgentType, type Model } from "./tasks.ts";

export interface FleetEvent {
  /** When it happens, in milliseconds after the story's start. */
  at_ms: number;
  event_type: string;
  agent_id: string;
  message: string;
  metadata: Record<string, unknown>;
  log_level: string;
}

/** Numbers from 0 up to but not including 1. */
export type Random = () => number;

/** What the agents of one workflow share. */
export interface Stage {
  random: Random;
  /** Where ids come from. */
  ids: Random;
  slug: string;
  project: string;
  adwId: string;
  orchestratorId: string;
  emit: (event: FleetEvent) => void;
}

/** What an agent is there for. */
export interface Part {
  step: string;
  role: string;
  type: AgentType;
  model: Model;
  parent?: Agent;
}

const FIRST_STATUS: Readonly<Partial<Record<AgentType, string>>> = {
  planner: "planning",
  reviewer: "reviewing",
};

/** Agents in parallel have a clock each. */
export class Agent {
  readonly id: string;
  readonly #stage: Stage;
  readonly #part: Part;
  readonly #sessionId: string;
  readonly #startedMs: number;
  readonly #identity: Readonly<Record<string, unknown>>;
  #status = "initializing";
  #usage = { tokens_input: 0, tokens_output: 0, cost_usd: 0 };
  nowMs: number;

  constructor(stage: Stage, part: Part, nowMs: number) {
    const { role, type, model } = part;
    this.#stage = stage;
    this.#part = part;
    this.nowMs = nowMs + between(stage.random, 50, 600);
    this.#startedMs = this.nowMs;
    this.id = uuid(stage.ids);
    this.#sessionId = uuid(stage.ids);
    const name = `${stage.slug}/${role}`;
    this.#identity = { name, agent_type: type, model };
    const kind = `${type.charAt(0).toUpperCase()}${type.slice(1)}`;
    this.log("agent_created", `${kind} created`, {
      ...this.#identity,
      project: stage.project,
      orchestrator_agent_id: stage.orchestratorId,
      status: this.#status,
    });
    this.work(100, 300);
    this.log("agent_started", `Started on ${model}`, this.#identity);
    this.status(FIRST_STATUS[type] ?? "executing");
    this.log("step_start", `Step ${role}`, { step: role });
  }

  get cost_usd(): number {
    return this.#usage.cost_usd;
  }

  /** Passes some time, in milliseconds; how much the story's random numbers say. */
  work(low: number, high: number): number {
    const ms = between(this.#stage.random, low, high);
    this.nowMs += ms;
    return ms;
  }

  log(
    event_type: string,
    message: string,
    metadata: Readonly<Record<string, unknown>> = {},
    log_level = "info",
  ): void {
    const context = {
      parent_agent_id: this.#part.parent?.id ?? null,
      session_id: this.#sessionId,
      adw_id: this.#stage.adwId,
      adw_step: this.#part.step,
    };
    this.#stage.emit({
      at_ms: this.nowMs,
      event_type,
      agent_id: this.id,
      message,
      metadata: { ...metadata, ...context },
      log_level,
    });
  }

  status(status: string, more: Readonly<Record<string, unknown>> = {}): void {
    const previous_status = this.#status;
    this.#status = status;
    this.log("agent_status_changed", `${previous_status} → ${status}`, {
      status,
      previous_status,
      name: this.#identity["name"],
      cost_usd: this.cost_usd,
      ...more,
    });
  }

  prompt(
    prompt_name: string,
    prompt_text: string,
    response_text: string,
    prompt_type = "adw",
  ): void {
    const { model } = this.#part;
    const prompt_id = uuid(this.#stage.ids);
    const prompt = { prompt_id, prompt_type, prompt_name, model };
    this.log("prompt_sent", prompt_text, { ...prompt, prompt_text });
    const latency_ms = this.work(900, 4_000);
    const tokens_input = between(this.#stage.random, 2_000, 24_000);
    const tokens_output = between(this.#stage.random, 150, 2_500);
    const price = PRICES[model];
    const cost_usd = dollars(
      (tokens_input * price.input + tokens_output * price.output) / 1e6,
    );
    this.#usage = {
      tokens_input: this.#usage.tokens_input + tokens_input,
      tokens_output: this.#usage.tokens_output + tokens_output,
      cost_usd: dollars(this.cost_usd + cost_usd),
    };
    this.log("prompt_completed", response_text, {
      ...prompt,
      status: "completed",
      response_text,
      tokens_input,
      tokens_output,
      cost_usd,
      latency_ms,
    });
  }

  tool(
    tool_name: string,
    tool_input: Readonly<Record<string, unknown>>,
    error?: string,
  ): void {
    const failed = error !== undefined;
    const call = {
      duration_ms: this.work(80, 1_400),
      tool_name,
      tool_use_id: `toolu_${hex(this.#stage.ids, 16)}`,
      tool_input,
      ...(failed ? { error } : {}),
    };
    const subject = String(Object.values(tool_input)[0]);
    this.log(
      "tool_call",
      `${tool_name} ${subject}${failed ? `: ${error}` : ""}`,
      call,
      failed ? "warning" : "info",
    );
  }

  finish(failure?: string): void {
    const failed = failure !== undefined;
    const status = failed ? "failed" : "completed";
    const cause = failed ? { error_message: failure } : {};
    const level = failed ? "error" : "info";
    const duration_ms = this.nowMs - this.#startedMs;
    const step = this.#part.role;
    this.log(
      "step_end",
      `Step ${step} ${status}`,
      { step, status, duration_ms, ...cause },
      level,
    );
    this.status(status, cause);
    this.log(
      `agent_${status}`,
      failure ?? `Done in ${(duration_ms / 1_000).toFixed(1)} s`,
      { ...this.#identity, duration_ms, ...this.#usage, ...cause },
      level,
    );
  }
}

function between(random: Random, low: number, high: number): number {
  return Math.round(low + random() * (high - low));
}

export function hex(ids: Random, length: number): string {
  const digit = () => Math.floor(ids() * 16).toString(16);
  return Array.from({ length }, digit).join("");
}

/** Shaped like a version 4 UUID (RFC 9562 §5.4), but from where the ids come from. */
export function uuid(ids: Random): string {
  const digits = hex(ids, 32);
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-a${digits.slice(17, 20)}-${digits.slice(20)}`;
}

/** To a hundredth of a cent, so that sums stay readable. */
export function dollars(amount: number): number {
  return Math.round(amount * 1e4) / 1e4;
}

/**
 * The journal: what an agent is to the ledger, and the log calls on their way
 * to the log.
 *
 * Template: adw_agents 1.3.0
 */
import { isRecord } from "../adw_events.ts";
import { cut, nameOf, textOf } from "./act.ts";
import type { About, Act, Deed, Fields } from "./act.ts";
import { digest } from "./joiner.ts";
import type { Entry, Look } from "./joiner.ts";

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

export type Call = LogCall extends infer One
  ? One extends LogCall
    ? Omit<One, "agent" | "session" | "at">
    : never
  : never;

export interface Wait {
  entry: Entry;
  kind: string;
  tool: string | undefined;
  label: string | undefined;
}

export interface Agent {
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

export type ActOf<Type extends Deed["type"]> = Extract<Act, { type: Type }>;

export class Journal {
  #calls: LogCall[] = [];

  flush(): LogCall[] {
    const calls = this.#calls;
    this.#calls = [];
    return calls;
  }

  log({ id, session }: Agent, at: number, call: Call): void {
    this.#calls.push({ ...call, agent: id, session, at });
  }

  event(
    agent: Agent,
    at: number,
    event: string,
    message: string,
    details: Fields,
    level: "debug" | "info" | "warning" | "error" = "info",
  ): void {
    const text = cut(message.trim(), 500);
    this.log(agent, at, {
      type: "event",
      event,
      level,
      message: text,
      details,
    });
  }
}

export function nameOfAgent({ about, source, id, session }: Agent): string {
  if (id !== session) return about.kind ?? "subagent";
  const folder = about.cwd?.split(/[/\\]/).findLast((part) => part !== "");
  return folder === undefined ? source : `${source} ${folder}`;
}

export function defined(about: About | undefined): About {
  return Object.fromEntries(
    Object.entries(about ?? {}).filter(([, value]) => value !== undefined),
  );
}

export function aboutOf(fields: Fields): About {
  return {
    cwd: textOf(fields, "cwd"),
    branch: nameOf(fields, "branch"),
    model: nameOf(fields, "model"),
    title: textOf(fields, "title"),
    kind: nameOf(fields, "kind"),
  };
}

export function kept({ more }: Pick<Act, "more">): Fields {
  return more === undefined || Object.keys(more).length === 0 ? {} : { more };
}

/** The argument that tells most of a call. */
export function argumentOf(input: unknown): string | undefined {
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

export function callLook(tool: string | undefined, input: unknown): Look {
  const argument = argumentOf(input);
  return [tool ?? "", argument === undefined ? undefined : digest(argument)];
}

export function labelOf(tool: string, input: unknown): string {
  const argument = argumentOf(input);
  return argument === undefined ? tool : `${tool} ${cut(argument, 200)}`;
}

/** The agent's own id of a call, or one of ours. */
export function callId({ ids, deliveries }: Entry): string {
  const id = [...ids].find((each) => each.startsWith("call:"));
  return id?.slice("call:".length) ?? [...deliveries][0] ?? "";
}

/** What a wait is called by who answers it. */
export function askOf({ ids }: Entry): string | undefined {
  const ask = [...ids].find((id) => /^(?:call|ask):/.test(id));
  return ask?.slice(ask.indexOf(":") + 1);
}

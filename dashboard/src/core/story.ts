/**
 * A session as a story: what was asked, what the agent said and did, and its
 * answer. Events are told one by one, in their order; a part changes only by
 * what belongs to it, such as the end of a call.
 */
import { isEdit } from "./diff.ts";
import {
  callError,
  callLabel,
  isCallEnd,
  isRecord,
  stepName,
  text,
} from "./event_facts.ts";
import { formatWord } from "./format.ts";
import type { AgentEvent } from "./types.ts";

export interface Call {
  name: string;
  label: string;
  input: unknown;
  output: unknown;
  error: string;
  /** ms, null while it runs or where nobody says */
  duration: number | null;
  isOpen: boolean;
  /** of the event that tells most: its end, else its start */
  seq: number;
}

interface PartBase {
  /** of the event that it began with */
  seq: number;
  at: number;
  agentId: string;
  /** grows whenever the part changes */
  version: number;
}

export type Part = PartBase &
  (
    | { kind: "prompt" | "said" | "answer" | "step"; text: string }
    | { kind: "note"; text: string; level: string; type: string }
    | { kind: "calls" | "edit"; calls: Call[] }
  );
type CallPart = Extract<Part, { calls: Call[] }>;

/** What tells nothing to a reader: numbers, beats, repetitions of other events. */
const UNTOLD = new Set([
  "agent_created",
  "agent_updated",
  "cost_update",
  "heartbeat",
  "hook_execution_complete",
  "performance",
  "prompt_streaming",
]);
/** Statuses in which an agent goes on. */
const QUIET_STATUSES = new Set(["initializing", "executing", "idle"]);

export class Story {
  readonly parts: Part[] = [];
  /** Calls by agent and id; of those without an id, the open ones by tool. */
  readonly #calls = new Map<string, { call: Call; part: CallPart }>();
  /** The latest part of each agent. */
  readonly #latest = new Map<string, Part>();

  /** @param at ms since the epoch */
  tell(event: AgentEvent, at: number) {
    const { event_type: type, metadata, message } = event;
    switch (type) {
      case "prompt_sent":
        this.#say(
          "prompt",
          event,
          at,
          text(metadata["prompt_text"]) || message,
        );
        return;
      case "prompt_completed":
        this.#answer(event, at);
        return;
      case "agent_message":
        this.#say("said", event, at, text(metadata["text"]) || message);
        return;
      case "step_start":
        this.#say("step", event, at, stepName(event));
        return;
      case "step_end":
        if (metadata["status"] === "failed") this.#note(event, at, message);
        return;
      case "tool_call":
        this.#call(event, at);
        return;
      case "agent_status_changed":
        if (!QUIET_STATUSES.has(text(metadata["status"])))
          this.#note(event, at, text(metadata["error_message"]) || message);
        return;
    }
    if (UNTOLD.has(type) || event.log_level === "debug") return;
    this.#note(event, at, message || formatWord(type));
  }

  #add(part: Part) {
    this.parts.push(part);
    this.#latest.set(part.agentId, part);
  }

  #say(
    kind: "prompt" | "said" | "step",
    event: AgentEvent,
    at: number,
    words: string,
  ) {
    this.#add({ kind, text: words, ...base(event, at) });
  }

  /** The answer is often what was said last, once more. */
  #answer(event: AgentEvent, at: number) {
    const { metadata, agent_id: agent } = event;
    const words = text(metadata["response_text"]) || text(metadata["response"]);
    const latest = this.#latest.get(agent);
    if (words === "") {
      const error = text(metadata["error_message"]);
      if (error !== "" || event.log_level !== "info")
        this.#note(event, at, error || event.message);
      return;
    }
    if (latest?.kind === "said" && isSameText(latest.text, words)) {
      latest.kind = "answer";
      latest.text = words;
      latest.version += 1;
      return;
    }
    this.#add({ kind: "answer", text: words, ...base(event, at) });
  }

  #note(event: AgentEvent, at: number, words: string) {
    this.#add({
      kind: "note",
      text: words,
      level: event.log_level,
      type: event.event_type,
      ...base(event, at),
    });
  }

  /** One call makes two events, at its start and at its end, or only one. */
  #call(event: AgentEvent, at: number) {
    const { metadata, agent_id: agent } = event;
    const id = text(metadata["tool_use_id"]);
    const name = text(metadata["tool_name"]) || "tool";
    const key = `${agent} ${id || name}`;
    const isEnd = isCallEnd(event);
    const known = this.#calls.get(key);
    if (known !== undefined && (isEnd || id !== "")) {
      if (isEnd) {
        end(known.call, event);
        if (id === "") this.#calls.delete(key);
      }
      known.part.version += 1;
      return;
    }
    const input = metadata["tool_input"] ?? event.message;
    const call: Call = {
      name,
      label: labelOf(name, input, event.message),
      input,
      output: undefined,
      error: "",
      duration: null,
      isOpen: true,
      seq: event.seq,
    };
    if (isEnd) end(call, event);
    const part = this.#partFor(call, event, at);
    if (!isEnd || id !== "") this.#calls.set(key, { call, part });
  }

  /** Calls that follow one another are told together; an edit stands alone. */
  #partFor(call: Call, event: AgentEvent, at: number): CallPart {
    const latest = this.#latest.get(event.agent_id);
    if (isEdit(call.name, call.input)) {
      const edit: CallPart = {
        kind: "edit",
        calls: [call],
        ...base(event, at),
      };
      this.#add(edit);
      return edit;
    }
    if (latest?.kind === "calls") {
      latest.calls.push(call);
      latest.version += 1;
      return latest;
    }
    const group: CallPart = {
      kind: "calls",
      calls: [call],
      ...base(event, at),
    };
    this.#add(group);
    return group;
  }

  /** The part that an event belongs to, or the one before it; -1 for none. */
  indexOf(seq: number) {
    let low = 0;
    let high = this.parts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.parts[middle]?.seq ?? Infinity) <= seq) low = middle + 1;
      else high = middle;
    }
    // The end of a call is told where it began.
    for (let index = low - 1; index >= Math.max(0, low - 50); index--) {
      const part = this.parts[index];
      if (part === undefined || !("calls" in part)) continue;
      if (part.calls.some((call) => call.seq === seq)) return index;
    }
    return low - 1;
  }
}

/** 12 calls: how many of each tool, the most frequent first. */
export function countTools(calls: readonly Call[]) {
  const counts = new Map<string, number>();
  for (const { name } of calls) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]);
}

/** What a call gave back, as text. */
export function outputText(output: unknown): string {
  if (typeof output === "string") return output;
  if (output === undefined || output === null) return "";
  if (isRecord(output)) {
    const parts = ["stdout", "stderr", "text", "output", "content"].map((key) =>
      text(output[key]),
    );
    const found = parts.filter((part) => part !== "").join("\n");
    if (found !== "") return found;
  }
  return JSON.stringify(output, null, 2) ?? "";
}

function base(event: AgentEvent, at: number): PartBase {
  return { seq: event.seq, at, agentId: event.agent_id, version: 0 };
}

function end(call: Call, event: AgentEvent) {
  const { metadata, seq } = event;
  const { duration_ms: duration } = metadata;
  const error = callError(event);
  call.isOpen = false;
  call.seq = seq;
  call.error = error === undefined ? "" : outputText(error) || "Failed";
  call.output = metadata["tool_output"] ?? metadata["tool_response"];
  call.duration = typeof duration === "number" ? duration : null;
}

/** The argument that tells most, else what the event says of the call. */
function labelOf(name: string, input: unknown, message: string) {
  const label = isRecord(input) ? callLabel(name, input) : name;
  return label === name ? message || name : label;
}

/** One of them may have been cut. */
function isSameText(a: string, b: string) {
  return a === b || (a.length > 400 && a.slice(0, 400) === b.slice(0, 400));
}

/**
 * The same tool call again and again: how often, in a row. Calls that run side
 * by side are one round of it, however many they are.
 */
import type { Agent, AgentEvent, Repeat } from "./types.ts";
import { callLabel, count, isCallEnd, text } from "./event_facts.ts";

export function noRepeat(): Repeat {
  return {
    input: null,
    label: "",
    calls: 0,
    rounds: 0,
    open: 0,
    since: 0,
    endedAt: 0,
    hasEnded: false,
    callId: "",
    seq: 0,
  };
}

/** How often the latest call was made in a row. */
export function timesInARow({ repeat, reportsEnds }: Agent) {
  // Where no call is ever said to end, none can be seen to overlap.
  return reportsEnds ? repeat.rounds : repeat.calls;
}

/** Takes in a tool call: its start, its end, or both in one event. */
export function takeToolCall(agent: Agent, event: AgentEvent, at: number) {
  const { metadata } = event;
  const name = text(metadata["tool_name"]) || "tool";
  const callId = text(metadata["tool_use_id"]);
  const key = `tool:${callId}`;
  const input = metadata["tool_input"] ?? event.message;
  const label = callLabel(name, input);
  const open = agent.openCalls.get(key);
  const { repeat } = agent;
  const isEnd = isCallEnd(event);
  const { duration_ms: duration } = metadata;
  // An end alone that says no duration ran beside those that are still open.
  const isAlongside =
    isEnd && open === undefined
      ? duration === undefined
        ? repeat.open > 0
        : at - count(duration) < repeat.endedAt
      : repeat.open > 0 && !repeat.hasEnded;
  if (isEnd) {
    agent.reportsEnds = true;
    agent.openCalls.delete(key);
    if ((open?.label ?? label) === repeat.label) {
      repeat.endedAt = at;
      repeat.hasEnded = true;
      if (open !== undefined) repeat.open = Math.max(0, repeat.open - 1);
    }
  } else if (open === undefined || callId === "") {
    agent.openCalls.set(key, { name, label, since: at });
  }

  // One call may make two events, at its start and at its end.
  const isKnown =
    callId === ""
      ? isEnd && open !== undefined
      : open !== undefined || callId === repeat.callId;
  if (isKnown) return;
  // The label alone tells nearly all calls apart, at a fraction of the cost.
  if (
    label === repeat.label &&
    JSON.stringify(input) === JSON.stringify(repeat.input)
  ) {
    repeat.calls += 1;
    if (!isAlongside) {
      repeat.rounds += 1;
      repeat.hasEnded = isEnd;
    }
    if (!isEnd) repeat.open += 1;
    repeat.callId = callId;
    repeat.seq = event.seq;
    return;
  }
  agent.repeat = {
    input,
    label,
    calls: 1,
    rounds: 1,
    open: isEnd ? 0 : 1,
    since: at,
    endedAt: isEnd ? at : 0,
    hasEnded: isEnd,
    callId,
    seq: event.seq,
  };
}

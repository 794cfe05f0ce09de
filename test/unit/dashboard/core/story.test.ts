import { at, event, numbered } from "../../../helpers/dashboard/events.ts";
import {
  AgentLog,
  agentSessions,
} from "../../../helpers/dashboard/sessions.ts";
import { story } from "../../../helpers/dashboard/source.ts";
import type { WebSocketEvent } from "../../../helpers/dashboard/source.ts";

const ABOUT = { session: "s", project: "p", source: "claude-code" };

function told(events: readonly Omit<WebSocketEvent, "seq">[]) {
  const teller = new story.Story();
  for (const item of numbered(events)) {
    teller.tell(item, Date.parse(item.timestamp));
  }
  return teller;
}

/** Each part in a line. */
function drawn({ parts }: InstanceType<typeof story.Story>) {
  return parts.map((part) => {
    if (!("calls" in part)) return `${part.kind}: ${part.text.split("\n")[0]}`;
    const calls = part.calls.map((call) => {
      const end = call.error === "" ? `${call.duration} ms` : call.error;
      return `${call.name} (${call.isOpen ? "open" : end.split("\n")[0]})`;
    });
    return `${part.kind}: ${calls.join(", ")}`;
  });
}

test("a session reads as prompt, words, calls, edits and answer", () => {
  const session = "0b7d6a52-6d1e-4c2b-8f6e-1f0f3a9b7c01";
  const events = agentSessions(at(600)).filter(
    ({ agent_id }) => agent_id === session,
  );
  expect(drawn(told(events))).toEqual([
    "prompt: Make the checkout retry payments only once",
    "said: I will look at how the payment step retries first.",
    "calls: Read (42 ms), Grep (120 ms), Read (38 ms), Agent (840 ms)",
    "said: The call is retried on a 409, which means that it already went through.",
    "edit: Edit (840 ms)",
    "edit: Write (840 ms)",
    "calls: Bash (Exit code 1)",
    "edit: MultiEdit (840 ms)",
    "calls: Bash (7900 ms)",
    "note: Bash git push",
  ]);
});

test("what was said last is the answer, and not told twice", () => {
  const log = new AgentLog("s", ABOUT, at(0))
    .prompt("Why?")
    .said("Because.")
    .answer("Because.")
    .prompt("And now?", "Nothing.");
  expect(drawn(told(log.events))).toEqual([
    "prompt: Why?",
    "answer: Because.",
    "prompt: And now?",
    "answer: Nothing.",
  ]);
});

test("a call that runs is open, and its end is its own", () => {
  const log = new AgentLog("s", ABOUT, at(0))
    .call("Bash", { command: "sleep 9" }, { open: true })
    .call("Read", { file_path: "a" })
    .said("Meanwhile.");
  const teller = told(log.events);
  expect(drawn(teller)).toEqual([
    "calls: Bash (open), Read (840 ms)",
    "said: Meanwhile.",
  ]);
  const [first] = teller.parts;
  const before = first?.version;
  const end = event(9, "tool_call", {
    agent_id: "s",
    metadata: { tool_name: "Bash", tool_use_id: "s-c1", duration_ms: 9_000 },
  });
  teller.tell(end, at(9));
  // Told again by another road: no second call.
  teller.tell({ ...end, seq: 10 }, at(10));
  expect(drawn(teller)).toEqual([
    "calls: Bash (9000 ms), Read (840 ms)",
    "said: Meanwhile.",
  ]);
  expect(first?.version).toBeGreaterThan(before ?? Infinity);
});

test("calls without an id are paired by their tool, and one event may be all", () => {
  const call = (seq: number, metadata: Record<string, unknown>) =>
    event(seq, "tool_call", { metadata: { tool_name: "Bash", ...metadata } });
  const events = [
    call(1, {}),
    call(2, { duration_ms: 5 }),
    call(3, { error: "no" }),
  ];
  expect(drawn(told(events))).toEqual(["calls: Bash (5 ms), Bash (no)"]);
});

test("each agent's calls stay together, whatever others do meanwhile", () => {
  const main = new AgentLog("s", ABOUT, at(0));
  const other = new AgentLog("s:1", ABOUT, at(0.5));
  for (let n = 0; n < 3; n++) {
    main.call("Read", { file_path: `${n}` });
    other.call("Grep", { pattern: `${n}` });
  }
  const events = [...main.events, ...other.events].sort((a, b) =>
    a.timestamp.localeCompare(b.timestamp),
  );
  expect(drawn(told(events))).toEqual([
    "calls: Read (840 ms), Read (840 ms), Read (840 ms)",
    "calls: Grep (840 ms), Grep (840 ms), Grep (840 ms)",
  ]);
});

test("numbers, beats and quiet statuses are not told; failures are", () => {
  const log = new AgentLog("s", ABOUT, at(0))
    .created({ name: "x" })
    .used("m", { cost_usd: 1, cost_source: "reported" })
    .status("idle")
    .add("whatever", "for debugging", {}, "debug")
    .add("compacted", "Context compacted")
    .status("failed", { error_message: "rate_limit" });
  expect(drawn(told(log.events))).toEqual([
    "note: Context compacted",
    "note: rate_limit",
  ]);
});

test("finds the part that an event is told in", () => {
  const log = new AgentLog("s", ABOUT, at(0))
    .prompt("Go")
    .call("Read", { file_path: "a" })
    .call("Read", { file_path: "b" })
    .said("Done.");
  const teller = told(log.events);
  expect([1, 2, 3, 5, 6].map((seq) => teller.indexOf(seq))).toEqual([
    0, 1, 1, 1, 2,
  ]);
  expect(new story.Story().indexOf(4)).toBe(-1);
});

test("metadata may hold anything", () => {
  for (const type of [
    "prompt_sent",
    "prompt_completed",
    "agent_message",
    "tool_call",
    "step_start",
    "constructor",
  ]) {
    for (const value of [null, 5, "x", [], {}, { text: 7 }]) {
      const metadata = {
        prompt_text: value,
        response_text: value,
        text: value,
        tool_name: value,
        tool_use_id: value,
        tool_input: value,
        error: value,
        step: value,
      };
      const teller = told([event(1, type, { metadata, message: "m" })]);
      for (const part of teller.parts) {
        if (!("calls" in part)) expect(typeof part.text).toBe("string");
        else for (const call of part.calls) expect(call.label).not.toBe("");
      }
    }
  }
});

test("100,000 events are told in well under a second", () => {
  const log = new AgentLog("s", ABOUT, at(0));
  for (let n = 0; n < 45_000; n++) log.call("Read", { file_path: `${n}` });
  for (let n = 0; n < 10_000; n++) log.said(`words ${n}`);
  const events = numbered(log.events);
  const teller = new story.Story();
  const { user } = process.cpuUsage();
  for (const item of events) teller.tell(item, at(0));
  const ms = (process.cpuUsage().user - user) / 1_000;
  process.stderr.write(
    `story of ${events.length} events: ${Math.round(ms)} ms of CPU time\n`,
  );
  const { parts } = teller;
  expect(ms).toBeLessThan(1_000);
  expect(parts).toHaveLength(10_001);
});

test.each([
  [undefined, ""],
  ["text", "text"],
  [{ stdout: "out", stderr: "err" }, "out\nerr"],
  [{ other: 1 }, '{\n  "other": 1\n}'],
  [[1], "[\n  1\n]"],
])("what a call gave back, %j, reads %j", (output, text) => {
  expect(story.outputText(output)).toBe(text);
});

test.each([null, "", false])(
  "a call whose error is %j has not failed, and has not ended by that",
  (error) => {
    const call = (seq: number, more: object) =>
      event(seq, "tool_call", {
        metadata: {
          tool_name: "Read",
          tool_use_id: String(seq),
          error,
          ...more,
        },
      });
    const events = [call(1, {}), call(2, { duration_ms: 12 })];
    expect(drawn(told(events))).toEqual(["calls: Read (open), Read (12 ms)"]);
  },
);

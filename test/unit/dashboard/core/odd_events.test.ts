import { at, event } from "../../../helpers/dashboard/events.ts";
import {
  eventStore,
  exportText,
  fleet,
  fleetFold,
  format,
  lanes,
  needsYou,
  urlState,
} from "../../../helpers/dashboard/source.ts";
import type { WebSocketEvent } from "../../../helpers/dashboard/source.ts";

/** The fleet after these events, as the page makes it. */
function fold(events: WebSocketEvent[]) {
  const store = new eventStore.EventStore();
  store.append(events);
  const state = fleet.createFleet();
  events.forEach((item, index) =>
    fleetFold.applyEvent(state, item, store.happenedAt(index)),
  );
  return state;
}

function needs(events: WebSocketEvent[], seconds: number) {
  return needsYou
    .needsYou(fold(events), at(seconds))
    .map(({ kind, reason }) => `${kind}: ${reason}`);
}

const call = (
  seq: number,
  tool_use_id: string,
  fields: Record<string, unknown> = {},
  seconds = seq,
) =>
  event(seq, "tool_call", {
    seconds,
    metadata: {
      tool_name: "Bash",
      tool_use_id,
      tool_input: { command: "npm test" },
      ...fields,
    },
  });

describe("names that every object has", () => {
  const names = ["constructor", "toString", "__proto__", "hasOwnProperty"];

  test.each(names)(
    "an event type, agent, step, tool and status %s is a name",
    (name) => {
      const metadata = {
        name,
        status: name,
        step: name,
        tool_name: name,
        tool_use_id: name,
        prompt_id: name,
        session_id: name,
      };
      const state = fold([
        event(1, name, { agent_id: name, metadata }),
        event(2, "agent_created", { agent_id: name, metadata }),
        event(3, "step_start", { agent_id: name, metadata }),
        event(4, "prompt_sent", { agent_id: name, metadata }),
        event(5, "tool_call", { agent_id: name, metadata }),
        event(6, "step_end", { agent_id: name, metadata, seconds: 8 }),
        event(7, name, { agent_id: name, metadata: {} }),
      ]);
      expect(structuredClone(state)).toEqual(state);
      expect(fleet.stepTotals(state)).toEqual([
        { name, count: 1, totalMs: 5_000, maxMs: 5_000, failed: 0 },
      ]);
      expect(state.agents.get(name)).toMatchObject({
        status: name,
        activity: "running",
      });
      const scope = { sessions: [name], projects: [], sources: [] };
      expect([...fleet.partOf(state, scope).agents.keys()]).toEqual([name]);
      expect(Object.keys(Object.prototype)).toEqual([]);
      expect(Object.prototype).not.toHaveProperty("totalMs");
    },
  );
});

describe("a waiting permission", () => {
  const asked = event(2, "permission_request", {
    metadata: {
      tool_name: "Bash",
      tool_use_id: "t1",
      tool_input: { command: "git push" },
    },
  });
  const started = event(1, "agent_started");
  const waits = ["permission: Bash git push"];

  test.each([
    [
      "a parallel Read",
      event(3, "tool_call", {
        metadata: { tool_name: "Read", tool_use_id: "t2" },
      }),
    ],
    [
      "the end of a parallel Bash",
      event(3, "tool_call", {
        metadata: { tool_name: "Bash", tool_use_id: "t2", duration_ms: 3 },
      }),
    ],
    ["a performance line", event(3, "performance")],
    ["a prompt", event(3, "prompt_completed")],
    ["a step", event(3, "step_end", { metadata: { step: "x" } })],
    ["an event of its own kind", event(3, "my_event")],
    [
      "the answer to another request",
      event(3, "permission_resolved", { metadata: { tool_use_id: "t9" } }),
    ],
  ])("stays after %s", (_what, other) => {
    expect(needs([started, asked, other], 5)).toEqual(waits);
  });

  test.each([
    [
      "its answer",
      event(3, "permission_resolved", { metadata: { tool_use_id: "t1" } }),
    ],
    ["its own call", call(3, "t1", { duration_ms: 5 })],
    ["the end of the agent", event(3, "agent_completed")],
  ])("leaves with %s", (_what, sign) => {
    expect(needs([started, asked, sign], 5)).toEqual([]);
  });

  test("is one of two, and each has its own answer", () => {
    const second = event(3, "permission_request", {
      metadata: {
        tool_name: "Edit",
        tool_use_id: "t2",
        tool_input: { path: "a" },
      },
    });
    expect(needs([started, asked, second], 5)).toEqual([
      ...waits,
      "permission: Edit a",
    ]);
    const answer = event(4, "permission_resolved", {
      metadata: { tool_use_id: "t1" },
    });
    expect(needs([started, asked, second, answer], 5)).toEqual([
      "permission: Edit a",
    ]);
  });

  test("is not work: its agent counts as waiting", () => {
    expect(fleet.totals(fold([started, asked]))).toMatchObject({
      running: 0,
      waiting: 1,
    });
  });
});

test("an agent that died with a call open is noticed after ten minutes", () => {
  const events = [event(1, "agent_started"), call(2, "t1")];
  expect(needs(events, 600)).toEqual([]);
  expect(needs(events, 2 + 16 * 60)).toEqual([
    "silent: Silent for 16 m 00 s, with Bash npm test open",
  ]);
  const prompt = event(2, "prompt_sent", { metadata: { prompt_id: "p" } });
  expect(needs([event(1, "agent_started"), prompt], 999)).toEqual([
    expect.stringMatching(/^silent: Silent for 16 m 37 s/),
  ]);
});

describe("identical calls side by side", () => {
  test("are not a loop", () => {
    const pair = (seq: number) => [
      call(seq, `a${seq}`),
      call(seq + 1, `b${seq}`),
      call(seq + 2, `a${seq}`, { duration_ms: 2_000 }),
      call(seq + 3, `b${seq}`, { duration_ms: 2_000 }),
    ];
    expect(needs(pair(1), 6)).toEqual([]);
    expect(needs([...pair(1), ...pair(5)], 9)).toEqual([]);
    expect(needs([...pair(1), ...pair(5), ...pair(9)], 13)).toEqual([
      "loop: Same call 3 times: Bash npm test",
    ]);
  });

  test("are not a loop where only their ends are told", () => {
    const ends = [1, 2, 3].map((seq) =>
      call(seq, `t${seq}`, { duration_ms: 10_000 }, 20 + seq),
    );
    expect(needs(ends, 25)).toEqual([]);
  });
});

describe("what an agent does beside", () => {
  const started = event(1, "agent_started");
  const read = (seq: number, fields: Record<string, unknown> = {}) =>
    call(seq, "r", { tool_name: "Read", tool_input: { path: "f" }, ...fields });
  const waits = (status: string) =>
    event(3, "agent_status_changed", {
      message: "Approve the plan?",
      metadata: { status },
    });

  test.each(["waiting", "blocked"])(
    "ends no status %s, the end of a call no more than that of a step",
    (status) => {
      const events = [
        started,
        read(2),
        waits(status),
        read(4, { duration_ms: 2_000 }),
        event(5, "step_end", { metadata: { step: "build" } }),
      ];
      expect(needs(events, 6)).toEqual(["blocked: Approve the plan?"]);
      expect(needs([...events, call(6, "next")], 7)).toEqual([]);
    },
  );

  test("answers no question of a call that is open", () => {
    const asked = event(3, "notification", {
      message: "Which city?",
      metadata: { notification_type: "elicitation_dialog" },
    });
    const events = [started, call(2, "mcp"), asked, read(4)];
    expect(needs(events, 5)).toEqual(["question: Which city?"]);
  });

  test("answers a question of a turn, when it goes on with a call", () => {
    const events = [
      started,
      event(2, "prompt_sent", { metadata: { prompt_id: "p" } }),
      event(3, "notification", {
        message: "Which city?",
        metadata: { notification_type: "agent_needs_input" },
      }),
    ];
    expect(needs(events, 4)).toEqual(["question: Which city?"]);
    expect(needs([...events, call(4, "next")], 5)).toEqual([]);
  });

  test("ends a wait where only the ends of calls are told, which began after it", () => {
    const idle = event(3, "notification", {
      message: "Waits for your input",
      metadata: { notification_type: "idle_prompt" },
    });
    const events = [started, idle, call(4, "", { duration_ms: 100 }, 60)];
    expect(needs(events, 61)).toEqual([]);
  });

  test("and happened before it, ends no wait, however late its row is written", () => {
    const asked = event(2, "permission_request", {
      seconds: 10,
      metadata: { tool_name: "Bash", tool_input: { command: "x" } },
    });
    const tool_input = { command: "x" };
    const late = call(3, "b", { tool_input, duration_ms: 100 }, 5);
    expect(needs([started, asked, late], 11)).toEqual(["permission: Bash x"]);
  });

  test("its answer to one permission takes no other's away", () => {
    const asks = (seq: number, tool_name: string, tool_input: object) =>
      event(seq, "permission_request", { metadata: { tool_name, tool_input } });
    const events = [
      started,
      asks(2, "Bash", { command: "rm x" }),
      asks(3, "Edit", { file_path: "f" }),
      event(4, "permission_resolved", { metadata: { tool_name: "Edit" } }),
    ];
    expect(needs(events, 5)).toEqual(["permission: Bash rm x"]);
    const answer = { tool_name: "Write", tool_use_id: "w" };
    events[3] = event(4, "permission_resolved", { metadata: answer });
    expect(needs(events, 5)).toHaveLength(2);
  });

  test("its answer without an id finds the request of the same call", () => {
    const asks = (seq: number, tool_use_id: string, command: string) =>
      event(seq, "permission_request", {
        metadata: { tool_name: "Bash", tool_input: { command }, tool_use_id },
      });
    const events = [
      started,
      asks(2, "r1", "rm x"),
      asks(3, "r2", "ls"),
      event(4, "permission_resolved", {
        metadata: { tool_name: "Bash", tool_input: { command: "ls" } },
      }),
    ];
    expect(needs(events, 5)).toEqual(["permission: Bash rm x"]);
  });

  test("two questions of one moment are two", () => {
    const asks = (seq: number, tool_use_id: string) =>
      event(seq, "notification", {
        seconds: 2,
        metadata: { notification_type: "agent_needs_input", tool_use_id },
      });
    const state = fold([started, asks(2, "q1"), asks(3, "q2")]);
    const keys = needsYou.needsYou(state, at(3)).map(({ key }) => key);
    expect(new Set(keys).size).toBe(2);
  });

  test("a failed agent that is idle has failed", () => {
    const events = [
      started,
      event(2, "agent_status_changed", {
        metadata: { status: "failed", error_message: "API error 529" },
      }),
      event(3, "notification", {
        message: "Waits for your input",
        metadata: { notification_type: "idle_prompt" },
        seconds: 62,
      }),
    ];
    expect(needs(events, 70)).toEqual(["failed: API error 529"]);
    expect(fleet.totals(fold(events))).toMatchObject({ failed: 1, waiting: 0 });
  });
});

describe("steps of an agent that has ended", () => {
  const status = (seq: number, value: string) =>
    event(seq, "agent_status_changed", { metadata: { status: value } });
  const spansOf = (events: WebSocketEvent[]) => {
    const all = lanes.createLanes();
    for (const item of events)
      lanes.addToLanes(all, item, Date.parse(item.timestamp));
    return all.get("a")?.spans.map(({ end }) => end);
  };

  test("end with it, also where only its status says so", () => {
    const step = event(2, "step_start", { metadata: { step: "build" } });
    const started = event(1, "agent_started");
    expect(spansOf([started, step, status(3, "failed")])).toEqual([at(3)]);
  });

  test("have the name of the step where step_id is empty", () => {
    const metadata = { step_id: "", step: "build" };
    const end = event(2, "step_end", { metadata: { step: "build" } });
    expect(spansOf([event(1, "step_start", { metadata }), end])).toEqual([
      at(2),
    ]);
  });
});

describe("identical calls one after the other", () => {
  test("are a loop, although the end of one was lost", () => {
    const events = [call(1, "lost")];
    for (let n = 0; n < 8; n++)
      events.push(
        call(2 + 2 * n, `c${n}`),
        call(3 + 2 * n, `c${n}`, { duration_ms: 1_000 }),
      );
    expect(needs(events, 19)).toEqual([
      "loop: Same call 8 times: Bash npm test",
    ]);
  });

  test("are a loop where only ends are told, of errors without a duration", () => {
    const events = Array.from({ length: 8 }, (_, n) =>
      call(n + 1, `e${n}`, { error: "exit 1" }),
    );
    expect(needs(events, 9)).toEqual([
      "loop: Same call 8 times: Bash npm test",
    ]);
  });

  test("side by side and without ids are none, where their ends say only errors", () => {
    const events = [1, 2, 3].map((seq) => call(seq, "", {}, 1));
    for (const seq of [4, 5, 6])
      events.push(call(seq, "", { error: "exit 1" }, seq));
    expect(needs(events, 7)).toEqual([]);
  });
});

describe("times", () => {
  const stamped = (seq: number, time: number) => ({
    ...event(seq, "x"),
    timestamp: new Date(time).toISOString(),
  });

  test("one event from the future bends no later time", () => {
    const store = new eventStore.EventStore();
    store.append([stamped(1, at(1)), stamped(2, at(9e8)), stamped(3, at(3))], {
      now: at(4),
    });
    expect([0, 1, 2].map((n) => store.happenedAt(n))).toEqual([
      at(1),
      at(1),
      at(3),
    ]);
    expect([store.lastTime, store.countUntil(at(2))]).toEqual([at(3), 2]);
  });

  test("one clock an hour ahead bends no later time, once two events say so", () => {
    const store = new eventStore.EventStore();
    store.append([1, 3_600, 2, 3, 4].map((s, n) => stamped(n + 1, at(s))));
    expect([0, 1, 2, 3, 4].map((n) => store.timeAt(n))).toEqual(
      [1, 1, 2, 3, 4].map(at),
    );
  });

  test("rows written late keep their own time, and bend no other", () => {
    const store = new eventStore.EventStore();
    store.append([100, 101, 102, 40, 103].map((s, n) => stamped(n + 1, at(s))));
    expect(store.happenedAt(3)).toBe(at(40));
    expect([store.happenedAt(4), store.lastTime]).toEqual([at(103), at(103)]);
    const map = lanes.createLanes();
    store.events.forEach((item, n) =>
      lanes.addToLanes(map, item, store.happenedAt(n)),
    );
    expect(map.get("a")?.times).toEqual([40, 100, 101, 102, 103].map(at));
    expect(map.get("a")?.seqs).toEqual([4, 1, 2, 3, 5]);
  });

  test("an agent began when its earliest row happened, however late that came", () => {
    const state = fold([
      event(1, "agent_status_changed", {
        metadata: { status: "executing" },
        seconds: 600,
      }),
      event(2, "tool_call", { seconds: 0 }),
    ]);
    expect(state.agents.get("a")?.firstAt).toBe(at(0));
  });

  test("a late row does not make its agent silent", () => {
    const events = [
      event(1, "agent_started", { seconds: 300 }),
      event(2, "my_event", { seconds: 10 }),
    ];
    expect(needs(events, 310)).toEqual([]);
  });

  test("a status that comes with completed_at is stamped with it", () => {
    const state = fold([
      event(1, "agent_started"),
      event(2, "agent_status_changed", {
        seconds: 900,
        metadata: {
          status: "failed",
          completed_at: new Date(at(61)).toISOString(),
        },
      }),
    ]);
    const agent = state.agents.get("a");
    if (agent === undefined) throw new Error("no agent");
    expect(fleet.elapsedOf(agent, at(2_000))).toBe(60_000);
    expect(agent.failure?.since).toBe(at(61));
  });

  test.each([
    [999.7, "1.0 s"],
    [59_700, "1 m 00 s"],
    [59_400, "59 s"],
    [3_599_700, "1 h 00 m"],
    [8_070_000, "2 h 15 m"],
    [86_399_000, "1 d 0 h"],
  ])("%d ms are rounded to %s, everywhere", (ms, text) => {
    expect(format.formatDuration(ms)).toBe(text);
  });
});

describe("text of an event", () => {
  const evil =
    "\u001b[31mred\u001b[0m \u001b]8;;http://x\u0007link\u001b]8;;\u0007 \u202Etxt.exe\u2066!";
  const plain = "red link [U+202E]txt.exe[U+2066]!";

  test("holds no terminal code and no hidden change of direction", () => {
    const item = eventStore.asEvent({
      seq: 1,
      event_type: evil,
      agent_id: evil,
      message: `${evil}\nשלום`,
      session_id: evil,
      metadata: { [evil]: [evil, { deep: evil }], n: 1 },
    });
    expect(item).toMatchObject({
      event_type: plain,
      agent_id: plain,
      message: `${plain}\nשלום`,
      session_id: plain,
      metadata: { [plain]: [plain, { deep: plain }], n: 1 },
    });
    if (item === null) throw new Error("no event");
    for (const text of [exportText.toCsv([item]), exportText.toJsonl([item])]) {
      expect(text).not.toMatch(/[\u001b\u202a-\u202e\u2066-\u2069]|\\u001b/);
    }
  });

  test("keeps emoji whole, and what needs no change as it is", () => {
    const metadata = { a: ["👩‍💻", { b: null }] };
    const item = eventStore.asEvent({ seq: 1, event_type: "x", metadata });
    expect(item?.metadata).toBe(metadata);
    expect(format.cutText("ab👩", 3)).toBe("ab");
    expect(
      eventStore.asEvent({ seq: 1, event_type: "x", message: "a\ud83d" })
        ?.message,
    ).toBe("a\ufffd");
  });
});

describe("steps that Back takes back", () => {
  const view = (query: string) => urlState.fromQuery(query);
  test.each([
    ["", "?agent=a", false],
    ["", "?event=1", false],
    ["", "?panel=log", false],
    ["", "?q=some", true],
    ["?event=1", "?event=2", true],
    ["?agent=constructor", "?agent=__proto__", false],
  ])("from %j to %j is the same step: %s", (before, after, expected) => {
    expect(urlState.isSameStep(view(before), view(after))).toBe(expected);
  });
});

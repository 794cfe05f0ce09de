/** No value costs a row: it is rounded, left out or described, and reported once. */
import { pathToFileURL } from "node:url";
import {
  temporaryPath,
  eventsOf,
  openForTest,
} from "../../helpers/database.ts";
import { loadRendered } from "../../helpers/rendered-modules.ts";

const logging = loadRendered("adw_modules/adw_logging");
const { toJson } = loadRendered("adw_modules/adw_logging/values");

let lines: string[] = [];
let path = "";
let agent = "";

beforeEach(() => {
  lines = [];
  path = temporaryPath();
  logging.initLogging({ path, report: (line) => lines.push(line) });
  agent = logging.logAgentCreated({
    id: "a",
    name: "A",
    agent_type: "builder",
    session_id: "s",
  });
});
afterEach(() => logging.closeLogging());

async function stored() {
  expect(await logging.flushLogging()).toBe(true);
  expect(logging.loggingStats().dropped).toBe(0);
  return openForTest(path);
}

/** What callers without types pass. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters
const untyped = <Value>(value: unknown) => value as Value;

describe("a number that its column cannot hold", () => {
  it("is rounded or left out: the prompt's completion and the status are written, and each reason is reported once", async () => {
    const prompt = { agent_id: agent, prompt_text: "Plan" };
    const [first, second, third] = [1, 2, 3].map(() =>
      logging.logPromptSent(prompt),
    ) as [string, string, string];
    logging.logPromptCompleted(first, {
      latency_ms: 12.7,
      tokens_input: Number.NaN,
      tokens_output: -3,
      cost_usd: Infinity,
    });
    logging.logPromptCompleted(second, {
      latency_ms: 8.2,
      tokens_input: untyped(7n),
      tokens_output: untyped("9"),
      cost_usd: untyped(new Date()),
    });
    logging.logPromptCompleted(third, untyped({ status: "odd", extra: 1 }));
    logging.logAgentStatus(agent, "completed", { cost_usd: Number.NaN });
    const database = await stored();
    expect(database.prompts.get(first)).toMatchObject({
      status: "completed",
      latency_ms: 13,
      tokens_input: null,
      tokens_output: null,
      cost_usd: null,
    });
    expect(database.prompts.get(second)).toMatchObject({
      status: "completed",
      latency_ms: 8,
      tokens_input: 7,
      tokens_output: 9,
      cost_usd: null,
    });
    expect(database.prompts.get(third)?.status).toBe("completed");
    expect(database.agents.get(agent)?.status).toBe("completed");
    expect(lines.filter((line) => line.includes("latency_ms"))).toEqual([
      "adw_logging: not stored as it was passed: latency_ms was rounded: it takes whole numbers only\n",
    ]);
    expect(lines).toContain(
      "adw_logging: not stored as it was passed: cost_usd was left out: NaN\n",
    );
  });
});

describe("details that are not JSON", () => {
  it("are described: errors, maps, sets, dates, BigInts, functions, symbols, cycles, getters and toJSON that throw", async () => {
    const cycle: Record<string, unknown> = {};
    cycle["self"] = cycle;
    const cause = new RangeError("too far");
    logging.logAgentEvent(agent, "tool_call", "odd", {
      error: Object.assign(new TypeError("boom", { cause }), { code: "E_ODD" }),
      map: new Map([["one", 1]]),
      pairs: new Map([[1, "one"]]),
      set: new Set(["x"]),
      date: new Date(0),
      noDate: new Date(Number.NaN),
      big: 12n,
      nan: Number.NaN,
      run: () => 1,
      symbol: Symbol("s"),
      promise: Promise.resolve(),
      cycle,
      get secret() {
        throw new Error("not for you");
      },
      json: {
        toJSON() {
          throw new Error("no JSON");
        },
      },
      ["__proto__"]: "a name",
    });
    const database = await stored();
    const [{ metadata } = { metadata: {} }] = eventsOf(database).slice(-1);
    expect(metadata).toMatchObject({
      error: {
        name: "TypeError",
        message: "boom",
        stack: expect.stringContaining("boom"),
        code: "E_ODD",
        cause: { name: "RangeError", message: "too far" },
      },
      map: { one: 1 },
      pairs: [[1, "one"]],
      set: ["x"],
      date: "1970-01-01T00:00:00.000Z",
      noDate: "Invalid Date",
      big: "12",
      nan: "NaN",
      run: "[function]",
      symbol: "Symbol(s)",
      promise: "[object Promise]",
      cycle: { self: "[circular]" },
      secret: "[not readable: not for you]",
      json: "[not readable: no JSON]",
    });
    expect(new Set(lines).size).toBe(lines.length);
  });

  it("of any shape become the text of a JSON object, and never throw", () => {
    let seed = 7;
    const random = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed % below;
    };
    const made: object[] = [{}];
    const make = (depth: number): unknown => {
      const leaves = [
        null,
        undefined,
        true,
        -0,
        Infinity,
        Number.NaN,
        2n ** 70n,
        "\ud800",
        "\0",
        Symbol.iterator,
        () => 1,
        new Date(Number.NaN),
        new Error("x"),
        /x/g,
        Buffer.from("x"),
        new Float64Array([Number.NaN]),
        new BigInt64Array(1),
        new WeakMap(),
        new Proxy(
          {},
          {
            ownKeys: () => {
              throw new Error("no keys");
            },
          },
        ),
        Object.create(null),
        new (class {
          #x = 1;
          get y() {
            return this.#x;
          }
        })(),
        Array(3),
        Object(1n),
        made[random(made.length)],
      ];
      if (depth === 0 || random(3) === 0) return leaves[random(leaves.length)];
      const parts = Array.from({ length: random(4) }, () => make(depth - 1));
      const shapes = [
        () => parts,
        () => new Set(parts),
        () => new Map(parts.map((part) => [part, part])),
        () =>
          Object.fromEntries(
            parts.map((part, n) => [
              ["__proto__", "toJSON", "constructor", "a"][n] ?? "b",
              part,
            ]),
          ),
        () => ({
          get part() {
            if (random(2) === 0) throw parts;
            return parts;
          },
        }),
        () => ({ toJSON: () => parts[0] }),
      ];
      const shape = shapes[random(shapes.length)]?.() ?? {};
      made.push(shape);
      return shape;
    };
    for (let round = 0; round < 5_000; round += 1) {
      const json = toJson(make(4), () => undefined);
      const value: unknown = JSON.parse(json);
      expect(
        typeof value === "object" && value !== null && !Array.isArray(value),
      ).toBe(true);
    }
  });
});

it("an event type called constructor, toString or __proto__ is kept", async () => {
  const names = ["constructor", "toString", "__proto__", "hasOwnProperty"];
  for (const name of names) logging.logAgentEvent(agent, name, "odd name");
  const events = eventsOf(await stored()).slice(1);
  expect(events.map(({ event_type }) => event_type)).toEqual(names);
  expect(events.map(({ log_level }) => log_level)).toEqual(
    names.map(() => "info"),
  );
  expect(lines).toEqual([]);
});

it("null, or anything, where options are expected neither throws nor costs the row", async () => {
  const nothing = untyped<never>(null);
  logging.initLogging(nothing);
  logging.logAgentEvent(agent, "milestone", "no details", nothing, nothing);
  logging.logSystemEvent("git", nothing, untyped("loud"), nothing);
  const step = logging.logStepStart(agent, "plan", nothing);
  logging.logStepEnd(step, nothing);
  logging.logAgentStatus(agent, "executing", nothing);
  const prompt = logging.logPromptSent(
    untyped({ agent_id: agent, prompt_text: null, prompt_type: 5 }),
  );
  logging.logPromptCompleted(prompt, nothing);
  logging.logAgentStatus(agent, untyped("waiting"), { cost_usd: 1 });
  logging.logAgentEvent(agent, untyped(7), untyped({ a: 1 }), untyped([1]));
  const events = eventsOf(await stored()).slice(1);
  expect(events).toMatchObject([
    { event_type: "milestone", log_level: "info", metadata: {} },
    { event_type: "system_event", message: "null", log_level: "info" },
    { event_type: "step_start" },
    { event_type: "step_end", metadata: { status: "completed" } },
    { event_type: "agent_status_changed", metadata: { status: "executing" } },
    { event_type: "prompt_sent" },
    { event_type: "prompt_completed" },
    {
      event_type: "agent_status_changed",
      metadata: { status: "waiting", cost_usd: 1 },
    },
    { event_type: "7", message: '{"a":1}', metadata: { value: [1] } },
  ]);
});

it("a text of many megabytes is cut, and a name of a megabyte too: the row is written", async () => {
  logging.logAgentEvent(agent, "tool_call", "m".repeat(20_000_000));
  logging.logAgentEvent(agent, "n".repeat(1_000_000), "long name");
  const rows = (await stored()).agentLogs.list();
  expect(rows[1]?.message).toHaveLength(16_777_216 + "… [truncated]".length);
  expect(String(rows[0]?.details?.["event_type"]).length).toBeLessThan(1_100);
  expect(lines).toHaveLength(2);
});

it("a prompt and its options are stored as they were at the time of the call", async () => {
  const prompt = { agent_id: agent, prompt_text: "before", prompt_name: "x" };
  const details = { list: [1] };
  const id = logging.logPromptSent(prompt);
  logging.logAgentEvent(agent, "tool_call", "x", details);
  prompt.prompt_text = "after";
  prompt.agent_id = "nobody";
  details.list.push(2);
  const database = await stored();
  expect(database.prompts.get(id)).toMatchObject({
    agent_id: agent,
    prompt_text: "before",
  });
  expect(database.agentLogs.list()[0]?.details).toEqual({ list: [1] });
});

test("details whose parts are shared, so that they double at each level, hold nobody up and cost no row", async () => {
  let shared: Record<string, unknown> = { end: true };
  for (let level = 0; level < 40; level += 1) {
    shared = { left: shared, right: shared };
  }
  logging.logAgentEvent(agent, "event", "Doubled", untyped(shared));
  const events = eventsOf(await stored());
  expect(events.at(-1)?.message).toBe("Doubled");
  expect(lines.join("")).toContain("the rest was left out");
});

it("an AggregateError keeps its errors, and half a surrogate pair is U+FFFD, as in messages", async () => {
  const errors = [new Error("one"), new Error("two")];
  const all = new AggregateError(errors, "both");
  logging.logAgentEvent(agent, "tool_call", "x", { all, half: "a\ud800" });
  expect((await stored()).agentLogs.list()[0]?.details).toMatchObject({
    all: { message: "both", errors: [{ message: "one" }, { message: "two" }] },
    half: "a\ufffd",
  });
});

it.each([
  [{ code: 1, detail: "x" }, '{"code":1,"detail":"x"}'],
  [new Map([["k", 1]]), '{"k":1}'],
  [new Error(""), "Error"],
  [
    Object.assign(new AggregateError([], ""), { code: "ECONNREFUSED" }),
    "ECONNREFUSED",
  ],
  ["text", "text"],
])("the error %p is told as %s", async (error, message) => {
  logging.logAgentStatus(agent, "failed", { error });
  expect((await stored()).agents.get(agent)?.error_message).toBe(message);
});

it("an event type and a step keep their names when the details have one too", async () => {
  const details = { event_type: "charge.succeeded", amount: 5 };
  logging.logAgentEvent(agent, "tool_call", "x", details);
  logging.logAgentEvent(agent, "agent_started", "x", details);
  logging.logStepEnd(logging.logStepStart(agent, "pay", details), { details });
  const events = eventsOf(await stored()).slice(1);
  expect(events).toMatchObject(
    ["tool_call", "agent_started", "step_start", "step_end"].map(
      (event_type) => ({ event_type, metadata: { amount: 5 } }),
    ),
  );
});

it("a name that comes out empty, and a step that says nonsense of its start, cost no row", async () => {
  const { id } = logging.logStepStart(agent, "x");
  const startedAt = untyped<number>(Symbol("odd"));
  logging.logStepEnd({ agentId: agent, name: "x", id, startedAt });
  logging.logAgentCreated({
    name: untyped(new Error("")),
    agent_type: "builder",
    session_id: "s",
  });
  const events = eventsOf(await stored()).slice(2);
  expect(events).toMatchObject([
    { event_type: "step_end" },
    { event_type: "agent_created", metadata: { name: "unknown" } },
  ]);
});

it("a path that is none neither throws nor keeps logging from starting", async () => {
  await stored();
  await logging.closeLogging();
  process.env["TAC_ORCHESTRATOR_DB"] = path;
  try {
    const report = (line: string) => lines.push(line);
    for (const odd of [
      5,
      Symbol("x"),
      new URL("http://x/"),
      pathToFileURL(path),
    ]) {
      logging.initLogging(untyped({ path: odd, report }));
      logging.logAgentEvent(agent, "tool_call", "x");
      await logging.closeLogging();
    }
  } finally {
    delete process.env["TAC_ORCHESTRATOR_DB"];
  }
  expect(openForTest(path).agentLogs.list()).toHaveLength(4);
});

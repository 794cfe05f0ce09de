import {
  fitEvent as fitReporting,
  fitStored as fitStoredReporting,
  serialize,
} from "../../../../build/rendered/default/adws/adw_modules/adw_websockets/events.ts";
import type {
  EventInput,
  StoredEvent,
} from "../../../../build/rendered/default/adws/adw_modules/adw_websockets/events.ts";

function fitEvent(input: EventInput, maxBytes: number) {
  const problems: { cause: string; text: string }[] = [];
  const fitted = fitReporting(input, maxBytes, (cause, text) => {
    problems.push({ cause, text });
  });
  return { ...fitted, problems };
}

const fitStored = (stored: StoredEvent, maxBytes: number) =>
  fitStoredReporting(stored, maxBytes, () => undefined);

const MARK = "… [truncated]";
const jsonOf = (input: Parameters<typeof fitEvent>[0], maxBytes = 1_024) =>
  serialize(Number.MAX_SAFE_INTEGER, fitEvent(input, maxBytes)).json;

test("an event that fits is sent as it is, with what was left out filled in", () => {
  const { event, body, problems } = fitEvent({ event_type: "x" }, 1_024);
  expect(event).toMatchObject({
    event_type: "x",
    agent_id: "system",
    message: "",
    metadata: {},
    log_type: "event",
    log_level: "info",
  });
  expect(JSON.parse(`{${body}`)).toEqual(event);
  expect(problems).toEqual([]);
});

test("a message that is too large is cut, and small metadata kept", () => {
  const message = "m".repeat(5_000);
  const { event, problems } = fitEvent(
    { event_type: "x", message, metadata: { a: 1 } },
    1_024,
  );
  expect(event.message).toMatch(/^m+… \[truncated\]$/);
  expect(event.metadata).toEqual({ a: 1 });
  expect(problems[0]?.text).toContain("is over 1024 bytes (metadata: 7)");
});

test("metadata that is too large is replaced by its size", () => {
  const metadata = { text: "x".repeat(5_000) };
  expect(fitEvent({ event_type: "x", metadata }, 1_024).event.metadata).toEqual(
    {
      truncated: true,
      original_bytes: 5_011,
    },
  );
});

test("a text is never cut between the halves of one character", () => {
  for (const before of ["", "a"]) {
    const message = before + "👩".repeat(2_000);
    const { event } = fitEvent({ event_type: "x", message }, 1_024);
    const kept = event.message.slice(0, -MARK.length);
    expect(kept).not.toMatch(/[\uD800-\uDBFF]$/);
  }
});

test.each([
  [
    "a cycle",
    () => {
      const a: Record<string, unknown> = {};
      a["a"] = a;
      return a;
    },
  ],
  ["a BigInt", () => ({ n: 1n })],
  [
    "a toJSON that throws",
    () => ({
      toJSON() {
        throw new Error("no");
      },
    }),
  ],
])(
  "metadata with %s is left out and reported, and the event sent",
  (_title, make) => {
    const { event, problems } = fitEvent(
      { event_type: "x", metadata: make() },
      1_024,
    );
    expect(event.metadata).toMatchObject({ unserializable: true });
    expect(problems).toHaveLength(1);
  },
);

describe.each([1_024, 4_096, 65_536])("with a bound of %d bytes", (bound) => {
  test.each([
    ["control characters", "\u0001"],
    ["quotes", '"'],
    ["ASCII", "a"],
    ["characters of three bytes", "漢"],
    ["surrogate pairs", "👩"],
  ])("no event of %s goes over it", (_title, unit) => {
    const text = unit.repeat(bound * 2);
    const names = { event_type: text, agent_id: text, session_id: text };
    for (const input of [
      { event_type: "x", message: text },
      { event_type: "x", metadata: { text } },
      { ...names, log_type: text, log_level: text, timestamp: text },
      { ...names, message: text, metadata: { text } },
    ]) {
      expect(Buffer.byteLength(jsonOf(input, bound))).toBeLessThanOrEqual(
        bound,
      );
      expect(() => JSON.parse(jsonOf(input, bound))).not.toThrow();
    }
  });
});

describe("a stored event", () => {
  const stored = (message: string) => ({
    seq: 7,
    event_type: "x",
    agent_id: "a",
    log_level: "info",
    json: JSON.stringify({ seq: 7, event_type: "x", agent_id: "a", message }),
  });

  test("that is JSON already, and fits, is the same object", () => {
    const event = stored("hello");
    expect(fitStored(event, 1_024)).toBe(event);
  });

  test("that does not fit is cut like a new one", () => {
    const message = "m".repeat(5_000);
    const event = fitStored(stored(message), 1_024);
    expect(JSON.parse(event.json)).toMatchObject({
      seq: 7,
      message: fitEvent({ event_type: "x", message }, 1_024).event.message,
    });
  });

  test("that a database has cut already comes out the same", () => {
    const message = "m".repeat(5_000);
    const cut = { ...stored(message.slice(0, 600) + MARK), original_bytes: 2 };
    expect(JSON.parse(fitStored(cut, 1_024).json).message).toMatch(
      /^m+… \[truncated\]$/,
    );
  });

  test("that is no JSON keeps its names", () => {
    const broken = { ...stored(""), json: "x".repeat(2_000) };
    expect(JSON.parse(fitStored(broken, 1_024).json)).toMatchObject({
      seq: 7,
      event_type: "x",
      agent_id: "a",
    });
  });
});

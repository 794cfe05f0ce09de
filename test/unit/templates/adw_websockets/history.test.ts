import { setImmediate as nextTurn } from "node:timers/promises";
import { encodeEvent } from "../../../../build/rendered/default/adws/adw_modules/adw_websockets/frames.ts";
import type { EncodedEvent } from "../../../../build/rendered/default/adws/adw_modules/adw_websockets/frames.ts";
import {
  nextPageEvents,
  PAGE_BYTES,
  RecentEvents,
  Stream,
} from "../../../../build/rendered/default/adws/adw_modules/adw_websockets/history.ts";
import type { StoredEvent } from "../../../../build/rendered/default/adws/adw_modules/adw_websockets/events.ts";
import type { EventHistory } from "../../../../build/rendered/default/adws/adw_modules/adw_websockets/history.ts";

function setUp(historySize = 3, history?: EventHistory) {
  const sent: number[] = [];
  const stream = new Stream({
    history,
    maxEventBytes: 1_024,
    historySize,
    historyBytes: 1_000_000,
    report: () => undefined,
    onBatch: (batch) => sent.push(...batch.map(({ seq }) => seq)),
  });
  return { stream, sent };
}

test("events are numbered from 1, sent in order, a turn at a time, and the newest kept", () => {
  const { stream, sent } = setUp();
  for (let count = 0; count < 5; count += 1) stream.append({ event_type: "x" });
  expect(sent).toEqual([]);
  stream.stop();
  expect(sent).toEqual([1, 2, 3, 4, 5]);
  expect(stream.bounds()).toEqual({ oldest: 3, newest: 5 });
  expect(stream.recent.after(3, 10).map(({ seq }) => seq)).toEqual([4, 5]);
});

describe("a new client", () => {
  const { stream } = setUp();
  for (let count = 0; count < 5; count += 1) stream.append({ event_type: "x" });
  stream.stop();
  const { streamId } = stream;
  const position = { stream_id: streamId, last_seq: 5, oldest_seq: 3 };

  test("is greeted, and fed from now on", () => {
    expect(stream.welcome()).toMatchObject({
      messages: [{ type: "connection_established", protocol: 1, ...position }],
      cursor: 5,
    });
  });

  test.each([
    [{ since: 2 }, 2],
    [{ since: 5, streamId }, 5],
  ])("that resumes at %j goes on from there", (resume, cursor) => {
    const { messages, ...rest } = stream.welcome(resume);
    expect(messages).toHaveLength(1);
    expect(rest).toEqual({ cursor });
  });

  test.each([
    ["pruned", { since: 1 }],
    ["ahead", { since: 6 }],
    ["other_stream", { since: 4, streamId: "another" }],
  ])("is told %s, and gets all that is left", (reason, resume) => {
    expect(stream.welcome(resume)).toMatchObject({
      messages: [{}, { type: "resync_required", reason, ...position }],
      cursor: 2,
    });
  });
});

test("a client that resumes while the history cannot be read is not told that it was pruned", () => {
  let failure: Error | undefined;
  const whileReadable = (seq: number) => {
    if (failure !== undefined) throw failure;
    return seq;
  };
  const { stream } = setUp(3, {
    streamId: "first",
    get firstSeq() {
      return whileReadable(4);
    },
    get lastSeq() {
      return whileReadable(9);
    },
    read: () => [],
  });
  failure = new Error("the database is not open");
  expect(stream.welcome({ since: 5 })).toMatchObject({
    messages: [{ type: "connection_established", oldest_seq: 4, last_seq: 9 }],
    cursor: 5,
  });
  expect(stream.welcome({ since: 2 })).toMatchObject({
    messages: [{}, { type: "resync_required", reason: "pruned" }],
    cursor: 3,
  });
});

test("what is read late, of the stream before, is not sent in the next one", async () => {
  let give = (_rows: StoredEvent[]): void => undefined;
  const history = {
    streamId: "first",
    firstSeq: 1,
    lastSeq: 0,
    read: () => new Promise<StoredEvent[]>((resolve) => (give = resolve)),
  };
  const { stream, sent } = setUp(3, history);
  stream.notify();
  await nextTurn();
  Object.assign(history, { streamId: "second", lastSeq: 1 });
  stream.restart();
  const row = { event_type: "x", agent_id: "a", log_level: "info" };
  give([{ ...row, seq: 2, json: "{}" }]);
  await nextTurn();
  await nextTurn();
  expect(sent).toEqual([]);
  expect(stream.lastSeq).toBe(1);
});

describe("the newest events in memory", () => {
  const event = (seq: number, size = 10): EncodedEvent =>
    encodeEvent({
      seq,
      event_type: "x",
      agent_id: "a",
      log_level: "info",
      json: "x".repeat(size),
    });

  test("are bounded in bytes, but for the last one", () => {
    const recent = new RecentEvents(100, 50, 0);
    for (const seq of [1, 2, 3, 4, 5, 6]) recent.push(event(seq));
    expect(recent.holds(1)).toBe(false);
    expect(recent.after(0, 10).map(({ seq }) => seq)).toEqual([3, 4, 5, 6]);
    recent.push(event(7, 1_000));
    expect(recent.after(0, 10).map(({ seq }) => seq)).toEqual([7]);
  });

  test("are found although numbers are missing, and after many were dropped", () => {
    const recent = new RecentEvents(10, Infinity, 0);
    for (let seq = 2; seq <= 10_000; seq += 2) recent.push(event(seq));
    expect(recent.after(9_991, 3).map(({ seq }) => seq)).toEqual([
      9_992, 9_994, 9_996,
    ]);
    expect([recent.holds(9_980), recent.holds(9_979)]).toEqual([true, false]);
  });
});

test("pages grow while they are small, and shrink once they are large", () => {
  expect(nextPageEvents(16, 1_000, 256)).toBe(32);
  expect(nextPageEvents(200, 1_000, 256)).toBe(256);
  expect(nextPageEvents(256, PAGE_BYTES * 8, 256)).toBe(16);
  expect(nextPageEvents(1, PAGE_BYTES * 8, 256)).toBe(1);
});

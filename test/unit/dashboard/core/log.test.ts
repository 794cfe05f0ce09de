import { at, event } from "../../../helpers/dashboard/events.ts";
import {
  eventStore,
  filter,
  lanes,
  logIndex,
  replay,
  fleet,
  fleetFold,
} from "../../../helpers/dashboard/source.ts";

const { EventStore, asEvent } = eventStore;
const nameOf = (id: string): string => `name of ${id}`;

describe("the event store", () => {
  test("takes each seq once, and only forwards", () => {
    const store = new EventStore();
    expect(store.append([event(1, "x"), event(2, "x")])).toBe(2);
    expect(store.append([event(2, "x"), event(1, "x"), event(5, "x")])).toBe(1);
    expect(store.events.map((item) => item.seq)).toEqual([1, 2, 5]);
    expect([store.indexOf(5), store.indexOf(3)]).toEqual([2, -1]);
  });

  test("keeps times that never go back, whatever the clocks said", () => {
    const store = new EventStore();
    store.append([
      event(1, "x", { seconds: 10 }),
      event(2, "x", { seconds: 5 }),
      { ...event(3, "x"), timestamp: "nonsense" },
      event(4, "x", { seconds: 20 }),
    ]);
    expect([0, 1, 2, 3].map((index) => store.timeAt(index))).toEqual(
      [10, 10, 10, 20].map(at),
    );
    expect(store.countUntil(at(10))).toBe(3);
    expect(store.countUntil(at(9))).toBe(0);
  });

  test("stays within its bound, and says what left", () => {
    const store = new EventStore(100);
    for (let seq = 1; seq <= 101; seq++) store.append([event(seq, "x")]);
    expect(store.trim().map((item) => item.seq)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
    ]);
    expect([store.length, store.trimmed, store.firstTime]).toEqual([
      91,
      10,
      at(11),
    ]);
    expect(store.trim()).toEqual([]);
  });

  test("repairs what may be missing, and refuses what is no event", () => {
    expect(asEvent({ seq: 1, event_type: "x" })).toMatchObject({
      agent_id: "system",
      message: "",
      metadata: {},
      log_level: "info",
    });
    expect(
      asEvent({ seq: 1, event_type: "x", metadata: null })?.metadata,
    ).toEqual({});
    for (const value of [
      null,
      1,
      "x",
      {},
      { type: "error" },
      { seq: 0, event_type: "x" },
      { seq: 1.5, event_type: "x" },
    ]) {
      expect(asEvent(value)).toBeNull();
    }
  });
});

describe("a filter", () => {
  const passes = (change: object, item: ReturnType<typeof event>): boolean =>
    filter.compileFilter({ ...filter.emptyFilter(), ...change }, nameOf)(
      item,
      Date.parse(item.timestamp),
    );
  const item = event(7, "tool_call", {
    agent_id: "b",
    log_level: "warning",
    message: "Edit cart.ts",
    session_id: "s1",
    metadata: {
      tool_input: { file_path: "src/Checkout/cart.ts", lines: [12, 40] },
    },
  });

  test.each([
    [{}, true],
    [{ agents: ["a", "b"] }, true],
    [{ agents: ["a"] }, false],
    [{ types: ["tool_call"] }, true],
    [{ types: ["error"] }, false],
    [{ levels: ["warning"] }, true],
    [{ levels: ["info"] }, false],
    [{ sessions: ["s1"] }, true],
    [{ sessions: ["s2"] }, false],
    [{ from: at(7), to: at(7) }, true],
    [{ from: at(8) }, false],
    [{ to: at(6) }, false],
    [{ text: "CART" }, true],
    [{ text: "checkout" }, true],
    [{ text: "40" }, true],
    [{ text: "tool_call" }, true],
    [{ text: '"name of b"' }, true],
    [{ text: "cart checkout" }, true],
    [{ text: "cart nowhere" }, false],
    [{ text: '"cart checkout"' }, false],
    [{ text: "c.rt" }, false],
  ])("%j: %s", (change, expected) => {
    expect(passes(change, item)).toBe(expected);
  });

  test("finds a session that only the metadata names", () => {
    const other = event(1, "x", { metadata: { session_id: "s9" } });
    expect(passes({ sessions: ["s9"] }, other)).toBe(true);
  });

  test("marks the matches in a text", () => {
    expect(filter.splitAtMatches("Edit cart.ts now", "cart.ts")).toEqual([
      "Edit ",
      "cart.ts",
      " now",
    ]);
  });
});

describe("the log's index", () => {
  function indexed(max = 1000) {
    const store = new EventStore(max);
    const index = new logIndex.LogIndex(store);
    const add = (from: number, to: number): void => {
      for (let seq = from; seq <= to; seq++) {
        store.append([event(seq, seq % 3 === 0 ? "third" : "other")]);
      }
      store.trim();
      index.update();
    };
    return { store, index, add };
  }
  const seqs = (
    index: InstanceType<typeof logIndex.LogIndex>,
    end?: number,
  ): number[] => index.list(end).map((item) => item.seq);

  test("lists everything without a filter", () => {
    const { index, add } = indexed();
    add(1, 5);
    expect(seqs(index)).toEqual([1, 2, 3, 4, 5]);
    expect(index.indexOf(4)).toBe(3);
  });

  test("follows a filter as events come", () => {
    const { index, add } = indexed();
    add(1, 7);
    index.setFilter((item) => item.event_type === "third");
    add(8, 10);
    expect(seqs(index)).toEqual([3, 6, 9]);
    expect([index.indexOf(6), index.indexOf(7)]).toEqual([1, -1]);
    index.setFilter(null);
    expect(index.count()).toBe(10);
  });

  test("ends where the log was paused", () => {
    const { index, add } = indexed();
    add(1, 10);
    expect(seqs(index, 4)).toEqual([1, 2, 3, 4]);
    index.setFilter((item) => item.event_type === "third");
    expect(seqs(index, 7)).toEqual([3, 6]);
  });

  test("stays right when the oldest events leave", () => {
    const { index, add, store } = indexed(20);
    index.setFilter((item) => item.event_type === "third");
    add(1, 20);
    add(21, 24);
    expect(store.trimmed).toBe(4);
    expect(seqs(index)).toEqual([6, 9, 12, 15, 18, 21, 24]);
    expect(seqs(index, 9)).toEqual([6, 9]);
    index.setFilter(null);
    expect([index.count(), index.count(9), index.at(0)?.seq]).toEqual([
      20, 5, 5,
    ]);
  });
});

describe("a replay", () => {
  test("gives the same fleet as a fold from the start, in any order of jumps", () => {
    const store = new EventStore();
    const count = 12_345;
    for (let seq = 1; seq <= count; seq++) {
      store.append([
        event(seq, "prompt_completed", {
          agent_id: `a${seq % 7}`,
          metadata: { tokens_input: seq },
        }),
      ]);
    }
    const history = new replay.FleetHistory(store, fleet.createFleet());
    for (const target of [count, 3, 9_999, 5_000, 4_999, 0, 10_001, 12_000]) {
      const expected = fleet.createFleet();
      for (let index = 0; index < target; index++) {
        const item = store.events[index];
        if (item !== undefined)
          fleetFold.applyEvent(expected, item, store.timeAt(index));
      }
      expect(history.fleetAfter(target)).toEqual(expected);
    }
  });

  test("runs at its speed, and skips what would be a long wait", () => {
    expect(replay.advance(1000, 50, 10, 2000)).toBe(1500);
    expect(replay.advance(0, 50, 1, 3_600_000)).toBe(3_599_000);
    expect(replay.advance(0, 50, 100, 3_600_000)).toBe(5_000);
    expect(replay.advance(0, 50, 1, Infinity)).toBe(50);
  });
});

describe("the timeline's lanes", () => {
  test("hold steps as spans and events as marks", () => {
    const map = lanes.createLanes();
    for (const item of [
      event(1, "agent_started"),
      event(2, "step_start", { metadata: { step: "build" } }),
      event(3, "step_start", { metadata: { step: "test" } }),
      event(4, "error", { log_level: "error" }),
      event(5, "step_end", { metadata: { step: "test", status: "failed" } }),
    ]) {
      lanes.addToLanes(map, item, Date.parse(item.timestamp));
    }
    const lane = map.get("a");
    expect(lane?.spans).toMatchObject([
      { name: "build", depth: 0, start: at(2), end: Infinity, failed: false },
      {
        name: "test",
        depth: 1,
        start: at(3),
        end: at(5),
        failed: true,
        endSeq: 5,
      },
    ]);
    expect(lane?.kinds.map((kind) => lanes.MARK_KINDS[kind])).toEqual([
      "status",
      "other",
      "other",
      "error",
      "other",
    ]);
  });

  test("close what is open when the agent ends, and forget what is trimmed", () => {
    const map = lanes.createLanes();
    for (const item of [
      event(1, "step_start", { metadata: { step: "build" } }),
      event(2, "agent_completed"),
      event(3, "agent_started", { agent_id: "b" }),
    ]) {
      lanes.addToLanes(map, item, Date.parse(item.timestamp));
    }
    expect(map.get("a")?.spans[0]?.end).toBe(at(2));
    lanes.trimLanes(map, 3, at(3));
    expect([...map.keys()]).toEqual(["b"]);
  });
});

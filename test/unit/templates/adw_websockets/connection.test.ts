import { createMatcher } from "../../../../build/rendered/default/adws/adw_modules/adw_events.ts";
import {
  countMessage,
  parseClientMessage,
} from "../../../../build/rendered/default/adws/adw_modules/adw_websockets/connection.ts";

const subscribe = (filter: unknown) =>
  parseClientMessage(JSON.stringify({ type: "subscribe", filter }));

describe("a message of a client", () => {
  test("is a filter: sorted, each name once, empty lists left out", () => {
    expect(
      subscribe({
        agent_ids: ["b", "a", "b"],
        event_types: [],
        log_levels: ["ERROR"],
        session_ids: null,
      }),
    ).toEqual({
      type: "subscribe",
      filter: { agent_ids: ["a", "b"], log_levels: ["error"] },
    });
    expect(parseClientMessage('{"type":"subscribe"}')).toEqual({
      type: "subscribe",
      filter: {},
    });
  });

  test.each([
    ["", "invalid_message"],
    ["[]", "invalid_message"],
    ["null", "invalid_message"],
    ["{}", "unknown_type"],
    ['{"type":"subscribe","filter":[]}', "invalid_filter"],
    ['{"type":"subscribe","filter":{"agent_ids":"a"}}', "invalid_filter"],
    ['{"type":"subscribe","filter":{"agent_ids":[1]}}', "invalid_filter"],
    ['{"type":"subscribe","filter":{"agents":[]}}', "invalid_filter"],
  ])("%j is answered with %s", (text, code) => {
    expect(parseClientMessage(text)).toMatchObject({ type: "error", code });
  });
});

test("messages are counted a second at a time: read, limited once, ignored, flood", () => {
  const count = { rateFrom: 0, rateCount: 0 };
  const verdicts = (now: number, times: number) =>
    Array.from({ length: times }, () => countMessage(count, now, 2));
  expect(verdicts(500, 4)).toEqual(["read", "read", "limited", "ignored"]);
  expect(verdicts(999, 17).slice(-2)).toEqual(["ignored", "flood"]);
  expect(verdicts(1_000, 3)).toEqual(["read", "read", "limited"]);
});

describe("a filter", () => {
  const event = { event_type: "error", agent_id: "a", log_level: "error" };

  test.each([
    [{}, true],
    [{ agent_ids: [] }, true],
    [{ agent_ids: ["a", "b"] }, true],
    [{ agent_ids: ["b"] }, false],
    [{ agent_ids: ["a"], event_types: ["event"] }, false],
    [{ log_levels: ["ERROR"] }, true],
    [{ session_ids: ["s"] }, false],
  ])("%j lets it through: %s", (filter, passes) => {
    expect(createMatcher(filter)(event)).toBe(passes);
  });
});

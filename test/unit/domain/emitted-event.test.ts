/** What `emit` takes is what a server takes: it reads the same spool. */
import { parseEvent } from "../../../src/domain/emitted-event.ts";
import { postedEventSchema } from "../../../templates/adws/adw_modules/adw_agents/api_events.ts";

const given = { id: "made", now: new Date("2026-11-26T12:00:00Z") };
const emitted = (fields: Record<string, unknown>) =>
  parseEvent({ event_type: "a", ...fields }, given, () => ({ file: "input" }));
const isServed = (event: unknown) => postedEventSchema.safeParse(event).success;

test.each(Object.keys(postedEventSchema.shape))("it knows %s", (key) => {
  expect(() => emitted({ [key]: 1 })).toThrow(`"${key}" must be `);
});

test.each([
  ["event_type", 300],
  ["agent_id", 300],
  ["message", 16_000],
  ["session_id", 300],
  ["project", 300],
  ["source", 300],
  ["idempotency_key", 300],
])("%s has the server's limit, %i characters", (key, limit) => {
  const longest = { event_type: "a", [key]: "é".repeat(limit) };
  const tooLong = { event_type: "a", [key]: "é".repeat(limit + 1) };
  expect(isServed(emitted(longest))).toBe(true);
  expect(isServed(tooLong)).toBe(false);
  expect(() => emitted(tooLong)).toThrow(`"${key}" must be a text of`);
});

test("an id is a key, which the server's own word for it wins over", () => {
  expect(emitted({})).toMatchObject({ idempotency_key: "made" });
  expect(emitted({ id: "one" })).toMatchObject({ idempotency_key: "one" });
  const both = emitted({ id: "one", idempotency_key: "two" });
  expect(both).toMatchObject({ idempotency_key: "two" });
  expect(both).not.toHaveProperty("id");
});

test.each([
  ["2026-01-31T12:00:00Z", "2026-01-31T12:00:00.000Z"],
  ["2026-01-31T12:00:00.123456+01:00", "2026-01-31T11:00:00.123Z"],
  ["2026-01-31T12:00+0100", "2026-01-31T11:00:00.000Z"],
  ["2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z"],
])("the time %s", (timestamp, iso) => {
  const event = emitted({ timestamp });
  expect(event.timestamp).toBe(iso);
  expect(isServed(event)).toBe(true);
});

test.each([
  "2026-02-30T12:00:00Z",
  "2026-13-01T12:00:00Z",
  "2026-01-31T25:00:00Z",
  "2026-01-31T12:00:00Z or so",
  "9999-12-31T23:59:59-05:00",
  "2026-01-31",
])("the time %s is none", (timestamp) => {
  expect(() => emitted({ timestamp })).toThrow('"timestamp" must be a time');
});

test("a level may be in capitals, as for the server", () => {
  expect(isServed(emitted({ log_level: "WARNING" }))).toBe(true);
});

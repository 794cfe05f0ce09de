import { parseSince } from "../../../src/domain/since.ts";

const NOW = Date.parse("2026-11-26T12:00:00Z");
const HOUR = 3_600_000;

test.each([
  ["30m", NOW - HOUR / 2],
  ["12h", NOW - 12 * HOUR],
  ["7d", NOW - 7 * 24 * HOUR],
  ["2w", NOW - 14 * 24 * HOUR],
  ["2026-11-20", new Date(2026, 10, 20).getTime()],
  ["2026-11-20T08:30", new Date(2026, 10, 20, 8, 30).getTime()],
  ["2026-11-20T08:30:00Z", Date.parse("2026-11-20T08:30:00Z")],
])("--since %s", (text, time) => {
  expect(parseSince(text, NOW)).toBe(time);
});

test.each([
  "7",
  "0d",
  "d",
  "-7d",
  "7 d",
  "7y",
  "1.5h",
  "yesterday",
  "2026-13-40",
  "2026-02-30",
  "2026-02-30T12:00Z",
  "20.11.2026",
])("--since %s is refused, with examples", (text) => {
  expect(() => parseSince(text, NOW)).toThrow(
    expect.objectContaining({
      exitCode: 2,
      message: `--since must be an age or a date, not "${text}"`,
      hint: expect.stringContaining("--since 7d"),
    }),
  );
});

test("a date in the future is refused", () => {
  expect(() => parseSince("2027-01-01", NOW)).toThrow(
    "--since 2027-01-01 is in the future",
  );
});

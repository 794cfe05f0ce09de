import { keepClean } from "../../../src/watch/clean.ts";

const MINUTE = 60_000;
const DAY = 86_400_000;

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

function started(ago = DAY) {
  const cleanupOldLogs = jest.fn<Promise<unknown>, [number]>();
  cleanupOldLogs.mockResolvedValue(undefined);
  const report = jest.fn<undefined, [string]>();
  const since = Date.now() - ago;
  const end = keepClean({ cleanupOldLogs }, { since, report });
  return { cleanupOldLogs, report, end };
}

test("cleans a minute after the start, and then once a day", async () => {
  const { cleanupOldLogs } = started();
  await jest.advanceTimersByTimeAsync(MINUTE - 1);
  expect(cleanupOldLogs).not.toHaveBeenCalled();
  await jest.advanceTimersByTimeAsync(1);
  expect(cleanupOldLogs.mock.calls).toEqual([[90]]);
  await jest.advanceTimersByTimeAsync(DAY);
  expect(cleanupOldLogs).toHaveBeenCalledTimes(2);
});

test("keeps what was asked for", async () => {
  const { cleanupOldLogs } = started(200 * DAY);
  await jest.advanceTimersByTimeAsync(MINUTE);
  expect(cleanupOldLogs.mock.calls).toEqual([[202]]);
});

test("tries again a minute after a failure, which it tells once", async () => {
  const { cleanupOldLogs, report } = started();
  cleanupOldLogs.mockRejectedValueOnce(new Error("locked"));
  cleanupOldLogs.mockRejectedValueOnce(new Error("locked"));
  await jest.advanceTimersByTimeAsync(3 * MINUTE);
  expect(cleanupOldLogs).toHaveBeenCalledTimes(3);
  expect(report.mock.calls).toEqual([
    ["the clean-up failed, and is tried again: Error: locked"],
  ]);
});

test("leaves no timer when it ends, also while it cleans", async () => {
  const { cleanupOldLogs, end } = started();
  end();
  expect(jest.getTimerCount()).toBe(0);
  const second = started();
  jest.advanceTimersByTime(MINUTE);
  second.end();
  await jest.advanceTimersByTimeAsync(2 * DAY);
  expect(jest.getTimerCount()).toBe(0);
  expect(cleanupOldLogs).not.toHaveBeenCalled();
  expect(second.cleanupOldLogs).toHaveBeenCalledTimes(1);
});

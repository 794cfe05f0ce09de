import { planRetry } from "../../../../build/rendered/default/adws/adw_modules/adw_websocket_client/options.ts";

describe("planRetry", () => {
  const policy = {
    initialDelayMs: 500,
    maxDelayMs: 30_000,
    busyDelayMs: 10_000,
    refusedAfter: 5,
    random: () => 1,
  };
  const loss = {
    code: 1006,
    reason: "",
    attempt: 0,
    failedOpens: 0,
    progressed: false,
  };

  test.each([1001, 1006, 4408])(
    "%d: the ceiling doubles up to maxDelayMs",
    (code) => {
      const ceilings = [0, 1, 2, 3, 4, 5, 6, 7, 2_000].map(
        (attempt) => planRetry({ ...loss, code, attempt }, policy).delayMs,
      );
      expect(ceilings).toEqual([
        500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000,
      ]);
    },
  );

  test("full jitter: anything from nothing to the ceiling", () => {
    const delay = (value: number) =>
      planRetry({ ...loss, attempt: 2 }, { ...policy, random: () => value })
        .delayMs;
    expect([0, 0.25, 0.5].map(delay)).toEqual([0, 500, 1_000]);
  });

  test("1013 never waits less than busyDelayMs", () => {
    const busy = { ...loss, code: 1013 };
    expect(planRetry(busy, { ...policy, random: () => 0 }).delayMs).toBe(
      10_000,
    );
    expect(planRetry(busy, policy).delayMs).toBe(10_500);
  });

  test("4413 without progress backs off: it would happen again at once", () => {
    const slow = { ...loss, code: 4413, attempt: 1 };
    expect(planRetry({ ...slow, progressed: true }, policy).delayMs).toBe(0);
    expect(planRetry(slow, policy).delayMs).toBe(1_000);
  });

  test.each([1008, 1009])(
    "%d: a client that sends too much tries again slowly",
    (code) => {
      expect(planRetry({ ...loss, code, progressed: true }, policy)).toEqual({
        status: "refused",
        delayMs: 30_000,
      });
    },
  );

  test("refused after refusedAfter failed opens; then half to all of maxDelayMs", () => {
    const plan = (failedOpens: number, value: number) =>
      planRetry({ ...loss, failedOpens }, { ...policy, random: () => value });
    expect(plan(4, 0).status).toBe("reconnecting");
    expect(plan(5, 0)).toEqual({ status: "refused", delayMs: 15_000 });
    expect(plan(5, 1)).toEqual({ status: "refused", delayMs: 30_000 });
  });
});

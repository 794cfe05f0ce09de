import { event } from "../../helpers/dashboard/events.ts";
import { state } from "../../helpers/dashboard/source.ts";

/** A page that is not drawn: no animation frame ever comes. */
const page = { hidden: false };
beforeAll(() => {
  jest.useFakeTimers();
  Object.assign(globalThis, { document: page, requestAnimationFrame: () => 0 });
});
beforeEach(() => {
  page.hidden = false;
  state.resetEvents("");
});

function seqs(): number[] {
  return state.store.events.map(({ seq }) => seq);
}

test("live events that wait for a frame are kept when stored ones follow", () => {
  state.receive([event(1, "x"), event(2, "x")], 2);
  state.receive([event(3, "x")], 0);
  expect(state.lastSeq()).toBe(3);
  // After an interruption the page asks for what comes after 3.
  state.receive([event(4, "x")], 1);
  expect(seqs()).toEqual([1, 2, 3, 4]);
});

test("a page hidden while it waited for a frame keeps up all the same", () => {
  // What comes after a while without events is shown with the next frame.
  jest.advanceTimersByTime(1_000);
  state.receive([event(1, "x")], 0);
  page.hidden = true;
  state.receive([event(2, "x")], 0);
  jest.advanceTimersByTime(1_000);
  expect(seqs()).toEqual([1, 2]);
});

test("the last stored events are shown though fewer came than were counted", () => {
  jest.advanceTimersByTime(1_000);
  state.receive([event(1, "x")], 10);
  const shown = state.logEnd.value;
  state.receive([event(2, "x")], 10);
  expect(state.logEnd.value).toBe(shown);
  jest.advanceTimersByTime(1_000);
  expect(state.logEnd.value).toBe(shown + 1);
});

describe("the page's clock", () => {
  const HOUR = 3_600_000;
  const now = (seq: number, serverTime: number) => ({
    ...event(seq, "x"),
    timestamp: new Date(serverTime).toISOString(),
  });
  /** The time that is shown for an event of now, which came live. */
  const shownFor = (serverTime: number) => {
    const seq = state.lastSeq() + 1;
    state.receive([now(seq, serverTime)], 0);
    jest.advanceTimersByTime(1_000);
    return state.store.happenedAt(state.store.indexOf(seq));
  };
  let serverTime = 0;
  beforeEach(() => {
    page.hidden = true;
    serverTime = Date.now();
    state.setServerTime(serverTime);
  });

  test("may be set back: events happened when they say", () => {
    jest.setSystemTime(Date.now() - HOUR);
    expect(shownFor(serverTime)).toBe(serverTime);
    expect(state.now.value - serverTime).toBeLessThan(5_000);
  });

  test("may be set on: once the server has told its time, nobody is silent", () => {
    state.receive([now(1, serverTime), now(2, serverTime)], 2);
    jest.setSystemTime(Date.now() + HOUR);
    state.setServerTime(serverTime);
    expect(shownFor(serverTime)).toBe(serverTime);
    expect(state.now.value - serverTime).toBeLessThan(5_000);
  });

  test("may stand still in a sleep: events happened when they say", () => {
    // performance.now() of Chromium does on Linux and macOS, Date.now() does not.
    jest.setSystemTime(Date.now() + 8 * HOUR);
    expect(shownFor(serverTime + 8 * HOUR)).toBe(serverTime + 8 * HOUR);
  });

  test("may be set a little, and the time goes on as it did", () => {
    jest.setSystemTime(Date.now() - 4_000);
    shownFor(serverTime);
    const before = state.now.value;
    jest.setSystemTime(Date.now() + 4_000);
    shownFor(serverTime);
    expect(state.now.value - before).toBeLessThanOrEqual(1_000);
  });
});

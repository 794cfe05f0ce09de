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

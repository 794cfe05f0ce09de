import { state } from "../../helpers/dashboard/source.ts";

const {
  ConnectionNotice,
} = require("../../../dashboard/src/views/connection_notice.tsx");

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

/** The notice's words, without a page that they are drawn on. */
const words = () => JSON.stringify(ConnectionNotice({}));

test("the seconds to the next try are counted down though the clock is set back", () => {
  state.setConnection({
    state: "reconnecting",
    reason: "The server is stopping.",
    refusal: "",
    retryAt: performance.now() + 8_000,
  });
  expect(words()).toContain("Next try in 8 s.");
  jest.setSystemTime(Date.now() - 3_600_000);
  expect(words()).toContain("Next try in 8 s.");
  jest.advanceTimersByTime(3_000);
  expect(words()).toContain("Next try in 5 s.");
});

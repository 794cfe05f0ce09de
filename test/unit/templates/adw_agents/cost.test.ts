import { resolve } from "node:path";
import {
  costOf,
  estimate,
  parsePrices,
  priceOf,
  readPrices,
} from "../../../../templates/adws/adw_modules/adw_agents/cost.ts";

const shipped = readPrices(
  resolve(__dirname, "../../../../templates/adws/prices.json"),
);
const NOTHING = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };

test("the table that is shipped is dated, and knows today's models", () => {
  expect(shipped.date).toMatch(/^\d{4}-\d{2}-\d{2}$/);
  expect(
    estimate(shipped, "claude-opus-5-5", {
      input: 1e6,
      output: 1e6,
      cacheRead: 1e6,
      cacheWrite: 1e6,
    }),
  ).toBe(29.2);
  expect(
    estimate(shipped, "gpt-5-codex", {
      ...NOTHING,
      input: 1e6,
      cacheRead: 1e6,
    }),
  ).toBe(1.375);
});

test.each([
  "claude-sonnet-4-5-20250929",
  "anthropic/claude-sonnet-4-5",
  "claude-sonnet-4-5[1m]",
  "claude-sonnet-4-5@20250929",
  "claude-sonnet-4-5-latest",
])("finds the price of %s", (model) => {
  expect(priceOf(shipped, model)).toMatchObject({ input: 3, output: 15 });
});

test("what is null, or not there, is unknown, and not free", () => {
  const prices = parsePrices({
    models: { a: null, b: { input: 1, output: 2 }, c: 7, d: { input: "x" } },
  });
  expect([...prices.models.keys()]).toEqual(["b"]);
  for (const model of ["a", "c", "d", "e", undefined])
    expect(costOf(prices, model, { ...NOTHING, input: 5 }, undefined)).toEqual({
      usd: null,
      source: "unknown",
    });
  // Its cache has no price: nobody knows what reading from it costs.
  expect(estimate(prices, "b", { ...NOTHING, cacheRead: 5 })).toBeUndefined();
  expect(estimate(prices, "b", { ...NOTHING, input: 5 })).toBe(0.000005);
});

test("a long prompt has its own price, and a cache that is kept for an hour", () => {
  const long = { ...NOTHING, input: 150_000, cacheRead: 100_000 };
  expect(estimate(shipped, "gemini-2.5-pro", long)).toBeCloseTo(0.4, 9);
  const hour = { ...NOTHING, cacheWrite: 3e6, cacheWriteHour: 1e6 };
  expect(estimate(shipped, "claude-haiku-4-5", hour)).toBe(4.5);
});

test("what the agent reports goes before the table; more than 1 % apart, both are given", () => {
  const tokens = { ...NOTHING, input: 1e6 };
  expect(costOf(shipped, "claude-opus-5-5", tokens, 4.03)).toEqual({
    usd: 4.03,
    source: "reported",
  });
  expect(costOf(shipped, "claude-opus-5-5", tokens, 4.1)).toEqual({
    usd: 4.1,
    source: "reported",
    estimatedUsd: 4,
  });
  expect(costOf(shipped, "claude-opus-5-5", tokens, 0)).toMatchObject({
    usd: 0,
    estimatedUsd: 4,
  });
});

/**
 * What a model request cost: what the agent says, else its tokens times the
 * dated price table `prices.json`, which is yours to change; else unknown,
 * which is never shown as 0.
 *
 * Template: adw_agents 1.3.0
 */
import { readFileSync } from "node:fs";
import { fieldsOf, nameOf, numberOf } from "./act.ts";
import type { Fields, Tokens } from "./act.ts";

/** Reported and estimated cost that differ by more are both shown. */
export const MAX_DIFFERENCE = 0.01;

/** US dollars a million tokens. */
export interface Price {
  input: number;
  output: number;
  /** undefined: unknown. */
  cacheRead?: number | undefined;
  cacheWrite?: number | undefined;
  cacheWriteHour?: number | undefined;
  /** The prices of a request that reads more than so many tokens. */
  above?: (Omit<Price, "above"> & { tokens: number }) | undefined;
}

export interface Prices {
  /** Day from which they were known to be so. */
  date: string;
  models: ReadonlyMap<string, Price>;
}

export type CostSource = "reported" | "estimated" | "unknown";

export interface Cost {
  usd: number | null;
  source: CostSource;
  /** Where the agent's number and the table's differ by more than 1 %: the table's. */
  estimatedUsd?: number;
}

export const NO_PRICES: Prices = { date: "", models: new Map() };

/**
 * Reads a price table. What is null or no price is left out.
 *
 * @throws the file system's error, or a SyntaxError for what is not JSON
 */
export function readPrices(path: string | URL): Prices {
  return parsePrices(JSON.parse(readFileSync(path, "utf8")));
}

export function parsePrices(json: unknown): Prices {
  const table = fieldsOf(json);
  const models = Object.entries(fieldsOf(table["models"])).flatMap(
    ([model, value]) => {
      const price = parsePrice(fieldsOf(value));
      return price === undefined ? [] : [[model, price] as const];
    },
  );
  return { date: nameOf(table, "date") ?? "", models: new Map(models) };
}

function parsePrice(fields: Fields): Price | undefined {
  const input = numberOf(fields, "input");
  const output = numberOf(fields, "output");
  if (input === undefined || output === undefined) return undefined;
  const cacheRead = numberOf(fields, "cache_read");
  const cacheWrite = numberOf(fields, "cache_write");
  const cacheWriteHour = numberOf(fields, "cache_write_1h");
  const above = fieldsOf(fields["above"]);
  const higher = parsePrice(above);
  const tokens = numberOf(above, "tokens");
  return {
    input,
    output,
    cacheRead,
    cacheWrite,
    cacheWriteHour,
    above:
      higher === undefined || tokens === undefined
        ? undefined
        : { ...higher, tokens },
  };
}

/** The price of a model, with or without its date or provider: anthropic/claude-x-20250929. */
export function priceOf(
  { models }: Prices,
  model: string | undefined,
): Price | undefined {
  if (model === undefined) return undefined;
  const name = model.slice(model.lastIndexOf("/") + 1).replace(/\[.*\]$/, "");
  return (
    models.get(model) ??
    models.get(name) ??
    models.get(name.replace(/[-@](?:\d{8}|\d{4}-\d{2}-\d{2}|latest)$/, ""))
  );
}

/** undefined when a price that it takes is unknown. */
export function estimate(
  prices: Prices,
  model: string | undefined,
  { input, output, cacheRead, cacheWrite, cacheWriteHour = 0 }: Tokens,
): number | undefined {
  const price = priceOf(prices, model);
  if (price === undefined) return undefined;
  const { above } = price;
  const isAbove =
    above !== undefined && input + cacheRead + cacheWrite > above.tokens;
  const rate = isAbove ? above : price;
  const parts: [number, number | undefined][] = [
    [input, rate.input],
    [output, rate.output],
    [cacheRead, rate.cacheRead],
    [cacheWrite - cacheWriteHour, rate.cacheWrite],
    [cacheWriteHour, rate.cacheWriteHour],
  ];
  let sum = 0;
  for (const [tokens, dollars] of parts) {
    if (tokens === 0) continue;
    if (dollars === undefined) return undefined;
    sum += tokens * dollars;
  }
  return round(sum / 1e6);
}

export function costOf(
  prices: Prices,
  model: string | undefined,
  tokens: Tokens,
  reported: number | undefined,
): Cost {
  const estimated = estimate(prices, model, tokens);
  if (reported === undefined) {
    return estimated === undefined
      ? { usd: null, source: "unknown" }
      : { usd: estimated, source: "estimated" };
  }
  const isOff =
    estimated !== undefined &&
    Math.abs(estimated - reported) >
      MAX_DIFFERENCE * Math.max(estimated, reported);
  return {
    usd: round(reported),
    source: "reported",
    ...(isOff ? { estimatedUsd: estimated } : {}),
  };
}

/** To a billionth of a dollar, so that sums of floats stay readable. */
export function round(usd: number): number {
  return Math.round(usd * 1e9) / 1e9;
}

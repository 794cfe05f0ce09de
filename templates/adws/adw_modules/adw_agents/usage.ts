/**
 * What model requests used, each once. A request is told by several lines and
 * roads, at first perhaps in part: it is logged when nothing more has come for
 * a while, or at once when the agent says what it cost. What comes later is
 * logged as the difference, so that the sum over all cost updates is right at
 * every moment.
 *
 * Template: adw_agents 1.3.0
 */
import { isDue } from "./act.ts";
import type { Act, Fields, Tokens } from "./act.ts";
import { costOf, round } from "./cost.ts";
import type { Prices } from "./cost.ts";
import { digest } from "./joiner.ts";
import type { Entry, Joiner, Look, Request, Said } from "./joiner.ts";

/** A request is complete when nothing more was said of it for so long. */
export const SETTLE_MS = 10_000;
/** Requests that wait for more; beyond them the oldest are logged. */
export const MAX_HELD = 10_000;

type UsageAct = Extract<Act, { type: "usage" }>;

export interface UsageCall {
  entry: Entry;
  at: number;
  message: string;
  details: Fields;
}

const NOTHING: Tokens = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };

export class Usage {
  readonly #joiner: Joiner;
  readonly #prices: Prices;
  /** Those not logged as they are known now, and when they are to be. */
  readonly #held = new Map<Entry, number>();

  constructor(joiner: Joiner, prices: Prices) {
    this.#joiner = joiner;
    this.#prices = prices;
  }

  take(act: UsageAct, now: number): UsageCall[] {
    const look = lookOf(act.tokens);
    const [known, ...others] = this.#joiner.find("usage", act);
    const lane = `${act.lane} start`;
    const entry =
      known ??
      this.#joiner.alike("usage", act, look, [lane], true) ??
      this.#joiner.add("usage", act, look);
    this.#joiner.tell(entry, act, "start");
    for (const other of others) this.#merge(entry, other);
    entry.usage ??= { said: [] };
    const request = entry.usage;
    const { at, model, tokens, costUsd, durationMs, asker } = act;
    const said = { at, lane: act.lane, model, tokens, costUsd, durationMs };
    // What came last stands last.
    request.said = request.said.filter((each) => each.lane !== act.lane);
    request.said.push({ ...said, asker });
    // A subagent's lines may be copied into its parent's file: the subagent's own say whose they are.
    if (!entry.logged.has("start") && act.agent.length > entry.agent.length)
      entry.agent = act.agent;
    const best = bestOf(request).tokens;
    entry.look = best === tokens ? look : lookOf(best);
    const { session, agent, ids } = entry;
    const self = { session, agent, ids: [...ids], at: entry.at };
    const { look: own, lanes } = entry;
    const twin = this.#joiner.alike("usage", self, own, lanes, true);
    if (twin !== undefined) this.#merge(entry, twin);
    this.#held.delete(entry);
    if (request.said.every((each) => each.costUsd === undefined)) {
      this.#held.set(entry, now + SETTLE_MS);
      return this.settle(now);
    }
    const call = this.#log(entry, request);
    return call === undefined ? [] : [call];
  }

  /** Logs the requests that are complete. */
  settle(now: number): UsageCall[] {
    const calls: UsageCall[] = [];
    // In the order of their times.
    for (const [entry, dueAt] of this.#held) {
      if (!isDue(dueAt, now, SETTLE_MS) && this.#held.size <= MAX_HELD) break;
      this.#held.delete(entry);
      const call = entry.usage && this.#log(entry, entry.usage);
      if (call !== undefined) calls.push(call);
    }
    return calls;
  }

  /** A request that was stored may not be logged yet. */
  restore(entry: Entry, now: number): void {
    if (entry.usage !== undefined) this.#held.set(entry, now + SETTLE_MS);
  }

  /** The sessions of requests that wait. */
  *waiting(): Iterable<string> {
    for (const { session } of this.#held.keys()) yield session;
  }

  forget(session: string): void {
    for (const entry of this.#held.keys())
      if (entry.session === session) this.#held.delete(entry);
  }

  #merge(into: Entry, other: Entry): void {
    into.usage ??= { said: [] };
    const request = into.usage;
    const { said = [], logged } = other.usage ?? {};
    const lanes = new Set(request.said.map(({ lane }) => lane));
    request.said.push(...said.filter(({ lane }) => !lanes.has(lane)));
    if (logged !== undefined) {
      const { tokens, usd } = request.logged ?? { tokens: NOTHING, usd: 0 };
      request.logged = {
        tokens: add(tokens, logged.tokens, 1),
        usd: usd + logged.usd,
        source: logged.source,
      };
    }
    this.#joiner.merge(into, other);
    this.#held.delete(other);
  }

  #log(entry: Entry, request: Request): UsageCall | undefined {
    const { logged, said } = request;
    const best = bestOf(request);
    const reported = said.find(({ costUsd }) => costUsd !== undefined);
    const { tokens, model } = best;
    const cost = costOf(this.#prices, model, tokens, reported?.costUsd);
    const more = add(tokens, logged?.tokens ?? NOTHING, -1);
    const usd = cost.usd === null ? null : round(cost.usd - (logged?.usd ?? 0));
    const isSame =
      logged !== undefined &&
      Object.values(more).every((count) => count === 0) &&
      (usd === null || usd === 0);
    if (isSame) return undefined;
    request.logged = { tokens, usd: cost.usd ?? 0, source: cost.source };
    const isCorrection = logged !== undefined;
    entry.logged.add("start");
    this.#joiner.touch(entry);
    const { estimatedUsd } = cost;
    const details = {
      model,
      tokens_input: more.input,
      tokens_output: more.output,
      tokens_cache_read: more.cacheRead,
      tokens_cache_write: more.cacheWrite,
      cost_usd: usd,
      cost_source: cost.source,
      cost_estimated: cost.source === "estimated" ? true : undefined,
      cost_differs:
        estimatedUsd === undefined
          ? undefined
          : { reported: cost.usd, estimated: estimatedUsd },
      duration_ms: best.durationMs ?? reported?.durationMs,
      query_source: reported?.asker,
      correction: isCorrection ? true : undefined,
    };
    const message = `${model ?? "a model"}: ${isCorrection ? "corrected" : "one request"}`;
    return { entry, at: best.at, message, details };
  }
}

/** What the agent reports with its cost, else what came last: a message is told again with more in it. */
function bestOf({ said, logged }: Request): Said {
  const best =
    said.find(({ costUsd }) => costUsd !== undefined) ??
    said.find(({ lane }) => lane === "otel") ??
    said.at(-1);
  const chosen = best ?? { at: 0, lane: "", tokens: logged?.tokens ?? NOTHING };
  // Only a transcript tells which part of the cache is kept for an hour.
  const hour = said.find(({ tokens }) => tokens.cacheWriteHour !== undefined);
  const isSame = hour?.tokens.cacheWrite === chosen.tokens.cacheWrite;
  return {
    ...chosen,
    model: chosen.model ?? said.find(({ model }) => model !== undefined)?.model,
    tokens: isSame ? hour.tokens : chosen.tokens,
  };
}

function lookOf({ input, output, cacheRead, cacheWrite }: Tokens): Look {
  return [digest([input, output, cacheRead, cacheWrite].join("/"))];
}

function add(one: Tokens, two: Tokens, sign: 1 | -1): Tokens {
  return {
    input: one.input + sign * two.input,
    output: one.output + sign * two.output,
    cacheRead: one.cacheRead + sign * two.cacheRead,
    cacheWrite: one.cacheWrite + sign * two.cacheWrite,
  };
}

/**
 * What model requests used, each once. A request is told by several lines and
 * roads, at first perhaps in part: it is logged when nothing more has come for
 * a while, or at once when the agent says what it cost. What comes later is
 * logged as the difference, so that the sum over all cost updates is right at
 * every moment.
 *
 * Template: adw_agents 1.3.0
 */
import type { Act, Fields, Tokens } from "./act.ts";
import { nameOf, numberOf } from "./act.ts";
import { costOf, round } from "./cost.ts";
import type { CostSource, Prices } from "./cost.ts";
import { digest, memoOf } from "./joiner.ts";
import type { Entry, Joiner, Look } from "./joiner.ts";

/** A request is complete when nothing more was said of it for so long. */
export const SETTLE_MS = 10_000;
/** Requests that wait for more; beyond them the oldest are logged. */
export const MAX_HELD = 10_000;

type UsageAct = Extract<Act, { type: "usage" }>;
type Said = Pick<
  UsageAct,
  "at" | "lane" | "model" | "tokens" | "costUsd" | "durationMs" | "asker"
>;

interface Request {
  entry: Entry;
  /** What each road said last. */
  said: Map<string, Said>;
  /** The sum of what was logged. */
  logged: { tokens: Tokens; usd: number; source: CostSource } | undefined;
  dueAt: number;
}

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
  readonly #requests = new Map<Entry, Request>();
  readonly #held = new Set<Request>();

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
    const request = this.#requestOf(entry);
    for (const other of others) this.#merge(request, other);
    this.#tell(request, act);
    // A subagent's lines may be copied into its parent's file: the subagent's own say whose they are.
    if (!entry.logged.has("start") && act.agent.length > entry.agent.length)
      entry.agent = act.agent;
    entry.look = lookOf(bestOf(request).tokens);
    const twin = this.#joiner.alike(
      "usage",
      entryAct(entry),
      entry.look,
      entry.lanes,
      true,
    );
    if (twin !== undefined) this.#merge(request, twin);
    request.dueAt = now + SETTLE_MS;
    this.#held.delete(request);
    if (!isReported(request)) {
      this.#held.add(request);
      return this.settle(now);
    }
    const call = this.#log(request);
    return call === undefined ? [] : [call];
  }

  /** The requests that are complete. */
  settle(now: number): UsageCall[] {
    const calls: UsageCall[] = [];
    for (const request of this.#held) {
      // In the order of their times.
      if (request.dueAt > now && this.#held.size <= MAX_HELD) break;
      this.#held.delete(request);
      const call = this.#log(request);
      if (call !== undefined) calls.push(call);
    }
    return calls;
  }

  /** Rebuilds a request from one of its log rows. */
  restore(entry: Entry, details: Fields): void {
    const request = this.#requestOf(entry);
    const count = (name: string) => {
      const value = details[name];
      return typeof value === "number" ? value : 0;
    };
    const tokens: Tokens = {
      input: count("tokens_input"),
      output: count("tokens_output"),
      cacheRead: count("tokens_cache_read"),
      cacheWrite: count("tokens_cache_write"),
    };
    const source = nameOf(details, "cost_source");
    const before = request.logged ?? { tokens: NOTHING, usd: 0 };
    request.logged = {
      tokens: add(before.tokens, tokens, 1),
      usd: round(before.usd + count("cost_usd")),
      source:
        source === "reported" || source === "estimated" ? source : "unknown",
    };
    const { usd } = request.logged;
    const isReported = source === "reported";
    // Stands for all roads that told it then.
    request.said.set("log", {
      at: entry.at,
      lane: "log",
      tokens: request.logged.tokens,
      model: nameOf(details, "model"),
      costUsd: isReported ? usd : undefined,
      durationMs: numberOf(details, "duration_ms"),
    });
    entry.look = lookOf(request.logged.tokens);
  }

  forget(session: string): void {
    for (const [entry, request] of this.#requests) {
      if (entry.session !== session) continue;
      this.#requests.delete(entry);
      this.#held.delete(request);
    }
  }

  #requestOf(entry: Entry): Request {
    const known = this.#requests.get(entry);
    if (known !== undefined) return known;
    const request: Request = {
      entry,
      said: new Map(),
      logged: undefined,
      dueAt: 0,
    };
    this.#requests.set(entry, request);
    return request;
  }

  #tell(request: Request, act: UsageAct): void {
    const { at, lane, model, tokens, costUsd, durationMs, asker } = act;
    const said = { at, lane, model, tokens, costUsd, durationMs, asker };
    // What came last stands last.
    request.said.delete(lane);
    request.said.set(lane, said);
  }

  #merge(request: Request, other: Entry): void {
    const twin = this.#requestOf(other);
    for (const [lane, said] of twin.said) {
      if (!request.said.has(lane)) request.said.set(lane, said);
    }
    if (twin.logged !== undefined) {
      const before = request.logged ?? { tokens: NOTHING, usd: 0 };
      request.logged = {
        tokens: add(before.tokens, twin.logged.tokens, 1),
        usd: before.usd + twin.logged.usd,
        source: twin.logged.source,
      };
    }
    this.#joiner.merge(request.entry, other);
    this.#requests.delete(other);
    this.#held.delete(twin);
  }

  #log(request: Request): UsageCall | undefined {
    const { entry, logged } = request;
    const best = bestOf(request);
    const reported = [...request.said.values()].find(
      ({ costUsd }) => costUsd !== undefined,
    );
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
    const phase = isCorrection
      ? `correction ${String(entry.logged.size)}`
      : "start";
    entry.logged.add(phase);
    const details = {
      model,
      tokens_input: more.input,
      tokens_output: more.output,
      tokens_cache_read: more.cacheRead,
      tokens_cache_write: more.cacheWrite,
      cost_usd: usd,
      cost_source: cost.source,
      cost_estimated: cost.source === "estimated" ? true : undefined,
      ...(cost.estimatedUsd === undefined
        ? {}
        : {
            cost_differs: { reported: cost.usd, estimated: cost.estimatedUsd },
          }),
      duration_ms: best.durationMs ?? reported?.durationMs,
      query_source: reported?.asker,
      ...(isCorrection ? { correction: true } : {}),
      act: memoOf(entry, phase),
    };
    const name = model ?? "a model";
    const message = isCorrection
      ? `${name}: corrected`
      : `${name}: one request`;
    return { entry, at: best.at, message, details };
  }
}

/** What the agent reports with its cost, else what came last: a message is told again with more in it. */
function bestOf({ said }: Request): Said {
  const all = [...said.values()];
  const best =
    all.find(({ costUsd }) => costUsd !== undefined) ??
    all.find(({ lane }) => lane === "otel") ??
    all.at(-1);
  const fallback: Said = { at: 0, lane: "log", tokens: NOTHING };
  const chosen = best ?? fallback;
  // Only a transcript tells which part of the cache is kept for an hour.
  const hour = all.find(({ tokens }) => tokens.cacheWriteHour !== undefined);
  const isSame = hour?.tokens.cacheWrite === chosen.tokens.cacheWrite;
  return {
    ...chosen,
    model: chosen.model ?? all.find(({ model }) => model !== undefined)?.model,
    tokens: isSame && hour !== undefined ? hour.tokens : chosen.tokens,
  };
}

function isReported({ said }: Request): boolean {
  return [...said.values()].some(({ costUsd }) => costUsd !== undefined);
}

function entryAct({ session, agent, ids, at }: Entry) {
  return { session, agent, ids: [...ids], at };
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

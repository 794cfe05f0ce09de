import {
  resolveLimits,
  resolveServer,
} from "../../../../build/rendered/default/adws/adw_modules/adw_websockets/options.ts";
import type {
  Defaults,
  ManagerOptions,
  ServerOptions,
} from "../../../../build/rendered/default/adws/adw_modules/adw_websockets/options.ts";

const defaults: Defaults = {
  limits: {
    maxConnections: 100,
    idleTimeoutMs: 60_000,
    pingIntervalMs: 30_000,
    pongTimeoutMs: 10_000,
    maxMissedPongs: 3,
    maxQueueBytes: 1_000_000,
    maxBehindMs: 300_000,
    maxEventBytes: 1_000_000,
    maxMessagesPerSecond: 20,
    historySize: 10_000,
    historyBytes: 1_000,
    maxMessageBytes: 4_096,
    headerTimeoutMs: 5_000,
  },
  cachedHistoryBytes: 100,
  host: "127.0.0.1",
  port: 8000,
  allowedOrigins: [],
  allowedHosts: ["dash.example"],
  closeTimeoutMs: 1_000,
};
const history = { streamId: "s", firstSeq: 1, lastSeq: 0, read: () => [] };

/** As callers without types would pass it. */
const untyped = (options: object): ServerOptions => options;

describe("the limits", () => {
  test("are the defaults where nothing, or undefined, is given", () => {
    expect(resolveLimits({}, defaults)).toEqual(defaults.limits);
    const given = { maxConnections: undefined, historySize: 0 };
    expect(resolveLimits(given, defaults)).toEqual({
      ...defaults.limits,
      historySize: 0,
    });
  });

  test("keep less in memory in front of a history, unless told otherwise", () => {
    expect(resolveLimits({ history }, defaults).historyBytes).toBe(100);
    const told = { history, historyBytes: 7 };
    expect(resolveLimits(told, defaults).historyBytes).toBe(7);
  });

  test("take Infinity, which switches one off", () => {
    const { idleTimeoutMs } = resolveLimits(
      { idleTimeoutMs: Infinity },
      defaults,
    );
    expect(idleTimeoutMs).toBe(Infinity);
  });

  test.each([
    [{ maxConnections: 0 }, "maxConnections must be a number >= 1, got 0"],
    [{ historySize: -1 }, "historySize must be a number >= 0, got -1"],
    [{ pongTimeoutMs: NaN }, "pongTimeoutMs must be a number >= 1, got NaN"],
    [{ maxQueueBytes: "5" }, 'maxQueueBytes must be a number >= 1, got "5"'],
  ])("%j is refused by name", (options: object, message) => {
    const given: ManagerOptions = options;
    expect(() => resolveLimits(given, defaults)).toThrow(
      new TypeError(message),
    );
  });
});

describe("a server's options", () => {
  test("are complete, and name every host it may be called by", () => {
    const { rules, ...settings } = resolveServer(
      { token: "secret", allowedHosts: ["Other.Example:8443"] },
      defaults,
    );
    expect(settings).toMatchObject({ host: "127.0.0.1", port: 8000 });
    expect([...rules.hosts]).toEqual([
      "localhost",
      "127.0.0.1",
      "[::1]",
      "other.example",
    ]);
    expect(rules.tokenDigest).toHaveLength(32);
  });

  test.each([
    [{ port: 65_536 }, "port must be a whole number from 0 to 65535"],
    [{ port: "80" }, "port must be a whole number from 0 to 65535"],
    [{ host: 1 }, "host must be a string"],
    [{ token: "" }, "token must be a non-empty string"],
    [{ token: "a b" }, "openssl rand -hex 32"],
    [{ maxMessageBytes: 0 }, "maxMessageBytes must be a number >= 1"],
    [{ allowedHosts: "x" }, "allowedHosts must be a list of strings"],
    [{ allowedOrigins: ["*"] }, "allowedOrigins takes origins such as"],
    [{ host: "0.0.0.0" }, "refusing to listen on 0.0.0.0 without a token"],
    [{ server: {}, onRequest: () => {} }, "exclude each other"],
  ])("%j are refused", (options, message) => {
    expect(() => resolveServer(untyped(options), defaults)).toThrow(message);
  });
});

/**
 * Options: what `startServer` and `ConnectionManager` take and tell; their checks.
 *
 * Template: adw_websockets 1.3.0
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Server as HttpServer } from "node:http";
import type { Server as HttpsServer } from "node:https";
import { domainToASCII } from "node:url";
import {
  bracketed,
  canonicalOrigin,
  digest,
  hostName,
  isLoopback,
  isToken,
  LOOPBACK_NAMES,
} from "./access.ts";
import type { AccessRules } from "./access.ts";
import type { EventHistory } from "./history.ts";

/** Durations in milliseconds, sizes in bytes. Infinity switches a limit off. */
export interface ManagerOptions {
  maxConnections?: number | undefined;
  idleTimeoutMs?: number | undefined;
  pingIntervalMs?: number | undefined;
  pongTimeoutMs?: number | undefined;
  maxMissedPongs?: number | undefined;
  /** Bytes queued on one socket before its client is fed from the history. */
  maxQueueBytes?: number | undefined;
  /** Longest time a client may be behind before it is closed with 4413. */
  maxBehindMs?: number | undefined;
  maxEventBytes?: number | undefined;
  /** Inbound messages per second and client. */
  maxMessagesPerSecond?: number | undefined;
  /** Events kept in memory. */
  historySize?: number | undefined;
  /** Bytes kept in memory: whichever of the two is reached first. Less with a `history`. */
  historyBytes?: number | undefined;
  history?: EventHistory | undefined;
}

export interface RequestAccess {
  /** Whether the right token came with it; always true without a token. */
  authorized: boolean;
}

/** Answers a plain HTTP request. Host and Origin have been checked before. */
export type RequestHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  access: RequestAccess,
) => void | Promise<void>;

export interface ServerOptions extends ManagerOptions {
  /** Address to bind; anything but loopback needs a token. */
  host?: string | undefined;
  /** Port to bind; 0 takes any free one. */
  port?: number | undefined;
  /**
   * Attach to this server instead of opening a port; host and port are then
   * its own. It is not closed by `stopServer`.
   */
  server?: HttpServer | HttpsServer | undefined;
  /**
   * Take only upgrades of this path, "/events" say. Absent: of every path. An
   * attached server's other upgrade listeners keep all other paths.
   */
  path?: string | undefined;
  token?: string | undefined;
  /** Exact origins besides the server's own, "https://app.example" say. */
  allowedOrigins?: readonly string[] | undefined;
  /** Host names besides the loopback ones and `host`; ports do not matter. */
  allowedHosts?: readonly string[] | undefined;
  maxMessageBytes?: number | undefined;
  /** Time a socket may take to send its request headers. */
  headerTimeoutMs?: number | undefined;
  /** Not with `server`, which answers its own requests. */
  onRequest?: RequestHandler | undefined;
}

/** Plain counters, for a metrics page. */
export interface ManagerStats {
  connections: number;
  /** Clients that are being fed from the history at this moment. */
  behind: number;
  /** Events published since the start. */
  events: number;
  /** Events written to clients since the start. */
  deliveries: number;
  /** Times a client fell behind since the start. */
  catch_ups: number;
  /** Clients closed with 4413 since the start. */
  evictions: number;
  /** Clients terminated for missed pongs or closed as idle since the start. */
  timeouts: number;
  /** Bytes queued on all sockets at this moment. */
  queue_bytes: number;
  /** Events that the slowest client is behind at this moment. */
  max_lag_events: number;
  last_seq: number;
  oldest_seq: number;
}

type LimitName = Exclude<keyof ManagerOptions, "history">;

/** Every option that is a number with a least value, and that value. */
export type Limits = Record<
  LimitName | "maxMessageBytes" | "headerTimeoutMs",
  number
>;

/** What an option is when it is not given. */
export interface Defaults {
  limits: Limits;
  /** Instead of `historyBytes` in front of a `history`. */
  cachedHistoryBytes: number;
  host: string;
  port: number;
  allowedOrigins: readonly string[];
  allowedHosts: readonly string[];
  /** Time a peer has to answer a close. */
  closeTimeoutMs: number;
}

/** The options of a server, checked and complete. */
export interface ServerSettings extends Pick<
  ServerOptions,
  "server" | "path" | "onRequest"
> {
  host: string;
  port: number;
  rules: AccessRules;
  limits: Limits;
  closeTimeoutMs: number;
}

/** @throws TypeError naming the option that is out of range. */
export function resolveLimits(
  options: ManagerOptions,
  { limits: fallback, cachedHistoryBytes }: Defaults,
): Limits {
  const limits = { ...fallback };
  if (options.history !== undefined) limits.historyBytes = cachedHistoryBytes;
  const isLimit = (name: string): name is keyof Limits =>
    Object.hasOwn(fallback, name);
  for (const [name, value] of Object.entries(options)) {
    if (!isLimit(name) || value === undefined) continue;
    const min = name === "historySize" || name === "historyBytes" ? 0 : 1;
    if (typeof value === "number" && value >= min) limits[name] = value;
    else throw wrongOption(name, `a number >= ${String(min)}`, value);
  }
  return limits;
}

/**
 * @throws TypeError for an option that is out of range, Error when the address
 * is not loopback and there is no token.
 */
export function resolveServer(
  options: ServerOptions,
  defaults: Defaults,
): ServerSettings {
  const { server, path, token, onRequest } = options;
  if (server !== undefined && onRequest !== undefined) {
    throw new TypeError(
      "onRequest and server exclude each other: an attached server answers its own requests",
    );
  }
  checkKinds(options);
  const { host = defaults.host, port = defaults.port } = options;
  if (server === undefined && token === undefined && !isLoopback(host)) {
    throw new Error(
      `refusing to listen on ${bracketed(host)} without a token: anyone who ` +
        "can reach this machine could read every event. Set a token, or bind 127.0.0.1.",
    );
  }
  const limits = resolveLimits(options, defaults);
  const rules = resolveRules(options, host, defaults);
  const { closeTimeoutMs } = defaults;
  return { host, port, server, path, onRequest, limits, rules, closeTimeoutMs };
}

export function isStringList(value: unknown): value is string[] {
  return (
    Array.isArray(value) && value.every((item) => typeof item === "string")
  );
}

/** What only callers without types can get wrong. */
function checkKinds(options: ServerOptions): void {
  const { host, port, token } = options;
  if (host !== undefined && typeof host !== "string") {
    throw wrongOption("host", "a string", host);
  }
  const isPort = (value: number) =>
    Number.isInteger(value) && value >= 0 && value <= 65_535;
  if (port !== undefined && !isPort(port)) {
    throw wrongOption("port", "a whole number from 0 to 65535", port);
  }
  for (const name of ["allowedHosts", "allowedOrigins"] as const) {
    if (options[name] !== undefined && !isStringList(options[name])) {
      throw new TypeError(`${name} must be a list of strings`);
    }
  }
  if (token === undefined) return;
  if (typeof token !== "string" || token === "") {
    throw new TypeError("token must be a non-empty string, or absent");
  }
  if (!isToken(token)) {
    throw new TypeError(
      'token must hold 1 to 512 letters, digits, "-", "_", "." or "~", and nothing else: ' +
        "it travels in URLs and as a WebSocket subprotocol. A good one: openssl rand -hex 32",
    );
  }
}

function wrongOption(name: string, kind: string, value: unknown): TypeError {
  return new TypeError(`${name} must be ${kind}, got ${shown(value)}`);
}

/** Text in quotes, so that "5" is not taken for 5. */
function shown(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

function resolveRules(
  options: ServerOptions,
  host: string,
  defaults: Defaults,
): AccessRules {
  const { token } = options;
  const { allowedHosts = defaults.allowedHosts } = options;
  const { allowedOrigins = defaults.allowedOrigins } = options;
  const hosts = [...LOOPBACK_NAMES, host, ...allowedHosts].map(
    // As a browser sends it: "bücher.example" is "xn--bcher-kva.example".
    (name) => bracketed(domainToASCII(name) || name),
  );
  const origins = allowedOrigins.map((origin) => {
    const canonical = canonicalOrigin(origin);
    // A "*" would never match; "null" is what every sandboxed page sends.
    if (canonical !== null) return canonical;
    throw new TypeError(
      `allowedOrigins takes origins such as "https://dashboard.example", not ${shown(origin)}`,
    );
  });
  return {
    hosts: new Set(hosts.map((name) => hostName(name) ?? name.toLowerCase())),
    origins: new Set(origins),
    tokenDigest: token === undefined ? null : digest(token),
  };
}

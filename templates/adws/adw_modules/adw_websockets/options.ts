/**
 * Options: what `startServer` and `ConnectionManager` take and tell; their checks.
 *
 * Template: adw_websockets 1.2.0
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Server as HttpServer } from "node:http";
import type { Server as HttpsServer } from "node:https";
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
import { isStringList } from "./messages.ts";

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

/** Every limit of a manager, with its value. */
export type Limits = Record<Exclude<keyof ManagerOptions, "history">, number>;

/** What an option is when it is not given. */
export interface Defaults {
  limits: Limits;
  /** Instead of `historyBytes` in front of a `history`. */
  cachedHistoryBytes: number;
  host: string;
  port: number;
  allowedOrigins: readonly string[];
  allowedHosts: readonly string[];
  maxMessageBytes: number;
  headerTimeoutMs: number;
  /** Time a peer has to answer a close. */
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
    if (!isLimit(name)) continue;
    const min = name === "historySize" || name === "historyBytes" ? 0 : 1;
    limits[name] = numberOption(name, value, limits[name], min);
  }
  return limits;
}

/** The options of a server, checked and complete. */
export interface ServerSettings {
  host: string;
  port: number;
  /** The server to attach to; absent: one of our own. */
  server: HttpServer | HttpsServer | undefined;
  path: string | undefined;
  rules: AccessRules;
  maxConnections: number;
  maxMessageBytes: number;
  headerTimeoutMs: number;
  closeTimeoutMs: number;
  onRequest: RequestHandler | undefined;
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
  checkAddress(options);
  const host = options.host ?? defaults.host;
  if (server === undefined && token === undefined && !isLoopback(host)) {
    throw new Error(
      `refusing to listen on ${bracketed(host)} without a token: anyone who ` +
        "can reach this machine could read every event. Set a token, or bind 127.0.0.1.",
    );
  }
  const number = (name: "maxMessageBytes" | "headerTimeoutMs") =>
    numberOption(name, options[name], defaults[name]);
  return {
    host,
    port: options.port ?? defaults.port,
    server,
    path,
    rules: resolveRules(options, host, defaults),
    maxConnections: options.maxConnections ?? defaults.limits.maxConnections,
    maxMessageBytes: number("maxMessageBytes"),
    headerTimeoutMs: number("headerTimeoutMs"),
    closeTimeoutMs: defaults.closeTimeoutMs,
    onRequest,
  };
}

/** @throws TypeError naming the option, when it is not a number >= min. */
function numberOption(
  name: string,
  value: unknown,
  fallback: number,
  min = 1,
): number {
  if (value === undefined) return fallback;
  if (typeof value === "number" && value >= min) return value;
  throw new TypeError(
    `${name} must be a number >= ${String(min)}, got ${shown(value)}`,
  );
}

/** A value in an error message: text in quotes, so that "5" is not taken for 5. */
function shown(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

/** @throws TypeError for what only an untyped caller can get wrong. */
function checkAddress({ host, port, token }: ServerOptions): void {
  if (host !== undefined && typeof host !== "string") {
    throw new TypeError(`host must be a string, got ${shown(host)}`);
  }
  const isPort = (value: number) =>
    Number.isInteger(value) && value >= 0 && value <= 65_535;
  if (port !== undefined && !isPort(port)) {
    throw new TypeError(
      `port must be a whole number from 0 to 65535, got ${shown(port)}`,
    );
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

/** @throws TypeError naming the option, when it is not a list of strings. */
function listOption(
  name: string,
  value: unknown,
  fallback: readonly string[],
): readonly string[] {
  if (value === undefined) return fallback;
  if (isStringList(value)) return value;
  throw new TypeError(`${name} must be a list of strings`);
}

function resolveRules(
  options: ServerOptions,
  host: string,
  defaults: Defaults,
): AccessRules {
  const { token } = options;
  const list = (name: "allowedHosts" | "allowedOrigins") =>
    listOption(name, options[name], defaults[name]);
  const hosts = [...LOOPBACK_NAMES, host, ...list("allowedHosts")].map(
    bracketed,
  );
  const origins = list("allowedOrigins");
  // A "*" would never match; "null" is what every sandboxed page sends.
  const wrong = origins.find((origin) => canonicalOrigin(origin) === null);
  if (wrong !== undefined) {
    throw new TypeError(
      `allowedOrigins takes origins such as "https://dashboard.example", not ${shown(wrong)}`,
    );
  }
  return {
    hosts: new Set(hosts.map((name) => hostName(name) ?? name.toLowerCase())),
    origins: new Set(
      origins.map((origin) => canonicalOrigin(origin) ?? origin),
    ),
    tokenDigest: token === undefined ? null : digest(token),
  };
}

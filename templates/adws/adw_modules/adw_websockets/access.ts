/**
 * Access: who may connect. Pure; what is refused carries its HTTP status.
 *
 * Template: adw_websockets 1.3.0
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { TOKEN_PROTOCOL } from "../adw_events.ts";

export const LOOPBACK_NAMES = ["localhost", "127.0.0.1", "[::1]"];
/** Scheme, host and port; a trailing slash is forgiven. */
const ORIGIN_PATTERN = /^[a-z][a-z\d+.-]*:\/\/[^\s/?#@\\]+\/?$/i;

/** Where a client resumes: everything after `since` of the given stream. */
export interface ResumePoint {
  since: number;
  /** Absent: taken as this server's stream. */
  streamId?: string | undefined;
}

export interface Refusal {
  status: 400 | 401 | 403 | 404 | 503;
  message: string;
}

export interface AccessRules {
  hosts: ReadonlySet<string>;
  origins: ReadonlySet<string>;
  /** SHA-256 of the token; null when there is none. */
  tokenDigest: Buffer | null;
}

/**
 * The name in a Host header, in lower case and without the dot that may end it,
 * an IPv6 address in its one canonical form; null when it is not such a header.
 * A name is neither resolved nor otherwise normalised: "127.1" is not loopback.
 */
export function hostName(host: string): string | null {
  const match = /^(\[[0-9a-f:.]+\]|[^\s:@/\\?#[\]]+?)\.?(?::\d{0,5})?$/i.exec(
    host,
  );
  const name = match?.[1]?.toLowerCase() ?? null;
  return name?.startsWith("[")
    ? (parseUrl(`http://${name}`)?.hostname ?? null)
    : name;
}

function parseUrl(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}

/** An address as it stands in a Host header. */
export function bracketed(address: string): string {
  return isIP(address) === 6 ? `[${address}]` : address;
}

/** IPv4 addresses arrive as ::ffff:a.b.c.d on a dual-stack socket. */
function plainAddress(address: string | undefined): string {
  return (address ?? "").replace(/^::ffff:(?=\d+\.)/i, "").toLowerCase();
}

export function isLoopback(host: string): boolean {
  const name = plainAddress(host.replace(/^\[(.*)\]$/, "$1"));
  return (
    name === "localhost" ||
    name === "::1" ||
    (isIP(name) === 4 && name.startsWith("127."))
  );
}

/**
 * An origin in its one canonical form, without its scheme's default port and
 * without the dot that may end its name; null for what is not one ("null", "*").
 */
export function canonicalOrigin(origin: string): string | null {
  const url = ORIGIN_PATTERN.test(origin) ? parseUrl(origin) : null;
  const name = url?.hostname.toLowerCase().replace(/\.$/, "") ?? "";
  if (url === null || name === "") return null;
  return `${url.protocol}//${name}${url.port === "" ? "" : `:${url.port}`}`;
}

/** DNS rebinding arrives with the attacker's name in Host: only ours pass. */
function isHostAllowed(request: IncomingMessage, rules: AccessRules): boolean {
  const name = hostName(request.headers.host ?? "");
  if (name === null) return false;
  const own = bracketed(plainAddress(request.socket.localAddress));
  return rules.hosts.has(name) || name === own;
}

/**
 * Browsers always send Origin; without one it is not a browser. A page that was
 * loaded from this Host may connect: a port that is not there is the scheme's
 * own, so that no header of a proxy, which may end TLS, needs to be believed.
 */
function isOriginAllowed(
  request: IncomingMessage,
  rules: AccessRules,
): boolean {
  const { host = "", origin } = request.headers;
  if (origin === undefined) return true;
  const page = canonicalOrigin(origin);
  if (page === null) return false;
  const scheme = /^https?:/.exec(page)?.[0];
  const isOwn =
    scheme !== undefined && page === canonicalOrigin(`${scheme}//${host}`);
  return isOwn || rules.origins.has(page);
}

/**
 * What a token may hold: it travels as it is in URLs, headers and subprotocols,
 * and these are the characters that mean nothing else in any of them.
 */
export function isToken(text: string): boolean {
  return /^[A-Za-z0-9._~-]{1,512}$/.test(text);
}

/** Digests are compared, so that neither content nor length shows in time. */
export function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/** The token in ?token=, in `Authorization: Bearer`, or in a subprotocol. */
export function isAuthorized(
  request: IncomingMessage,
  { tokenDigest }: AccessRules,
): boolean {
  if (tokenDigest === null) return true;
  const { authorization = "", "sec-websocket-protocol": offered = "" } =
    request.headers;
  const candidates = [
    splitTarget(request)?.query.get("token"),
    /^bearer +(\S+)$/i.exec(authorization)?.[1],
    offered
      .split(",")
      .map((name) => name.trim())
      .find(isTokenProtocol)
      ?.slice(TOKEN_PROTOCOL.length),
  ];
  return candidates.some(
    (token) =>
      typeof token === "string" && timingSafeEqual(digest(token), tokenDigest),
  );
}

function isTokenProtocol(name: string): boolean {
  return name.startsWith(TOKEN_PROTOCOL);
}

/**
 * A browser fails the connection unless one of its subprotocols is echoed: the
 * first that is not the token, which is never repeated in an answer, however it
 * is written.
 */
export function chooseProtocol(offered: ReadonlySet<string>): string | false {
  const holdsToken = (name: string) =>
    isTokenProtocol(name.toLowerCase()) || offered.has(TOKEN_PROTOCOL + name);
  return [...offered].find((name) => !holdsToken(name)) ?? false;
}

/**
 * Path and query of a request; null for what is not a plain path. Not by
 * `new URL`, which takes "//name" for a host and throws at "//".
 */
export function splitTarget(
  request: IncomingMessage,
): { path: string; query: URLSearchParams } | null {
  const target = request.url ?? "";
  if (!/^\/(?!\/)/.test(target)) return null;
  const [path = ""] = target.split("?", 1);
  return { path, query: new URLSearchParams(target.slice(path.length)) };
}

/** Where the client wants to resume; undefined when it does not ask to. */
export function parseResume(
  query: URLSearchParams,
): ResumePoint | Refusal | undefined {
  const since = query.get("since");
  if (since === null) return undefined;
  const seq = Number(since);
  if (!/^\d{1,16}$/.test(since) || !Number.isSafeInteger(seq)) {
    return { status: 400, message: "since must be a non-negative integer" };
  }
  return { since: seq, streamId: query.get("stream_id") ?? undefined };
}

/** What holds for plain HTTP and for upgrades alike; null where nothing is wrong. */
export function checkPeer(
  request: IncomingMessage,
  rules: AccessRules,
): Refusal | null {
  // RFC 9112 §3.2. Node takes the first; a proxy in front may take the last.
  if ((request.headersDistinct["host"]?.length ?? 0) > 1) {
    return { status: 400, message: "more than one Host header" };
  }
  if (!isHostAllowed(request, rules)) {
    return { status: 403, message: "Host not allowed (see allowedHosts)" };
  }
  if (!isOriginAllowed(request, rules)) {
    return { status: 403, message: "Origin not allowed (see allowedOrigins)" };
  }
  // A peer on a Unix socket has no address.
  const peer = plainAddress(request.socket.remoteAddress);
  if (rules.tokenDigest === null && peer !== "" && !isLoopback(peer)) {
    return { status: 403, message: "only for this machine: no token is set" };
  }
  return null;
}

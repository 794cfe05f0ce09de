/**
 * Access: who may connect. Pure; what is refused carries its HTTP status.
 *
 * Template: adw_websockets 1.2.0
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { TOKEN_PROTOCOL } from "../adw_events.ts";
import type { ResumePoint } from "./stream.ts";

export const LOOPBACK_NAMES = ["localhost", "127.0.0.1", "[::1]"];
/** Scheme, host and port; a trailing slash is forgiven. */
const ORIGIN_PATTERN = /^[a-z][a-z\d+.-]*:\/\/[^\s/?#@\\]+\/?$/i;

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
 * A Host header in parts: the name in lower case and without the dot that may
 * end it, an IPv6 address in its one canonical form; the port, "" when there is
 * none. null when it is not a Host header. A name is neither resolved nor
 * otherwise normalised: "127.1" is not a loopback name.
 */
function splitHost(host: string): { name: string; port: string } | null {
  const match = /^(\[[0-9a-f:.]+\]|[^\s:@/\\?#[\]]+?)\.?(?::(\d{1,5}))?$/i.exec(
    host,
  );
  const [, name = "", port = ""] = match ?? [];
  if (name === "") return null;
  if (!name.startsWith("[")) return { name: name.toLowerCase(), port };
  try {
    return { name: new URL(`http://${name}`).hostname, port };
  } catch {
    return null; // no address
  }
}

export function hostName(host: string): string | null {
  return splitHost(host)?.name ?? null;
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

/** DNS rebinding arrives with the attacker's name in Host: only ours pass. */
function isHostAllowed(request: IncomingMessage, rules: AccessRules): boolean {
  const name = hostName(request.headers.host ?? "");
  if (name === null) return false;
  const own = bracketed(plainAddress(request.socket.localAddress));
  return rules.hosts.has(name) || name === own;
}

/**
 * An origin in its one canonical form, without its scheme's default port and
 * without the dot that may end its name; null for what is not one ("null", "*").
 */
export function canonicalOrigin(origin: string): string | null {
  if (!ORIGIN_PATTERN.test(origin)) return null;
  try {
    const { protocol, hostname, port } = new URL(origin);
    const name = hostname.toLowerCase().replace(/\.$/, "");
    if (name === "") return null;
    return `${protocol}//${name}${port === "" ? "" : `:${port}`}`;
  } catch {
    return null;
  }
}

/**
 * Whether a page of this origin was loaded from this Host. A port that is not
 * there is the origin's scheme's own: whether TLS ends here or at a proxy does
 * not matter, and no header of a proxy needs to be believed.
 */
function isSameOrigin(origin: string, host: string): boolean {
  const scheme = /^https?:/i.exec(origin)?.[0];
  if (scheme === undefined || splitHost(host) === null) return false;
  const own = canonicalOrigin(`${scheme}//${host}`);
  return own !== null && own === canonicalOrigin(origin);
}

/** Browsers always send Origin; without one it is not a browser. */
function isOriginAllowed(
  request: IncomingMessage,
  rules: AccessRules,
): boolean {
  const { origin, host = "" } = request.headers;
  if (origin === undefined) return true;
  const listed = canonicalOrigin(origin);
  return (
    listed !== null && (rules.origins.has(listed) || isSameOrigin(origin, host))
  );
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
  rules: AccessRules,
): boolean {
  const { tokenDigest } = rules;
  if (tokenDigest === null) return true;
  const { authorization } = request.headers;
  const bearer = /^bearer +(\S+)$/i.exec(authorization ?? "")?.[1];
  const offered = subprotocols(request)
    .filter(isTokenProtocol)
    .map((name) => name.slice(TOKEN_PROTOCOL.length));
  const candidates = [
    splitTarget(request)?.query.get("token"),
    bearer,
    offered[0],
  ];
  return candidates.some(
    (token) =>
      typeof token === "string" && timingSafeEqual(digest(token), tokenDigest),
  );
}

function isTokenProtocol(name: string): boolean {
  return name.startsWith(TOKEN_PROTOCOL);
}

function subprotocols(request: IncomingMessage): string[] {
  const header = request.headers["sec-websocket-protocol"] ?? "";
  return header.split(",").map((name) => name.trim());
}

/**
 * A browser fails the connection unless one of its subprotocols is echoed: the
 * first that is not the token, which is never repeated in an answer.
 */
export function chooseProtocol(offered: ReadonlySet<string>): string | false {
  return [...offered].find((name) => !isTokenProtocol(name)) ?? false;
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
  const mark = target.indexOf("?");
  return mark === -1
    ? { path: target, query: new URLSearchParams() }
    : {
        path: target.slice(0, mark),
        query: new URLSearchParams(target.slice(mark + 1)),
      };
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

/** Host and Origin, which hold for plain HTTP and for upgrades alike. */
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

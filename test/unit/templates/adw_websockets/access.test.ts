import type { IncomingMessage } from "node:http";
import {
  canonicalOrigin,
  checkPeer,
  chooseProtocol,
  digest,
  hostName,
  isAuthorized,
  isLoopback,
  isToken,
  parseResume,
  splitTarget,
} from "../../../../build/rendered/default/adws/adw_modules/adw_websockets/access.ts";
import type { AccessRules } from "../../../../build/rendered/default/adws/adw_modules/adw_websockets/access.ts";

const rules = (changes: Partial<AccessRules> = {}): AccessRules => ({
  hosts: new Set(["localhost", "127.0.0.1", "[::1]"]),
  origins: new Set(["https://app.example"]),
  tokenDigest: null,
  ...changes,
});

/** A request as far as the rules look at it. */
function request(
  headers: Record<string, string> = {},
  { url = "/", from = "127.0.0.1", hosts = 1 } = {},
): IncomingMessage {
  const all = { host: "localhost:8000", ...headers };
  return {
    url,
    headers: all,
    headersDistinct: { host: Array.from({ length: hosts }, () => all.host) },
    socket: { localAddress: "127.0.0.1", remoteAddress: from },
  } as unknown as IncomingMessage;
}

test.each([
  ["LOCALHOST:8000", "localhost"],
  ["localhost.", "localhost"],
  ["[0:0:0:0:0:0:0:1]:80", "[::1]"],
  ["user@localhost", null],
  ["a b", null],
  ["", null],
  ["[::1", null],
])("the Host %j is %j", (host, name) => {
  expect(hostName(host)).toBe(name);
});

test.each([
  ["HTTPS://App.Example:443/", "https://app.example"],
  ["http://localhost:5173", "http://localhost:5173"],
  ["null", null],
  ["*", null],
  ["https://app.example/path", null],
])("the Origin %j is %j", (origin, canonical) => {
  expect(canonicalOrigin(origin)).toBe(canonical);
});

test.each([
  ["127.0.0.1", true],
  ["127.255.0.1", true],
  ["::1", true],
  ["[::1]", true],
  ["::ffff:127.0.0.1", true],
  ["localhost", true],
  ["0.0.0.0", false],
  ["127.1", false],
  ["localhost.example", false],
])("%s is this machine: %s", (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});

test.each([
  ["as it should be", request(), rules(), null],
  ["another Host", request({ host: "evil.example" }), rules(), 403],
  ["two Hosts", request({}, { hosts: 2 }), rules(), 400],
  [
    "its own Origin",
    request({ origin: "http://localhost:8000" }),
    rules(),
    null,
  ],
  [
    "a listed Origin",
    request({ origin: "https://app.example" }),
    rules(),
    null,
  ],
  ["another Origin", request({ origin: "https://evil.example" }), rules(), 403],
  [
    "another machine, no token",
    request({}, { from: "10.0.0.9" }),
    rules(),
    403,
  ],
  [
    "another machine, a token is set",
    request({}, { from: "10.0.0.9" }),
    rules({ tokenDigest: digest("secret") }),
    null,
  ],
])("a request with %s", (_title, message, given, status) => {
  expect(checkPeer(message, given)?.status ?? null).toBe(status);
});

test.each([
  ["nothing", request(), false],
  ["?token=", request({}, { url: "/?token=secret" }), true],
  ["a wrong one", request({}, { url: "/?token=secre" }), false],
  ["Bearer", request({ authorization: "bearer secret" }), true],
  [
    "a subprotocol",
    request({ "sec-websocket-protocol": "adw.v1, adw.token.secret" }),
    true,
  ],
])("the token in %s lets in: %s", (_title, message, expected) => {
  const given = rules({ tokenDigest: digest("secret") });
  expect(isAuthorized(message, given)).toBe(expected);
});

test("a token holds what means nothing else anywhere", () => {
  expect(isToken("aZ09-_.~")).toBe(true);
  expect(["", "a b", "a&b", "é", "x".repeat(513)].some(isToken)).toBe(false);
});

test("the token is never the subprotocol that is chosen", () => {
  expect(chooseProtocol(new Set(["adw.token.x", "adw.v1"]))).toBe("adw.v1");
  expect(chooseProtocol(new Set(["adw.token.x"]))).toBe(false);
});

test("nor is it when it is offered by itself, or its name is written otherwise", () => {
  const offered = ["ADW.Token.s3cret", "s3cret", "adw.token.s3cret", "other"];
  expect(chooseProtocol(new Set(offered))).toBe("other");
});

test.each([
  ["", undefined],
  ["since=0", { since: 0, streamId: undefined }],
  ["since=41&stream_id=s", { since: 41, streamId: "s" }],
  ["since=-1", { status: 400 }],
  ["since=1e3", { status: 400 }],
  ["since=99999999999999999", { status: 400 }],
  ["since=", { status: 400 }],
])("the query %j resumes at %j", (query, expected) => {
  const point = parseResume(new URLSearchParams(query));
  if (expected === undefined) expect(point).toBeUndefined();
  else expect(point).toMatchObject(expected);
});

test.each([
  ["/events?a=1", "/events"],
  ["//evil.example", undefined],
  ["http://evil.example/", undefined],
  ["*", undefined],
])("the target %j has the path %j", (url, path) => {
  expect(splitTarget(request({}, { url }))?.path).toBe(path);
});

import { startServer } from "../../helpers/websockets-module.ts";
import {
  captureStderr,
  connect,
  connectRaw,
  start,
  upgradeStatus,
} from "../../helpers/servers.ts";

const TOKEN = "s3cret-token_1";

describe("token", () => {
  test.each([
    ["?token=", { target: `/?token=${TOKEN}` }],
    [
      "Authorization: Bearer",
      { headers: { Authorization: `Bearer ${TOKEN}` } },
    ],
    ["a lower-case scheme", { headers: { Authorization: `bearer ${TOKEN}` } }],
    [
      "the subprotocol adw.token.<token>",
      { headers: { "Sec-WebSocket-Protocol": `adw.token.${TOKEN}` } },
    ],
    [
      "any of the three, even when another is wrong",
      {
        target: "/?token=wrong",
        headers: { Authorization: `Bearer ${TOKEN}` },
      },
    ],
  ])("is accepted as %s", async (_name, options) => {
    const server = await start({ token: TOKEN });
    expect(await upgradeStatus(server, options)).toBe(101);
  });

  test.each([
    ["missing", {}],
    ["empty", { target: "/?token=" }],
    ["wrong", { target: "/?token=s3cret" }],
    ["longer", { target: `/?token=${TOKEN}x` }],
    ["wrong in Authorization", { headers: { Authorization: "Bearer x" } }],
    ["in another scheme", { headers: { Authorization: `Basic ${TOKEN}` } }],
    [
      "wrong in the subprotocol",
      { headers: { "Sec-WebSocket-Protocol": "adw.token.x" } },
    ],
    ["a bare subprotocol", { headers: { "Sec-WebSocket-Protocol": TOKEN } }],
  ])("that is %s gives 401 and no upgrade", async (_name, options) => {
    const server = await start({ token: TOKEN });
    expect(await upgradeStatus(server, options)).toBe(401);
    expect(server.manager.connections.size).toBe(0);
  });

  test("in a subprotocol is never echoed: another one that is offered is", async () => {
    const server = await start({ token: TOKEN });
    const client = await connect(server, {
      protocols: [`adw.token.${TOKEN}`, "adw"],
    });
    expect(client.ws.protocol).toBe("adw");
  });

  test("in the only subprotocol is not echoed either", async () => {
    const server = await start({ token: TOKEN });
    const raw = await connectRaw(server, {
      headers: { "Sec-WebSocket-Protocol": `adw.token.${TOKEN}` },
    });
    expect(raw.head).toMatch(/^HTTP\/1.1 101 /);
    expect(raw.head).not.toContain(TOKEN);
  });

  test("never shows on stderr, in the url or in an answer", async () => {
    const stderr = captureStderr();
    const server = await start({ token: TOKEN });
    const client = await connectRaw(server, { target: `//?token=${TOKEN}` });
    await upgradeStatus(server, { target: `/?token=${TOKEN}x` });
    expect(stderr.join("") + server.url + client.head).not.toContain(TOKEN);
  });

  test("that is an empty string is a mistake, not an open door", async () => {
    await expect(startServer({ port: 0, token: "" })).rejects.toThrow(
      new TypeError("token must be a non-empty string, or absent"),
    );
  });

  test("is not asked for where there is none", async () => {
    const server = await start();
    expect(await upgradeStatus(server)).toBe(101);
  });
});

describe("binding", () => {
  test.each(["0.0.0.0", "::", "", "192.168.1.20", "example.com"])(
    "to %p without a token is refused",
    async (host) => {
      await expect(startServer({ host, port: 0 })).rejects.toThrow(
        /^refusing to listen on .* without a token/,
      );
    },
  );

  test.each(["127.0.0.1", "127.0.0.2", "localhost"])(
    "to %p needs no token",
    async (host) => {
      const server = await start({ host, port: 0 });
      expect(server.host).toBe(host);
    },
  );

  test("to every address works with a token", async () => {
    const server = await start({ host: "0.0.0.0", token: TOKEN });
    expect(server.url).toBe(`ws://127.0.0.1:${server.port}`);
    await connect(server, { query: { token: TOKEN } });
  });
});

describe("Host", () => {
  test.each([
    "localhost",
    "LOCALHOST:1",
    "127.0.0.1",
    "127.0.0.1:8765",
    "[::1]",
    "[::1]:65535",
    "dash.example",
    "dash.example:443",
    "other.example:80",
  ])("%s is accepted", async (host) => {
    const server = await start({
      allowedHosts: ["dash.example", "Other.Example:8443"],
    });
    expect(await upgradeStatus(server, { headers: { Host: host } })).toBe(101);
  });

  test.each([
    "evil.example",
    "localhost.evil.example",
    "evil.example:127.0.0.1",
    "127.0.0.1.evil.example",
    "127.1",
    "127.0.0.2",
    "0.0.0.0",
    "localhost@evil.example",
    "user@localhost",
    "localhost/",
    "localhost:port",
    "[::1",
    "[::2]",
    "//",
    ":8765",
    "",
  ])("%p gives 403", async (host) => {
    const server = await start({ allowedHosts: ["dash.example"] });
    expect(await upgradeStatus(server, { headers: { Host: host } })).toBe(403);
    expect(server.manager.connections.size).toBe(0);
  });

  test("that comes twice gives 400: a proxy may have read the other one", async () => {
    const server = await start();
    const headers = { Host: "127.0.0.1", host: "evil.example" };
    expect(await upgradeStatus(server, { headers })).toBe(400);
  });

  test("is checked before the token", async () => {
    const server = await start({ token: TOKEN });
    const headers = { Host: "evil.example" };
    expect(await upgradeStatus(server, { headers })).toBe(403);
  });
});

describe("Origin", () => {
  const allowedOrigins = ["https://app.example", "http://localhost:5173/"];

  test.each([
    ["none: not a browser", null],
    ["the server's own", "own"],
    ["an allowed one", "https://app.example"],
    ["an allowed one, listed with a slash", "http://localhost:5173"],
  ])("%s is accepted", async (_name, origin) => {
    const server = await start({ allowedOrigins });
    const host = `127.0.0.1:${server.port}`;
    const headers = {
      Host: host,
      Origin: origin === "own" ? `http://${host}` : origin,
    };
    expect(await upgradeStatus(server, { headers })).toBe(101);
  });

  test.each([
    "null",
    "",
    "//",
    "garbage",
    "http://",
    "http://[",
    "http://127.0.0.1",
    "http://127.0.0.1:1",
    "http://localhost:8765",
    "https://app.example.evil.example",
    "http://app.example",
    "https://app.example:8443",
    "file://127.0.0.1:8765",
    "https://app.example, https://evil.example",
  ])("%p gives 403", async (origin) => {
    const server = await start({ allowedOrigins });
    const headers = { Host: `127.0.0.1:${server.port}`, Origin: origin };
    expect(await upgradeStatus(server, { headers })).toBe(403);
    expect(server.manager.connections.size).toBe(0);
  });

  test("of another site is refused whatever its token", async () => {
    const server = await start({ token: TOKEN });
    const headers = { Origin: "https://evil.example" };
    const target = `/?token=${TOKEN}`;
    expect(await upgradeStatus(server, { target, headers })).toBe(403);
  });
});

describe("the path", () => {
  test("may be any by default", async () => {
    const server = await start();
    expect(await upgradeStatus(server, { target: "/any/where?x=1" })).toBe(101);
  });

  test("is the only one when configured", async () => {
    const server = await start({ path: "/events" });
    expect(await upgradeStatus(server, { target: "/events?since=0" })).toBe(
      101,
    );
    expect(await upgradeStatus(server, { target: "/other" })).toBe(404);
  });

  test.each(["//", "//evil.example", "http://evil.example/", "*", "?token=x"])(
    "%p gives 400",
    async (target) => {
      const server = await start();
      expect(await upgradeStatus(server, { target })).toBe(400);
    },
  );
});

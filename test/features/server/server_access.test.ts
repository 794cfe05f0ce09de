/** Who may connect, and what travels with the token: what a proxy and a browser make of it. */
import { once } from "node:events";
import { get } from "node:http";
import { WebSocket } from "ws";
import { startServer } from "../../helpers/websockets-module.ts";
import { connectRaw, start, upgradeStatus } from "../../helpers/servers.ts";

describe("an Origin and a Host that differ in the default port are the same origin", () => {
  const names = ["dash.example", "[2001:db8::1]"];

  test.each([
    ["dash.example:443", "https://dash.example"],
    ["dash.example", "https://dash.example"],
    ["dash.example", "https://dash.example:443"],
    ["dash.example:80", "http://dash.example"],
    ["dash.example", "http://dash.example"],
    ["dash.example:8443", "https://dash.example:8443"],
    ["DASH.Example:443", "https://dash.example"],
    ["dash.example.:443", "https://dash.example."],
    ["dash.example", "https://dash.example."],
    ["[2001:db8::1]:443", "https://[2001:db8::1]"],
    ["[2001:DB8:0::1]", "http://[2001:db8::1]:80"],
    ["127.0.0.1:443", "https://127.0.0.1"],
  ])("Host %s, Origin %s", async (host, origin) => {
    const server = await start({ allowedHosts: names });
    const headers = { Host: host, Origin: origin };
    expect(await upgradeStatus(server, { headers })).toBe(101);
  });

  test.each([
    ["the other scheme's port", "dash.example:80", "https://dash.example"],
    ["the other scheme's port", "dash.example:443", "http://dash.example"],
    ["another port", "dash.example:443", "https://dash.example:8443"],
    ["another port", "dash.example:8443", "https://dash.example"],
    ["another name", "dash.example:443", "https://evil.example"],
    ["another address", "[2001:db8::1]:443", "https://[2001:db8::2]"],
    ["a user", "dash.example", "https://dash.example@evil.example"],
    ["a scheme of no page", "dash.example:443", "wss://dash.example"],
  ])("but not %s: Host %s, Origin %s", async (_what, host, origin) => {
    const server = await start({ allowedHosts: names });
    const headers = { Host: host, Origin: origin };
    expect(await upgradeStatus(server, { headers })).toBe(403);
  });

  test.each(["evil.example.", "evil.example:443", "127.1:443", "[::2]:443"])(
    "and a Host that is not ours stays refused, whatever its Origin: %s",
    async (host) => {
      const server = await start({ allowedHosts: names });
      const headers = { Host: host, Origin: `https://${host}` };
      expect(await upgradeStatus(server, { headers })).toBe(403);
    },
  );

  test("what a proxy says of the Host is not believed", async () => {
    const server = await start({ allowedHosts: names });
    const headers = {
      Host: "evil.example",
      Origin: "https://dash.example",
      "X-Forwarded-Host": "dash.example",
      "X-Forwarded-Proto": "https",
      Forwarded: "host=dash.example;proto=https",
    };
    expect(await upgradeStatus(server, { headers })).toBe(403);
  });

  test.each([
    ["https://app.example:443", "https://app.example"],
    ["http://app.example:80/", "http://app.example"],
    ["https://APP.example.", "https://app.example"],
    ["vscode-webview://Panel", "vscode-webview://panel"],
  ])("allowedOrigins: %s allows %s", async (listed, origin) => {
    const server = await start({ allowedOrigins: [listed] });
    const headers = { Origin: origin };
    expect(await upgradeStatus(server, { headers })).toBe(101);
  });

  test.each(["*", "null", "app.example", "https://[", "https://a@app.example"])(
    "allowedOrigins: %s is not an origin",
    async (listed) => {
      const options = { port: 0, allowedOrigins: [listed] };
      await expect(startServer(options)).rejects.toThrow(
        /^allowedOrigins takes origins such as/,
      );
    },
  );

  test("allowedHosts: a port and a dot at the end do not matter", async () => {
    const allowedHosts = ["one.example:443", "two.example."];
    const server = await start({ allowedHosts });
    for (const Host of ["one.example", "two.example:80", "one.example.:443"]) {
      expect(await upgradeStatus(server, { headers: { Host } })).toBe(101);
    }
  });

  test("a port that is left empty is the scheme's own (RFC 3986, 3.2.3)", async () => {
    const server = await start({ allowedHosts: names });
    const headers = { Host: "dash.example:", Origin: "https://dash.example" };
    expect(await upgradeStatus(server, { headers })).toBe(101);
  });

  test("allowedHosts: a name in any script is the one that a browser sends", async () => {
    const server = await start({ allowedHosts: ["bücher.example"] });
    const headers = {
      Host: "xn--bcher-kva.example",
      Origin: "https://xn--bcher-kva.example",
    };
    expect(await upgradeStatus(server, { headers })).toBe(101);
  });
});

describe("a token", () => {
  test.each([
    "a+b",
    "a/b",
    "YWJj=",
    "a b",
    "ä",
    "a\nb",
    "a,b",
    "x".repeat(513),
  ])("that not every road can carry is refused at start: %p", async (token) => {
    const starting = startServer({ port: 0, token });
    await expect(starting).rejects.toThrow(TypeError);
    await expect(starting).rejects.toThrow(
      /^token must hold 1 to 512 letters, digits, "-", "_", "\." or "~"/,
    );
  });

  test("works in every road with every character it may have", async () => {
    const token = "Az09-_.~";
    const server = await start({
      token,
      onRequest: (_request, response, { authorized }) => {
        response.end(String(authorized));
      },
    });
    const roads = [
      { target: `/?token=${token}` },
      { target: `/?token=${encodeURIComponent(token).replaceAll("~", "%7E")}` },
      { headers: { Authorization: `Bearer ${token}` } },
      { headers: { "Sec-WebSocket-Protocol": `adw.v1, adw.token.${token}` } },
    ];
    for (const road of roads) {
      expect(await upgradeStatus(server, road)).toBe(101);
    }
    const headers = { Authorization: `Bearer ${token}` };
    const request = get({ port: server.port, host: "127.0.0.1", headers });
    const [response] = await once(request, "response");
    expect(String(await response.toArray())).toBe("true");
  });

  test.each(["adw.v1, adw.token.s3cret", "adw.token.s3cret, adw.v1"])(
    "is never echoed: the answer to %s names adw.v1",
    async (offer) => {
      const server = await start({ token: "s3cret" });
      const raw = await connectRaw(server, {
        headers: { "Sec-WebSocket-Protocol": offer },
      });
      expect(raw.head).toMatch(/^Sec-WebSocket-Protocol: adw\.v1$/m);
      expect(raw.head).not.toContain("s3cret");
    },
  );

  test("is never echoed where nothing else was offered", async () => {
    const server = await start({ token: "s3cret" });
    const raw = await connectRaw(server, {
      headers: { "Sec-WebSocket-Protocol": "adw.token.s3cret" },
    });
    expect(raw.head).toMatch(/^HTTP\/1\.1 101 /);
    expect(raw.head).not.toContain("s3cret");
  });

  test("of a browser that offers both is accepted by it", async () => {
    const server = await start({ token: "s3cret" });
    const client = new WebSocket(server.url, ["adw.v1", "adw.token.s3cret"]);
    await once(client, "open");
    expect(client.protocol).toBe("adw.v1");
    client.close();
  });
});

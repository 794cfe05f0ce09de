/** HTTP on the server's port: what a socket may ask at once, and upgrades that nobody needs. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { connect as netConnect } from "node:net";
import { startDashboard } from "../../helpers/dashboard/server.ts";
import {
  connect,
  onCleanup,
  start,
  upgradeStatus,
} from "../../helpers/servers.ts";
import { EventLoopStall, rssGrowth } from "../../helpers/load.ts";

/** Sends the bytes, and resolves to all that comes back until the socket closes. */
function exchange(port: number, bytes: string, end = false): Promise<string> {
  const socket = netConnect(port, "127.0.0.1");
  onCleanup(() => socket.destroy());
  const chunks: Buffer[] = [];
  socket.on("data", (chunk) => chunks.push(chunk));
  socket.on("error", () => {}); // "close" follows
  if (end) socket.end(bytes);
  else socket.write(bytes);
  return once(socket, "close").then(() => String(Buffer.concat(chunks)));
}

async function startPage(token?: string) {
  const page = await startDashboard(token === undefined ? {} : { token });
  onCleanup(() => page.stop());
  return page;
}

const countAnswers = (text: string) => text.split("HTTP/1.1 200 OK").length - 1;

describe("requests that are sent without waiting for answers", () => {
  test("820 kB of pipelined GET / without a token neither stall the server nor take memory", async () => {
    const page = await startPage("s3cret");
    const get = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    await exchange(
      page.port,
      get.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"),
    );
    const flood = get.repeat(Math.ceil(820_000 / get.length));
    const stall = new EventLoopStall();
    const growth = rssGrowth();
    const answer = await exchange(page.port, flood);
    // Before there was a bound: several seconds, and 700 MB.
    expect(growth()).toBeLessThan(150_000_000);
    expect(stall.stop()).toBeLessThan(1_000);
    expect(countAnswers(answer)).toBeLessThanOrEqual(16);
    const client = await connect(page.server, { query: { token: "s3cret" } });
    expect(client.greeting.type).toBe("connection_established");
  });

  test("a few are answered in their order, and the connection goes on", async () => {
    const { port } = await startPage();
    const get = "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    const last =
      "GET /nowhere HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
    const answer = await exchange(port, get.repeat(10) + last);
    const statuses = [...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(
      ([, code]) => code,
    );
    expect(statuses).toEqual([...Array(10).fill("200"), "404"]);
  });

  test("hundreds of requests, one after the other, are answered on one socket", async () => {
    const server = await start({
      onRequest: (_request, response) => void response.end("ok"),
    });
    const socket = netConnect(server.port, "127.0.0.1");
    onCleanup(() => socket.destroy());
    for (let count = 0; count < 300; count += 1) {
      socket.write("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
      await once(socket, "data");
    }
    expect(socket.destroyed).toBe(false);
  });
});

describe("a client that offers h2c", () => {
  const offer =
    "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n" +
    "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n";
  const headers = `Host: 127.0.0.1\r\n${offer}`;

  test.each([
    ["a page", "GET / HTTP/1.1\r\n", 200],
    ["the health check", "GET /healthz HTTP/1.1\r\n", 200],
    ["another method", "DELETE / HTTP/1.1\r\n", 405],
    ["what is not there", "GET /nowhere HTTP/1.1\r\n", 404],
  ])("is served %s as HTTP/1.1", async (_what, line, status) => {
    const { port } = await startPage();
    const closing = headers.replace("Upgrade,", "close, Upgrade,");
    const answer = await exchange(port, `${line}${closing}\r\n`);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer.split("HTTP/1.1 ")).toHaveLength(2);
  });

  test("has its Host, its Origin and its token checked all the same", async () => {
    const { port } = await startPage("s3cret");
    const ask = (extra: string, host = "127.0.0.1") =>
      exchange(
        port,
        `GET /healthz HTTP/1.1\r\nHost: ${host}\r\n${offer}${extra}\r\n`,
        true,
      );
    expect(await ask("")).toMatch(/^HTTP\/1\.1 401 /);
    expect(await ask("Authorization: Bearer s3cret\r\n")).toMatch(
      /^HTTP\/1\.1 200 /,
    );
    expect(await ask("Origin: https://evil.example\r\n")).toMatch(
      /^HTTP\/1\.1 403 /,
    );
    expect(await ask("", "evil.example")).toMatch(/^HTTP\/1\.1 403 /);
  });

  test("may go on with the same connection, and upgrade it to a WebSocket", async () => {
    const { port } = await startPage();
    const socket = netConnect(port, "127.0.0.1");
    onCleanup(() => socket.destroy());
    const received: string[] = [];
    socket.on("data", (chunk) => received.push(String(chunk)));
    const until = async (pattern: RegExp) => {
      while (!pattern.test(received.join(""))) await once(socket, "data");
    };
    socket.write(`GET /healthz HTTP/1.1\r\n${headers}\r\n`);
    await until(/"status":"ok"/);
    socket.write("GET /nowhere HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    await until(/HTTP\/1\.1 404 /);
    socket.write(
      "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\n" +
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    await until(/HTTP\/1\.1 101 [^]*connection_established/);
    expect(received.join("")).toContain("200 OK");
  });

  test("has the body of its request read", async () => {
    const server = await start({
      onRequest: async (request, response) => {
        const body = await request.toArray();
        response.end(`got ${String(Buffer.concat(body))}`);
      },
    });
    const text = `POST / HTTP/1.1\r\n${headers}Content-Length: 12\r\n\r\nhello, world`;
    expect(await exchange(server.port, text, true)).toContain(
      "got hello, world",
    );
  });

  test("is served by the user's own server, too, that we are attached to", async () => {
    const http = createServer((_request, response) => response.end("hello"));
    http.listen(0, "127.0.0.1");
    await once(http, "listening");
    onCleanup(() => http.close());
    await start({ server: http, path: "/events" });
    const { port } = http.address() as AddressInfo;
    const answer = await exchange(
      port,
      `GET / HTTP/1.1\r\n${headers}\r\n`,
      true,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 [^]*hello/);
    expect(await upgradeStatus({ port }, { target: "/events" })).toBe(101);
    expect(await upgradeStatus({ port }, { target: "/other" })).toBe(404);
  });

  test("gets 426 where there is nothing but the WebSocket", async () => {
    const server = await start();
    const answer = await exchange(
      server.port,
      `GET / HTTP/1.1\r\n${headers}\r\n`,
      true,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 426 /);
  });
});

describe("an upgrade that is offered", () => {
  const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  const upgrade = (offer: string) =>
    `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\n` +
    `Upgrade: ${offer}\r\nSec-WebSocket-Version: 13\r\n${key}\r\n`;

  test.each(["h2c, websocket", "WebSocket , h2c"])(
    "as %j is a WebSocket",
    async (offer) => {
      const { port } = await start();
      const status = await upgradeStatus(
        { port },
        { headers: { Upgrade: offer } },
      );
      expect(status).toBe(101);
    },
  );

  test.each(["notwebsocket", "websocket/13"])(
    "as %j is none, and is served as HTTP/1.1",
    async (offer) => {
      const { port } = await startPage();
      const status = await upgradeStatus(
        { port },
        { headers: { Upgrade: offer } },
      );
      expect(status).toBe(200);
    },
  );

  test.each(["websocket", "h2c"])(
    "as %s before earlier requests were answered ends the connection: no answer is out of order",
    async (offer) => {
      const { port } = await start({
        onRequest: (_request, response) => {
          setTimeout(() => response.end("late"), 50);
        },
      });
      const first = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
      expect(await exchange(port, first + upgrade(offer))).toBe("");
      await connect({ url: `ws://127.0.0.1:${port}` });
    },
  );
});

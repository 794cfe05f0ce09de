import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, get } from "node:http";
import type { Server as HttpServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Server as HttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WebSocketServer } from "ws";
import { startServer, stopServer } from "../../helpers/websockets-module.ts";
import {
  captureStderr,
  connect,
  onCleanup,
  start,
  upgradeStatus,
} from "../../helpers/servers.ts";

async function listen<S extends HttpServer | HttpsServer>(
  server: S,
  host = "127.0.0.1",
): Promise<S> {
  server.listen(0, host);
  await once(server, "listening");
  onCleanup(() => server.close());
  return server;
}

function portOf(server: HttpServer | HttpsServer): number {
  return (server.address() as AddressInfo).port;
}

function hello(): HttpServer {
  return createServer((_request, response) => response.end("hello"));
}

async function fetchText(port: number): Promise<string> {
  const request = get({ port, host: "127.0.0.1", agent: false });
  const [response] = await once(request, "response");
  let text = "";
  for await (const chunk of response) text += String(chunk);
  return text;
}

test("an attached server shares the port with the user's own requests", async () => {
  const http = await listen(hello());
  const server = await start({ server: http });
  expect(server.port).toBe(portOf(http));
  expect(server.host).toBe("127.0.0.1");
  expect(server.url).toBe(`ws://127.0.0.1:${server.port}`);
  const client = await connect(server);
  server.manager.broadcast({ event_type: "event" });
  await client.received(1);
  expect(await fetchText(server.port)).toBe("hello");
});

test("stopServer leaves the user's server running and takes its listeners away", async () => {
  const http = await listen(hello());
  const listeners = () =>
    http.eventNames().map((name) => [name, http.listenerCount(name)]);
  const before = listeners();
  const server = await start({ server: http });
  const client = await connect(server);
  await stopServer(server);
  expect(await client.closed).toMatchObject({ code: 1001 });
  expect(listeners()).toEqual(before);
  expect(await fetchText(portOf(http))).toBe("hello");
  const again = await start({ server: http });
  await connect(again);
});

test("it may be attached before the user's server listens", async () => {
  const http = hello();
  const server = await start({ server: http });
  expect(server.port).toBe(0);
  await listen(http);
  expect(server.port).toBe(portOf(http));
  await connect(server);
});

test("TLS comes with an https server", async () => {
  const folder = mkdtempSync(join(tmpdir(), "adw-tls-"));
  onCleanup(() => rmSync(folder, { recursive: true }));
  const key = join(folder, "key.pem");
  const cert = join(folder, "cert.pem");
  execFileSync(
    "openssl",
    [
      ..."req -x509 -nodes -days 1 -subj /CN=localhost".split(" "),
      ..."-newkey ec -pkeyopt ec_paramgen_curve:prime256v1".split(" "),
      ..."-addext subjectAltName=IP:127.0.0.1 -keyout".split(" "),
      key,
      "-out",
      cert,
    ],
    { stdio: "ignore" },
  );
  const options = { key: readFileSync(key), cert: readFileSync(cert) };
  const https = await listen(createTlsServer(options));
  const server = await start({ server: https, token: "t" });
  expect(server.url).toBe(`wss://127.0.0.1:${portOf(https)}`);
  const client = await connect(server, {
    query: { token: "t" },
    ws: { ca: options.cert, origin: `https://127.0.0.1:${portOf(https)}` },
  });
  for (let index = 0; index < 200; index += 1) {
    const metadata = { text: "x".repeat(1_000) };
    server.manager.broadcast({ event_type: "event", metadata });
  }
  await client.received(200);
  await stopServer(server);
  expect(await client.closed).toMatchObject({ code: 1001 });
});

test("with a path, other upgrades are left to the other listeners", async () => {
  const http = await listen(hello());
  const other = new WebSocketServer({ noServer: true });
  http.on("upgrade", (request, socket, head) => {
    if (!request.url?.startsWith("/hmr")) return;
    other.handleUpgrade(request, socket, head, (ws) => ws.send('{"hmr":1}'));
  });
  const server = await start({ server: http, path: "/events" });
  const theirs = await connect(server, { path: "/hmr" });
  expect(theirs.messages).toEqual([{ hmr: 1 }]);
  const ours = await connect(server, { path: "/events" });
  expect(ours.greeting.type).toBe("connection_established");
  expect(server.manager.connections.size).toBe(1);
});

test("with a path, and without other listeners, other upgrades give 404", async () => {
  const http = await listen(hello());
  const server = await start({ server: http, path: "/events" });
  expect(await upgradeStatus(server, { target: "/other" })).toBe(404);
  expect(await upgradeStatus(server, { target: "/events" })).toBe(101);
});

test("an upgrade that another listener has taken does not crash", async () => {
  const stderr = captureStderr();
  const http = await listen(hello());
  const other = new WebSocketServer({ noServer: true });
  http.on("upgrade", (request, socket, head) => {
    other.handleUpgrade(request, socket, head, () => {});
  });
  const server = await start({ server: http });
  await upgradeStatus(server);
  expect(stderr.join("")).toMatch(/^adw_websockets: upgrade failed: /);
  expect(await fetchText(server.port)).toBe("hello");
});

test("without a token only this machine is let in, whatever the user binds", async () => {
  const http = await listen(hello(), "0.0.0.0");
  const server = await start({ server: http });
  expect(await upgradeStatus(server)).toBe(101);
});

test("Host and Origin are checked there too", async () => {
  const http = await listen(hello());
  const server = await start({ server: http });
  const evil = { Host: "evil.example" };
  expect(await upgradeStatus(server, { headers: evil })).toBe(403);
  const origin = { Origin: "https://evil.example" };
  expect(await upgradeStatus(server, { headers: origin })).toBe(403);
});

test("onRequest and server exclude each other", async () => {
  const onRequest = () => {};
  await expect(startServer({ server: hello(), onRequest })).rejects.toThrow(
    "onRequest and server exclude each other: an attached server answers its own requests",
  );
});

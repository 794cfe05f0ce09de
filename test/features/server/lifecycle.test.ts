import { createServer, connect as netConnect } from "node:net";
import { once } from "node:events";
import { startServer, stopServer } from "../../helpers/websockets-module.ts";
import { EventClient } from "../../helpers/event-client.ts";
import {
  connect,
  connectRaw,
  eventually,
  onCleanup,
  start,
} from "../../helpers/servers.ts";

async function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  probe.listen(port, "127.0.0.1");
  try {
    await once(probe, "listening");
    return true;
  } catch {
    return false;
  } finally {
    probe.close();
  }
}

describe("startServer", () => {
  test("tells where it listens", async () => {
    const server = await start();
    expect(server.host).toBe("127.0.0.1");
    expect(server.port).toBeGreaterThan(0);
    expect(server.url).toBe(`ws://127.0.0.1:${server.port}`);
    expect(server.streamId).toBe(server.manager.streamId);
  });

  test("rejects with host and port when the port is in use", async () => {
    const { port } = await start();
    await expect(startServer({ port })).rejects.toMatchObject({
      name: "ListenError",
      code: "EADDRINUSE",
      message:
        `cannot listen on 127.0.0.1:${port}: the port is in use. ` +
        "Stop the other process, or choose another port.",
    });
  });

  test("names the address for other listen errors too", async () => {
    const attempt = startServer({ host: "203.0.113.9", port: 0, token: "t" });
    await expect(attempt).rejects.toMatchObject({
      name: "ListenError",
      code: "EADDRNOTAVAIL",
      message: expect.stringContaining("cannot listen on 203.0.113.9:0"),
    });
  });

  test.each([
    ["maxConnections", 0],
    ["maxConnections", Number.NaN],
    ["idleTimeoutMs", -1],
    ["pingIntervalMs", 0],
    ["historySize", -1],
    ["maxMessageBytes", 0],
    ["headerTimeoutMs", 0],
  ])("rejects %s: %p", async (name, value) => {
    await expect(startServer({ port: 0, [name]: value })).rejects.toThrow(
      TypeError,
    );
    await expect(startServer({ port: 0, [name]: value })).rejects.toThrow(
      `${name} must be a number >= `,
    );
  });

  test.each<[object, string]>([
    [{ host: 5 }, "host must be a string, got 5"],
    [
      { port: "8765" },
      'port must be a whole number from 0 to 65535, got "8765"',
    ],
    [
      { port: 65_536 },
      "port must be a whole number from 0 to 65535, got 65536",
    ],
    [{ allowedHosts: "a" }, "allowedHosts must be a list of strings"],
    [{ allowedOrigins: [5] }, "allowedOrigins must be a list of strings"],
    [
      { allowedOrigins: ["*"] },
      'allowedOrigins takes origins such as "https://dashboard.example", not "*"',
    ],
    [
      { allowedOrigins: ["null"] },
      'allowedOrigins takes origins such as "https://dashboard.example", not "null"',
    ],
  ])("rejects %j, which would otherwise never work", async (options, text) => {
    await expect(startServer({ port: 0, ...options })).rejects.toThrow(
      new TypeError(text),
    );
  });
});

describe("maxConnections", () => {
  test("the 101st client is closed with 1013 and the reason", async () => {
    const server = await start();
    const clients = await Promise.all(
      Array.from({ length: 100 }, () => connect(server)),
    );
    expect(server.manager.connections.size).toBe(100);

    const extra = new EventClient(server.url);
    expect(await extra.closed).toEqual({
      code: 1013,
      reason: "server is full: 100 connections",
    });
    expect(extra.messages).toEqual([]);

    clients[0]?.ws.close();
    await eventually(() => server.manager.connections.size === 99);
    await connect(server);
  });
});

describe("stopServer", () => {
  test("closes clients with 1001 and frees the port before it resolves", async () => {
    const server = await start();
    const client = await connect(server);
    await stopServer(server);
    expect(await client.closed).toEqual({
      code: 1001,
      reason: "server stopping",
    });
    expect(await isFree(server.port)).toBe(true);
    expect(server.manager.connections.size).toBe(0);
  });

  test("delivers what was broadcast in the same tick first", async () => {
    const server = await start();
    const client = await connect(server);
    server.manager.broadcast({ event_type: "last_words" });
    await stopServer(server);
    await client.closed;
    expect(client.seqs).toEqual([1]);
  });

  test("terminates a peer that does not answer the close after a second", async () => {
    const server = await start();
    const mute = await connectRaw(server);
    const before = performance.now();
    await stopServer(server);
    expect(performance.now() - before).toBeGreaterThan(900);
    await mute.closed;
    expect(await mute.closeFrame()).toMatchObject({ code: 1001 });
    expect(await isFree(server.port)).toBe(true);
  });

  test("does not wait for sockets that never upgraded", async () => {
    const server = await start();
    const silent = netConnect(server.port, "127.0.0.1");
    const half = netConnect(server.port, "127.0.0.1");
    const gone = [silent, half].map((socket) => {
      onCleanup(() => socket.destroy());
      socket.on("error", () => {}).resume();
      return new Promise((resolve) => socket.on("close", resolve));
    });
    await Promise.all([once(silent, "connect"), once(half, "connect")]);
    half.write("GET / HTTP/1.1\r\nHost: local");
    await Promise.all([stopServer(server), ...gone]);
    expect(await isFree(server.port)).toBe(true);
  });

  test("ends those too that were unregistered by hand", async () => {
    const server = await start();
    const client = await connect(server);
    for (const connection of server.manager.connections) {
      server.manager.unregister(connection);
    }
    await stopServer(server);
    await client.closed;
    expect(await isFree(server.port)).toBe(true);
  });

  test("may be called again, and at the same time", async () => {
    const server = await start();
    await connect(server);
    await Promise.all([stopServer(server), stopServer(server)]);
    await expect(stopServer(server)).resolves.toBeUndefined();
  });

  test("leaves a manager that still takes events", async () => {
    const server = await start();
    await stopServer(server);
    expect(server.manager.broadcast({ event_type: "late" })).toBe(1);
  });

  test("lets the process exit: no timer is left", async () => {
    const countTimers = () =>
      process.getActiveResourcesInfo().filter((name) => name === "Timeout")
        .length;
    // jest's own, and those of clients of the tests before.
    const before = countTimers();
    const server = await start({ maxBehindMs: 60_000 });
    const client = await connect(server);
    await stopServer(server);
    await client.closed;
    expect(countTimers()).toBeLessThanOrEqual(before);
  });
});

import { once } from "node:events";
import { clientFrame, PING, PONG } from "../../helpers/raw-client.ts";
import type { AdwServer, Connection } from "../../helpers/websockets-module.ts";
import { EventClient } from "../../helpers/event-client.ts";
import { connect, connectRaw, start } from "../../helpers/servers.ts";

function onlyConnection(server: AdwServer): Connection {
  const [connection] = server.manager.connections;
  if (connection === undefined) throw new Error("nobody is connected");
  return connection;
}

test("with the defaults a mute peer gets strikes at 40, 50 and 60 s and is terminated", async () => {
  const server = await start();
  const mute = await connectRaw(server);
  const connection = onlyConnection(server);
  const connectedAt = connection.heardAt;
  const strikesAt = (seconds: number) => {
    server.manager.keepalive(connectedAt + seconds * 1_000);
    return connection.strikes;
  };
  expect(strikesAt(29.9)).toBe(0);
  expect(connection.pingNumber).toBe(0);
  expect(strikesAt(30.1)).toBe(0);
  expect(connection.pingNumber).toBe(1);
  expect(strikesAt(39.9)).toBe(0);
  expect(strikesAt(40.2)).toBe(1);
  expect(connection.pingNumber).toBe(2);
  expect(strikesAt(49.9)).toBe(1);
  expect(strikesAt(50.3)).toBe(2);
  expect(strikesAt(59.9)).toBe(2);
  expect(server.manager.connections.size).toBe(1);
  expect(strikesAt(60.4)).toBe(3);
  expect(server.manager.connections.size).toBe(0);
  await mute.closed;
  expect(mute.of(PING)).toHaveLength(3);
  expect(await mute.closeFrame()).toBeNull();
});

test("the same happens by itself, on one timer", async () => {
  const server = await start({ pingIntervalMs: 120, pongTimeoutMs: 60 });
  const mute = await connectRaw(server);
  const before = performance.now();
  await mute.closed;
  expect(performance.now() - before).toBeGreaterThan(280);
  expect(mute.of(PING)).toHaveLength(3);
  expect(server.manager.stats().timeouts).toBe(1);
});

test("a dashboard that only listens stays connected", async () => {
  const server = await start({ pingIntervalMs: 25, idleTimeoutMs: 400 });
  const client = await connect(server);
  for (let pings = 0; pings < 30; pings += 1) await once(client.ws, "ping");
  expect(client.ws.readyState).toBe(client.ws.OPEN);
  expect(server.manager.connections.size).toBe(1);
});

test("a client that is not heard for the idle timeout is closed with 4408", async () => {
  const server = await start({ idleTimeoutMs: 100 });
  const client = new EventClient(server.url);
  expect(await client.closed).toEqual({
    code: 4408,
    reason: "idle timeout: nothing heard for 100 ms",
  });
});

test("a message counts as life, and so does a ping of the client", async () => {
  const server = await start();
  const raw = await connectRaw(server);
  const connection = onlyConnection(server);
  for (const opcode of [1, PING, PONG]) {
    const heardAt = connection.heardAt;
    raw.socket.write(clientFrame(opcode, "{}"));
    while (connection.heardAt === heardAt) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(connection.heardAt).toBeGreaterThan(heardAt);
  }
});

test("a timely pong clears the strikes; a late one is a sign of life only", async () => {
  const server = await start();
  const raw = await connectRaw(server);
  const connection = onlyConnection(server);
  const connectedAt = connection.heardAt;
  const pong = async (payload: string) => {
    const heardAt = connection.heardAt;
    raw.socket.write(clientFrame(PONG, payload));
    while (connection.heardAt === heardAt) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  server.manager.keepalive(connectedAt + 30_000);
  server.manager.keepalive(connectedAt + 40_001);
  expect(connection.strikes).toBe(1);
  await pong("1"); // answers the first ping, long after its time
  expect(connection.strikes).toBe(1);
  expect(connection.pongDueAt).not.toBe(Infinity);
  connection.pongDueAt = performance.now();
  await pong("2"); // answers the second, but too late
  expect(connection.strikes).toBe(1);
  expect(connection.pongDueAt).not.toBe(Infinity);
  connection.pongDueAt = performance.now() + 10_000;
  await pong("2"); // answers the second in time
  expect(connection.strikes).toBe(0);
  expect(connection.pongDueAt).toBe(Infinity);
  server.manager.keepalive(connectedAt + 69_000);
  expect(connection.pingNumber).toBe(2); // the next is due 30 s after the last
});

test("time in which this process was blocked is not held against clients", async () => {
  const server = await start({
    pingIntervalMs: 50,
    pongTimeoutMs: 100,
    maxMissedPongs: 1,
    idleTimeoutMs: 300,
  });
  const client = await connect(server);
  await once(client.ws, "ping");
  const until = performance.now() + 600;
  while (performance.now() < until); // a synchronous child process, say
  await once(client.ws, "ping");
  await once(client.ws, "ping");
  expect(client.ws.readyState).toBe(client.ws.OPEN);
});

test("Infinity switches a timeout off", async () => {
  const server = await start({
    pingIntervalMs: Infinity,
    idleTimeoutMs: Infinity,
    maxBehindMs: Infinity,
  });
  const client = await connect(server);
  server.manager.keepalive(performance.now() + 1e12);
  server.manager.broadcast({ event_type: "still_here" });
  await client.received(1);
  expect(server.manager.connections.size).toBe(1);
});

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type {
  EventHistory,
  SerializedEvent,
} from "../../helpers/websockets-module.ts";
import type { AdwServer } from "../../helpers/websockets-module.ts";
import { clientFrame, TEXT } from "../../helpers/raw-client.ts";
import {
  connect,
  connectRaw,
  eventually,
  nextTick,
  range,
  start,
} from "../../helpers/servers.ts";

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

/** Bytes in buffers that are still in use. */
function bufferBytes(): number {
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}

// More than the kernel buffers on loopback between two sockets.
const FLOOD_BYTES = 24_000_000;
const metadata = { text: "x".repeat(10_000) };
const FLOOD_EVENTS = FLOOD_BYTES / 10_000;

/** Broadcasts, and lets the sockets write in between. */
async function flood(
  server: AdwServer,
  events = FLOOD_EVENTS,
): Promise<number> {
  let largestQueue = 0;
  for (let index = 1; index <= events; index += 1) {
    server.manager.broadcast({ event_type: "event", metadata });
    if (index % 20 === 0) {
      await nextTick();
      const { queue_bytes } = server.manager.stats();
      largestQueue = Math.max(largestQueue, queue_bytes);
    }
  }
  return largestQueue;
}

test("a reader that stops costs the others nothing, and loses nothing", async () => {
  const server = await start({ maxQueueBytes: 500_000 });
  const slow = await connectRaw(server);
  const quick = await connect(server);
  slow.socket.pause();
  const largestQueue = await flood(server);
  await quick.received(FLOOD_EVENTS);
  expect(quick.seqs).toEqual(range(1, FLOOD_EVENTS));
  const { behind, catch_ups, queue_bytes, max_lag_events } =
    server.manager.stats();
  expect(behind).toBe(1);
  expect(catch_ups).toBeGreaterThanOrEqual(1);
  expect(max_lag_events).toBeGreaterThan(100);
  // Both clients' queues, and the last chunk of each.
  expect(largestQueue).toBeLessThan(2 * (500_000 + 300_000));
  expect(queue_bytes).toBeLessThan(800_000);

  slow.socket.resume();
  await slow.until(() => slow.seqs.length >= FLOOD_EVENTS);
  server.manager.broadcast({ event_type: "last" });
  await slow.until(() => slow.seqs.length > FLOOD_EVENTS);
  expect(slow.seqs).toEqual(range(1, FLOOD_EVENTS + 1));
  expect(server.manager.stats().behind).toBe(0);
}, 30_000);

test("events broadcast while a client catches up come once and in order", async () => {
  const server = await start({ maxQueueBytes: 100_000 });
  const slow = await connectRaw(server);
  slow.socket.pause();
  await flood(server);
  slow.socket.resume();
  await flood(server, 500);
  await slow.until(() => slow.seqs.at(-1) === FLOOD_EVENTS + 500);
  expect(slow.seqs).toEqual(range(1, FLOOD_EVENTS + 500));
}, 30_000);

test("a queue budget below the stream's own mark works too", async () => {
  const server = await start({ maxQueueBytes: 1 });
  const slow = await connectRaw(server);
  slow.socket.pause();
  const small = { text: "x".repeat(6_000) }; // one a tick does not fill it
  while (server.manager.stats().catch_ups === 0) {
    server.manager.broadcast({ event_type: "event", metadata: small });
    await nextTick();
  }
  slow.socket.resume();
  const last = server.manager.broadcast({ event_type: "last" });
  await slow.until(() => slow.seqs.at(-1) === last);
  expect(slow.seqs).toEqual(range(1, last));
}, 30_000);

test("a filter holds while catching up", async () => {
  const server = await start({ maxQueueBytes: 100_000 });
  const slow = await connectRaw(server);
  const filter = { event_types: ["wanted"] };
  slow.socket.write(
    clientFrame(TEXT, JSON.stringify({ type: "subscribe", filter })),
  );
  await slow.until(() => slow.of(TEXT).length === 2);
  slow.socket.pause();
  for (const index of range(1, FLOOD_EVENTS * 2)) {
    const event_type = index % 2 === 0 ? "wanted" : "other";
    server.manager.broadcast({ event_type, metadata });
    if (index % 20 === 0) await nextTick();
  }
  expect(server.manager.stats().behind).toBe(1);
  slow.socket.resume();
  await slow.until(() => slow.seqs.length === FLOOD_EVENTS);
  expect(slow.seqs).toEqual(range(1, FLOOD_EVENTS).map((index) => index * 2));
}, 30_000);

describe("a client whose next event has left the history", () => {
  test("is closed with 4413 and the last seq it was sent", async () => {
    const server = await start({ historySize: 50, maxQueueBytes: 200_000 });
    const slow = await connectRaw(server);
    slow.socket.pause();
    await flood(server);
    expect(server.manager.connections.size).toBe(0);
    expect(server.manager.stats().evictions).toBe(1);
    slow.socket.resume();
    const close = await slow.closeFrame();
    expect(close?.code).toBe(4413);
    const last = Number(/^last_seq=(\d+): /.exec(close?.reason ?? "")?.[1]);
    expect(slow.seqs).toEqual(range(1, last));
    expect(last).toBeLessThan(FLOOD_EVENTS - 50);
  }, 30_000);

  test("holds its place until it is gone", async () => {
    const server = await start({
      historySize: 50,
      maxQueueBytes: 200_000,
      maxConnections: 1,
    });
    const slow = await connectRaw(server);
    slow.socket.pause();
    await flood(server);
    expect(server.manager.isFull).toBe(true);
    slow.socket.destroy();
    await eventually(() => !server.manager.isFull);
    await connect(server);
  }, 30_000);

  test("is terminated when it never drains", async () => {
    const server = await start({ historySize: 50, maxQueueBytes: 200_000 });
    const slow = await connectRaw(server);
    slow.socket.pause();
    await flood(server);
    server.manager.keepalive(performance.now() + 31_000);
    await eventually(() => server.manager.stats().queue_bytes === 0);
    expect(server.manager.isFull).toBe(false);
  }, 30_000);
});

test("a client that stays behind for too long is closed with 4413", async () => {
  const server = await start({
    maxQueueBytes: 200_000,
    maxBehindMs: 60_000,
    idleTimeoutMs: Infinity,
    pingIntervalMs: Infinity,
  });
  const slow = await connectRaw(server);
  slow.socket.pause();
  await flood(server);
  const [connection] = server.manager.connections;
  server.manager.keepalive((connection?.behindSince ?? 0) + 60_001);
  slow.socket.resume();
  const close = await slow.closeFrame();
  expect(close).toEqual({
    code: 4413,
    reason: `last_seq=${slow.seqs.at(-1)}: behind for 60000 ms`,
  });
}, 30_000);

test("catching up from a database takes flat memory", async () => {
  const events = 8_000;
  const json = (seq: number) =>
    JSON.stringify({ seq, event_type: "event", agent_id: "a", metadata });
  const history: EventHistory = {
    streamId: "big",
    firstSeq: 1,
    lastSeq: events,
    read: (since, limit) =>
      range(since + 1, Math.min(since + limit, events)).map(
        (seq): SerializedEvent => ({
          seq,
          event_type: "event",
          agent_id: "a",
          log_level: "info",
          json: json(seq),
        }),
      ),
  };
  const server = await start({ history, maxQueueBytes: 300_000 });
  const slow = await connectRaw(server, { target: "/?since=0" });
  let count = 0;
  let largestQueue = 0;
  let mostMemory = 0;
  const before = bufferBytes();
  slow.socket.removeAllListeners("data");
  slow.socket.on("data", (chunk: Buffer) => {
    const tenth = Math.floor((count * 10) / (events * 10_000));
    count += chunk.length;
    largestQueue = Math.max(largestQueue, server.manager.stats().queue_bytes);
    if (Math.floor((count * 10) / (events * 10_000)) > tenth) {
      mostMemory = Math.max(mostMemory, bufferBytes() - before);
    }
  });
  await eventually(() => count > events * 10_000);
  await eventually(() => server.manager.stats().behind === 0);
  expect(largestQueue).toBeLessThan(600_000);
  expect(mostMemory).toBeLessThan(20_000_000); // 80 MB went through
}, 30_000);

test("what the history drops is let go of", async () => {
  const server = await start({ historyBytes: 1_000_000 });
  const before = bufferBytes();
  const large = { text: "x".repeat(100_000) };
  for (const index of range(1, 300)) {
    server.manager.broadcast({ event_type: "event", metadata: large });
    if (index % 10 === 0) await nextTick();
  }
  expect(bufferBytes() - before).toBeLessThan(5_000_000); // of 30 MB
});

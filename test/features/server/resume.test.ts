import { stopServer } from "../../helpers/websockets-module.ts";
import type { AdwServer } from "../../helpers/websockets-module.ts";
import {
  connect,
  nextTick,
  range,
  start,
  upgradeStatus,
} from "../../helpers/servers.ts";

function broadcast(server: AdwServer, count: number): void {
  for (let index = 0; index < count; index += 1) {
    server.manager.broadcast({ event_type: "milestone" });
  }
}

test("the greeting comes first and describes the stream", async () => {
  const server = await start();
  broadcast(server, 3);
  const client = await connect(server);
  expect(client.greeting).toEqual({
    type: "connection_established",
    server_time: expect.stringMatching(/^\d{4}-.*T.*\.\d{3}Z$/),
    protocol: 1,
    stream_id: server.streamId,
    last_seq: 3,
    oldest_seq: 1,
  });
});

test("without since, only new events are sent, pending ones not included", async () => {
  const server = await start();
  const first = await connect(server);
  broadcast(server, 2);
  const client = await connect(server);
  broadcast(server, 1);
  await client.received(1);
  expect(client.greeting["last_seq"]).toBe(2);
  expect(client.seqs).toEqual([3]);
  await first.received(3);
  expect(first.seqs).toEqual([1, 2, 3]);
});

test("since replays everything after it and goes live without gap or double", async () => {
  const server = await start();
  broadcast(server, 1_000);
  const stream = { stream_id: server.streamId };
  const client = await connect(server, { query: { since: 400, ...stream } });
  for (let round = 0; round < 50; round += 1) {
    broadcast(server, 2);
    await nextTick();
  }
  await client.received(700);
  expect(client.seqs).toEqual(range(401, 1_100));
  expect(client.messages.filter((message) => message.type)).toHaveLength(1);
});

test("a client that disconnects misses nothing when it comes back", async () => {
  const server = await start();
  const first = await connect(server);
  broadcast(server, 5);
  await first.received(5);
  first.destroy();
  await first.closed;
  broadcast(server, 5);
  const query = { since: 5, stream_id: server.streamId };
  const second = await connect(server, { query });
  broadcast(server, 5);
  await second.received(10);
  expect([...first.seqs, ...second.seqs]).toEqual(range(1, 15));
});

test("since at the newest seq replays nothing", async () => {
  const server = await start();
  broadcast(server, 5);
  const query = { since: 5, stream_id: server.streamId };
  const client = await connect(server, { query });
  broadcast(server, 1);
  await client.received(1);
  expect(client.messages.map(({ type, seq }) => type ?? seq)).toEqual([
    "connection_established",
    6,
  ]);
});

test("since without stream_id means this stream", async () => {
  const server = await start();
  broadcast(server, 3);
  const client = await connect(server, { query: { since: 1 } });
  await client.received(2);
  expect(client.seqs).toEqual([2, 3]);
});

describe("resync_required comes between the greeting and a full replay", () => {
  test.each([
    ["other_stream", { since: 2, stream_id: "another" }, 10],
    ["pruned", { since: 2 }, 3],
    ["pruned", { since: 0 }, 5],
    ["ahead", { since: 11 }, 10],
  ])("%s for %p", async (reason, query, historySize) => {
    const server = await start({ historySize });
    broadcast(server, 10);
    const client = await connect(server, {
      query: { stream_id: server.streamId, ...query },
    });
    broadcast(server, 1);
    const oldest = 11 - historySize;
    await client.received(historySize + 1);
    expect(client.messages[1]).toEqual({
      type: "resync_required",
      reason,
      stream_id: server.streamId,
      last_seq: 10,
      oldest_seq: oldest,
    });
    expect(client.messages[0]).toMatchObject({ oldest_seq: oldest });
    expect(client.seqs).toEqual(range(oldest, 11));
  });

  test("not for the last since that can still be served", async () => {
    const server = await start({ historySize: 3 });
    broadcast(server, 10);
    const client = await connect(server, { query: { since: 7 } });
    await client.received(3);
    expect(client.seqs).toEqual([8, 9, 10]);
    expect(client.messages).toHaveLength(4);
  });

  test("other_stream after a restart without a database", async () => {
    const before = await start();
    broadcast(before, 3);
    const { port, streamId } = before;
    await stopServer(before);
    const after = await start({ port });
    broadcast(after, 2);
    const query = { since: 3, stream_id: streamId };
    const client = await connect(after, { query });
    await client.received(2);
    expect(client.messages[1]).toMatchObject({ reason: "other_stream" });
    expect(client.seqs).toEqual([1, 2]);
  });
});

test("a history of size 0 keeps nothing, and says so", async () => {
  const server = await start({ historySize: 0 });
  broadcast(server, 2);
  const client = await connect(server, { query: { since: 1 } });
  broadcast(server, 1);
  await client.received(1);
  expect(client.messages[1]).toMatchObject({ reason: "pruned", oldest_seq: 3 });
  expect(client.seqs).toEqual([3]);
});

test("the history is bounded in bytes too", async () => {
  const server = await start({ historyBytes: 10_000 });
  const metadata = { text: "x".repeat(1_000) };
  for (let index = 0; index < 100; index += 1) {
    server.manager.broadcast({ event_type: "event", metadata });
  }
  const client = await connect(server, { query: { since: 0 } });
  const oldest = Number(client.greeting["oldest_seq"]);
  expect(oldest).toBeGreaterThan(90);
  await client.received(101 - oldest);
  expect(client.seqs).toEqual(range(oldest, 100));
});

test.each(["abc", "-1", "1.5", "", "1e3", "99999999999999999999", " 1", "0x1"])(
  "since=%p gives 400",
  async (since) => {
    const server = await start();
    const target = `/?since=${encodeURIComponent(since)}`;
    expect(await upgradeStatus(server, { target })).toBe(400);
  },
);

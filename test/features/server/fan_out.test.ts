import { broadcastAgentEvent } from "../../helpers/websockets-module.ts";
import type { AdwServer } from "../../helpers/websockets-module.ts";
import {
  captureStderr,
  connect,
  connectRaw,
  eventually,
  nextTick,
  range,
  start,
} from "../../helpers/servers.ts";

/** What is written to each client's socket from here on. */
function spyOnWrites(server: AdwServer): Array<Buffer[]> {
  return [...server.manager.connections].map((connection) => {
    const chunks: Buffer[] = [];
    const write = connection.socket.write.bind(connection.socket);
    jest.spyOn(connection.socket, "write").mockImplementation((chunk) => {
      chunks.push(chunk);
      return write(chunk);
    });
    return chunks;
  });
}

test("broadcastAgentEvent sends the contract's event", async () => {
  const server = await start();
  const client = await connect(server);
  const seq = await broadcastAgentEvent(
    server.manager,
    "agent-1",
    "agent_started",
    "Scout started",
    { files: 42, session_id: "s-1" },
  );
  expect(seq).toBe(1);
  const [event] = await client.received(1);
  expect(event).toEqual({
    seq: 1,
    event_type: "agent_started",
    agent_id: "agent-1",
    message: "Scout started",
    metadata: { files: 42, session_id: "s-1" },
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/),
    log_type: "event",
    log_level: "info",
    session_id: "s-1",
  });
});

test.each([
  ["step_start", "step_start", "info"],
  ["tool_call", "tool_call", "info"],
  ["error", "error", "error"],
  ["agent_failed", "event", "error"],
  ["a name nobody has seen", "event", "info"],
])("%s has log_type %s and log_level %s", async (type, logType, logLevel) => {
  const server = await start();
  const client = await connect(server);
  await broadcastAgentEvent(server.manager, "a", type, "");
  const [event] = await client.received(1);
  expect(event).toMatchObject({ log_type: logType, log_level: logLevel });
  expect(event?.metadata).toEqual({});
});

test("1,000 concurrent broadcasts of 20 agents arrive complete and in seq order at every client", async () => {
  const server = await start();
  const clients = await Promise.all(
    Array.from({ length: 10 }, () => connect(server)),
  );
  await Promise.all(
    range(1, 20).map(async (agent) => {
      for (let step = 1; step <= 50; step += 1) {
        await broadcastAgentEvent(
          server.manager,
          `agent-${agent}`,
          "milestone",
          `step ${step}`,
        );
        if (step % agent === 0) await nextTick();
      }
    }),
  );
  for (const client of clients) {
    await client.received(1_000);
    expect(client.seqs).toEqual(range(1, 1_000));
    for (const agent of range(1, 20)) {
      const steps = client.events
        .filter((event) => event.agent_id === `agent-${agent}`)
        .map((event) => event.message);
      expect(steps).toEqual(range(1, 50).map((step) => `step ${step}`));
    }
  }
});

describe("the events of one tick", () => {
  test("are one write per client, of one buffer that all clients share", async () => {
    const server = await start();
    const clients = [await connect(server), await connect(server)];
    const writes = spyOnWrites(server);
    for (let index = 0; index < 10; index += 1) {
      server.manager.broadcast({ event_type: "event" });
    }
    await Promise.all(clients.map((client) => client.received(10)));
    expect(writes.map((chunks) => chunks.length)).toEqual([1, 1]);
    expect(writes[0]?.[0]).toBe(writes[1]?.[0]);
  });

  test("include those of a loop that awaits each broadcast", async () => {
    const server = await start();
    const client = await connect(server);
    const writes = spyOnWrites(server);
    for (let index = 0; index < 10; index += 1) {
      await broadcastAgentEvent(server.manager, "a", "event", "");
    }
    await client.received(10);
    expect(writes[0]).toHaveLength(1);
  });

  test("are written early when they are large", async () => {
    const server = await start();
    const client = await connect(server);
    const writes = spyOnWrites(server);
    const metadata = { text: "x".repeat(100_000) };
    for (let index = 0; index < 10; index += 1) {
      server.manager.broadcast({ event_type: "event", metadata });
    }
    await client.received(10);
    expect(client.seqs).toEqual(range(1, 10));
    expect(
      Math.max(...(writes[0] ?? []).map((chunk) => chunk.length)),
    ).toBeLessThan(400_000);
  });
});

test.each([0, 1, 125, 126, 127, 65_535, 65_536, 200_000])(
  "a frame of about %i bytes is well-formed",
  async (size) => {
    const server = await start();
    const client = await connect(server);
    const overhead = 190; // the event around the message
    for (const length of range(Math.max(0, size - overhead), size).filter(
      (_, index) => index % 10 === 0,
    )) {
      server.manager.broadcast({
        event_type: "event",
        message: "é".repeat(length),
      });
    }
    server.manager.broadcast({ event_type: "last" });
    const last = () => client.events.at(-1)?.event_type === "last";
    await client.until(last);
    expect(client.seqs).toEqual(range(1, client.events.length));
  },
);

test("with nobody connected a broadcast is kept for who comes", async () => {
  const server = await start();
  expect(await broadcastAgentEvent(server.manager, "a", "event", "hello")).toBe(
    1,
  );
  const client = await connect(server, { query: { since: 0 } });
  await client.received(1);
});

test("a client destroyed mid-broadcast costs the others nothing", async () => {
  const stderr = captureStderr();
  const server = await start();
  const clients = await Promise.all(
    Array.from({ length: 5 }, () => connect(server)),
  );
  const raw = await connectRaw(server);
  for (let index = 1; index <= 500; index += 1) {
    await broadcastAgentEvent(server.manager, "a", "event", "");
    if (index === 200) raw.socket.resetAndDestroy();
    if (index === 300) clients[0]?.destroy();
    if (index % 7 === 0) await nextTick();
  }
  for (const client of clients.slice(1)) {
    await client.received(500);
    expect(client.seqs).toEqual(range(1, 500));
  }
  await eventually(() => server.manager.connections.size === 4);
  expect(stderr).toEqual([]);
});

describe("metadata that cannot be sent", () => {
  const cycle: Record<string, unknown> = {};
  cycle["self"] = cycle;
  const throwing = {
    toJSON() {
      throw new Error("no JSON today");
    },
  };

  test.each([
    ["a cycle", cycle, "Converting circular structure to JSON"],
    ["a BigInt", { n: 1n }, "Do not know how to serialize a BigInt"],
    ["a throwing toJSON", throwing, "no JSON today"],
  ])(
    "%s loses the metadata, not the event",
    async (_name, metadata, reason) => {
      const stderr = captureStderr();
      const server = await start();
      const client = await connect(server);
      await broadcastAgentEvent(server.manager, "a", "event", "m", metadata);
      await broadcastAgentEvent(server.manager, "a", "event", "m", metadata);
      await client.received(2);
      expect(client.events[1]).toMatchObject({
        message: "m",
        metadata: { unserializable: true, reason },
      });
      expect(stderr).toEqual([
        `adw_websockets: metadata of event "event" cannot be serialised and is left out: ${reason}\n`,
      ]);
    },
  );

  test("5 MB of it becomes a note of its size", async () => {
    const stderr = captureStderr();
    const server = await start();
    const client = await connect(server);
    const metadata = { text: "x".repeat(5_000_000) };
    await broadcastAgentEvent(server.manager, "a", "big", "m", metadata);
    const [event] = await client.received(1);
    expect(event?.message).toBe("m");
    expect(event?.metadata).toEqual({
      truncated: true,
      original_bytes: 5_000_011,
    });
    expect(stderr).toEqual([
      'adw_websockets: event "big" is over 1048576 bytes (metadata: 5000011); it is sent truncated\n',
    ]);
  });

  test("the bound holds for the whole event, its seq included", async () => {
    captureStderr();
    const server = await start({ maxEventBytes: 1_000 });
    const client = await connect(server);
    for (let size = 700; size <= 1_000; size += 1) {
      const metadata = { text: "x".repeat(size) };
      await broadcastAgentEvent(server.manager, "a", "event", "m", metadata);
    }
    const events = await client.received(301);
    const sizes = events.map((event) => JSON.stringify(event).length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1_000);
    expect(Math.max(...sizes)).toBeGreaterThan(970);
  });

  test("a message of 5 MB is cut, and small metadata kept", async () => {
    captureStderr();
    const server = await start();
    const client = await connect(server);
    const message = '"é'.repeat(2_000_000);
    await broadcastAgentEvent(server.manager, "a", "event", message, { ok: 1 });
    const [event] = await client.received(1);
    expect(event?.message).toMatch(/^["é]+… \[truncated\]$/);
    expect(Buffer.byteLength(JSON.stringify(event))).toBeLessThan(1_048_576);
    expect(event?.metadata).toEqual({ ok: 1 });
  });

  test("huge names are cut", async () => {
    const server = await start();
    const client = await connect(server);
    const huge = "x".repeat(100_000);
    await broadcastAgentEvent(server.manager, huge, huge, "");
    const [event] = await client.received(1);
    expect(event?.agent_id).toHaveLength(1_024);
    expect(event?.event_type).toHaveLength(1_024);
  });

  test("what is not an object is sent as its value", async () => {
    const server = await start();
    const client = await connect(server);
    const date = new Date(0);
    for (const metadata of [null, undefined, [1], "text", date, () => 1]) {
      server.manager.broadcast({
        event_type: "event",
        metadata: metadata as unknown as Record<string, unknown>,
      });
    }
    await client.received(6);
    expect(client.events.map((event) => event.metadata)).toEqual([
      {},
      {},
      { value: [1] },
      { value: "text" },
      { value: "1970-01-01T00:00:00.000Z" },
      {},
    ]);
  });

  test("arguments that are not what they should be never throw", async () => {
    captureStderr();
    const server = await start();
    const client = await connect(server);
    const junk: unknown[] = [null, undefined, 7, {}, Symbol("s"), [[]]];
    for (const value of junk) {
      const text = value as string;
      await broadcastAgentEvent(server.manager, text, text, text);
      server.manager.broadcast(value as { event_type: string });
    }
    server.manager.broadcast({ event_type: "last" });
    await client.until(() => client.events.at(-1)?.event_type === "last");
    for (const event of client.events) {
      expect(typeof event.message).toBe("string");
      expect(typeof event.agent_id).toBe("string");
    }
  });
});

test("stats count what happened", async () => {
  const server = await start();
  const clients = [await connect(server), await connect(server)];
  for (let index = 0; index < 3; index += 1) {
    server.manager.broadcast({ event_type: "event" });
  }
  await Promise.all(clients.map((client) => client.received(3)));
  expect(server.manager.stats()).toEqual({
    connections: 2,
    behind: 0,
    events: 3,
    deliveries: 6,
    catch_ups: 0,
    evictions: 0,
    timeouts: 0,
    queue_bytes: 0,
    max_lag_events: 0,
    last_seq: 3,
    oldest_seq: 1,
  });
});

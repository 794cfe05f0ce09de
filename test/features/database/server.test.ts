/** The server joined to the database: history and live are one stream, across processes and restarts. */
import { execFileSync } from "node:child_process";
import { residentBytes, startAdwServer } from "../../helpers/adw-server.ts";
import {
  addAgent,
  expectNoGaps,
  openForTest,
  temporaryPath,
} from "../../helpers/database.ts";
import { ResumingClient } from "../../helpers/resuming-client.ts";
import {
  captureStderr,
  connect,
  onCleanup,
  start,
} from "../../helpers/servers.ts";
import { startWriter } from "../../helpers/writers.ts";

jest.setTimeout(120_000);

function follow(
  url: () => string,
  since = 0,
  onEvent?: ResumingClient["onEvent"],
): ResumingClient {
  const client = new ResumingClient(url, since, onEvent);
  onCleanup(() => client.close());
  return client;
}

describe("in one process", () => {
  it("serves what was stored before, then what is written, as one stream", async () => {
    const database = openForTest();
    const { id } = addAgent(database);
    const server = await start({ history: database.events });
    database.onCommit(() => server.manager.notify());
    const client = await connect(server, { query: { since: 0 } });
    expect(client.greeting).toMatchObject({
      stream_id: database.events.streamId,
      oldest_seq: 1,
      last_seq: 1,
    });
    database.agentLogs.create({
      agent_id: id,
      log_type: "milestone",
      message: "Half way",
      details: { percent: 50 },
    });
    const [created, halfWay] = await client.received(2);
    expect(created).toMatchObject({
      seq: 1,
      event_type: "agent_created",
      agent_id: id,
    });
    expect(halfWay).toEqual({
      seq: 2,
      event_type: "milestone",
      agent_id: id,
      message: "Half way",
      metadata: { percent: 50 },
      timestamp: expect.any(String),
      log_type: "milestone",
      log_level: "info",
      session_id: "session-1",
    });
  });

  it("stores what is broadcast, so that it survives too", async () => {
    const database = openForTest();
    const server = await start({ history: database.events });
    const client = await connect(server, { query: { since: 0 } });
    expect(
      server.manager.broadcast({ event_type: "heartbeat", metadata: { n: 1 } }),
    ).toBe(1);
    database.systemLogs.create({ component: "x", message: "a row in between" });
    expect(
      server.manager.broadcast({ event_type: "heartbeat", metadata: { n: 2 } }),
    ).toBe(3);
    await client.received(3);
    expect(client.seqs).toEqual([1, 2, 3]);
    expect(database.events.lastSeq).toBe(3);
  });

  it.each([
    ["a message of 2 MB", "y".repeat(2_000_000), 0],
    ["a message of 2 MB, and metadata of 700 kB", "y".repeat(2_000_000), 7e5],
    ["a message of 2 MB, and metadata of 900 kB", "y".repeat(2_000_000), 9e5],
    ["a message of 300 kB, and metadata of 900 kB", "y".repeat(300_000), 9e5],
    ["a message of quotes only", '"'.repeat(600_000), 1e5],
    ["metadata of 5 MB", "hello", 5e6],
  ])(
    "sends %s as it would without a database, and says so",
    async (_title, message, size) => {
      const reports = captureStderr();
      const database = openForTest();
      const stored = await start({ history: database.events });
      const inMemory = await start();
      const details = { component: "x", text: "x".repeat(size) };
      const { created_at } = database.systemLogs.create({
        component: "x",
        message,
        details,
      });
      inMemory.manager.broadcast({
        event_type: "system_event",
        message,
        // As SQLite's json_set leaves it, where it replaces the component.
        metadata: details,
        timestamp: String(created_at),
      });
      stored.manager.notify();
      const query = { since: 0 };
      const clients = await Promise.all(
        [stored, inMemory].map((server) => connect(server, { query })),
      );
      const [fromDatabase, fromMemory] = await Promise.all(
        clients.map((client) => client.received(1)),
      );
      expect(fromDatabase).toEqual(fromMemory);
      expect(JSON.stringify(fromDatabase?.[0]).length).toBeLessThan(1_048_576);
      const text = `adw_websockets: event "system_event" is over 1048576 bytes (metadata: ${size + 27}); it is sent truncated\n`;
      expect(reports).toEqual([text, text]);
    },
  );

  it("stores metadata that a toJSON has turned into something else", async () => {
    const database = openForTest();
    const server = await start({ history: database.events });
    const client = await connect(server);
    for (const value of [undefined, "text", [1]]) {
      const metadata = { toJSON: () => value };
      server.manager.broadcast({ event_type: "event", metadata });
    }
    const events = await client.received(3);
    expect(events.map(({ metadata }) => metadata)).toEqual([
      {},
      { value: "text" },
      { value: [1] },
    ]);
  });

  it("says pruned to a client whose next event retention has deleted, and goes on from the oldest", async () => {
    const database = openForTest();
    const old = new Date(Date.now() - 40 * 86_400_000).toISOString();
    for (let i = 0; i < 10; i += 1)
      database.systemLogs.append("info", "x", String(i), null, old);
    database.systemLogs.create({ component: "x", message: "young" });
    await database.cleanupOldLogs(30);
    const server = await start({ history: database.events });
    const behind = await connect(server, {
      query: { since: 4, stream_id: database.events.streamId },
    });
    await behind.received(1);
    expect(behind.messages[1]).toMatchObject({
      type: "resync_required",
      reason: "pruned",
      oldest_seq: 11,
    });
    expect(behind.seqs).toEqual([11]);
    const ahead = await connect(server, {
      query: { since: 10, stream_id: database.events.streamId },
    });
    await ahead.received(1);
    expect(ahead.messages.map(({ type }) => type)).toEqual([
      "connection_established",
      undefined,
    ]);
  });
});

/** Python's own sqlite3 module stands for every other language. */
const PYTHON = `
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
with connection:
    for n in range(100):
        connection.execute("INSERT INTO system_logs (log_level, component, message) VALUES ('INFO', 'python', ?)", (str(n),))
`;

describe("with writers in other processes", () => {
  it("streams what another language writes", async () => {
    const path = temporaryPath();
    const server = await startAdwServer(path);
    const components: unknown[] = [];
    const client = follow(
      () => server.url,
      0,
      ({ metadata }) => components.push(metadata["component"]),
    );
    execFileSync("python3", ["-c", PYTHON, path]);
    await client.reached(100);
    expect(components).toEqual(Array.from({ length: 100 }, () => "python"));
    expect(client.faults).toEqual([]);
  });

  it("brings a client back to where it was after a restart of the server, whatever was written meanwhile", async () => {
    const path = temporaryPath();
    let server = await startAdwServer(path);
    const client = follow(() => server.url);
    execFileSync("python3", ["-c", PYTHON, path]);
    await client.reached(100);
    await server.kill("SIGTERM");
    execFileSync("python3", ["-c", PYTHON, path]);
    server = await startAdwServer(path);
    await client.reached(200);
    execFileSync("python3", ["-c", PYTHON, path]);
    await client.reached(300);
    expect(client.faults).toEqual([]);
  });

  it.each(["writer", "server", "both"])(
    "loses and doubles nothing when the %s is killed",
    async (victim) => {
      const path = temporaryPath();
      openForTest(path);
      let server = await startAdwServer(path);
      const received = new Map<string, number>();
      const client = follow(
        () => server.url,
        0,
        ({ agent_id, event_type, metadata }) => {
          if (event_type === "tool_call")
            received.set(agent_id, Number(metadata["row"]));
        },
      );
      const writer = startWriter({
        path,
        agent: "victim",
        rows: 1_000_000,
        every: 20,
      });
      await writer.ready;
      await new Promise((resolve) => setTimeout(resolve, 100));
      if (victim !== "writer") await server.kill("SIGKILL");
      if (victim !== "server") {
        writer.child.kill("SIGKILL");
        await writer.ended;
      }
      if (victim !== "writer") server = await startAdwServer(path);
      writer.child.kill("SIGKILL");
      await writer.ended;
      const database = openForTest(path);
      await client.reached(database.events.lastSeq);
      expect(client.faults).toEqual([]);
      expect(received.get("victim") ?? 0).toBeGreaterThanOrEqual(
        writer.committed(),
      );
      expectNoGaps(database);
    },
  );

  it("feeds a client that stops reading from the database, later, and nobody else waits", async () => {
    const path = temporaryPath();
    const server = await startAdwServer(path);
    const slow = follow(() => server.url);
    const quick = follow(() => server.url);
    const writer = startWriter({
      path,
      agent: "a",
      rows: 15_000,
      every: 500,
      padding: 1_000,
    });
    await writer.ready;
    slow.stall(3_000);
    await writer.ended;
    const { lastSeq } = openForTest(path).events;
    await quick.reached(lastSeq);
    await slow.reached(lastSeq);
    expect([...slow.faults, ...quick.faults]).toEqual([]);
    expect(residentBytes(server)).toBeLessThan(600 * 1_048_576);
  });
});

import {
  broadcastAgentEvent,
  stopServer,
} from "../../helpers/websockets-module.ts";
import type {
  AdwServer,
  EventHistory,
  NewEvent,
  StoredEvent,
} from "../../helpers/websockets-module.ts";
import {
  captureStderr,
  connect,
  eventually,
  nextTick,
  range,
  start,
} from "../../helpers/servers.ts";

interface Kind {
  asynchronous: boolean;
  serialized: boolean;
}

/** A table in memory: what a database would be. */
class Table implements EventHistory {
  readonly streamId = "table-1";
  rows: StoredEvent[] = [];
  lastSeq = 0;
  reads = 0;
  fail: Error | null = null;
  private readonly kind: Kind;

  constructor(kind: Partial<Kind> = {}) {
    this.kind = { asynchronous: false, serialized: true, ...kind };
  }

  get firstSeq(): number {
    return this.rows[0]?.seq ?? this.lastSeq + 1;
  }

  read(since: number, limit: number) {
    this.reads += 1;
    if (this.fail !== null) throw this.fail;
    const find = () =>
      this.rows.filter((row) => row.seq > since).slice(0, limit);
    return this.kind.asynchronous ? nextTick().then(find) : find();
  }

  /** What any process does that writes to the table. */
  write(event: Partial<NewEvent> = {}, seq = this.lastSeq + 1): StoredEvent {
    const whole = {
      seq,
      event_type: "event",
      agent_id: "db",
      message: "",
      metadata: {},
      timestamp: "2026-01-01T00:00:00.000Z",
      log_type: "event",
      log_level: "info",
      ...event,
    };
    const row = this.kind.serialized
      ? {
          seq,
          event_type: whole.event_type,
          agent_id: whole.agent_id,
          log_level: whole.log_level,
          session_id: null,
          json: JSON.stringify(whole),
        }
      : whole;
    this.rows.push(row);
    this.lastSeq = seq;
    return row;
  }
}

class AppendingTable extends Table {
  append(event: NewEvent): StoredEvent {
    return this.write(event);
  }
}

const kinds = [
  { asynchronous: false, serialized: true },
  { asynchronous: false, serialized: false },
  { asynchronous: true, serialized: true },
  { asynchronous: true, serialized: false },
];

describe.each(kinds)("a history with append, %j", (kind) => {
  test("numbers and keeps what is broadcast, and survives a restart", async () => {
    const table = new AppendingTable(kind);
    const before = await start({ history: table });
    expect(before.streamId).toBe("table-1");
    const first = await connect(before);
    for (const index of range(1, 700)) {
      const seq = await broadcastAgentEvent(before.manager, "a", "event", "");
      expect(seq).toBe(index);
    }
    await first.received(700);
    await stopServer(before);

    const after = await start({ history: table });
    const query = { since: 10, stream_id: "table-1" };
    const second = await connect(after, { query });
    await broadcastAgentEvent(after.manager, "a", "event", "");
    await second.received(691);
    expect(second.greeting).toMatchObject({ last_seq: 700, oldest_seq: 1 });
    expect(second.seqs).toEqual(range(11, 701));
  });

  test("with writes of other processes in between stays in order", async () => {
    const table = new AppendingTable(kind);
    const server = await start({ history: table });
    const client = await connect(server);
    for (const index of range(1, 300)) {
      table.write({ message: "from elsewhere" });
      if (index % 3 === 0) server.manager.notify();
      await broadcastAgentEvent(server.manager, "a", "event", "own");
      if (index % 5 === 0) await nextTick();
    }
    await client.received(600);
    expect(client.seqs).toEqual(range(1, 600));
    expect(client.events.map((event) => event.message)).toEqual(
      range(1, 600).map((seq) => (seq % 2 ? "from elsewhere" : "own")),
    );
  });

  test("resumes while others write, without gap or double", async () => {
    const table = new AppendingTable(kind);
    for (let index = 0; index < 1_000; index += 1) table.write();
    const server = await start({ history: table, historySize: 20 });
    const opening = connect(server, { query: { since: 0 } });
    for (let index = 0; index < 200; index += 1) {
      table.write();
      server.manager.notify();
      await nextTick();
    }
    const client = await opening;
    await client.received(1_200);
    expect(client.seqs).toEqual(range(1, 1_200));
    await eventually(() => server.manager.stats().behind === 0);
  });
});

describe.each(kinds)("a history without append, %j", (kind) => {
  test("is followed by broadcasts that are kept in memory only", async () => {
    const table = new Table(kind);
    for (let index = 0; index < 600; index += 1) table.write();
    const server = await start({ history: table });
    const live = await connect(server);
    for (const index of range(601, 650)) {
      expect(server.manager.broadcast({ event_type: "event" })).toBe(index);
    }
    const client = await connect(server, { query: { since: 100 } });
    await client.received(550);
    expect(client.seqs).toEqual(range(101, 650));
    await live.received(50);
    expect(live.seqs).toEqual(range(601, 650));
    expect(table.rows).toHaveLength(600);
  });

  test("grows by notify", async () => {
    const table = new Table(kind);
    const server = await start({ history: table });
    const client = await connect(server);
    for (let index = 0; index < 1_000; index += 1) table.write();
    server.manager.notify();
    await client.received(1_000);
    expect(client.seqs).toEqual(range(1, 1_000));
  });
});

test("numbers may have gaps", async () => {
  const table = new Table();
  const seqs = range(1, 900).map((index) => index * 3);
  for (const seq of seqs.slice(0, 600)) table.write({}, seq);
  const server = await start({ history: table });
  for (const seq of seqs.slice(600)) table.write({}, seq);
  server.manager.notify();
  const client = await connect(server, { query: { since: 4 } });
  await client.received(899);
  expect(client.seqs).toEqual(seqs.slice(1));
  await eventually(() => server.manager.stats().behind === 0);
});

test("numbers may be missing at the end of the table", async () => {
  const table = new Table();
  for (let index = 0; index < 7; index += 1) table.write();
  table.lastSeq = 9; // two transactions were rolled back
  const server = await start({ history: table });
  const client = await connect(server, { query: { since: 2 } });
  await eventually(() => server.manager.stats().behind === 0);
  table.write();
  server.manager.notify();
  await client.received(6);
  expect(client.seqs).toEqual([3, 4, 5, 6, 7, 10]);
});

test("an event that is published while the table is read comes once", async () => {
  const table = new AppendingTable({ asynchronous: true });
  const server = await start({ history: table });
  const client = await connect(server);
  server.manager.notify();
  await eventually(() => table.reads === 1);
  server.manager.broadcast({ event_type: "event" }); // the read will find it
  await nextTick();
  await nextTick();
  server.manager.broadcast({ event_type: "event" });
  await client.received(2);
  expect(client.seqs).toEqual([1, 2]);
});

test("a broadcast after a number was lost goes out at once", async () => {
  const table = new AppendingTable();
  const server = await start({ history: table });
  const client = await connect(server);
  table.lastSeq = 7; // a transaction was rolled back
  expect(server.manager.broadcast({ event_type: "event" })).toBe(8);
  await client.received(1);
  expect(client.seqs).toEqual([8]);
});

test("notify in one tick reads once", async () => {
  const table = new Table();
  const server = await start({ history: table });
  const client = await connect(server);
  table.write();
  for (let index = 0; index < 100; index += 1) server.manager.notify();
  await client.received(1);
  expect(table.reads).toBe(1);
});

test("notify without a history, or with nothing new, does nothing", async () => {
  const plain = await start();
  plain.manager.notify();
  const server = await start({ history: new Table() });
  server.manager.notify();
  await nextTick();
  await nextTick();
  expect(server.manager.stats().events).toBe(0);
});

test("a since that only the table has reached is not ahead", async () => {
  const table = new Table();
  const server = await start({ history: table });
  for (let index = 0; index < 5; index += 1) table.write();
  // Another process wrote these, and has sent them to this client already.
  const client = await connect(server, { query: { since: 3 } });
  await client.received(2);
  expect(client.seqs).toEqual([4, 5]);
  await eventually(() => server.manager.stats().behind === 0);
});

describe("retention", () => {
  test("rows that are gone are pruned for who resumes before them", async () => {
    const table = new Table();
    for (let index = 0; index < 100; index += 1) table.write();
    table.rows = table.rows.slice(60);
    const server = await start({ history: table });
    const client = await connect(server, { query: { since: 10 } });
    await client.received(40);
    expect(client.messages[1]).toMatchObject({
      reason: "pruned",
      oldest_seq: 61,
    });
    expect(client.seqs).toEqual(range(61, 100));
  });

  test("rows that go while they are read end in 4413, not in a gap", async () => {
    const table = new Table({ asynchronous: true });
    for (let index = 0; index < 2_000; index += 1) table.write();
    const server = await start({ history: table });
    const client = await connect(server, { query: { since: 0 } });
    table.rows = table.rows.slice(1_500);
    const { code, reason } = await client.closed;
    expect(code).toBe(4413);
    expect(reason).toMatch(/^last_seq=\d+: /);
    const last = client.seqs.at(-1) ?? 0;
    expect(client.seqs).toEqual(range(1, last));
    expect(Number(/\d+/.exec(reason)?.[0])).toBe(last);
  });

  test("an empty table says where it will go on", async () => {
    const table = new Table();
    for (let index = 0; index < 9; index += 1) table.write();
    table.rows = [];
    const server = await start({ history: table });
    const client = await connect(server, { query: { since: 9 } });
    expect(client.greeting).toMatchObject({ last_seq: 9, oldest_seq: 10 });
    table.write();
    server.manager.notify();
    await client.received(1);
    expect(client.seqs).toEqual([10]);
    expect(client.messages).toHaveLength(2);
  });

  test("broadcasts that left the memory leave a hole, which is pruned", async () => {
    const table = new Table();
    for (let index = 0; index < 10; index += 1) table.write();
    const server = await start({ history: table, historySize: 5 });
    for (let index = 0; index < 20; index += 1) {
      server.manager.broadcast({ event_type: "event" });
    }
    const client = await connect(server, { query: { since: 5 } });
    await client.received(5);
    expect(client.messages[1]).toMatchObject({
      reason: "pruned",
      oldest_seq: 26,
    });
    expect(client.seqs).toEqual(range(26, 30));
  });
});

describe("a history that fails", () => {
  test("to append: the event is lost, reported, and nothing is thrown", async () => {
    const stderr = captureStderr();
    const table = new AppendingTable();
    table.append = () => {
      throw new Error("database is locked");
    };
    const server = await start({ history: table });
    const seq = await broadcastAgentEvent(server.manager, "a", "event", "");
    expect(seq).toBe(0);
    expect(stderr).toEqual([
      "adw_websockets: an event was lost: database is locked\n",
    ]);
  });

  test("to read: it is reported once and tried again", async () => {
    const stderr = captureStderr();
    const table = new Table();
    for (let index = 0; index < 10; index += 1) table.write();
    const server = await start({ history: table });
    table.fail = new Error("disk I/O error");
    const client = await connect(server, { query: { since: 0 } });
    table.write();
    server.manager.notify();
    await eventually(() => table.reads >= 2);
    table.fail = null;
    await client.received(11);
    expect(client.seqs).toEqual(range(1, 11));
    expect(stderr).toEqual([
      "adw_websockets: reading the history failed, will try again: disk I/O error\n",
    ]);
  });

  test("to be read at all: startServer rejects", async () => {
    const table = new Table();
    Object.defineProperty(table, "lastSeq", {
      get() {
        throw new Error("no such table");
      },
    });
    await expect(start({ history: table })).rejects.toThrow("no such table");
  });
});

test("a stored event that is too large is sent truncated", async () => {
  captureStderr();
  const table = new Table();
  table.write({ message: "m", metadata: { text: "x".repeat(5_000) } });
  table.write();
  const server: AdwServer = await start({
    history: table,
    maxEventBytes: 2_000,
  });
  const client = await connect(server, { query: { since: 0 } });
  const [event] = await client.received(2);
  expect(event).toMatchObject({
    seq: 1,
    message: "m",
    timestamp: "2026-01-01T00:00:00.000Z",
    metadata: { truncated: true, original_bytes: 5_011 },
  });
});

test("a stored event that is no JSON does not block those behind it", async () => {
  captureStderr();
  const table = new Table();
  const row = table.write();
  if ("json" in row) row.json = `{"broken${" ".repeat(3_000)}`;
  table.write();
  const server = await start({ history: table, maxEventBytes: 2_000 });
  const client = await connect(server, { query: { since: 0 } });
  await client.received(2);
  expect(client.seqs).toEqual([1, 2]);
});

test("very large stored events are read in small pages", async () => {
  const table = new Table();
  const metadata = { text: "x".repeat(200_000) };
  for (let index = 0; index < 60; index += 1) table.write({ metadata });
  const read = jest.spyOn(table, "read");
  const server = await start({ history: table });
  const client = await connect(server, { query: { since: 0 } });
  await client.received(60);
  expect(client.seqs).toEqual(range(1, 60));
  const limits = read.mock.calls.slice(1).map(([, limit]) => limit);
  expect(Math.max(...limits)).toBeLessThan(10);
});

/** The server's database is deleted, replaced, restored or overwritten while it runs. */
import {
  copyFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { WebSocket } from "ws";
import { startAdwServer } from "../../helpers/adw-server.ts";
import type { ServerProcess } from "../../helpers/adw-server.ts";
import { openForTest, temporaryPath } from "../../helpers/database.ts";
import { loadRendered } from "../../helpers/rendered-modules.ts";
import { sqlWriter } from "../../helpers/sqlite-writer.ts";

const { openDatabase } = loadRendered("adw_modules/adw_database");

jest.setTimeout(60_000);

/** A client that reconnects with what it has, and keeps all that it was sent. */
class Client {
  readonly messages: Record<string, unknown>[] = [];
  #last: { seq: number; streamId: string } | undefined;
  #socket: WebSocket | undefined;
  #stopped = false;

  constructor(url: string) {
    const connect = () => {
      if (this.#stopped) return;
      const query = this.#last
        ? `?since=${this.#last.seq}&stream_id=${this.#last.streamId}`
        : "?since=0";
      const socket = new WebSocket(`${url}/${query}`);
      this.#socket = socket;
      socket.on("message", (data) => this.#take(JSON.parse(String(data))));
      socket.on("error", () => undefined);
      socket.on("close", () => setTimeout(connect, 20));
    };
    connect();
    clients.push(this);
  }

  /** Resolves with the first message that matches, after the `from`th. */
  async saw(
    fields: Record<string, unknown>,
    from = 0,
  ): Promise<Record<string, unknown>> {
    const deadline = Date.now() + 40_000;
    for (;;) {
      const found = this.messages
        .slice(from)
        .find((message) =>
          Object.entries(fields).every(
            ([key, value]) => message[key] === value,
          ),
        );
      if (found !== undefined) return found;
      if (Date.now() > deadline) {
        throw new Error(
          `never saw ${JSON.stringify(fields)}: ${JSON.stringify(this.messages)}`,
        );
      }
      await pause(10);
    }
  }

  close(): void {
    this.#stopped = true;
    this.#socket?.terminate();
  }

  #take(message: Record<string, unknown>): void {
    this.messages.push(message);
    const { type, seq, stream_id: streamId } = message;
    if (type === "resync_required") {
      this.#last = { seq: 0, streamId: String(streamId) };
    } else if (type === "connection_established") {
      this.#last ??= { seq: 0, streamId: String(streamId) };
    } else if (typeof seq === "number" && this.#last) {
      this.#last.seq = seq;
    }
  }
}

const clients: Client[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Another program that writes one row, and is gone. */
function log(path: string, message: string): void {
  const database = openDatabase({ path });
  database.systemLogs.create({ component: "git", message });
  database.close();
}

async function health(server: ServerProcess): Promise<number> {
  const response = await fetch(`${server.url.replace(/^ws/, "http")}/healthz`);
  await response.text();
  return response.status;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 40_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error("never became true");
    await pause(20);
  }
}

function remove(path: string): void {
  for (const suffix of ["", "-wal", "-shm"]) {
    rmSync(`${path}${suffix}`, { force: true });
  }
}

async function start(messages = ["one", "two", "three"]) {
  const path = temporaryPath();
  for (const message of messages) log(path, message);
  const server = await startAdwServer(path);
  const client = new Client(server.url);
  await client.saw({ message: messages.at(-1) });
  const [greeting] = client.messages;
  return { path, server, client, streamId: greeting?.["stream_id"] };
}

const OPENED_ANEW = /while it was in use; it is opened anew/g;

it("deleted: said once, opened anew, clients resume into resync_required, live events flow", async () => {
  const { path, server, client, streamId } = await start();
  remove(path);
  const resync = await client.saw({ type: "resync_required" });
  expect(resync).toMatchObject({ reason: "other_stream" });
  expect(resync["stream_id"]).not.toBe(streamId);
  log(path, "after");
  expect(await client.saw({ message: "after" })).toMatchObject({ seq: 1 });
  expect(await health(server)).toBe(200);
  expect(server.program.stderr().match(OPENED_ANEW)).toHaveLength(1);
  expect(server.program.stderr()).toContain(`${path} was deleted while`);
});

it("replaced by another database: clients get what it holds, and what comes", async () => {
  const { path, server, client, streamId } = await start();
  const other = temporaryPath();
  for (const message of ["other 1", "other 2"]) log(other, message);
  remove(path);
  renameSync(other, path);
  const resync = await client.saw({ type: "resync_required" });
  expect(resync["stream_id"]).not.toBe(streamId);
  await client.saw({ message: "other 2" });
  log(path, "after");
  expect(await client.saw({ message: "after" })).toMatchObject({ seq: 3 });
  expect(server.program.stderr().match(OPENED_ANEW)).toHaveLength(1);
});

it("restored from a backup: a seq never means two events of one stream", async () => {
  const path = temporaryPath();
  log(path, "one");
  const backup = `${path}.saved`;
  copyFileSync(path, backup);
  const server = await startAdwServer(path);
  const client = new Client(server.url);
  log(path, "two");
  await client.saw({ message: "two" });
  const [greeting] = client.messages;
  remove(path);
  renameSync(backup, path);
  log(path, "another two");
  const resync = await client.saw({ type: "resync_required" });
  expect(resync["stream_id"]).not.toBe(greeting?.["stream_id"]);
  expect(await client.saw({ message: "another two" })).toMatchObject({
    seq: 2,
  });
  log(path, "after");
  await client.saw({ message: "after" });
  const again = openForTest(path);
  expect(again.events.streamId).toBe(resync["stream_id"]);
});

it.each(["another database", "an older backup of it"])(
  "overwritten in place by %s: what was put there is what is served",
  async (what) => {
    const source = temporaryPath();
    log(source, "restored");
    const { path, server, client, streamId } = await start();
    if (what !== "another database") {
      sqlWriter(path)(`VACUUM INTO '${source}.older'`);
      copyFileSync(`${source}.older`, source);
    }
    for (let n = 0; n < 20; n += 1) log(path, `lost ${n}`);
    await client.saw({ message: "lost 19" });
    // Its -wal holds all of that, and would be laid over what is copied here.
    sqlWriter(path)("PRAGMA wal_checkpoint(PASSIVE)");
    log(path, "last");
    await client.saw({ message: "last" });
    await pause(1_000);
    copyFileSync(source, path);
    const resync = await client.saw({ type: "resync_required" });
    expect(resync["stream_id"]).not.toBe(streamId);
    const seen = client.messages.length;
    log(path, "after");
    await client.saw({ message: "after" });
    const events = openForTest(path).events.read(0, 100);
    const messages = events.map(({ json }) => JSON.parse(json).message);
    expect(messages).toEqual(
      what === "another database"
        ? ["restored", "after"]
        : ["one", "two", "three", "after"],
    );
    expect(seen).toBeGreaterThan(0);
    expect(server.program.stderr()).toContain(`${path} was overwritten while`);
  },
);

it("only the -wal deleted: nothing is lost, and the stream goes on", async () => {
  const { path, server, client } = await start();
  log(path, "in the -wal");
  await client.saw({ message: "in the -wal" });
  rmSync(`${path}-wal`);
  await until(async () => /lost its -wal/.test(server.program.stderr()));
  await pause(200);
  log(path, "after");
  expect(await client.saw({ message: "after" })).toMatchObject({ seq: 5 });
  expect(client.messages.some(({ type }) => type === "resync_required")).toBe(
    false,
  );
  expect(openForTest(path).events.lastSeq).toBe(5);
});

it("restored by SQLite itself, into the same file: the stream gets another name", async () => {
  const { path, client, streamId } = await start();
  sqlWriter(path)(
    "DELETE FROM event_stream WHERE seq > 1; UPDATE sqlite_sequence SET seq = 1 WHERE name = 'event_stream'",
  );
  const resync = await client.saw({ type: "resync_required" });
  expect(resync["stream_id"]).not.toBe(streamId);
  log(path, "after");
  expect(await client.saw({ message: "after" })).toMatchObject({ seq: 2 });
});

it("no database at all: 503 until there is one again, and the server lives", async () => {
  const { path, server, client } = await start();
  remove(path);
  writeFileSync(path, "this is no database, and is not about to become one");
  await until(async () => (await health(server)) === 503);
  await pause(600);
  expect(server.program.stderr().match(/cannot be read: /g)).toHaveLength(1);
  rmSync(path);
  log(path, "after");
  await client.saw({ message: "after" });
  expect(await health(server)).toBe(200);
  expect(server.program.stderr()).toMatch(/can be read again after \d/);
});

it("a copy of the same content under the same path interrupts nobody", async () => {
  const { path, server, client } = await start();
  sqlWriter(path)("PRAGMA wal_checkpoint(TRUNCATE)");
  copyFileSync(path, `${path}.copy`);
  renameSync(`${path}.copy`, path);
  await until(async () => /was replaced/.test(server.program.stderr()));
  await pause(300);
  log(path, "after");
  await client.saw({ message: "after" });
  expect(client.messages.some(({ type }) => type === "resync_required")).toBe(
    false,
  );
});

it("emptied in place: said once, and made anew, for workflows too", async () => {
  const { path, server, client } = await start();
  truncateSync(path, 0);
  await client.saw({ type: "resync_required", reason: "other_stream" });
  expect(server.program.stderr()).toContain(`${path} was overwritten while`);
  log(path, "after");
  await client.saw({ message: "after" });
  expect(await health(server)).toBe(200);
});

it("without its stream: 503, and the reason is said once", async () => {
  const { path, server } = await start();
  sqlWriter(path)("DROP TABLE event_stream");
  await until(async () => (await health(server)) === 503);
  await pause(1_500);
  const stderr = server.program.stderr();
  expect(stderr.match(/adw_database: .*cannot be read: /g)).toHaveLength(1);
  expect(stderr).not.toContain("can be read again");
});

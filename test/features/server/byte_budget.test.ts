/** Large events: every road out of the server has a bound in bytes, not in events. */
import { once } from "node:events";
import { get } from "node:http";
import type { IncomingMessage } from "node:http";
import { temporaryPath } from "../../helpers/database.ts";
import { startDashboard } from "../../helpers/dashboard/server.ts";
import { dashboard } from "../../helpers/dashboard/modules.ts";
import type {
  EventHistory,
  NewEvent,
} from "../../helpers/dashboard/modules.ts";
import { EventClient } from "../../helpers/event-client.ts";
import { EventLoopStall, rssGrowth } from "../../helpers/load.ts";
import { loadRendered } from "../../helpers/rendered-modules.ts";
import {
  captureStderr,
  connect,
  onCleanup,
  start,
} from "../../helpers/servers.ts";

const { LiveDatabase, openDatabase } = loadRendered("adw_modules/adw_database");
const MIB = 1_048_576;
/** Six bytes each in JSON. */
const CONTROLS = "\u0001".repeat(1_000_000);

function newEvent(fields: Partial<NewEvent> = {}): NewEvent {
  return {
    event_type: "event",
    agent_id: "a",
    message: "m",
    metadata: {},
    timestamp: "2026-01-01T00:00:00.000Z",
    log_type: "event",
    log_level: "info",
    ...fields,
  };
}

function openHistory() {
  const database = openDatabase({ path: ":memory:" });
  onCleanup(() => database.close());
  return database;
}

async function serve(history: EventHistory) {
  const page = await startDashboard({ history });
  onCleanup(() => page.stop());
  return page;
}

/** The lines of a stream of events. */
async function readLines(url: string): Promise<string[]> {
  const response = await fetch(`${url}api/events?format=ndjson`);
  expect(response.status).toBe(200);
  return (await response.text()).split("\n").slice(0, -1);
}

/** All events over the JSON pages, each page checked. */
async function readPages(url: string): Promise<string[]> {
  const events: string[] = [];
  let since = 0;
  for (;;) {
    const response = await fetch(`${url}api/events?since=${since}`);
    expect(response.status).toBe(200);
    const text = await response.text();
    expect(Buffer.byteLength(text)).toBeLessThan(8 * MIB + 2_000);
    const page = JSON.parse(text);
    for (const event of page.events) events.push(JSON.stringify(event));
    since = page.next_since;
    if (!page.has_more) return events;
  }
}

async function readSocket(server: { url: string }, count: number) {
  const client = await connect(server, { query: { since: 0 } });
  const events = await client.received(count);
  return events.map((event) => JSON.stringify(event));
}

/** By every road; the sizes are those of the JSON. */
async function largestByEveryRoad(history: EventHistory, count: number) {
  captureStderr();
  const { server, url } = await serve(history);
  const roads = {
    stream: await readLines(url),
    pages: await readPages(url),
    socket: await readSocket(server, count),
  };
  for (const events of Object.values(roads)) {
    expect(events.map((text) => JSON.parse(text).seq)).toEqual(
      Array.from({ length: count }, (_, index) => index + 1),
    );
  }
  const sizes = Object.entries(roads).map(([road, events]) => [
    road,
    Math.max(...events.map((text) => Buffer.byteLength(text))),
  ]);
  return {
    roads,
    largest: Object.fromEntries(sizes) as Record<string, number>,
  };
}

describe("no road sends more than max_event_bytes", () => {
  const histories = [
    ["a database", () => openHistory().events, 6],
    ["memory", () => dashboard.createMemoryHistory(), 12],
  ] as const;

  test.each(histories)(
    "messages of 1 MB of control characters, from %s",
    async (_name, open, total) => {
      const history = open();
      for (let count = 0; count < total; count += 1) {
        history.append?.(newEvent({ message: CONTROLS }));
      }
      const { largest, roads } = await largestByEveryRoad(history, total);
      expect(Math.max(...Object.values(largest))).toBeLessThanOrEqual(MIB);
      const [first] = roads.stream.map((text) => JSON.parse(text));
      expect(first.message).toMatch(/^\u0001{10000,}… \[truncated\]$/);
    },
  );

  test.each(histories)("names of 3 MB, from %s", async (_name, open) => {
    const history = open();
    const huge = "n".repeat(3_000_000);
    const names = ["event_type", "agent_id", "session_id", "log_type"] as const;
    for (const name of names) {
      history.append?.(newEvent({ [name]: huge, metadata: { ok: 1 } }));
    }
    const { largest, roads } = await largestByEveryRoad(history, names.length);
    expect(Math.max(...Object.values(largest))).toBeLessThanOrEqual(MIB);
    for (const events of Object.values(roads)) {
      for (const [index, name] of names.entries()) {
        expect(JSON.parse(events[index] ?? "")[name]).toHaveLength(1_024);
      }
    }
  });

  test.each(histories)(
    "a name of 100 kB is cut, and its metadata kept, from %s",
    async (_name, open) => {
      const history = open();
      history.append?.(
        newEvent({ event_type: "n".repeat(100_000), metadata: { ok: 1 } }),
      );
      const { roads } = await largestByEveryRoad(history, 1);
      for (const [event = ""] of Object.values(roads)) {
        const { event_type, metadata } = JSON.parse(event);
        expect(event_type).toHaveLength(1_024);
        expect(metadata).toEqual({ ok: 1 });
      }
    },
  );

  test("with the smallest bound there may be, whatever the event holds", async () => {
    captureStderr();
    const server = await start({ maxEventBytes: 1_024 });
    const client = await connect(server);
    for (const text of [
      CONTROLS,
      "ä".repeat(100_000),
      "😀".repeat(9_999),
      '"\\',
    ]) {
      const name = text.slice(0, 5_000);
      server.manager.broadcast({
        event_type: name,
        agent_id: name,
        session_id: name,
        log_type: name,
        log_level: name,
        message: text,
        metadata: { text },
      });
    }
    const events = await client.received(4);
    for (const event of events) {
      expect(Buffer.byteLength(JSON.stringify(event))).toBeLessThanOrEqual(
        1_024,
      );
    }
    // No character is cut in two.
    expect(JSON.stringify(events)).not.toMatch(/\\ud[89a-f]/i);
  });
});

describe("hundreds of events of 1 MB", () => {
  const text = "x".repeat(1_000_000);

  test("and one reader who takes nothing stall nobody, and take no memory", async () => {
    const database = openHistory();
    for (let count = 0; count < 220; count += 1) {
      database.events.append(newEvent({ metadata: { text } }));
    }
    const page = await serve(database.events);
    const live = await connect(page.server);
    const stall = new EventLoopStall();
    const growth = rssGrowth();
    const url = `${page.url}api/events?format=ndjson`;
    const request = get(url, { agent: false });
    onCleanup(() => request.destroy());
    const [stream] = (await once(request, "response")) as [IncomingMessage];
    stream.pause();
    const behind = new EventClient(page.server.url, { query: { since: 0 } });
    onCleanup(() => behind.destroy());
    behind.ws.once("open", () => behind.ws.pause());
    const pages = fetch(`${page.url}api/events`).then((answer) =>
      answer.text(),
    );
    const before = live.events.length;
    for (let count = 1; count <= 20; count += 1) {
      page.publish(newEvent());
      await live.received(before + count);
    }
    expect((await pages).length).toBeLessThan(9 * MIB);
    expect(growth()).toBeLessThan(200_000_000);
    expect(stall.stop()).toBeLessThan(250);
  });

  test("are kept in memory by bytes, the newest", () => {
    const history = dashboard.createMemoryHistory(10_000, 10_000_000);
    for (let count = 0; count < 100; count += 1) {
      history.append?.(newEvent({ metadata: { text } }));
    }
    expect(history.lastSeq).toBe(100);
    expect(history.firstSeq).toBe(92);
    const page = history.read(91, 100, 2_500_000);
    expect(
      [...(page as ReadonlyArray<{ seq: number }>)].map(({ seq }) => seq),
    ).toEqual([92, 93, 94]);
  });
});

test("a database's page ends with the event that brings it over its bytes, and loses none", () => {
  const { events } = openHistory();
  for (const size of [10, 400_000, 10, 900_000, 10, 10, 2_000_000, 10]) {
    events.append(newEvent({ message: "x".repeat(size) }));
  }
  const seqs: number[][] = [];
  let since = 0;
  for (;;) {
    const page = events.read(since, 256, 1_000_000);
    if (page.length === 0) break;
    seqs.push(page.map(({ seq }) => seq));
    since = page.at(-1)?.seq ?? since;
  }
  expect(seqs).toEqual([
    [1, 2, 3, 4],
    [5, 6, 7, 8],
  ]);
  expect(events.read(0, 256)).toHaveLength(8);
});

test("the server's history, which follows the database's file, reads by bytes too", () => {
  const ignore = () => undefined;
  const live = new LiveDatabase({
    path: temporaryPath(),
    busyTimeoutMs: 1_000,
    onCommit: ignore,
    onNewStream: ignore,
  });
  onCleanup(() => live.close());
  for (let count = 0; count < 4; count += 1) {
    live.history.append(newEvent({ message: "x".repeat(400_000) }));
  }
  expect(live.history.read(0, 256, 500_000)).toHaveLength(2);
});

/** The long proofs: many kills, many clients, much history. */
import { endlessFleet } from "../../../src/demo/fleet.ts";
import type { LoggingModule } from "../../../src/demo/project-modules.ts";
import { record } from "../../../src/demo/recorder.ts";
import { residentBytes, startAdwServer } from "../../helpers/adw-server.ts";
import {
  expectNoGaps,
  openForTest,
  temporaryPath,
} from "../../helpers/database.ts";
import { loadRendered } from "../../helpers/rendered-modules.ts";
import { ResumingClient } from "../../helpers/resuming-client.ts";
import { onCleanup } from "../../helpers/servers.ts";
import { startWriter } from "../../helpers/writers.ts";

jest.setTimeout(15 * 60_000);

const MEBIBYTE = 1_048_576;
const pause = (milliseconds: number) =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

function follow(
  url: () => string,
  since = 0,
  onEvent?: ResumingClient["onEvent"],
): ResumingClient {
  const client = new ResumingClient(url, since, onEvent);
  onCleanup(() => client.close());
  return client;
}

test("50 rounds of kill -9, of the writer, the server, or both: every committed row arrives once, in order", async () => {
  const path = temporaryPath();
  const database = openForTest(path);
  let server = await startAdwServer(path);
  const received = new Map<string, number>();
  const client = follow(
    () => server.url,
    0,
    ({ agent_id, event_type, metadata }) => {
      if (event_type !== "tool_call") return;
      const row = Number(metadata["row"]);
      // A writer's rows come in its own order, without one left out.
      expect(row).toBe((received.get(agent_id) ?? 0) + 1);
      received.set(agent_id, row);
    },
  );
  for (let round = 0; round < 50; round += 1) {
    const agent = `round-${round}`;
    const victim = ["writer", "server", "both"][round % 3];
    const writer = startWriter({ path, agent, rows: 1_000_000, every: 20 });
    await writer.ready;
    await pause(Math.random() * 250);
    if (victim !== "writer") await server.kill("SIGKILL");
    if (victim === "server") await pause(Math.random() * 100);
    writer.child.kill("SIGKILL");
    await writer.ended;
    if (victim !== "writer") server = await startAdwServer(path);
    await client.reached(database.events.lastSeq);
    expect({ round, faults: client.faults }).toEqual({ round, faults: [] });
    expect(received.get(agent) ?? 0).toBeGreaterThanOrEqual(writer.committed());
  }
  expectNoGaps(database);
});

test("3 writers, 20 clients that come, go and stall, 200,000 events: no gap, no double, bounded memory", async () => {
  const path = temporaryPath();
  const database = openForTest(path);
  const server = await startAdwServer(path);
  const clients = Array.from({ length: 20 }, () => follow(() => server.url));
  const writers = ["a", "b", "c"].map((agent) =>
    startWriter({ path, agent, rows: 66_666, every: 50 }),
  );
  let highest = 0;
  const trouble = setInterval(() => {
    highest = Math.max(highest, residentBytes(server));
    const client = clients[Math.floor(Math.random() * clients.length)];
    if (Math.random() < 0.5) client?.drop();
    else client?.stall(1_000 + Math.random() * 3_000);
  }, 150);
  onCleanup(() => clearInterval(trouble));
  const results = await Promise.all(writers.map(({ ended }) => ended));
  clearInterval(trouble);
  expect(results).toEqual(
    results.map(() => expect.objectContaining({ done: true, dropped: 0 })),
  );
  const { lastSeq } = database.events;
  expect(lastSeq).toBe(3 * 66_666 + 3);
  await Promise.all(
    clients.map((client) => client.reached(lastSeq, 5 * 60_000)),
  );
  expect(clients.flatMap(({ faults }) => faults)).toEqual([]);
  expectNoGaps(database);
  console.log(`server memory: at most ${Math.round(highest / MEBIBYTE)} MiB`);
  expect(highest).toBeLessThan(400 * MEBIBYTE);
});

test("100,000 events of workflows are replayed, from the start and from the middle", async () => {
  const adwLogging = loadRendered("adw_modules/adw_logging");
  const log = adwLogging as unknown as LoggingModule;
  const { closeLogging, flushLogging, initLogging, loggingStats } = adwLogging;
  const path = temporaryPath();
  const logging = performance.now();
  initLogging({ path });
  let count = 0;
  for (const event of endlessFleet(1)) {
    record(log, event);
    count += 1;
    if (count === 100_000) break;
  }
  await flushLogging(120_000);
  expect(loggingStats()).toMatchObject({ dropped: 0, queued: 0 });
  await closeLogging();
  const logged = performance.now() - logging;

  const server = await startAdwServer(path);
  const time = async (since: number) => {
    const start = performance.now();
    const client = follow(() => server.url, since);
    await client.reached(100_000);
    expect(client.faults).toEqual([]);
    return performance.now() - start;
  };
  const whole = await time(0);
  const half = await time(50_000);
  const rate = (events: number, ms: number) =>
    `${Math.round(events / (ms / 1_000))} events/s`;
  console.log(
    `logged ${rate(100_000, logged)}, replayed ${rate(100_000, whole)}, from the middle ${rate(50_000, half)}, server ${Math.round(residentBytes(server) / MEBIBYTE)} MiB`,
  );
  expect(half).toBeLessThan(whole);
});

import { broadcastAgentEvent } from "../../helpers/websockets-module.ts";
import type { AdwServer } from "../../helpers/websockets-module.ts";
import { connect, range, start } from "../../helpers/servers.ts";

/** Four agents, two types, two levels, two sessions: sixteen events. */
async function play(server: AdwServer): Promise<void> {
  for (const agent of ["a", "b", "c", "d"]) {
    for (const event_type of ["tool_call", "milestone"]) {
      for (const log_level of ["info", "error"]) {
        const session_id = agent < "c" ? "s-1" : "s-2";
        server.manager.broadcast({
          event_type,
          agent_id: agent,
          log_level,
          session_id,
          project: agent === "a" ? undefined : `p-${agent}`,
          source: agent < "c" ? "codex" : "claude-code",
        });
      }
    }
  }
}

test.each([
  [{}, range(1, 16)],
  [{ agent_ids: [] }, range(1, 16)],
  [{ agent_ids: ["b"] }, [5, 6, 7, 8]],
  [{ agent_ids: ["b", "d"] }, [5, 6, 7, 8, 13, 14, 15, 16]],
  [{ event_types: ["milestone"], agent_ids: ["a"] }, [3, 4]],
  [{ log_levels: ["ERROR"], session_ids: ["s-2"] }, [10, 12, 14, 16]],
  [{ agent_ids: ["nobody"] }, []],
  [{ projects: ["p-b", "p-c"], event_types: ["milestone"] }, [7, 8, 11, 12]],
  [{ sources: ["codex"], log_levels: ["error"] }, [2, 4, 6, 8]],
  [{ projects: ["p-a"] }, []],
])("%j passes events %j", async (filter, expected) => {
  const server = await start();
  const client = await connect(server);
  await client.subscribe(filter);
  await play(server);
  await client.subscribe({}); // its answer comes after all that passed
  expect(client.seqs).toEqual(expected);
});

test("an event names its project and source only where they are known", async () => {
  const server = await start();
  const client = await connect(server);
  await play(server);
  await client.subscribe({});
  expect(client.events[0]).not.toHaveProperty("project");
  expect(client.events[4]).toMatchObject({ project: "p-b", source: "codex" });
});

test("a session that is named in the metadata counts as the event's", async () => {
  const server = await start();
  const client = await connect(server);
  await client.subscribe({ session_ids: ["s-1"] });
  for (const session_id of ["s-1", "s-2"]) {
    const metadata = { session_id };
    server.manager.broadcast({ event_type: "event", metadata });
    await broadcastAgentEvent(server.manager, "a", "event", "m", metadata);
  }
  await client.subscribe({});
  expect(client.seqs).toEqual([1, 2]);
  expect(client.events[0]).toMatchObject({ session_id: "s-1" });
});

test("subscribe is acknowledged with the filter in force and its position", async () => {
  const server = await start();
  const client = await connect(server);
  await play(server);
  const answer = await client.subscribe({
    log_levels: ["ERROR", "error", "critical"],
    agent_ids: [],
  });
  expect(answer).toEqual({
    type: "subscribed",
    filter: { log_levels: ["critical", "error"] },
    last_seq: 16,
  });
});

test("subscribe without a filter means everything, and replaces the one before", async () => {
  const server = await start();
  const client = await connect(server);
  await client.subscribe({ agent_ids: ["nobody"] });
  client.send({ type: "subscribe" });
  await client.until(() => client.messages.length === 3);
  await play(server);
  expect(await client.received(16)).toHaveLength(16);
});

test("clients with the same filter share one buffer, others get their own", async () => {
  const server = await start();
  const clients = await Promise.all(
    range(1, 4).map(async () => connect(server)),
  );
  await clients[0]?.subscribe({ agent_ids: ["b", "a"] });
  await clients[1]?.subscribe({ agent_ids: ["a", "b", "a"] });
  await clients[2]?.subscribe({ agent_ids: ["b"] });
  const chunks = [...server.manager.connections].map((connection) =>
    jest.spyOn(connection.socket, "write"),
  );
  await broadcastAgentEvent(server.manager, "a", "event", "");
  await broadcastAgentEvent(server.manager, "b", "event", "");
  await clients[3]?.received(2);
  const [first, second, third, fourth] = chunks.map(
    (write) => write.mock.calls[0]?.[0],
  );
  expect(first).toBe(second);
  expect(third).not.toBe(first);
  expect(fourth).not.toBe(first);
});

test("a filter applies to the rest of a replay", async () => {
  const server = await start();
  for (const index of range(1, 2_000)) {
    const agent_id = index % 2 === 0 ? "even" : "odd";
    server.manager.broadcast({ event_type: "event", agent_id });
  }
  const client = await connect(server, { query: { since: 0 } });
  const { last_seq } = await client.subscribe({ agent_ids: ["even"] });
  server.manager.broadcast({ event_type: "event", agent_id: "even" });
  await client.until(() => client.seqs.at(-1) === 2_001);
  const after = client.seqs.filter((seq) => seq > Number(last_seq));
  expect(client.seqs.slice(0, Number(last_seq))).toEqual(
    range(1, Number(last_seq)),
  );
  expect(after.every((seq) => seq % 2 === 0 || seq === 2_001)).toBe(true);
  expect(client.seqs.at(-1)).toBe(2_001);
});

test("no audience is left behind by those who come and go", async () => {
  const server = await start();
  const before = JSON.stringify(server.manager.stats());
  for (const index of range(1, 5)) {
    const client = await connect(server);
    await client.subscribe({ agent_ids: [`agent-${index}`] });
    client.ws.close();
    await client.closed;
  }
  await connect(server).then((client) => client.ws.close());
  const client = await connect(server);
  await play(server);
  await client.received(16);
  expect(server.manager.stats().deliveries).toBe(16);
  expect(before).toContain('"deliveries":0');
});

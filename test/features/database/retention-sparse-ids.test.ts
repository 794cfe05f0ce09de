/** Retention takes as long as there are rows, whatever their ids, and lets others write. */
import { addAgent, openForTest } from "../../helpers/database.ts";
import { loadRendered } from "../../helpers/rendered-modules.ts";
import { sqlWriter } from "../../helpers/sqlite-writer.ts";

const { openConnection } = loadRendered("adw_modules/adw_database");
const OLD = "2020-01-01T00:00:00.000Z";

it.each([
  ["Date.now()", String(Date.now())],
  ["2^53 + 1", "9007199254740993"],
  ["the largest there is", "9223372036854775807"],
])("one id of %s costs no time", async (_, id) => {
  const database = openForTest();
  const agent = addAgent(database);
  database.agentLogs.append(agent.id, "info", "event", "old", null, OLD);
  sqlWriter(database.path)(
    `INSERT INTO agent_logs (id, agent_id, log_type, message, created_at) VALUES
       (${id}, '${agent.id}', 'event', 'sparse', '${OLD}'),
       (-5, '${agent.id}', 'event', 'negative', '${OLD}')`,
  );
  const startedAt = performance.now();
  expect(await database.cleanupOldLogs(30)).toMatchObject({ agent_logs: 3 });
  expect(performance.now() - startedAt).toBeLessThan(2_000);
  expect(database.agentLogs.list()).toEqual([]);
});

it("sparse seqs of events cost no time", async () => {
  const database = openForTest();
  sqlWriter(database.path)(
    `INSERT INTO event_stream (seq, event_type, agent_id, message, metadata, timestamp, log_type, log_level)
     VALUES (1, 'x', 'a', 'm', '{}', '${OLD}', 'event', 'info'),
       (${Date.now()}, 'x', 'a', 'm', '{}', '${OLD}', 'event', 'info')`,
  );
  expect(await database.cleanupOldLogs(30)).toMatchObject({ events: 2 });
});

it("a seq that is no JavaScript number keeps no event, and makes nothing fail", async () => {
  const database = openForTest();
  sqlWriter(database.path)(
    `INSERT INTO event_stream (seq, event_type, agent_id, message, metadata, timestamp, log_type, log_level)
     VALUES (1, 'x', 'a', 'm', '{}', '${OLD}', 'event', 'info'),
       (9007199254740993, 'x', 'a', 'm', '{}', '${new Date().toISOString()}', 'event', 'info')`,
  );
  expect(await database.cleanupOldLogs(30)).toMatchObject({ events: 1 });
});

it("200,000 rows go in short transactions, between which another writer gets on", async () => {
  const database = openForTest();
  sqlWriter(database.path)(
    `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)
     INSERT INTO system_logs (component, message, created_at) SELECT 'git', 'x', '${OLD}' FROM n`,
  );
  const other = openConnection(database.path, 0);
  const statement = other.prepare(
    "INSERT INTO system_logs (component, message) VALUES ('git', 'new')",
  );
  let tried = 0;
  let written = 0;
  const writing = setInterval(() => {
    tried += 1;
    try {
      statement.run();
      written += 1;
    } catch {
      // Locked just now.
    }
  }, 1);
  const result = await database.cleanupOldLogs(30);
  clearInterval(writing);
  other.close();
  expect(result).toMatchObject({ system_logs: 200_000, events: 200_000 });
  expect(written).toBeGreaterThan(20);
  expect(written).toBe(tried); // nobody else holds the lock between two turns
  expect(database.systemLogs.list({}, { limit: 1_000_000 })).toHaveLength(
    written,
  );
});

/** A status happened when it was said, not when its row came to be written. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  addAgent,
  eventsOf,
  openForTest,
  temporaryPath,
} from "../../helpers/database.ts";
import { loadRendered } from "../../helpers/rendered-modules.ts";

const { openConnection } = loadRendered("adw_modules/adw_database");
const logging = loadRendered("adw_modules/adw_logging");

const VERSION_2 = readFileSync(
  join(__dirname, "../../fixtures/database/version_2.sql"),
  "utf8",
);
const LONG_AGO = "2026-01-01T10:00:00.000Z";

/** As a version of this code that had but the first migration left it. */
function firstVersion(): string {
  const path = temporaryPath();
  const connection = openConnection(path, 1_000);
  connection.exec(VERSION_2);
  connection.exec("DELETE FROM schema_migrations WHERE version = 2");
  connection.close();
  return path;
}

test.each([
  ["a new database", temporaryPath],
  ["a database from before, which is upgraded", firstVersion],
])(
  "a status that comes with completed_at is stamped with it: %s",
  (_name, path) => {
    const database = openForTest(path());
    const { id } = addAgent(database);
    database.agents.update(id, { status: "executing" });
    database.agents.update(id, { status: "completed", completed_at: LONG_AGO });
    const [executing, completed] = eventsOf(database).slice(-2);
    expect(completed?.timestamp).toBe(LONG_AGO);
    expect(Date.parse(executing?.timestamp ?? "")).toBeGreaterThan(
      Date.now() - 60_000,
    );
  },
);

test.each(["2026-01-01 10:00:00", "not a time", "", null])(
  "a status that comes with completed_at %j of another program",
  (completedAt) => {
    const path = temporaryPath();
    const database = openForTest(path);
    const { id } = addAgent(database);
    const other = openConnection(path, 1_000);
    other
      .prepare(
        "UPDATE agents SET status = 'failed', completed_at = ? WHERE id = ?",
      )
      .run(completedAt, id);
    other.close();
    const { timestamp } = eventsOf(database).at(-1) ?? {};
    if (completedAt?.startsWith("2026")) expect(timestamp).toBe(LONG_AGO);
    else expect(Date.now() - Date.parse(timestamp ?? "")).toBeLessThan(60_000);
  },
);

test("a status that is written late, because the database was locked, has the time when it was logged", async () => {
  const path = temporaryPath();
  const database = openForTest(path);
  const other = openConnection(path, 1_000);
  other.exec("BEGIN IMMEDIATE");
  logging.initLogging({ path, report: () => undefined });
  const id = logging.logAgentCreated({
    name: "Planner",
    agent_type: "planner",
    session_id: "s",
  });
  logging.logAgentStatus(id, "executing");
  logging.logAgentStatus(id, "completed");
  const logged = Date.now();
  await new Promise((resolve) => {
    setTimeout(resolve, 500);
  });
  other.exec("COMMIT");
  other.close();
  await logging.closeLogging();
  const times = eventsOf(database).map(({ timestamp }) =>
    Date.parse(timestamp),
  );
  expect(times).toHaveLength(3);
  expect(Math.max(...times)).toBeLessThanOrEqual(logged);
});

/** Databases in folders of their own, closed and removed after the test. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AdwDatabase } from "../../build/rendered/default/adws/adw_modules/adw_database.ts";
import type { StreamEvent } from "../../build/rendered/default/adws/adw_modules/orch_database_models.ts";
import { loadRendered } from "./rendered-modules.ts";

const { openDatabase } = loadRendered("adw_modules/adw_database");
const { streamEventSchema } = loadRendered("adw_modules/orch_database_models");

const directories: string[] = [];
const databases: AdwDatabase[] = [];

afterEach(() => {
  for (const database of databases.splice(0)) database.close();
  for (const directory of directories.splice(0)) {
    rmSync(directory, { recursive: true, force: true });
  }
});

export function temporaryPath(): string {
  const directory = mkdtempSync(join(tmpdir(), "adw-database-"));
  directories.push(directory);
  return join(directory, "orchestrator.db");
}

/** Opens a database, a new one when no path is given. */
export function openForTest(path = temporaryPath()): AdwDatabase {
  const database = openDatabase({ path });
  databases.push(database);
  return database;
}

/** Adds an agent, and its kind when there is none yet. */
export function addAgent(
  database: AdwDatabase,
  agent: {
    id?: string;
    session_id?: string;
    parent_agent_id?: string;
    source?: string;
    config?: Record<string, unknown>;
  } = {},
) {
  const kind =
    database.orchestratorAgents.list()[0] ??
    database.orchestratorAgents.create({
      name: "Builder",
      agent_type: "builder",
      default_model: "claude-opus",
    });
  return database.agents.create({
    orchestrator_agent_id: kind.id,
    session_id: "session-1",
    ...agent,
  });
}

/** The events after `since`, parsed and checked. */
export function eventsOf(database: AdwDatabase, since = 0): StreamEvent[] {
  return database.events
    .read(since, 1_000_000)
    .map(({ json }) => streamEventSchema.parse(JSON.parse(json)));
}

/** Fails unless the stream is firstSeq, firstSeq + 1, … lastSeq. */
export function expectNoGaps(database: AdwDatabase): void {
  const { events } = database;
  let expected = events.firstSeq;
  for (;;) {
    const page = events.read(expected - 1, 10_000);
    if (page.length === 0) break;
    for (const { seq } of page) {
      if (seq !== expected) {
        throw new Error(`expected seq ${expected}, got ${seq}`);
      }
      expected += 1;
    }
  }
  expect(expected).toBe(events.lastSeq + 1);
}

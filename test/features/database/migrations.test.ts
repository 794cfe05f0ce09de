/** adw_migrations: numbered files, each once, in one transaction, with a backup. */
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { openForTest, temporaryPath } from "../../helpers/database.ts";
import { loadRendered, renderedPath } from "../../helpers/rendered-modules.ts";

const { openDatabase } = loadRendered("adw_modules/adw_database");
const { openConnection } = loadRendered("adw_modules/adw_database");
const { migrate, listMigrations } = loadRendered(
  "adw_modules/adw_database/connection",
);

const VERSION_2 = readFileSync(
  join(__dirname, "../../fixtures/database/version_2.sql"),
  "utf8",
);
/** A database as the older generation of tools made it, with rows in every table. */
const OLDER = readFileSync(
  join(__dirname, "../../fixtures/database/older_generation.sql"),
  "utf8",
);

function olderDatabase(extra = ""): string {
  const path = temporaryPath();
  const connection = openConnection(path, 1_000);
  connection.exec(OLDER + extra);
  connection.close();
  return path;
}

/** Runs `work` on a bare connection. */
function inspect<T>(
  path: string,
  work: (connection: ReturnType<typeof openConnection>) => T,
): T {
  const connection = openConnection(path, 1_000);
  try {
    return work(connection);
  } finally {
    connection.close();
  }
}

const rowsOf = (path: string, sql: string) =>
  inspect(path, (connection) =>
    connection
      .prepare(sql)
      .all()
      .map((row) => ({ ...Object(row) })),
  );

const TABLES = [
  "orchestrator_agents",
  "agents",
  "prompts",
  "agent_logs",
  "system_logs",
];
const backups = (path: string) =>
  readdirSync(dirname(path)).filter((file) =>
    file.startsWith(`${basename(path)}.backup-`),
  );

describe("a database of the older generation", () => {
  it("refuses newer words before, and takes every one afterwards", () => {
    const path = olderDatabase();
    const insert =
      "INSERT INTO agent_logs (agent_id, log_level, log_type, message) VALUES ('a1', 'info', 'step_start', 'x')";
    inspect(path, (connection) => {
      expect(() => connection.exec(insert)).toThrow("CHECK constraint failed");
    });
    openForTest(path);
    inspect(path, (connection) => {
      expect(() => connection.exec(insert)).not.toThrow();
    });
  });

  it("keeps every row, with levels in lower case", () => {
    const path = olderDatabase();
    const before = TABLES.map((table) =>
      rowsOf(path, `SELECT * FROM ${table} ORDER BY id`),
    );
    openForTest(path);
    const after = TABLES.map((table) =>
      rowsOf(path, `SELECT * FROM ${table} ORDER BY id`),
    );
    const lowered = before.map((rows) =>
      rows.map((row) =>
        "log_level" in row
          ? { ...row, log_level: String(row.log_level ?? "info").toLowerCase() }
          : "started_at" in row
            ? { ...row, project: null, source: null }
            : row,
      ),
    );
    expect(before.map((rows) => rows.length)).toEqual([2, 3, 2, 3, 2]);
    expect(after).toEqual(lowered);
  });

  it("has the very schema of a new one afterwards", () => {
    const older = olderDatabase();
    const fresh = temporaryPath();
    openForTest(older);
    openForTest(fresh);
    const schema = (path: string) =>
      rowsOf(
        path,
        "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name",
      );
    expect(schema(older)).toEqual(schema(fresh));
    const versions = (path: string) =>
      rowsOf(path, "SELECT version, name FROM schema_migrations");
    expect(versions(older)).toEqual(versions(fresh));
  });

  it("begins its stream empty, and gives no log id twice", () => {
    const path = olderDatabase("DELETE FROM agent_logs WHERE id = 3;");
    const database = openForTest(path);
    expect(database.events).toMatchObject({ firstSeq: 1, lastSeq: 0 });
    const log = database.agentLogs.create({
      agent_id: "a1",
      log_type: "event",
      message: "x",
    });
    expect(log.id).toBe(4);
    expect(database.events.lastSeq).toBe(1);
  });

  it("has a backup beside it, with everything as it was", () => {
    const path = olderDatabase();
    const before = rowsOf(path, "SELECT * FROM agent_logs");
    openForTest(path);
    const [backup, ...more] = backups(path);
    expect(more).toEqual([]);
    expect(backup).toMatch(/\.backup-v0-/);
    const copy = join(dirname(path), String(backup));
    expect(rowsOf(copy, "SELECT * FROM agent_logs")).toEqual(before);
    expect(
      rowsOf(
        copy,
        "SELECT name FROM sqlite_master WHERE name = 'event_stream'",
      ),
    ).toEqual([]);
  });

  it("is migrated once when many open it at once", () => {
    const path = olderDatabase();
    const databases = Array.from({ length: 5 }, () => openForTest(path));
    expect(new Set(databases.map(({ events }) => events.streamId)).size).toBe(
      1,
    );
    expect(backups(path)).toHaveLength(1);
  });

  it("is left as it was, with an error that says why, when rows or columns would be lost", () => {
    const column = olderDatabase(
      "ALTER TABLE agents ADD COLUMN nickname TEXT;",
    );
    const before = rowsOf(column, "SELECT sql FROM sqlite_master");
    expect(() => openDatabase({ path: column })).toThrow(
      `${column} cannot be migrated (event_stream): this code does not know its column agents.nickname. ` +
        "It was left as it was. Set TAC_ORCHESTRATOR_DB to another file, or move this one away.",
    );
    expect(rowsOf(column, "SELECT sql FROM sqlite_master")).toEqual(before);

    const word = olderDatabase(
      "PRAGMA ignore_check_constraints = ON; INSERT INTO agent_logs (agent_id, log_level, log_type, message) VALUES ('a1', 'INFO', 'unheard_of', 'x');",
    );
    expect(() => openDatabase({ path: word })).toThrow(
      "CHECK constraint failed",
    );
    expect(rowsOf(word, "SELECT count(*) AS n FROM agent_logs")).toEqual([
      { n: 4 },
    ]);
    expect(
      rowsOf(
        word,
        "SELECT name FROM sqlite_master WHERE name = 'event_stream'",
      ),
    ).toEqual([]);
  });

  it("keeps foreign keys on after a migration", () => {
    const database = openForTest(olderDatabase());
    expect(() =>
      database.agentLogs.append("nobody", "info", "event", "x", null, null),
    ).toThrow("FOREIGN KEY");
  });
});

describe("a migration that fails", () => {
  it("leaves no backup, because it is tried again: where columns would be lost", () => {
    const path = olderDatabase("ALTER TABLE agents ADD COLUMN nickname TEXT;");
    for (let i = 0; i < 3; i += 1) {
      expect(() => openDatabase({ path })).toThrow("cannot be migrated");
    }
    expect(backups(path)).toEqual([]);
  });

  it("leaves no backup, because it is tried again: while another process writes", () => {
    const path = olderDatabase();
    inspect(path, (other) => {
      other.exec("BEGIN IMMEDIATE");
      for (let i = 0; i < 3; i += 1) {
        expect(() => openDatabase({ path, busyTimeoutMs: 0 })).toThrow(
          "locked",
        );
      }
      other.exec("ROLLBACK");
    });
    expect(backups(path)).toEqual([]);
    openForTest(path);
    expect(backups(path)).toHaveLength(1);
  });
});

describe("a database of the version before", () => {
  it("keeps its rows, its events and their numbers, and takes the new words", () => {
    const path = temporaryPath();
    inspect(path, (connection) => {
      connection.exec(VERSION_2);
      connection.exec(`
        INSERT INTO orchestrator_agents (id, name, agent_type) VALUES ('o', 'O', 'builder');
        INSERT INTO agents (id, orchestrator_agent_id, session_id) VALUES ('a', 'o', 's');
        INSERT INTO agents (id, orchestrator_agent_id, session_id, parent_agent_id) VALUES ('b', 'o', 's', 'a');
        INSERT INTO agent_logs (agent_id, log_type, message) VALUES ('b', 'event', 'hello');
      `);
    });
    const events = rowsOf(path, "SELECT json FROM event_stream ORDER BY seq");
    const database = openForTest(path);
    expect(rowsOf(path, "SELECT json FROM event_stream ORDER BY seq")).toEqual(
      events,
    );
    expect(database.agents.get("b")).toMatchObject({ parent_agent_id: "a" });
    database.agents.update("b", { status: "idle" });
    database.agents.create({
      orchestrator_agent_id: "o",
      session_id: "s2",
      project: "shop",
      source: "codex",
    });
    expect(database.events.read(events.length, 9)).toMatchObject([
      { event_type: "agent_status_changed", project: null, source: null },
      { event_type: "agent_created", project: "shop", source: "codex" },
    ]);
    expect(rowsOf(path, "PRAGMA foreign_key_check")).toEqual([]);
    expect(rowsOf(path, "PRAGMA integrity_check")).toEqual([
      { integrity_check: "ok" },
    ]);
    const shape = (of: string) =>
      rowsOf(
        of,
        "SELECT t.type, t.name, group_concat(c.name) AS columns FROM sqlite_master t LEFT JOIN pragma_table_xinfo(t.name) c GROUP BY t.name ORDER BY t.name",
      );
    const fresh = temporaryPath();
    openForTest(fresh);
    expect(shape(path)).toEqual(shape(fresh));
  });
});

describe("a database newer than the code", () => {
  it("is refused, untouched", () => {
    const path = temporaryPath();
    openForTest(path);
    inspect(path, (connection) =>
      connection.exec(
        "INSERT INTO schema_migrations (version, name) VALUES (4, 'of_tomorrow')",
      ),
    );
    expect(() => openDatabase({ path })).toThrow(
      `${path} has schema version 4, and this code knows versions up to 3. ` +
        "Run `npx adw-scaffold update`, or set TAC_ORCHESTRATOR_DB to another file.",
    );
    expect(backups(path)).toEqual([]);
  });
});

describe("the numbered files", () => {
  const folders: string[] = [];
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
  });
  function schemaWith(file: string, sql: string): string {
    const folder = mkdtempSync(join(tmpdir(), "adw-schema-"));
    folders.push(folder);
    cpSync(renderedPath("schema"), folder, {
      recursive: true,
      filter: (source) => !/\.db/.test(source),
    });
    writeFileSync(join(folder, "migrations", file), sql);
    return folder;
  }

  it("are run in order, and recorded", () => {
    const path = temporaryPath();
    openForTest(path);
    const folder = schemaWith(
      "0004_notes.sql",
      "CREATE TABLE notes (id INTEGER PRIMARY KEY);",
    );
    inspect(path, (connection) => migrate(connection, path, folder));
    expect(rowsOf(path, "SELECT version, name FROM schema_migrations")).toEqual(
      [
        { version: 1, name: "event_stream" },
        { version: 2, name: "status_times" },
        { version: 3, name: "agent_sources" },
        { version: 4, name: "notes" },
      ],
    );
    expect(backups(path)).toHaveLength(1);
  });

  it("are run as a whole or not at all", () => {
    const path = temporaryPath();
    openForTest(path);
    const folder = schemaWith(
      "0004_broken.sql",
      "CREATE TABLE notes (id INTEGER PRIMARY KEY); CREATE TABEL x;",
    );
    inspect(path, (connection) => {
      expect(() => migrate(connection, path, folder)).toThrow("syntax error");
    });
    expect(
      rowsOf(path, "SELECT name FROM sqlite_master WHERE name = 'notes'"),
    ).toEqual([]);
    expect(
      rowsOf(path, "SELECT max(version) AS version FROM schema_migrations"),
    ).toEqual([{ version: 3 }]);
  });

  it("are not needed by a new database: it gets the schema once, with what its owner added", () => {
    const path = temporaryPath();
    const folder = schemaWith("README.md", "");
    appendFileSync(
      join(folder, "schema_orchestrator.sql"),
      "CREATE TABLE notes (id INTEGER PRIMARY KEY); INSERT INTO notes DEFAULT VALUES;",
    );
    inspect(path, (connection) => migrate(connection, path, folder));
    expect(rowsOf(path, "SELECT id FROM notes")).toEqual([{ id: 1 }]);
    inspect(path, (connection) => migrate(connection, path, folder));
    expect(rowsOf(path, "SELECT id FROM notes")).toEqual([{ id: 1 }]);
  });

  it("may not leave out a number", () => {
    const folder = schemaWith("0005_late.sql", "");
    expect(() => listMigrations(join(folder, "migrations"))).toThrow(
      "0005_late.sql: expected the number 4",
    );
  });
});

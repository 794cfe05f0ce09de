/**
 * adw_migrations: brings a database file to the schema that this code knows.
 *
 * Template: adw_database 1.2.0, rendered by adw-scaffold.
 * Needs:    nothing but Node >= 20.19.
 * Update:   npx adw-scaffold update
 *
 * A new file gets schema/schema_orchestrator.sql; an older one gets the files
 * in schema/migrations/ that it has not seen, each in one transaction, after a
 * backup beside it. A file newer than the code is refused.
 */
import { readFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createPrivate } from "./adw_database_file.ts";
import { inTransaction } from "./adw_sqlite.ts";
import type { SqliteConnection } from "./adw_sqlite.ts";

/** The database cannot be used by this version of the code; it was left as it was. */
export class DatabaseVersionError extends Error {
  override readonly name = "DatabaseVersionError";
}

interface Migration {
  version: number;
  name: string;
  path: string;
}

/** The version of a file that was never migrated: made by an older generation of tools. */
const UNVERSIONED = 0;

/**
 * Migrates the database at `path`, open on `connection`, with the SQL files in
 * `schemaDirectory`. Does nothing when it is current, so that any number of
 * processes may call it at once.
 *
 * @throws DatabaseVersionError when the file is newer than the code, or is an
 * older one with columns that a migration would lose.
 */
export function migrate(
  connection: SqliteConnection,
  path: string,
  schemaDirectory: string,
): void {
  const migrations = listMigrations(join(schemaDirectory, "migrations"));
  const latest = migrations.length;
  const version = versionOf(connection);
  if (version === latest) return;
  if (version !== undefined && version > latest) {
    throw new DatabaseVersionError(
      `${path} has schema version ${String(version)}, and this code knows versions up to ${String(latest)}. ` +
        "Run `npx adw-scaffold update`, or set TAC_ORCHESTRATOR_DB to another file.",
    );
  }
  if (version === undefined) {
    createSchema(connection, join(schemaDirectory, "schema_orchestrator.sql"));
    migrate(connection, path, schemaDirectory);
    return;
  }
  const backup = backUp(connection, path, version);
  let changed = false;
  for (const migration of migrations.slice(version)) {
    changed = apply(connection, path, migration) || changed;
  }
  // Another process was faster, and has a backup of its own.
  if (!changed && backup !== undefined) rmSync(backup, { force: true });
}

/** The numbered files, in order. Their numbers are 1, 2, 3, … with none left out. */
export function listMigrations(directory: string): Migration[] {
  const migrations = readdirSync(directory)
    .sort()
    .flatMap((file): Migration[] => {
      const [, digits, name] = /^(\d{4})_(\w+)\.sql$/.exec(file) ?? [];
      if (digits === undefined || name === undefined) return [];
      return [{ version: Number(digits), name, path: join(directory, file) }];
    });
  for (const [index, { version, path }] of migrations.entries()) {
    if (version !== index + 1) {
      throw new Error(`${path}: expected the number ${String(index + 1)}`);
    }
  }
  return migrations;
}

/** undefined: none of the tables is there yet. */
function versionOf(connection: SqliteConnection): number | undefined {
  const tables = new Set(
    columnOf(connection, "SELECT name FROM sqlite_master WHERE type = 'table'"),
  );
  if (tables.has("schema_migrations")) {
    const [version] = columnOf(
      connection,
      "SELECT max(version) AS name FROM schema_migrations",
    );
    return typeof version === "number" ? version : UNVERSIONED;
  }
  return tables.has("agents") || tables.has("agent_logs")
    ? UNVERSIONED
    : undefined;
}

/** The values of the column `name`. */
function columnOf(connection: SqliteConnection, sql: string): unknown[] {
  return connection
    .prepare(sql)
    .all()
    .map((row) =>
      typeof row === "object" && row !== null && "name" in row
        ? row.name
        : undefined,
    );
}

function createSchema(connection: SqliteConnection, path: string): void {
  const sql = readFileSync(path, "utf8");
  inTransaction(connection, () => {
    if (versionOf(connection) === undefined) connection.exec(sql);
  });
}

/** Copies the database, as of one moment, to a file beside it, and returns that file's path. */
function backUp(
  connection: SqliteConnection,
  path: string,
  version: number,
): string | undefined {
  if (path === ":memory:") return undefined;
  const moment = new Date().toISOString().replaceAll(/[:.]/g, "-");
  const backup = `${path}.backup-v${String(version)}-${moment}-${String(process.pid)}`;
  createPrivate(backup);
  try {
    connection.prepare("VACUUM INTO ?").run(backup);
  } catch (error) {
    rmSync(backup, { force: true }); // half a backup is none
    throw error;
  }
  return backup;
}

/** Returns false when the database has this migration already. */
function apply(
  connection: SqliteConnection,
  path: string,
  migration: Migration,
): boolean {
  const sql = readFileSync(migration.path, "utf8");
  connection.exec("PRAGMA foreign_keys = OFF; PRAGMA legacy_alter_table = ON;");
  try {
    return inTransaction(connection, () => {
      if ((versionOf(connection) ?? UNVERSIONED) >= migration.version) {
        return false;
      }
      const before = columnsOf(connection);
      connection.exec(sql);
      refuseLostColumns(before, columnsOf(connection), path, migration);
      connection
        .prepare("INSERT INTO schema_migrations (version, name) VALUES (?, ?)")
        .run(migration.version, migration.name);
      return true;
    });
  } finally {
    connection.exec(
      "PRAGMA legacy_alter_table = OFF; PRAGMA foreign_keys = ON;",
    );
  }
}

/** Every table's columns, as "table.column". */
function columnsOf(connection: SqliteConnection): Set<unknown> {
  return new Set(
    columnOf(
      connection,
      `SELECT t.name || '.' || c.name AS name
       FROM sqlite_master AS t JOIN pragma_table_info(t.name) AS c
       WHERE t.type = 'table'`,
    ),
  );
}

/** A table that another tool has added columns to is not rebuilt without them. */
function refuseLostColumns(
  before: Set<unknown>,
  after: Set<unknown>,
  path: string,
  migration: Migration,
): void {
  const lost = [...before].filter((column) => !after.has(column));
  if (lost.length === 0) return;
  throw new DatabaseVersionError(
    `${path} cannot be migrated (${migration.name}): this code does not know its ` +
      `${lost.length === 1 ? "column" : "columns"} ${lost.join(", ")}. It was left as it was. ` +
      "Set TAC_ORCHESTRATOR_DB to another file, or move this one away.",
  );
}

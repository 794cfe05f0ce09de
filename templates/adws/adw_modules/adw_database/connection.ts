/**
 * From a path to a connection: private files, WAL mode, the schema.
 *
 * Template: adw_database 1.3.0
 *
 * A new file gets schema/schema_orchestrator.sql. An older one gets the files in
 * schema/migrations/ that it has not seen, then that schema again, for what they
 * have dropped: in one transaction, after a backup. A newer file is refused.
 */
import { randomUUID } from "node:crypto";
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { messageOf, writeStderr } from "../adw_stderr.ts";
import { connect, problemOf } from "./driver.ts";

/** Pages of 4 KiB until the -wal is moved to the file, which waits for the disk: SQLite's 1,000 is four times as often. */
export const WAL_AUTOCHECKPOINT_PAGES = 4_000;
/** A write-ahead log larger than this is cut back after a checkpoint. */
export const JOURNAL_SIZE_LIMIT_BYTES = 67_108_864;
/** What to do where a folder cannot hold the database. */
export const NO_WAL_ADVICE =
  "Move the database to a local disk: set database_path in adw.config.json and run `npx adw-scaffold update`, or set TAC_ORCHESTRATOR_DB";

const OF_OTHERS = 0o077;

export type SqliteValue = string | number | bigint | Uint8Array | null;

export interface SqliteStatement {
  run(...values: SqliteValue[]): {
    changes: number | bigint;
    lastInsertRowid: number | bigint;
  };
  get(...values: SqliteValue[]): unknown;
  all(...values: SqliteValue[]): unknown[];
}

export interface SqliteConnection {
  prepare(sql: string): SqliteStatement;
  /** Its integers come as bigint: none is rounded, and none makes a read fail. */
  prepareExact(sql: string): SqliteStatement;
  exec(sql: string): unknown;
  close(): unknown;
}

/** What went wrong, as far as a caller acts on it. */
export type SqliteProblem =
  /** Another process is writing. */
  | "locked"
  /** The disk, a quota or a file-size limit. */
  | "full"
  | "read-only"
  /** Its folder lacks what a database in WAL mode needs: see WalUnsupportedError. */
  | "no-wal"
  /** The file cannot be opened, read or written, or is damaged. */
  | "unusable"
  /** The row is at fault (a CHECK, a missing parent), or the statement. */
  | "refused";

/** What an error of SQLite's means; "refused" for any other error. */
export function sqliteProblem(error: unknown): SqliteProblem {
  if (typeof error !== "object" || error === null) return "refused";
  if (error instanceof WalUnsupportedError) return "no-wal";
  return problemOf(error) ?? "refused";
}

/**
 * The folder lacks the locks and the shared memory that WAL mode needs
 * (https://sqlite.org/wal.html): on network file systems, some mounts of containers.
 */
export class WalUnsupportedError extends Error {
  override readonly name = "WalUnsupportedError";

  constructor(path: string, why: string, options?: ErrorOptions) {
    super(
      `${dirname(path)} cannot hold a WAL database: SQLite cannot lock its files or share memory there (${why}). ${NO_WAL_ADVICE}`,
      options,
    );
  }
}

/** The database cannot be used by this version of the code; it was left as it was. */
export class DatabaseVersionError extends Error {
  override readonly name = "DatabaseVersionError";
}

/** A column of a row; undefined when there is no such row or column. */
export function columnOf(row: unknown, column: string): unknown {
  return typeof row === "object" && row !== null
    ? Reflect.get(row, column)
    : undefined;
}

/** Blocks the thread: for moments at a start or an exit, when nothing else can go on. */
export function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/**
 * Opens `path` (made when missing, folders too) in WAL mode, with foreign keys
 * on. A statement that finds the database locked waits up to `busyTimeoutMs`
 * before it throws; 0 means it throws at once. The file and those beside it are
 * readable by their owner only.
 *
 * @throws WalUnsupportedError where the folder cannot hold such a database
 */
export function openConnection(
  path: string,
  busyTimeoutMs: number,
): SqliteConnection {
  makeFolder(dirname(path));
  createPrivate(path);
  const connection = connect(path);
  try {
    connection.exec(`PRAGMA busy_timeout = ${String(busyTimeoutMs)}`);
    enterWalMode(connection, path, busyTimeoutMs);
    keepPrivate(path); // only now: the path may have named anything
    connection.exec(`
      PRAGMA synchronous = NORMAL;
      PRAGMA foreign_keys = ON;
      PRAGMA wal_autocheckpoint = ${String(WAL_AUTOCHECKPOINT_PAGES)};
      PRAGMA journal_size_limit = ${String(JOURNAL_SIZE_LIMIT_BYTES)};
    `);
  } catch (error) {
    connection.close();
    if (error instanceof WalUnsupportedError) throw error;
    const kind = sqliteProblem(error);
    if (kind !== "no-wal" && (kind !== "locked" || canLock(path))) throw error;
    throw new WalUnsupportedError(path, messageOf(error), { cause: error });
  }
  return {
    ...connection,
    prepare: preparedOnce((sql) => connection.prepare(sql)),
    prepareExact: preparedOnce((sql) => connection.prepareExact(sql)),
  };
}

/** There are as many statements as there are shapes of calls, and each is used often. */
function preparedOnce(prepare: (sql: string) => SqliteStatement) {
  const statements = new Map<string, SqliteStatement>();
  return (sql: string): SqliteStatement => {
    const statement = statements.get(sql) ?? prepare(sql);
    statements.set(sql, statement);
    return statement;
  };
}

/** SQLite does not wait here by itself: of several that make a new database, all but one are refused. */
function enterWalMode(connection: SqliteConnection, path: string, ms: number) {
  const deadline = performance.now() + ms;
  for (;;) {
    try {
      // Where it cannot, it keeps another mode and says so in its answer only.
      const row = connection.prepare("PRAGMA journal_mode = WAL").get();
      if (columnOf(row, "journal_mode") === "wal" || path === ":memory:")
        return;
      throw new WalUnsupportedError(path, `it offers ${JSON.stringify(row)}`);
    } catch (error) {
      const isLocked = sqliteProblem(error) === "locked";
      if (!isLocked || performance.now() >= deadline) throw error;
      sleep(5);
    }
  }
}

/** Whether locks work beside `path`: where they do not, even a new file of our own is called locked. */
export function canLock(path: string): boolean {
  const probe = `${path}.probe-${String(process.pid)}-${randomUUID()}`;
  let connection: SqliteConnection | undefined;
  try {
    createPrivate(probe);
    connection = connect(probe);
    connection.exec("PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE");
    return true;
  } catch (error) {
    return sqliteProblem(error) !== "locked";
  } finally {
    connection?.close();
    rmSync(probe, { force: true });
  }
}

/**
 * Runs `work` in one transaction: all of it is committed, or, when it throws,
 * nothing. The write lock is taken first, so that `work` never finds out half
 * way that another process was faster.
 */
export function inTransaction<Result>(
  connection: SqliteConnection,
  work: () => Result,
): Result {
  connection.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    connection.exec("COMMIT");
    return result;
  } catch (error) {
    try {
      connection.exec("ROLLBACK");
    } catch {
      // After some errors (disk full) SQLite has rolled back already.
    }
    throw error;
  }
}

/**
 * Takes the rights of others from the files that have them: the database holds
 * prompts and answers. SQLite gives `-wal` and `-shm` the file's permissions.
 */
function keepPrivate(path: string): void {
  if (path === ":memory:" || process.platform === "win32") return;
  const files = [path, `${path}-wal`, `${path}-shm`, ...backupsOf(path)];
  const opened = files.filter(takeFromOthers);
  if (opened.length === 0) return;
  writeStderr(
    `adw_database: ${opened.join(", ")}: could be read by other users of this machine; only the owner can now (mode 600)\n`,
  );
}

/** Node's own `recursive` never ends where no folder can be made, such as in /proc. */
export function makeFolder(path: string, mode?: number): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if (existsSync(path) && statSync(path).isDirectory()) return;
    const parent = dirname(path);
    const isMissing = columnOf(error, "code") === "ENOENT" && path !== parent;
    if (!isMissing || existsSync(parent)) throw error;
    makeFolder(parent, mode);
    makeFolder(path, mode);
  }
}

/** Makes an empty file for its owner only; opens none that exists: to close it would give up this process's locks. */
function createPrivate(path: string): void {
  if (path === ":memory:" || path === "" || existsSync(path)) return;
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch {
    // It exists, or cannot be made: SQLite says why, with its own words.
  }
}

function backupsOf(path: string): string[] {
  try {
    return readdirSync(dirname(path))
      .filter((name) => name.startsWith(`${basename(path)}.backup-`))
      .map((name) => join(dirname(path), name));
  } catch {
    return []; // the folder may be entered, but not listed
  }
}

/** Returns whether others had rights, and have none now. */
function takeFromOthers(path: string): boolean {
  try {
    const file = statSync(path);
    if (!file.isFile() || (file.mode & OF_OTHERS) === 0) return false;
    chmodSync(path, file.mode & ~OF_OTHERS & 0o7777);
    // Some file systems have no permissions, and say yes to everything.
    return (statSync(path).mode & OF_OTHERS) === 0;
  } catch {
    return false;
  }
}

type Migration = ReturnType<typeof listMigrations>[number];

/**
 * Migrates the database at `path`, open on `connection`; any number may at once.
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
  if (version !== undefined && version > latest)
    throw new DatabaseVersionError(
      `${path} has schema version ${String(version)}, and this code knows versions up to ${String(latest)}. ` +
        "Run `npx adw-scaffold update`, or set TAC_ORCHESTRATOR_DB to another file.",
    );
  const backup = backUp(connection, path, version);
  let isChanged = false;
  const file = join(schemaDirectory, "schema_orchestrator.sql");
  const schema = readFileSync(file, "utf8");
  // Dropping a table must not cascade, and a renamed one take no references along.
  connection.exec("PRAGMA foreign_keys = OFF; PRAGMA legacy_alter_table = ON;");
  try {
    isChanged = inTransaction(connection, () => {
      const before = versionOf(connection);
      if (before === undefined) connection.exec(schema);
      if (versionOf(connection) === latest) return before !== latest;
      for (const migration of migrations) {
        if (migration.version > (versionOf(connection) ?? 0))
          apply(connection, path, migration);
      }
      connection.exec(schema);
      return true;
    });
  } finally {
    // It is as it was (and may be tried again soon), or another was faster.
    if (!isChanged && backup !== undefined) rmSync(backup, { force: true });
    connection.exec(
      "PRAGMA legacy_alter_table = OFF; PRAGMA foreign_keys = ON;",
    );
  }
}

/** The numbered files, in order. Their numbers are 1, 2, 3, … with none left out. */
export function listMigrations(directory: string) {
  const migrations = readdirSync(directory)
    .sort()
    .flatMap((file) => {
      const [, digits, name] = /^(\d{4})_(\w+)\.sql$/.exec(file) ?? [];
      if (digits === undefined || name === undefined) return [];
      return [{ version: Number(digits), name, path: join(directory, file) }];
    });
  for (const [index, { version, path }] of migrations.entries()) {
    if (version !== index + 1)
      throw new Error(`${path}: expected the number ${String(index + 1)}`);
  }
  return migrations;
}

/** 0: made by an older generation of tools; undefined: none of the tables is there yet. */
function versionOf(connection: SqliteConnection): number | undefined {
  const named = "SELECT name AS text FROM sqlite_master WHERE type = 'table'";
  const tables = textsOf(connection, named);
  if (tables.has("schema_migrations")) {
    const sql = "SELECT max(version) AS text FROM schema_migrations";
    return Number([...textsOf(connection, sql)][0]);
  }
  return tables.has("agents") || tables.has("agent_logs") ? 0 : undefined;
}

function textsOf(connection: SqliteConnection, sql: string): Set<unknown> {
  const rows = connection.prepare(sql).all();
  return new Set(rows.map((row) => columnOf(row, "text")));
}

/** Copies the database, as of one moment, to a file beside it; a new one has nothing to keep. */
function backUp(connection: SqliteConnection, path: string, version?: number) {
  if (version === undefined || path === ":memory:") return undefined;
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

/** A table that another tool has added columns to is not rebuilt without them. */
function apply(
  connection: SqliteConnection,
  path: string,
  { version, name, path: file }: Migration,
): void {
  const columns = `SELECT t.name || '.' || c.name AS text
    FROM sqlite_master AS t JOIN pragma_table_info(t.name) AS c WHERE t.type = 'table'`;
  const before = textsOf(connection, columns);
  // As in the sqlite3 program: another file's text stands in place of the line.
  const sql = readFileSync(file, "utf8").replace(
    /^\.read (.+)$/gm,
    (_line, other: string) => readFileSync(join(dirname(file), other), "utf8"),
  );
  connection.exec(sql);
  const after = textsOf(connection, columns);
  const lost = [...before].filter((column) => !after.has(column));
  const which = lost.length === 1 ? "column" : "columns";
  if (lost.length > 0)
    throw new DatabaseVersionError(
      `${path} cannot be migrated (${name}): this code does not know its ${which} ${lost.join(", ")}. ` +
        "It was left as it was. Set TAC_ORCHESTRATOR_DB to another file, or move this one away.",
    );
  const record = "INSERT OR IGNORE INTO schema_migrations (version, name)";
  connection.prepare(`${record} VALUES (?, ?)`).run(version, name);
}

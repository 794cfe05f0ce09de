/**
 * adw_table: tables, read and written through their zod schemas.
 *
 * Template: adw_database 1.2.0, rendered by adw-scaffold.
 * Needs:    npm package `zod` >= 4, or 3.25. Node >= 20.19.
 * Update:   npx adw-scaffold update
 */
import type { z } from "zod/v4";
import { writeStderr } from "./adw_stderr.ts";
import { DELETE_ROWS, deleteInBatches } from "./adw_sqlite.ts";
import type {
  DeletableRows,
  SqliteConnection,
  SqliteStatement,
  SqliteValue,
} from "./adw_sqlite.ts";

/** Rows that cannot be understood are reported up to this many. */
const MAX_REPORTED = 100;

/** Rows that a list returns when not told. */
export const LIST_LIMIT = 100;

export interface Page {
  /** At most so many rows. */
  limit?: number;
  /** After skipping so many. */
  offset?: number;
}

/** Columns that must equal a value. */
export type Where<Row> = {
  [Column in keyof Row]?: Extract<Row[Column], SqliteValue> | undefined;
};

/** A table whose rows have an `id`, listed newest first. */
export class Table<
  RowSchema extends z.ZodObject,
  NewSchema extends z.ZodObject,
> {
  protected readonly name: string;
  protected readonly newSchema: NewSchema;
  protected readonly connection: SqliteConnection;
  protected readonly afterWrite: () => void;
  readonly #rowSchema: RowSchema;
  /** What is selected: see `readable`. */
  readonly #columns: string;
  readonly #reported = new Set<string>();
  /** Prepared once each; there are as many as there are shapes of calls. */
  readonly #statements = new Map<string, SqliteStatement>();

  /** @param afterWrite called after every row written */
  constructor(
    connection: SqliteConnection,
    name: string,
    rowSchema: RowSchema,
    newSchema: NewSchema,
    afterWrite: () => void,
  ) {
    this.connection = connection;
    this.name = name;
    this.#rowSchema = rowSchema;
    this.#columns = Object.keys(rowSchema.shape).map(readable).join(", ");
    this.newSchema = newSchema;
    this.afterWrite = afterWrite;
  }

  /** @throws ZodError when the row is not one, or SQLite's error when it is refused. */
  create(row: z.input<NewSchema>): z.output<RowSchema> {
    const values = Object.entries(this.newSchema.parse(row));
    const columns = values.map(([column]) => column);
    const created = this.prepare(
      `INSERT INTO ${this.name} (${columns.join(", ")})
       VALUES (${columns.map(() => "?").join(", ")}) RETURNING ${this.#columns}`,
    ).get(...values.map(([, value]) => toSqlite(value)));
    this.afterWrite();
    return this.#rowSchema.parse(decodeRow(created));
  }

  get(id: string | number): z.output<RowSchema> | undefined {
    const row = this.prepare(
      `SELECT ${this.#columns} FROM ${this.name} WHERE id = ?`,
    ).get(id);
    return row === undefined
      ? undefined
      : this.#rowSchema.parse(decodeRow(row));
  }

  /** Newest first. A row that cannot be understood is left out, and reported once. */
  list(
    where: Where<z.output<RowSchema>> = {},
    page: Page = {},
  ): z.output<RowSchema>[] {
    return this.select(where, [], page);
  }

  /** @returns the row as it is now; undefined when there is no such row */
  update(
    id: string | number,
    changes: Partial<z.input<NewSchema>>,
  ): z.output<RowSchema> | undefined {
    const parsed = this.newSchema.partial().parse(changes);
    // Parsing fills in the defaults of a new row too: only what was given counts.
    const values = Object.entries(parsed).filter(
      ([column]) => Reflect.get(changes, column) !== undefined,
    );
    if (values.length === 0) return this.get(id);
    const assignments = values.map(([column]) => `${column} = ?`);
    this.prepare(
      `UPDATE ${this.name} SET ${assignments.join(", ")} WHERE id = ?`,
    ).run(...values.map(([, value]) => toSqlite(value)), id);
    this.afterWrite();
    return this.get(id);
  }

  /** As `list`, with further conditions: pairs of SQL with one `?`, and its value. */
  protected select(
    where: Where<z.output<RowSchema>>,
    further: [sql: string, value: SqliteValue][],
    { limit = LIST_LIMIT, offset = 0 }: Page,
  ): z.output<RowSchema>[] {
    const equal = Object.entries(where)
      .filter(([, value]) => value !== undefined)
      .map(([column, value]): [string, SqliteValue] => [
        `${this.#column(column)} IS ?`,
        toSqlite(value),
      ]);
    const conditions = [...equal, ...further];
    const sql = conditions.map(([condition]) => condition).join(" AND ");
    return this.prepare(
      `SELECT ${this.#columns} FROM ${this.name} WHERE ${sql === "" ? "TRUE" : sql}
       ORDER BY ${this.name}.rowid DESC LIMIT ? OFFSET ?`,
    )
      .all(...conditions.map(([, value]) => value), limit, offset)
      .flatMap((row) => {
        const decoded = decodeRow(row);
        const parsed = this.#rowSchema.safeParse(decoded);
        if (parsed.success) return [parsed.data];
        this.#reportRow(decoded["id"], parsed.error);
        return [];
      });
  }

  #reportRow(id: unknown, error: z.ZodError): void {
    const [issue] = error.issues;
    const why = `${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`;
    const row = `${this.name} ${JSON.stringify(id)}`;
    if (this.#reported.has(row) || this.#reported.size >= MAX_REPORTED) return;
    this.#reported.add(row);
    writeStderr(
      `adw_database: a row is left out of lists, it is none of ours: ${row} (${why})\n`,
    );
  }

  /** Column names go into SQL as they are, so only known ones may. */
  #column(name: string): string {
    if (Object.hasOwn(this.#rowSchema.shape, name)) return name;
    throw new TypeError(`${this.name} has no column ${JSON.stringify(name)}`);
  }

  protected prepare(sql: string): SqliteStatement {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.connection.prepareExact(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

/** `created_at` in one form, whoever wrote it: ISO 8601, UTC, milliseconds. */
const CREATED_AT = "strftime('%Y-%m-%dT%H:%M:%fZ', created_at)";

export interface LogQuery<Row> extends Page {
  where?: Where<Row>;
  /** Written at this time or later. */
  since?: Date;
  /** Written before this time. */
  until?: Date;
}

/** A table of log rows: it only grows, and is cleaned up by age. */
export class LogTable<
  RowSchema extends z.ZodObject,
  NewSchema extends z.ZodObject,
  const Columns extends readonly (keyof NewSchema["shape"] & string)[],
> extends Table<RowSchema, NewSchema> {
  readonly #appended: Columns;
  #append: SqliteStatement | undefined;

  /**
   * @param afterWrite called after every row written
   * @param appended the columns that `append` takes, in their order
   */
  constructor(
    connection: SqliteConnection,
    name: string,
    rowSchema: RowSchema,
    newSchema: NewSchema,
    afterWrite: () => void,
    appended: Columns,
  ) {
    super(connection, name, rowSchema, newSchema, afterWrite);
    this.#appended = appended;
  }

  /** Newest first. */
  query({
    where = {},
    since,
    until,
    ...page
  }: LogQuery<z.output<RowSchema>>): z.output<RowSchema>[] {
    const further: [string, SqliteValue][] = [];
    if (since) further.push([`${CREATED_AT} >= ?`, since.toISOString()]);
    if (until) further.push([`${CREATED_AT} < ?`, until.toISOString()]);
    return this.select(where, further, page);
  }

  /**
   * The fast way in, for logging: a value for each of the columns that the
   * table was made with, which are not checked, and no row back.
   */
  append(...values: { [Index in keyof Columns]: SqliteValue }): void {
    this.#append ??= this.connection.prepare(
      `INSERT INTO ${this.name} (${this.#appended.join(", ")})
       VALUES (${this.#appended.map(() => "?").join(", ")})`,
    );
    this.#append.run(...values.map(toSqlite));
    this.afterWrite();
  }

  /** @returns how many rows were deleted */
  async deleteBefore(cutoff: Date): Promise<number> {
    const time = cutoff.toISOString();
    // Rows that come meanwhile are not looked at: there may be no end of them.
    const newest = toDeletableRows(
      this.prepare(
        `SELECT max(id) AS last, 0 AS deletable FROM ${this.name}`,
      ).get(),
    );
    if (newest === undefined) return 0;
    const nextRows = this.prepare(
      `SELECT max(id) AS last, total(${CREATED_AT} < ?) AS deletable FROM (
         SELECT id, created_at FROM ${this.name}
         WHERE id > ? AND id <= ? ORDER BY id LIMIT ${String(DELETE_ROWS)}
       )`,
    );
    const deleteRows = this.prepare(
      `DELETE FROM ${this.name} WHERE id > ? AND id <= ? AND ${CREATED_AT} < ?`,
    );
    return deleteInBatches(
      this.connection,
      (after) => toDeletableRows(nextRows.get(time, after, newest.last)),
      (after, last) => deleteRows.run(after, last, time),
    );
  }
}

/** undefined for the row of an empty stretch. */
export function toDeletableRows(row: unknown): DeletableRows | undefined {
  return typeof row === "object" &&
    row !== null &&
    "last" in row &&
    "deletable" in row &&
    (typeof row.last === "bigint" || typeof row.last === "number")
    ? { last: row.last, deletable: Number(row.deletable) }
    : undefined;
}

/**
 * A column in SQL, its text as bytes: drivers differ in what they make of text
 * that holds NUL characters, and other programs put BLOBs into text columns.
 */
function readable(column: string): string {
  return `CASE typeof(${column}) WHEN 'text' THEN CAST(${column} AS BLOB) ELSE ${column} END AS ${column}`;
}

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Text from bytes, with U+FFFD for what is not UTF-8; numbers from bigints. One
 * beyond 2^53 becomes the nearest that there is, as it does in JSON.
 */
function decodeRow(row: unknown): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row ?? {}).map(([column, value]: [string, unknown]) => [
      column,
      value instanceof Uint8Array
        ? utf8.decode(value)
        : typeof value === "bigint"
          ? Number(value)
          : value,
    ]),
  );
}

/** Half a surrogate pair cannot be UTF-8: it is stored as U+FFFD, by every driver. */
const LONE_SURROGATE = /\p{Surrogate}/gu;

function toSqlite(value: unknown): SqliteValue {
  if (value === null || value === undefined) return null;
  if (typeof value === "string") return value.replace(LONE_SURROGATE, "\ufffd");
  if (
    typeof value === "number" ||
    typeof value === "bigint" ||
    value instanceof Uint8Array
  ) {
    return value;
  }
  throw new TypeError(`a ${typeof value} cannot be stored in a column`);
}

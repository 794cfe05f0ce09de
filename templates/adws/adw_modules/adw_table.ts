/**
 * adw_table: tables, read and written through their zod schemas.
 *
 * Template: adw_database 1.1.0, rendered by adw-scaffold.
 * Needs:    npm package `zod` >= 4. Node >= 20.19.
 * Update:   npx adw-scaffold update
 */
import type { z } from "zod";
import { deleteInRanges } from "./adw_sqlite.ts";
import type {
  SqliteConnection,
  SqliteStatement,
  SqliteValue,
} from "./adw_sqlite.ts";

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
    this.newSchema = newSchema;
    this.afterWrite = afterWrite;
  }

  /** @throws ZodError when the row is not one, or SQLite's error when it is refused. */
  create(row: z.input<NewSchema>): z.output<RowSchema> {
    const values = Object.entries(this.newSchema.parse(row));
    const columns = values.map(([column]) => column);
    const created = this.prepare(
      `INSERT INTO ${this.name} (${columns.join(", ")})
       VALUES (${columns.map(() => "?").join(", ")}) RETURNING *`,
    ).get(...values.map(([, value]) => toSqlite(value)));
    this.afterWrite();
    return this.#rowSchema.parse(created);
  }

  get(id: string | number): z.output<RowSchema> | undefined {
    const row = this.prepare(`SELECT * FROM ${this.name} WHERE id = ?`).get(id);
    return row === undefined ? undefined : this.#rowSchema.parse(row);
  }

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
      `SELECT * FROM ${this.name} WHERE ${sql === "" ? "TRUE" : sql}
       ORDER BY rowid DESC LIMIT ? OFFSET ?`,
    )
      .all(...conditions.map(([, value]) => value), limit, offset)
      .map((row) => this.#rowSchema.parse(row));
  }

  /** Column names go into SQL as they are, so only known ones may. */
  #column(name: string): string {
    if (Object.hasOwn(this.#rowSchema.shape, name)) return name;
    throw new TypeError(`${this.name} has no column ${JSON.stringify(name)}`);
  }

  protected prepare(sql: string): SqliteStatement {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.connection.prepare(sql);
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
> extends Table<RowSchema, NewSchema> {
  #append: SqliteStatement | undefined;

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
   * The fast way in, for logging: the values of a new row in the order of its
   * schema, which are not checked, and no row back.
   */
  append(...values: SqliteValue[]): void {
    this.#append ??= this.connection.prepare(
      `INSERT INTO ${this.name} (${Object.keys(this.newSchema.shape).join(", ")})
       VALUES (${values.map(() => "?").join(", ")})`,
    );
    this.#append.run(...values);
    this.afterWrite();
  }

  /** @returns how many rows were deleted */
  async deleteBefore(cutoff: Date): Promise<number> {
    const [first, last] = this.#idRange();
    const statement = this.prepare(
      `DELETE FROM ${this.name} WHERE id BETWEEN ? AND ? AND ${CREATED_AT} < ?`,
    );
    return deleteInRanges(this.connection, first, last, (low, high) =>
      statement.run(low, high, cutoff.toISOString()),
    );
  }

  /** The smallest and the largest id; an empty range when there is no row. */
  #idRange(): [first: number, last: number] {
    const row = this.prepare(
      `SELECT min(id) AS first, max(id) AS last FROM ${this.name}`,
    ).get();
    return typeof row === "object" &&
      row !== null &&
      "first" in row &&
      "last" in row &&
      typeof row.first === "number" &&
      typeof row.last === "number"
      ? [row.first, row.last]
      : [1, 0];
  }
}

function toSqlite(value: unknown): SqliteValue {
  if (value === null || value === undefined) return null;
  if (
    typeof value === "string" ||
    typeof value === "number" ||
    typeof value === "bigint" ||
    value instanceof Uint8Array
  ) {
    return value;
  }
  throw new TypeError(`a ${typeof value} cannot be stored in a column`);
}

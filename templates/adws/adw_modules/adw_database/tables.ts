/**
 * Tables, read and written through their zod schemas, and cleaned up by age.
 *
 * Template: adw_database 1.3.0
 */
import { toUSVString } from "node:util";
import type { z } from "zod/v4";
import { Reporter } from "../adw_stderr.ts";
import { columnOf, inTransaction, sqliteProblem } from "./connection.ts";
import type { SqliteConnection, SqliteValue } from "./connection.ts";

/** Rows that a list returns when not told. */
export const LIST_LIMIT = 100;
/** Rows that one deleting transaction looks at, so that writers wait for milliseconds only. */
export const DELETE_ROWS = 5_000;
/** How long such a transaction waits for its turn. */
export const CLEAN_UP_PATIENCE_MS = 30_000;
/** The longest pause between two such transactions. */
const LONGEST_PAUSE_MS = 100;
/** SQLite's keys are signed integers of 64 bits. */
const SMALLEST_KEY = -(2n ** 63n);
export const LARGEST_KEY = 2n ** 63n - 1n;
/** `created_at` in one form, whoever wrote it: ISO 8601, UTC, milliseconds. */
const CREATED_AT = "strftime('%Y-%m-%dT%H:%M:%fZ', created_at)";

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

export interface LogQuery<Row> extends Page {
  where?: Where<Row>;
  /** Written at this time or later. */
  since?: Date;
  /** Written before this time. */
  until?: Date;
}

/** What the tables of one database share. */
export interface TableContext {
  readonly connection: SqliteConnection;
  /** Called after every row written. */
  readonly afterWrite: () => void;
}

/** A table whose rows have an `id`, listed newest first. */
export class Table<
  RowSchema extends z.ZodObject,
  NewSchema extends z.ZodObject,
> {
  protected readonly context: TableContext;
  protected readonly name: string;
  protected readonly newSchema: NewSchema;
  readonly #rowSchema: RowSchema;
  /** Of an update. Zod compiles a schema when it is first used, which takes longer than to use it. */
  readonly #changesSchema;
  readonly #columns: string;
  readonly #reporter = new Reporter("adw_database");

  constructor(
    context: TableContext,
    name: string,
    rowSchema: RowSchema,
    newSchema: NewSchema,
  ) {
    this.context = context;
    this.name = name;
    this.newSchema = newSchema;
    this.#rowSchema = rowSchema;
    this.#changesSchema = newSchema.partial();
    this.#columns = Object.keys(rowSchema.shape).map(readable).join(", ");
  }

  /** @throws ZodError when the row is not one, or SQLite's error when it is refused. */
  create(row: z.input<NewSchema>): z.output<RowSchema> {
    const values = Object.entries(this.newSchema.parse(row));
    const columns = values.map(([column]) => column);
    const created = this.prepare(
      `INSERT INTO ${this.name} (${columns.join(", ")})
       VALUES (${columns.map(() => "?").join(", ")}) RETURNING ${this.#columns}`,
    ).get(...values.map(([, value]) => toSqlite(value)));
    this.context.afterWrite();
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

  /** Newest first. A row that cannot be understood is left out, and reported. */
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
    const parsed = this.#changesSchema.parse(changes);
    // Parsing fills in the defaults of a new row too: only what was given counts.
    const values = Object.entries(parsed).filter(
      ([column]) => columnOf(changes, column) !== undefined,
    );
    if (values.length === 0) return this.get(id);
    const assignments = values.map(([column]) => `${column} = ?`);
    this.prepare(
      `UPDATE ${this.name} SET ${assignments.join(", ")} WHERE id = ?`,
    ).run(...values.map(([, value]) => toSqlite(value)), id);
    this.context.afterWrite();
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
        `${this.#known(column)} IS ?`,
        toSqlite(value),
      ]);
    const conditions = [...equal, ...further];
    const rows = this.prepare(
      `SELECT ${this.#columns} FROM ${this.name}
       WHERE ${["TRUE", ...conditions.map(([sql]) => sql)].join(" AND ")}
       ORDER BY ${this.name}.rowid DESC LIMIT ? OFFSET ?`,
    ).all(...conditions.map(([, value]) => value), limit, offset);
    return rows.flatMap((row) => this.#understood(decodeRow(row)));
  }

  /** Its integers are exact: other programs may have left any. */
  protected prepare(sql: string) {
    return this.context.connection.prepareExact(sql);
  }

  /** Column names go into SQL as they are, so only known ones may. */
  #known(name: string): string {
    if (Object.hasOwn(this.#rowSchema.shape, name)) return name;
    throw new TypeError(`${this.name} has no column ${JSON.stringify(name)}`);
  }

  #understood(row: Record<string, unknown>): z.output<RowSchema>[] {
    const parsed = this.#rowSchema.safeParse(row);
    if (parsed.success) return [parsed.data];
    const [issue] = parsed.error.issues;
    const why = `${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`;
    const name = `${this.name} ${JSON.stringify(row["id"])}`;
    this.#reporter.report(
      name,
      `a row is left out of lists, it is none of ours: ${name} (${why})`,
    );
    return [];
  }
}

/** A table of log rows: it only grows, and is cleaned up by age. */
export class LogTable<
  RowSchema extends z.ZodObject,
  NewSchema extends z.ZodObject,
  const Columns extends readonly (keyof NewSchema["shape"] & string)[],
> extends Table<RowSchema, NewSchema> {
  readonly #append: string;

  /** @param appended the columns that `append` takes, in their order */
  constructor(
    context: TableContext,
    name: string,
    rowSchema: RowSchema,
    newSchema: NewSchema,
    appended: Columns,
  ) {
    super(context, name, rowSchema, newSchema);
    this.#append = `INSERT INTO ${name} (${appended.join(", ")})
      VALUES (${appended.map(() => "?").join(", ")})`;
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
    const { connection, afterWrite } = this.context;
    connection.prepare(this.#append).run(...values.map(toSqlite));
    afterWrite();
  }

  /** @returns how many rows were deleted */
  async deleteBefore(cutoff: Date): Promise<number> {
    // Rows that come meanwhile are not looked at: there may be no end of them.
    const newest = columnOf(
      this.prepare(`SELECT max(id) AS id FROM ${this.name}`).get(),
      "id",
    );
    if (typeof newest !== "bigint") return 0;
    return deleteInBatches(this.context.connection, {
      table: this.name,
      key: "id",
      last: newest,
      condition: `${CREATED_AT} < ?`,
      values: [cutoff.toISOString()],
    });
  }
}

/** Which rows go. */
interface Deletion {
  table: string;
  /** The integer column that the rows are in order of. */
  key: string;
  /** Rows with a greater key stay. */
  last: number | bigint;
  /** SQL: the rows that go, and the values of its `?`. */
  condition: string;
  values: readonly SqliteValue[];
}

/**
 * Deletes a stretch of rows at a time, each in a transaction of its own, and
 * lets other work and other writers go on in between. What it takes is decided
 * by how many rows there are, whatever their keys: those may be sparse.
 *
 * @returns how many rows were deleted
 */
export async function deleteInBatches(
  connection: SqliteConnection,
  { table, key, last, condition, values }: Deletion,
): Promise<number> {
  const stretch = connection.prepareExact(
    `SELECT max(key) AS last, total(goes) AS going FROM (
       SELECT ${key} AS key, ${condition} AS goes FROM ${table}
       WHERE ${key} > ? AND ${key} <= ? ORDER BY ${key} LIMIT ${String(DELETE_ROWS)}
     )`,
  );
  const deletion = connection.prepare(
    `DELETE FROM ${table} WHERE ${key} > ? AND ${key} <= ? AND ${condition}`,
  );
  let total = 0;
  let after = SMALLEST_KEY;
  for (;;) {
    const rows = stretch.get(...values, after, last);
    const end = columnOf(rows, "last");
    if (typeof end !== "bigint") return total;
    const startedAt = performance.now();
    if (columnOf(rows, "going") !== 0) {
      const [low, high] = [after, end];
      const { changes } = await whenFree(() =>
        inTransaction(connection, () => deletion.run(low, high, ...values)),
      );
      total += Number(changes);
    }
    // SQLite's lock is not fair: who comes back at once would always get it.
    await pause(performance.now() - startedAt);
    after = end;
  }
}

/**
 * Runs `work`, again and again while other processes hold the write lock: who
 * tidies up comes last, and has time.
 */
async function whenFree<Result>(work: () => Result): Promise<Result> {
  const deadline = performance.now() + CLEAN_UP_PATIENCE_MS;
  for (;;) {
    try {
      return work();
    } catch (error) {
      const isLocked = sqliteProblem(error) === "locked";
      if (!isLocked || performance.now() >= deadline) throw error;
      await pause(20 + Math.random() * 30);
    }
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, Math.min(milliseconds, LONGEST_PAUSE_MS));
  });
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
export function decodeRow(row: unknown): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row ?? {}).map(([column, value]: [string, unknown]) => {
      if (value instanceof Uint8Array) return [column, utf8.decode(value)];
      return [column, typeof value === "bigint" ? Number(value) : value];
    }),
  );
}

function toSqlite(value: unknown): SqliteValue {
  if (value === null || value === undefined) return null;
  // Half a surrogate pair cannot be UTF-8: it is stored as U+FFFD, by every driver.
  if (typeof value === "string") return toUSVString(value);
  if (
    typeof value === "number" ||
    typeof value === "bigint" ||
    value instanceof Uint8Array
  ) {
    return value;
  }
  throw new TypeError(`a ${typeof value} cannot be stored in a column`);
}

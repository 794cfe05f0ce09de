/** What a log says of one source, where that can be had at little cost. */
import { existsSync } from "node:fs";
import type * as Sqlite from "node:sqlite";

/** How many of the newest events are looked at. */
const LOOKED_AT = 50_000;
/** How many of the newest runs of hooks tell what they take. */
const RUNS = 1_000;

type Row = Readonly<Record<string, unknown>>;

/** Of the newest events those of a source that the condition is true of, the newest first. */
async function newest(
  database: string,
  source: string,
  condition: string,
  limit: number,
): Promise<Row[]> {
  if (!existsSync(database)) return [];
  try {
    const { DatabaseSync } = await sqlite();
    const log = new DatabaseSync(database, { readOnly: true });
    try {
      return log
        .prepare(
          `SELECT * FROM event_stream
            WHERE seq > (SELECT max(seq) FROM event_stream) - ${String(LOOKED_AT)}
              AND source = ? AND ${condition} ORDER BY seq DESC LIMIT ${String(limit)}`,
        )
        .all(source);
    } finally {
      log.close();
    }
  } catch {
    // A log of an older form, or a Node without SQLite.
    return [];
  }
}

/** In ms since the epoch; undefined where there is none, or it cannot be read. */
export async function lastEventOf(
  database: string,
  source: string,
): Promise<number | undefined> {
  const [row] = await newest(database, source, "true", 1);
  const time = Date.parse(String(row?.["timestamp"]));
  return Number.isNaN(time) ? undefined : time;
}

/** How long an agent waited for its hooks, all of those of an event together. */
export interface HookTime {
  /** How many times it ran hooks: the newest 1,000 of each log at most. */
  runs: number;
  median_ms: number;
  total_ms: number;
  /** In how many of them there was more than one hook, so that not all of it may be ours. */
  with_others: number;
}

/** As the agent measured it; undefined where it told nothing. */
export async function hookTimeOf(
  databases: readonly string[],
  source: string,
): Promise<HookTime | undefined> {
  const condition = "event_type = 'hook_execution_complete'";
  const rows = await Promise.all(
    databases.map((database) => newest(database, source, condition, RUNS)),
  );
  const runs = rows.flat().flatMap(({ metadata }) => {
    const { total_duration_ms, num_hooks } = fields(metadata);
    const ms = Number(total_duration_ms);
    return ms >= 0 ? [{ ms, hooks: Number(num_hooks) }] : [];
  });
  if (runs.length === 0) return undefined;
  const times = runs.map(({ ms }) => ms).toSorted((a, b) => a - b);
  return {
    runs: runs.length,
    median_ms: times[Math.floor(times.length / 2)] ?? 0,
    total_ms: times.reduce((sum, ms) => sum + ms, 0),
    with_others: runs.filter(({ hooks }) => hooks > 1).length,
  };
}

function fields(json: unknown): Row {
  try {
    const value: unknown = JSON.parse(String(json));
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

/** What a Node needs that cannot read a log; undefined for one that can. */
export async function logReaderMissing(): Promise<string | undefined> {
  try {
    await sqlite();
    return undefined;
  } catch {
    return "needs Node 22.13";
  }
}

/** Node's remark that it is experimental is of no interest to who asked for a status. */
async function sqlite(): Promise<typeof Sqlite> {
  process.removeAllListeners("warning");
  return await import("node:sqlite");
}

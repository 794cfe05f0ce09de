/** The newest event of a source in a project's log, where that can be had at little cost. */
import { existsSync } from "node:fs";
import type * as Sqlite from "node:sqlite";

/** How many of the newest events are looked at. */
const LOOKED_AT = 50_000;

/**
 * In ms since the epoch; undefined where there is none, where the log is of an older
 * form, and on a Node without SQLite.
 */
export async function lastEventOf(
  database: string,
  source: string,
): Promise<number | undefined> {
  if (!existsSync(database)) return undefined;
  try {
    const { DatabaseSync } = await sqlite();
    const log = new DatabaseSync(database, { readOnly: true });
    try {
      const row = log
        .prepare(
          `SELECT timestamp FROM event_stream
            WHERE seq > (SELECT max(seq) FROM event_stream) - ${String(LOOKED_AT)}
              AND source = ? ORDER BY seq DESC LIMIT 1`,
        )
        .get(source);
      const time = Date.parse(String(row?.["timestamp"]));
      return Number.isNaN(time) ? undefined : time;
    } finally {
      log.close();
    }
  } catch {
    return undefined;
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

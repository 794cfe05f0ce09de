/** The selection as text for other programs, with secrets masked. */
import type { AgentEvent } from "./types.ts";
import { maskEvent } from "./mask.ts";

const COLUMNS = [
  "seq",
  "timestamp",
  "event_type",
  "log_type",
  "log_level",
  "agent_id",
  "session_id",
  "project",
  "source",
  "message",
] as const;
/** Columns that are there only where an event has something in them. */
const OPTIONAL: ReadonlySet<string> = new Set(["project", "source"]);

/** One JSON object a line, as on the wire. */
export function toJsonl(events: readonly AgentEvent[]) {
  return events
    .map((event) => `${JSON.stringify(maskEvent(event))}\n`)
    .join("");
}

/** RFC 4180, with the metadata as JSON in the last column. */
export function toCsv(events: readonly AgentEvent[]) {
  const columns = COLUMNS.filter(
    (column) =>
      !OPTIONAL.has(column) ||
      events.some((event) => event[column] !== undefined),
  );
  const lines = [[...columns, "metadata"].join(",")];
  for (const event of events) {
    const masked = maskEvent(event);
    const cells = columns.map((column) =>
      csvCell(String(masked[column] ?? "")),
    );
    cells.push(csvCell(JSON.stringify(masked.metadata)));
    lines.push(cells.join(","));
  }
  return `${lines.join("\r\n")}\r\n`;
}

function csvCell(value: string) {
  // A spreadsheet takes these for a formula, and would run it.
  const safe = /^[=+\-@\t\r\n＝＋－＠]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Puts events into a spool, where a server takes them from, now or later. */
import {
  MAX_FILE_BYTES,
  putIntoSpool,
} from "../../templates/adws/adw_modules/adw_agents/spool.ts";
import { parseEvent, type EmittedEvent } from "../domain/emitted-event.ts";
import { ConfigError, RefusedError, UsageError } from "../domain/errors.ts";
import { parseJson, type JsonDocument } from "../infrastructure/json-text.ts";
import {
  endAttempt,
  noteAttempt,
  type Attempt,
} from "../infrastructure/emit-attempts.ts";
import { makeSpoolFolder } from "../infrastructure/spool-folder.ts";

/** The first word of a file's name in the spool, by which a server knows what is in it. */
const EVENTS_SOURCE = "event";

const INPUT = "standard input";

/**
 * The events of a text: one as JSON, a list of them, `{"events":[…]}`, or one a line.
 *
 * @throws {UsageError | ConfigError} with the line of the first that is none
 */
export function readEvents(text: string, { id, at }: Attempt): EmittedEvent[] {
  const body = text.replace(/^\uFEFF/, "");
  if (body.trim() === "") {
    throw new UsageError("standard input is empty", {
      hint: `Like this: echo '{"event_type":"deploy_done","agent_id":"ci"}' | adw-scaffold emit`,
    });
  }
  let count = 0;
  const events = documentsOf(body).flatMap(({ document, line: before }) => {
    const { values, path: above } = listIn(document.value);
    return values.map((each, index) => {
      const given = { id: `${id}-${String(count)}`, now: at };
      count += 1;
      return parseEvent(each, given, (key) => {
        const path = [
          ...(above === undefined ? [] : [...above, index]),
          ...(key === undefined ? [] : [key]),
        ];
        const where = document.locate(path, "name");
        return { ...where, file: INPUT, line: (where.line ?? 1) + before };
      });
    });
  });
  if (events.length === 0)
    throw new UsageError("there is no event in standard input", {
      hint: "An empty list puts nothing into the log.",
    });
  return events;
}

/** As `POST /api/events` takes them. `path`: where the list stands; undefined: it is no list. */
function listIn(value: unknown): {
  values: readonly unknown[];
  path?: readonly string[];
} {
  if (Array.isArray(value)) return { values: value, path: [] };
  const isBatch =
    typeof value === "object" && value !== null && "events" in value;
  if (!isBatch) return { values: [value] };
  const list: unknown = value.events;
  return Array.isArray(list)
    ? { values: list, path: ["events"] }
    : { values: [value] };
}

interface Placed {
  document: JsonDocument;
  /** Lines before it. */
  line: number;
}

/** The whole text as one, else each line. */
function documentsOf(text: string): Placed[] {
  const lines = text.split(/\r?\n/);
  const isLines =
    lines.filter((line) => line.trim() !== "").length > 1 &&
    isJson(firstLine(lines));
  if (!isLines) return [{ document: parseJson(text, INPUT), line: 0 }];
  return lines.flatMap((line, index) => {
    if (line.trim() === "") return [];
    try {
      return { document: parseJson(line, INPUT), line: index };
    } catch (error) {
      throw onLine(error, index);
    }
  });
}

function firstLine(lines: readonly string[]): string {
  return lines.find((line) => line.trim() !== "") ?? "";
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function onLine(error: unknown, before: number): unknown {
  if (!(error instanceof ConfigError)) return error;
  const { line = 1, column = 1 } = error.where ?? {};
  return new ConfigError(error.code, error.message, {
    where: { file: INPUT, line: line + before, column },
    hint: "Nothing was put into the log. One event a line, or one list of events.",
  });
}

/** Smaller files than a server takes at once. */
const FILE_BYTES = 1024 * 1024;

/**
 * One file for what fits into one, in order. A file is there whole, or not at all;
 * of several, what is missing comes when the command is repeated.
 *
 * @throws {UsageError} for an event that no server would take; {RefusedError} code
 * `WRITE_FAILED`
 */
export async function putEvents(
  spool: string,
  events: readonly EmittedEvent[],
  attempt: Attempt,
): Promise<void> {
  const files = filesOf(events);
  const isLong = files.length > 1;
  let at = Date.now();
  try {
    makeSpoolFolder(spool);
    if (isLong) noteAttempt(attempt);
    // A server takes them in the order of their times.
    for (const body of files)
      await putIntoSpool(spool, EVENTS_SOURCE, body, at++);
    if (isLong) endAttempt(spool, attempt);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new RefusedError("WRITE_FAILED", `cannot write: ${reason}`, {
      cause: error,
      where: { file: spool },
      hint: "Check permissions and free space, then run the command again: nothing gets into the log twice.",
    });
  }
}

/** An event, or a list of several. */
function filesOf(events: readonly EmittedEvent[]): string[] {
  const files: string[][] = [[]];
  let bytes = 0;
  for (const event of events) {
    const text = JSON.stringify(event);
    const size = Buffer.byteLength(text) + 1;
    if (size > MAX_FILE_BYTES - 2)
      throw new UsageError(
        `an event of ${String(size)} bytes is too large: ${event.event_type}`,
        {
          hint: `At most ${String(MAX_FILE_BYTES)} bytes. Name a file in metadata instead.`,
        },
      );
    if (bytes > 0 && bytes + size > FILE_BYTES) {
      files.push([]);
      bytes = 0;
    }
    files.at(-1)?.push(text);
    bytes += size;
  }
  return files.map((texts) =>
    texts.length === 1 ? texts.join("") : `[${texts.join(",")}]`,
  );
}

/**
 * An `emit` of several files that was cut short, and is repeated, must put nothing
 * into the log twice. So before the first file it notes under which id it gives its
 * events their keys; the note goes when all files are there. Who is given the same
 * text and finds a note goes on with that id, and the log leaves out what it has.
 */
import { createHash, randomUUID } from "node:crypto";
import {
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { uptime } from "node:os";
import { join } from "node:path";

/** How long a note counts, in ms: later, the same text is said anew. */
const NOTED_MS = 86_400_000;
const PREFIX = "emit.";

export interface Attempt {
  /** The keys of its events begin with it. */
  id: string;
  /** The time of events that have none. */
  at: Date;
  /** Where it is noted; undefined while another process puts the same text. */
  note: string | undefined;
}

/** The attempt that was cut short, or a new one. Writes nothing. */
export function attemptFor(spool: string, text: string): Attempt {
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 32);
  const note = join(spool, `${PREFIX}${hash}`);
  const noted = readNote(note);
  if (noted === undefined) return { id: randomUUID(), at: new Date(), note };
  // Numbers of processes begin anew when the machine does.
  const startedAt = Date.now() - uptime() * 1_000;
  return Date.parse(noted.at) > startedAt && isRunning(noted.pid)
    ? { id: randomUUID(), at: new Date(), note: undefined }
    : { id: noted.id, at: new Date(noted.at), note };
}

/** @throws what the file system throws */
export function noteAttempt({ note, id, at }: Attempt): void {
  if (note === undefined) return;
  const text = JSON.stringify({ id, at: at.toISOString(), pid: process.pid });
  writeFileSync(note, text, { mode: 0o600 });
}

/** All is put: the same text is another one from now on. */
export function endAttempt(spool: string, { note }: Attempt): void {
  if (note !== undefined) rmSync(note, { force: true });
  for (const name of readdirSync(spool)) {
    const path = join(spool, name);
    if (!name.startsWith(PREFIX)) continue;
    const found = statSync(path, { throwIfNoEntry: false });
    if (found !== undefined && isOld(found.mtimeMs))
      rmSync(path, { force: true });
  }
}

function readNote(
  path: string,
): { id: string; at: string; pid: number } | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (typeof value !== "object" || value === null) return undefined;
    const { id, at, pid }: { id?: unknown; at?: unknown; pid?: unknown } =
      value;
    return typeof id === "string" &&
      typeof at === "string" &&
      typeof pid === "number" &&
      !isOld(Date.parse(at))
      ? { id, at, pid }
      : undefined;
  } catch {
    // None, or one that was cut short itself: then nothing was put yet.
    return undefined;
  }
}

function isOld(time: number): boolean {
  return !(Date.now() - time < NOTED_MS);
}

function isRunning(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

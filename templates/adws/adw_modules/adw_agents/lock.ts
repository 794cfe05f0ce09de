/**
 * One process at a time works on what a folder holds: two would each take it. A
 * file says which one, and on which machine or in which container, where numbers
 * of processes begin anew; whoever does not say so again for LOCK_STALE_MS, or
 * has ended, gives way.
 *
 * A process that was suspended may find that another one has taken over. So the
 * lock is asked for anew before each store, and what it guards is read anew
 * whenever it was taken.
 *
 * Template: adw_agents 1.3.0
 */
import {
  closeSync,
  constants,
  lstatSync,
  openSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { fieldsOf } from "./act.ts";

/** Whoever has the lock says so, and is believed to be gone when it has not for so long. */
export const LOCK_STALE_MS = 10_000;

const HOST = hostname();
const SELF = `${String(process.pid)} ${HOST}`;

/** Another process was faster: what was to be stored is to be read anew, or is that one's. */
export class OvertakenError extends Error {}

export interface LockEvents {
  /** This process has it from now on. When it throws, it is called again. */
  onTaken?: () => void;
  /** Another process has it. */
  onLost?: () => void;
}

export class Lock {
  readonly #path: string;
  readonly #events: LockEvents;
  #isHeld = false;
  /** When another one said so, and since when that is known, by a clock that nobody sets back. */
  #said = { mtimeMs: 0, at: 0 };

  constructor(path: string, events: LockEvents = {}) {
    this.#path = path;
    this.#events = events;
  }

  /** Whether this process had it when it last asked. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** The process that has it, as `<number> <machine>`. */
  get owner(): string | undefined {
    return readPlain(this.#path);
  }

  /** Takes the lock where it is free, and says that this process goes on. */
  hold(): boolean {
    const { owner } = this;
    const isOwn = owner === SELF && this.#refresh();
    if (!isOwn) {
      this.#lose();
      if (!this.#take(owner)) return false;
    }
    if (!this.#isHeld) this.#events.onTaken?.();
    this.#isHeld = true;
    return true;
  }

  /** Is to be called before a store. @throws when the lock was lost: what is known here may not be so any more */
  confirm(): void {
    if (this.#isHeld && this.owner === SELF && this.#refresh()) return;
    this.#lose();
    throw new OvertakenError("another process stores what is said here now");
  }

  release(): void {
    this.#isHeld = false;
    if (this.owner === SELF) rmSync(this.#path, { force: true });
  }

  #take(owner: string | undefined): boolean {
    if (owner !== undefined) {
      const found = lstatSync(this.#path, { throwIfNoEntry: false });
      const mtimeMs = found?.mtimeMs ?? 0;
      const now = performance.now();
      if (mtimeMs !== this.#said.mtimeMs) this.#said = { mtimeMs, at: now };
      const age = Math.max(Date.now() - mtimeMs, now - this.#said.at);
      if (age < LOCK_STALE_MS && isRunning(owner)) return false;
      rmSync(this.#path, { force: true });
    }
    try {
      writeFileSync(this.#path, SELF, { mode: 0o600, flag: "wx" });
      return true;
    } catch {
      return false; // another one was faster
    }
  }

  #refresh(): boolean {
    try {
      utimesSync(this.#path, new Date(), new Date());
      return true;
    } catch {
      return false; // it is gone since
    }
  }

  #lose(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#events.onLost?.();
  }
}

/** Of another machine's process, nobody knows. */
function isRunning(owner: string): boolean {
  const [pid, host = HOST] = owner.split(" ");
  if (host !== HOST) return true;
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch (error) {
    return fieldsOf(error)["code"] === "EPERM";
  }
}

/** Not through a symbolic link; undefined when the file cannot be read. */
export function readPlain(path: string): string | undefined {
  const flags: Readonly<Record<string, number | undefined>> = constants;
  const noFollow = flags["O_NOFOLLOW"] ?? 0;
  try {
    const file = openSync(path, constants.O_RDONLY | noFollow);
    try {
      return readFileSync(file, "utf8");
    } finally {
      closeSync(file);
    }
  } catch {
    return undefined;
  }
}

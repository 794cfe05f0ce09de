/**
 * What the thread that logs and the thread that writes share, beside a port.
 *
 * Template: adw_logging 1.2.0, rendered by adw-scaffold.
 * Needs:    nothing but Node >= 20.19.
 * Update:   npx adw-scaffold update
 */
import type { MessagePort } from "node:worker_threads";

/** Words of the shared memory. */
export const STATE = 0;
/** Another number after each command. */
export const WORK = 1;
/** Another number after each message of the writer's. */
export const ACTIVITY = 2;
export const WORDS = 3;

/** Who writes: nobody yet; the thread; the one that logs, because there is no thread. */
export const STARTING = 0;
export const RUNNING = 1;
export const NO_THREAD = 2;

export interface ThreadData {
  path: string;
  port: MessagePort;
  signals: Int32Array;
}

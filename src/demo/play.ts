/**
 * Plays a story in real time: hands over each event when its moment has come.
 */
import {
  setImmediate as turn,
  setTimeout as sleep,
} from "node:timers/promises";

/** However fast it plays, the sockets get their turn after so many events. */
const EVENTS_PER_TURN = 64;

export interface PlayOptions {
  /** 2 plays the story in half of its time. */
  speed: number;
  /** Aborting ends the play; what is left is not emitted. */
  signal: AbortSignal;
}

/** Resolves with the number of events emitted, at the story's end or the abort. */
export async function play<Event extends { at_ms: number }>(
  story: Iterable<Event>,
  emit: (event: Event) => void | Promise<void>,
  { speed, signal }: PlayOptions,
): Promise<number> {
  const startMs = performance.now();
  let count = 0;
  for (const event of story) {
    const waitMs = startMs + event.at_ms / speed - performance.now();
    // Timers are accurate to a millisecond or two: what is due goes out together.
    if (waitMs > 1) {
      // An abort ends the wait; the check below then ends the play.
      await sleep(waitMs, undefined, { signal }).catch(() => undefined);
    } else if (count % EVENTS_PER_TURN === 0) {
      await turn();
    }
    if (signal.aborted) break;
    await emit(event);
    count++;
  }
  return count;
}

/** Events a second that the story itself has, at speed 1. */
export function naturalRate(story: readonly { at_ms: number }[]): number {
  const lastMs = story.at(-1)?.at_ms ?? 0;
  return lastMs === 0 ? 1 : (story.length * 1_000) / lastMs;
}

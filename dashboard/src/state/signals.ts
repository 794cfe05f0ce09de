/** What the page shows, as signals. Written only by state.ts and its rooms. */
import { batch, signal } from "@preact/signals";
import { emptyFilter } from "../core/filter.ts";
import type { Filter } from "../core/types.ts";
import type { UsageKey } from "../core/usage.ts";
import type { ConnectionStatus } from "../io/connection.ts";
import { readDismissed, readShortcutsOn } from "../io/preferences.ts";

/** Bumped when events came or went: at most every LOG_UPDATE_MS. */
export const logVersion = signal(0);
/** The same for what needs no such haste. */
export const overviewVersion = signal(0);
/** Server time in ms, once a second. */
export const now = signal(Date.now());
export const loading = signal({ done: 0, total: 0 });
export const connection = signal<ConnectionStatus>({
  state: "loading",
  reason: "",
  refusal: "",
  retryAt: 0,
});
/** A line that tells what happened to the stream, "" for none. */
export const streamNotice = signal("");

export const filter = signal<Filter>(emptyFilter());
export const selected = signal<number | null>(null);
/** Which panel is in front on a narrow screen. */
export const panel = signal("fleet");
/** Keys of the tree's finished parts that are shown. */
export const open = signal<readonly string[]>([]);
/** Keys of the tree's rows whose children are hidden. */
export const folded = signal<readonly string[]>([]);
/** What the numbers are told by. */
export const usageKey = signal<UsageKey>("agent");
/** Position in the store at which the log was paused, null when it runs. */
export const pausedAt = signal<number | null>(null);
/** Moves the timeline to an event: `n` grows with each request. */
export const reveal = signal<Reveal>({ time: 0, seq: 0, n: 0 });

export interface Reveal {
  time: number;
  seq: number;
  n: number;
}

export interface Replay {
  /** ms since the epoch */
  at: number;
  playing: boolean;
  speed: number;
}
/** Null when the page shows the present. */
export const replay = signal<Replay | null>(null);
/** Whether keys of one character do anything: some people speak to their computer. */
export const shortcutsOn = signal(readShortcutsOn());
/** The last chosen speed outlives a return to the present. */
export const speed = signal(1);

export const dismissed = signal<ReadonlySet<string>>(new Set(readDismissed()));

let writesHistory = true;

/** Whether a change of the view is a step that Back takes back. */
export function isHistoryStep() {
  return writesHistory;
}

/** Changes the view without an entry in the browser's history. */
export function withoutHistory(change: () => void) {
  const before = writesHistory;
  writesHistory = false;
  try {
    batch(change);
  } finally {
    writesHistory = before;
  }
}

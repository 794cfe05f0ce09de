/** What the command and its player tell each other. */

/** What to play, and where; all paths are absolute. */
export interface DemoTask {
  logging: string;
  database: string;
  url: string;
  token?: string;
  seed: number;
  /** Without it: one story. 0: until told to end. */
  seconds?: number;
  /** Events a second; without it the story's own pace. */
  rate?: number;
  /** Ids that no other run has, whatever the seed: the log is one that stays. */
  hasUniqueIds: boolean;
  /** Shown before the first event; without it nothing is shown at all. */
  opening?: string;
}

/** How it went. `not_ours`: the server streams something else; nothing was played. */
export type DemoOutcome =
  | { outcome: "played"; sent: number; received: number }
  | { outcome: "not_ours" };

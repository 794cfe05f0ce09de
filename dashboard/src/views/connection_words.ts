import type { connection } from "../state.ts";

/** What each state of the connection is called on the page. */
export const CONNECTION_WORDS: Readonly<
  Record<(typeof connection.value)["state"], string>
> = {
  loading: "Loading",
  live: "Live",
  reconnecting: "Reconnecting",
  resyncing: "Resyncing",
  refused: "Refused",
  offline: "Recording",
};

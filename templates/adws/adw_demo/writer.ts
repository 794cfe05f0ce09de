/**
 * The second process of `adw_demo`: plays the story into a database through
 * adw_logging, as a workflow would. It knows nothing of the server.
 *
 * Template: adw_demo 1.2.0
 * Needs:    nothing
 * Update:   npx adw-scaffold update
 */
import { withLogging } from "../adw_modules/adw_logging.ts";
import { writeStderr } from "../adw_modules/adw_stderr.ts";
import { endlessFleet, fleetStory } from "./fleet.ts";
import { naturalRate, play } from "./player.ts";
import { record } from "./recorder.ts";

export interface WriterSettings {
  /** The database file. */
  path: string;
  seed: number;
  /** undefined: one story. 0: until told to end. */
  seconds: number | undefined;
  /** Events a second; undefined: the story's own pace. */
  rate: number | undefined;
}

async function main({ path, seed, seconds, rate }: WriterSettings) {
  const ending = new AbortController();
  const end = () => {
    ending.abort();
  };
  process.on("message", end);
  process.on("disconnect", end);
  // Ctrl-C reaches the whole process group; the demo itself says when to end.
  process.on("SIGINT", () => undefined);

  const story = fleetStory(seed);
  const isEndless = seconds !== undefined;
  const timer = seconds ? setTimeout(end, seconds * 1_000) : undefined;
  const sent = await withLogging(
    () =>
      play(isEndless ? endlessFleet(seed) : story, record, {
        speed: rate === undefined ? 1 : rate / naturalRate(story),
        signal: ending.signal,
      }),
    { path },
  );
  clearTimeout(timer);
  if (!process.connected) return; // the demo went away
  process.send?.(sent, undefined, undefined, () => undefined);
  process.removeAllListeners("message");
  process.disconnect();
}

const settings = JSON.parse(process.argv[2] ?? "{}") as WriterSettings;
main(settings).catch((error: unknown) => {
  writeStderr(`adw_demo: ${String(error)}\n`);
  process.exitCode = 1;
});

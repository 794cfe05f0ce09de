/**
 * Plays the demo into a project: logs the story through the project's adw_logging,
 * and shows what the project's server sends of it. Runs in a process of its own, by
 * the project's TypeScript runner; tells its parent how it went.
 *
 *   node demo-player.js '{"logging":"…","database":"…","url":"…"}'
 */
import { randomBytes } from "node:crypto";
import { createRequire } from "node:module";
import type { FleetEvent } from "./demo/agent.ts";
import { Audience } from "./demo/audience.ts";
import { endlessFleet, fleetStory } from "./demo/fleet.ts";
import { naturalRate, play } from "./demo/play.ts";
import {
  loadModule,
  type DatabaseModule,
  type LoggingModule,
} from "./demo/project-modules.ts";
import { record } from "./demo/recorder.ts";
import type { DemoOutcome, DemoTask } from "./demo/task.ts";
import { TerminalView, terminalAbilities } from "./demo/terminal-view.ts";

/** Time for the last events to arrive before they count as lost, in ms. */
const DRAIN_MS = 5_000;

async function main(task: DemoTask): Promise<DemoOutcome> {
  const ending = new AbortController();
  const end = () => {
    ending.abort();
  };
  process.on("message", end);
  process.on("disconnect", end);
  // Ctrl-C reaches the whole process group; the parent says when to end.
  process.on("SIGINT", () => undefined);
  // A reader that goes away (`| head`) is no error.
  let isOpen = task.opening !== undefined;
  process.stdout.on("error", () => {
    isOpen = false;
    end();
  });
  const say = (text: string) => {
    if (isOpen) process.stdout.write(text);
  };

  const log = await loadModule<LoggingModule>(task.logging);
  const { openDatabase } = await loadModule<DatabaseModule>(task.database);
  const database = openDatabase();
  const { streamId, lastSeq } = database.events;
  database.close();
  const view = new TerminalView(() =>
    terminalAbilities(process.stdout, process.env),
  );
  const audience = await Audience.join(
    {
      url: task.url,
      ...(task.token === undefined ? {} : { token: task.token }),
      streamId,
      since: lastSeq,
      // Node 20 has none of its own.
      ...("WebSocket" in globalThis
        ? {}
        : { WebSocket: createRequire(task.logging)("ws").WebSocket }),
    },
    (event) => {
      say(`${view.line(event)}\n`);
    },
  );
  if (audience === undefined) return { outcome: "not_ours" };

  say(task.opening ?? "");
  const story = fleetStory(task.seed);
  const timer = task.seconds
    ? setTimeout(end, task.seconds * 1_000)
    : undefined;
  const sent = await log.withLogging(() =>
    play(
      eventsOf(task),
      (event) => {
        audience.expect(event);
        record(log, event);
      },
      {
        speed: task.rate === undefined ? 1 : task.rate / naturalRate(story),
        signal: ending.signal,
      },
    ),
  );
  clearTimeout(timer);
  const received = await audience.received(sent, DRAIN_MS);
  return { outcome: "played", sent, received };
}

function eventsOf({
  seed,
  seconds,
  hasUniqueIds,
}: DemoTask): Iterable<FleetEvent> {
  const ids = hasUniqueIds
    ? () => randomBytes(4).readUInt32LE() / 2 ** 32
    : undefined;
  return seconds === undefined
    ? fleetStory(seed, 0, ids)
    : endlessFleet(seed, ids);
}

async function run(): Promise<void> {
  const outcome = await main(JSON.parse(process.argv[2] ?? "{}"));
  if (!process.connected) return; // the command went away
  process.send?.(outcome, undefined, undefined, () => {
    process.removeAllListeners("message");
    process.removeAllListeners("disconnect");
    process.disconnect();
  });
}

run().catch((error: unknown) => {
  process.stderr.write(
    `${error instanceof Error ? error.message : String(error)}\n`,
  );
  process.exit(1);
});

/** Every single file-system call of every command that writes, and a kill at each. */
import { cp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  COMMANDS,
  callsOf,
  inTwos,
  killAndRecover,
  nextCommand,
  prepareScene,
  runAt,
  workshopFolder,
  type Moment,
  type Outcome,
} from "../../helpers/killed-commands.ts";

jest.setTimeout(600_000);

let workshop = "";
beforeAll(async () => {
  workshop = await workshopFolder();
});
afterAll(() => rm(workshop, { recursive: true, force: true }));

/** Only these have a middle. */
const WRITES = /^(writeFile|copyFile)/;

/** Every how many kills the real next command is run, rather than its recovery alone. */
const NEXT_COMMAND_EVERY = 10;

test.each(COMMANDS)(
  "$name, killed at every call, before, during and after it",
  async (command) => {
    const scene = await prepareScene(workshop, command);
    const kills = allKills(scene.calls);
    expect(kills.length).toBeGreaterThan(200);
    const outcomes = await inTwos(
      kills.map(({ at, name, moment }, index) => async () => ({
        at,
        name,
        moment,
        ...(await killAndRecover(
          scene,
          at,
          moment,
          ...(index % NEXT_COMMAND_EVERY === 0
            ? [(root: string) => nextCommand(root, scene)]
            : []),
        )),
      })),
    );
    expect(
      outcomes.filter(
        ({ ended, recovered }) =>
          ended !== "SIGKILL" || recovered === "between",
      ),
    ).toEqual([]);
    const count = (state: Outcome["left"]) =>
      outcomes.filter(({ left }) => left === state).length;
    expect(count("before")).toBeGreaterThan(50);
    expect(count("between")).toBeGreaterThan(50);
    expect(count("after")).toBeGreaterThan(0);
    process.stderr.write(
      `${command.name}: ${kills.length} kills at ${scene.calls.length} calls; left as before ${count("before")}, as after ${count("after")}, between ${count("between")}; 0 exceptions\n`,
    );
  },
);

/** Every call with each moment that it has. */
function allKills(calls: readonly string[]) {
  return calls.flatMap((name, index) => {
    const moments: Moment[] = WRITES.test(name)
      ? ["before", "during", "after"]
      : ["before", "after"];
    return moments.map((moment) => ({ at: index + 1, name, moment }));
  });
}

test.each([
  ["that goes on", false],
  ["that rolls back", true],
])(
  "a recovery %s, killed at every call, before, during and after it",
  async (name, rollsBack) => {
    const command = COMMANDS.find((known) => known.name === "update");
    if (command === undefined) throw new Error("no update");
    const place = join(workshop, name.replaceAll(" ", "-"));
    const scene = await prepareScene(place, command);
    // The first kill: half of the files are in their new place.
    const first = scene.calls.lastIndexOf("renameSync") - 20;
    const half = join(place, "half");
    await cp(scene.project, half, { recursive: true });
    await runAt(half, command.parameters, {
      ADW_KILL_AT: String(first),
      ADW_KILL_WHEN: "after",
    });
    // As a run that was killed while it put the old texts back would leave it.
    if (rollsBack)
      await writeFile(join(half, ".adw-scaffold-transaction/rollback"), "");
    const interrupted = {
      ...scene,
      project: half,
      calls: await callsOf(half, command, place),
    };
    // Behind one call is before the next: only behind the last is there more.
    const last = interrupted.calls.length;
    const kills = allKills(interrupted.calls).filter(
      ({ at, moment }) => moment !== "after" || at === last,
    );
    // A kill for every call at least; and to recover first takes more calls than what
    // comes after it alone: the whole update, or one that has nothing left to do.
    expect(kills.length).toBeGreaterThan(last);
    const alone = rollsBack
      ? scene.calls
      : await callsOf(`${half}-done`, command, place);
    expect(last).toBeGreaterThan(alone.length);
    const outcomes = await inTwos(
      kills.map(({ at, moment }) => async () => ({
        at,
        moment,
        ...(await killAndRecover(interrupted, at, moment)),
      })),
    );
    expect(
      outcomes.filter(
        ({ ended, recovered }) =>
          ended !== "SIGKILL" || recovered === "between",
      ),
    ).toEqual([]);
    process.stderr.write(
      `recovery ${name}: ${kills.length} kills at ${interrupted.calls.length} calls, 0 exceptions\n`,
    );
  },
);

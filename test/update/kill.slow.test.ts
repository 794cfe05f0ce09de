/** Every single file-system call of every command that writes, and a kill at each. */
import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  COMMANDS,
  inTwos,
  killAndRecover,
  nextCommand,
  prepareScene,
  runAt,
  workshopFolder,
  type Moment,
  type Outcome,
} from "../helpers/killed-commands.ts";

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
    const kills = scene.calls.flatMap((name, index) => {
      const moments: Moment[] = WRITES.test(name)
        ? ["before", "during", "after"]
        : ["before", "after"];
      return moments.map((moment) => ({ at: index + 1, name, moment }));
    });
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
      `${command.name}: ${kills.length} kills at ${scene.calls.length} calls; left as before ${count("before")}, as after ${count("after")}, between ${count("between")}\n`,
    );
  },
);

test("the recovery itself, killed at every call", async () => {
  const command = COMMANDS.find(({ name }) => name === "update");
  if (command === undefined) throw new Error("no update");
  const scene = await prepareScene(join(workshop, "twice"), command);
  // The first kill: half of the files are in their new place.
  const first = scene.calls.lastIndexOf("renameSync") - 20;
  const half = join(workshop, "half");
  await cp(scene.project, half, { recursive: true });
  await runAt(half, command.parameters, {
    ADW_KILL_AT: String(first),
    ADW_KILL_WHEN: "after",
  });
  const interrupted = { ...scene, project: half };
  const list = Array.from(
    { length: scene.calls.length },
    (_, index) => index + 1,
  );
  const outcomes = await inTwos(
    list.map((at) => () => killAndRecover(interrupted, at, "after")),
  );
  expect(outcomes.filter(({ recovered }) => recovered === "between")).toEqual(
    [],
  );
  expect(
    outcomes.filter(({ ended }) => ended === "SIGKILL").length,
  ).toBeGreaterThan(50);
});

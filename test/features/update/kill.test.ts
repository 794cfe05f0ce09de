/**
 * A kill at any moment leaves the project as before or as after, or the next
 * command brings it there. A sample; kill.slow.test.ts has every single call.
 */
import { rm } from "node:fs/promises";
import {
  COMMANDS,
  inTwos,
  killAndRecover,
  nextCommand,
  prepareScene,
  workshopFolder,
} from "../../helpers/killed-commands.ts";

jest.setTimeout(120_000);

let workshop = "";
beforeAll(async () => {
  workshop = await workshopFolder();
});
afterAll(() => rm(workshop, { recursive: true, force: true }));

test.each(COMMANDS)("$name, killed at some of its writes", async (command) => {
  const scene = await prepareScene(workshop, command);
  const writes = scene.calls.flatMap((name, index) =>
    /^(rename|unlink|rmdir|mkdir|writeFile)/.test(name) ? [index + 1] : [],
  );
  const chosen = writes.filter((_, index) => index % 6 === 0);
  expect(chosen.length).toBeGreaterThan(4);
  const outcomes = await inTwos(
    chosen.map((at) => () => killAndRecover(scene, at, "after")),
  );
  for (const { ended, recovered } of outcomes) {
    expect(ended).toBe("SIGKILL");
    expect(["before", "after"]).toContain(recovered);
  }
  // Some died between the two, or this would prove nothing.
  expect(outcomes.map(({ left }) => left)).toContain("between");
});

test("the next command recovers by itself, and goes on", async () => {
  const [command] = COMMANDS;
  if (command === undefined) throw new Error("no command");
  const scene = await prepareScene(`${workshop}/next`, command);
  const rename = scene.calls.lastIndexOf("renameSync") - 2;
  const outcome = await killAndRecover(scene, rename, "after", (root) =>
    nextCommand(root, scene),
  );
  expect(outcome).toEqual({
    ended: "SIGKILL",
    left: "between",
    recovered: "after",
  });
});

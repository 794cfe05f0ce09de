/** A disk on which every sync takes seconds: log calls do not wait for it, and nothing is lost. */
import { join } from "node:path";
import {
  eventsOf,
  openForTest,
  temporaryPath,
} from "../../helpers/database.ts";
import { run } from "../../helpers/program.ts";
import { renderedPath } from "../../helpers/rendered-modules.ts";
import { slowDisk, type SlowDisk } from "../../helpers/slow-disk.ts";

jest.setTimeout(180_000);

const SYNC_MS = 3_000;
const LONGEST_CALL_MS = 5;
const LONGEST_STALL_MS = 50;
/** A busy machine is late with everything: four times its longest turn without logging, and at most so long. */
const LATE_MS = 950;
const SCRIPT = join(__dirname, "../../fixtures/slow_disk/workflow.ts");

let disk: SlowDisk;
beforeAll(() => {
  disk = slowDisk(SYNC_MS);
});
afterAll(() => disk.remove());

test.each(["ends", "closes", "exits", "throws"])(
  "a slow disk: no log call and no turn of the event loop waits for it, and no row is lost when the workflow %s",
  async (how) => {
    const path = temporaryPath();
    const modules = renderedPath("adw_modules");
    const task = { modules, path, seconds: 3, how };
    const program = run([SCRIPT, JSON.stringify(task)], disk.environment);
    const { code } = await program.exited;
    expect(code).toBe(how === "throws" ? 1 : 0);
    if (how !== "throws") expect(program.stderr()).toBe("");
    const said = JSON.parse(program.stdout().split("\n")[0] ?? "");
    const lateMs = Math.min(4 * said.baselineMs, LATE_MS);
    expect(said.longestCallMs).toBeLessThan(LONGEST_CALL_MS + lateMs);
    expect(said.longestStallMs).toBeLessThan(LONGEST_STALL_MS + lateMs);
    expect(said.rows).toBeGreaterThan(50);
    const rows = eventsOf(openForTest(path))
      .filter(({ event_type }) => event_type === "tool_call")
      .map(({ metadata }) => metadata["row"]);
    expect(rows).toEqual(Array.from({ length: said.rows }, (_, n) => n));
  },
);

test("a healthy disk: what was logged in a turn of the event loop survives kill -9 after it", async () => {
  const path = temporaryPath();
  const modules = renderedPath("adw_modules");
  const task = { modules, path, seconds: 0.5, how: "is killed" };
  const program = run([SCRIPT, JSON.stringify(task)]);
  const { signal } = await program.exited;
  expect(signal).toBe("SIGKILL");
  const said = JSON.parse(program.stdout().split("\n")[0] ?? "");
  expect(
    eventsOf(openForTest(path)).filter(
      (event) => event.event_type === "tool_call",
    ),
  ).toHaveLength(said.rows);
});

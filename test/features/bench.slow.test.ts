/** The benchmarks run, and print every row. What they measure is not tested here. */
import { join } from "node:path";
import { run } from "../helpers/processes.ts";

const REPOSITORY = join(__dirname, "../..");
jest.setTimeout(240_000);

function bench(...parameters: string[]) {
  return run(
    process.execPath,
    [join(REPOSITORY, "bench/run.mjs"), ...parameters],
    { cwd: REPOSITORY },
  );
}

/** The first cells of a Markdown table's rows. */
function rowTitles(output: string): string[] {
  return [...output.matchAll(/^\| ([^|]*?\S)\s*\|/gm)]
    .map(([, title = ""]) => title)
    .filter((title) => !title.startsWith("-"));
}

test("fanout delivers every event, and compares at each number of clients", async () => {
  const { code, stdout, stderr } = await bench("fanout", "--quick");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const rows = [1, 10, 100, 1000].flatMap((clients) =>
    [1, 10].map(
      (burst) =>
        `${clients} ${clients === 1 ? "client" : "clients"}, burst ${burst}`,
    ),
  );
  // One table of CPU time, one of time on the clock.
  expect(rowTitles(stdout)).toEqual([...rows, ...rows]);
  expect(stdout).toMatch(/cores, .* Node \d+/);
  expect(stdout.match(/^(reached|MISSED) /gm)).toHaveLength(5);
});

test("cli generates with every program, and checks what it generated", async () => {
  const { code, stdout } = await bench("cli", "--quick");
  expect(code).toBe(0);
  expect(rowTitles(stdout)).toEqual([
    "node -e 0",
    "adw-scaffold add",
    "adw-scaffold add, settings of its own",
    "adw-scaffold check, all modules",
    "create-vite",
    "hygen",
    "plop",
  ]);
  expect(stdout.match(/^(reached|MISSED) /gm)).toHaveLength(4);
});

test("an unknown benchmark is refused, and the known ones are named", async () => {
  const { code, stderr } = await bench("no-such-thing");
  expect(code).toBe(2);
  expect(stderr).toContain('unknown benchmark "no-such-thing"');
  expect(stderr).toContain("fanout");
});

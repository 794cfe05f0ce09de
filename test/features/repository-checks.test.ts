/** The formatter and the linter of this repository look at everything that they are for. */
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { run } from "../helpers/processes.ts";
import { REPOSITORY } from "../helpers/repository.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";

const folder = temporaryFolder();

/** Copies a tool's own file from the repository, and runs the tool over these files. */
async function runOver(
  files: Readonly<Record<string, string>>,
  settings: string,
  program: string,
  ...parameters: string[]
) {
  await copyFile(join(REPOSITORY, settings), join(folder(), settings));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder(), path)), { recursive: true });
    await writeFile(join(folder(), path), text);
  }
  return run(
    process.execPath,
    [join(REPOSITORY, "node_modules", program), ...parameters],
    { cwd: folder() },
  );
}

test("the format check sees tests, fixtures of tests and templates, whatever their folder is called", async () => {
  const paths = [
    "scripts/build.mjs",
    "src/templates/a.ts",
    "templates/adws/a.ts",
    "test/dist/a.test.ts",
    "test/fixtures/a.ts",
    "test/templates/a.test.ts",
  ];
  const { stdout } = await runOver(
    Object.fromEntries(paths.map((path) => [path, "const  a=1\n"])),
    ".prettierignore",
    "prettier/bin/prettier.cjs",
    "--list-different",
    ".",
  );
  expect(stdout.trim().split("\n")).toEqual(paths);
});

test("a test without an assertion is an error of the linter", async () => {
  const { code, stdout } = await runOver(
    { "test/a.test.ts": 'test("holds nothing", () => {\n  void 0;\n});\n' },
    ".oxlintrc.json",
    "oxlint/bin/oxlint",
    "test",
  );
  expect(stdout).toContain("jest(expect-expect)");
  expect(code).toBe(1);
});

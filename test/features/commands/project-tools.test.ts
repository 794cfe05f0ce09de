/** How the CLI works with the tools that a project has: prettier and pnpm. */
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runCli } from "../../helpers/cli.ts";
import { REPOSITORY } from "../../helpers/packed.ts";
import { run } from "../../helpers/processes.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";

const folder = temporaryFolder();
const read = (path: string) => readFile(join(folder(), path), "utf8");
const init = (...parameters: string[]) =>
  runCli(["init", "--yes", "--no-install", ...parameters], folder());

describe("in a project that has prettier", () => {
  const prettier = join(REPOSITORY, "node_modules/prettier");
  const check = () =>
    run(
      process.execPath,
      [join(prettier, "bin/prettier.cjs"), "--check", "."],
      { cwd: folder() },
    );

  beforeEach(async () => {
    await mkdir(join(folder(), "node_modules"));
    await symlink(prettier, join(folder(), "node_modules/prettier"));
  });

  test.each<[string, Record<string, unknown> | null, string[]]>([
    ["with its defaults", null, ["--modules", "adw_websocket_client"]],
    [
      "with a configuration",
      { singleQuote: true, printWidth: 120 },
      ["--modules", "adw_websocket_client"],
    ],
    ["with tabs", { useTabs: true }, ["--modules", "adw_websocket_client"]],
  ])("%s, its check passes after init", async (_, options, parameters) => {
    if (options !== null)
      await writeFile(join(folder(), ".prettierrc"), JSON.stringify(options));
    await writeFile(
      join(folder(), "package.json"),
      options?.["useTabs"] === true
        ? '{\n\t"name": "host",\n\t"files": ["dist"]\n}\n'
        : '{\n  "name": "host",\n  "files": ["dist"]\n}\n',
    );
    expect(await init(...parameters)).toMatchObject({ code: 0 });
    // The configuration itself was written by hand here.
    await writeFile(join(folder(), ".prettierignore"), ".prettierrc\n");
    expect(await check()).toMatchObject({ code: 0, stderr: "" });
    // A new section goes behind what was there.
    expect(Object.keys(JSON.parse(await read("package.json")))).toEqual([
      "name",
      "files",
      "devDependencies",
    ]);
    const again = await init();
    expect(again.stdout).toContain("Up to date");
  });

  test("a tsconfig.json that has to be edited stays formatted", async () => {
    await writeFile(
      join(folder(), ".prettierrc.json"),
      '{\n\t"useTabs": true\n}\n',
    );
    await writeFile(join(folder(), "package.json"), "{}\n");
    await writeFile(
      join(folder(), "tsconfig.json"),
      '{\n\t"compilerOptions": {\n\t\t"strict": true\n\t}\n}\n',
    );
    await init("--modules", "adw_websocket_client");
    expect(await read("tsconfig.json")).toBe(
      '{\n\t"exclude": ["node_modules", "adws"],\n\t"compilerOptions": {\n\t\t"strict": true\n\t}\n}\n',
    );
    expect(await check()).toMatchObject({ code: 0, stderr: "" });
  });

  test("a package.json that is laid out otherwise keeps its layout", async () => {
    await writeFile(
      join(folder(), "package.json"),
      '{\n   "name":"host",\n   "version":"1.0.0",\n   "files": [ "dist" ]\n}\n',
    );
    await init("--modules", "adw_websocket_client");
    expect(await read("package.json")).toContain(
      '   "name":"host",\n   "version":"1.0.0"',
    );
  });
});

test("pnpm does not fail on build scripts that nobody has approved", async () => {
  await writeFile(join(folder(), "package.json"), "{}");
  await writeFile(join(folder(), "pnpm-lock.yaml"), "");
  await mkdir(join(folder(), "bin"));
  await writeFile(
    join(folder(), "bin/pnpm"),
    '#!/bin/sh\necho "$@" > arguments.txt\n',
    { mode: 0o755 },
  );
  const { code } = await runCli(["init", "--yes"], folder(), {
    PATH: `${join(folder(), "bin")}:${process.env["PATH"]}`,
  });
  expect(code).toBe(0);
  expect(await read("arguments.txt")).toBe(
    "i --config.strict-dep-builds=false\n",
  );
});

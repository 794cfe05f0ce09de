/** What init changes in files that are the project's own, and that remove takes it back. */
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { runCli, type CliResult } from "../../helpers/cli.ts";
import { REPOSITORY } from "../../helpers/packed.ts";
import { run } from "../../helpers/processes.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";

jest.setTimeout(120_000);

const folder = temporaryFolder();
const MODULE = "adw_websocket_client";

const read = (path: string) => readFile(join(folder(), path), "utf8");
const write = async (files: Readonly<Record<string, string>>) => {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder(), path)), { recursive: true });
    await writeFile(join(folder(), path), text);
  }
};
const init = (...parameters: string[]) =>
  runCli(
    ["init", "--yes", "--no-install", "--modules", MODULE, ...parameters],
    folder(),
  );
const remove = () =>
  runCli(["remove", "--yes", "--no-install", MODULE], folder());
const tsc = (...parameters: string[]) =>
  run(
    process.execPath,
    [join(REPOSITORY, "node_modules/typescript/bin/tsc"), ...parameters],
    { cwd: folder() },
  );

/** Lines that only one of two texts has: added with `+`, gone with `-`. */
function changedLines(before: string, after: string): string[] {
  const of = (text: string) => text.split(/\r?\n/);
  return [
    ...of(before)
      .filter((line) => !of(after).includes(line))
      .map((line) => `-${line}`),
    ...of(after)
      .filter((line) => !of(before).includes(line))
      .map((line) => `+${line}`),
  ];
}

/** Runs init, then remove: the file is as it was, to the byte. */
async function expectEdit(
  path: string,
  before: string,
  expected: readonly string[],
): Promise<CliResult> {
  await write({ "package.json": "{}\n", [path]: before });
  const result = await init();
  expect(result.code).toBe(0);
  expect(changedLines(before, await read(path))).toEqual(expected);
  expect((await init()).stdout).toContain("Up to date");
  expect((await remove()).code).toBe(0);
  expect(await read(path)).toBe(before);
  return result;
}

describe("a tsconfig that includes the rendered folder", () => {
  test.each<[string, string, string[]]>([
    [
      "without include or exclude goes on leaving out its output",
      '{\n  // ours\n  "compilerOptions": {\n    "outDir": "./dist", // out\n    "declarationDir": "types",\n    "declaration": true\n  }\n}\n',
      ['+  "exclude": ["node_modules", "dist", "types", "adws"],'],
    ],
    [
      "keeps the comments of its neighbours, and their layout",
      '{\n  "compilerOptions": { "strict": true, "lib": [ "es2022" ] }, // strict\n\n  /* all\n     of it */\n  "include": [ "**/*" ]\n}\n',
      ['+  "exclude": ["node_modules", "adws"],'],
    ],
    [
      "with a list on one line",
      '{\n  "include": ["**/*.ts"],\n  "exclude": ["node_modules", "dist"], // not these\n}\n',
      [
        '-  "exclude": ["node_modules", "dist"], // not these',
        '+  "exclude": ["node_modules", "dist", "adws"], // not these',
      ],
    ],
    [
      "with a list on several lines",
      '{\n  "exclude": [\n    "node_modules", // packages\n    "dist" // output\n  ]\n}\n',
      ['+    "adws",'],
    ],
    [
      "with Windows line ends and tabs",
      '{\r\n\t"compilerOptions": {},\r\n\t"include": ["**/*"],\r\n}\r\n',
      ['+\t"exclude": ["node_modules", "adws"],'],
    ],
    [
      "on one line",
      '{ "compilerOptions": { "strict": true } }\n',
      [
        '-{ "compilerOptions": { "strict": true } }',
        '+{ "compilerOptions": { "strict": true }, "exclude": ["node_modules", "adws"] }',
      ],
    ],
    [
      "that is empty",
      "{}\n",
      ["-{}", '+{ "exclude": ["node_modules", "adws"] }'],
    ],
  ])("%s: one line, and remove takes it back", async (_, before, expected) => {
    await expectEdit("tsconfig.json", before, expected);
  });

  test.each<[string, Record<string, string>]>([
    ["by its include", { "tsconfig.json": '{ "include": ["src"] }\n' }],
    ["by its files", { "tsconfig.json": '{ "files": [] }\n' }],
    ["by its exclude", { "tsconfig.json": '{ "exclude": ["**/adws"] }\n' }],
    [
      "by what it extends",
      {
        "tsconfig.json": '{ "extends": "./config/base" }\n',
        "config/base.json": '{ "include": ["../src"] }\n',
      },
    ],
    [
      "with .ts imports and Node's types",
      {
        "tsconfig.json":
          '{ "compilerOptions": { "allowImportingTsExtensions": true, "noEmit": true, "types": ["node"] } }\n',
      },
    ],
  ])("nothing is edited where it is left out %s", async (_, files) => {
    await write({ "package.json": "{}\n", ...files });
    const { stdout } = await init();
    expect(stdout).not.toContain("tsconfig.json of its own");
    for (const [path, text] of Object.entries(files))
      expect(await read(path)).toBe(text);
  });

  test("every one in the project's folder is looked at, not tsconfig.json alone", async () => {
    await write({
      "package.json": "{}\n",
      "tsconfig.base.json": '{ "compilerOptions": { "strict": true } }\n',
      "tsconfig.json":
        '{ "extends": "./tsconfig.base.json", "references": [{ "path": "./config/all.json" }], "include": ["src"] }\n',
      "config/all.json": '{ "include": ["../**/*"], "exclude": ["../dist"] }\n',
      "tsconfig.build.json":
        '{ "extends": "./tsconfig.json", "include": ["**/*"], "exclude": ["test"] }\n',
      "jsconfig.json": "{}\n",
    });
    await init();
    expect(await read("tsconfig.base.json")).not.toContain("adws");
    expect(await read("tsconfig.json")).not.toContain("adws");
    expect(await read("config/all.json")).toContain(
      '"exclude": ["../dist", "../adws"]',
    );
    expect(await read("tsconfig.build.json")).toContain(
      '"exclude": ["test", "adws"]',
    );
    expect(await read("jsconfig.json")).toContain('"adws"');
  });

  test("one in a folder below that includes files outside of it is looked at too", async () => {
    const before = {
      "config/tsconfig.json": '{ "include": ["../**/*"] }\n',
      "config/tsconfig.base.json": '{ "include": ["../**/*"] }\n',
      "config/tsconfig.src.json":
        '{ "extends": "./tsconfig.base.json", "include": ["../src"] }\n',
      "packages/a/tsconfig.json": '{ "include": ["../../packages/*/src"] }\n',
      "test/fixtures/broken/tsconfig.json": '{ "include": ["../..",\n',
    };
    await write({ "package.json": "{}\n", ...before });
    const { stderr } = await init();
    expect(stderr).toBe("");
    expect(await read("config/tsconfig.json")).toBe(
      '{ "include": ["../**/*"], "exclude": ["node_modules", "../adws"] }\n',
    );
    const { "config/tsconfig.json": _, ...others } = before;
    for (const [path, text] of Object.entries(others))
      expect(await read(path)).toBe(text);
    expect((await init()).stdout).toContain("Up to date");
    await remove();
    for (const [path, text] of Object.entries(before))
      expect(await read(path)).toBe(text);
  });

  test("that others extend goes on leaving out their output", async () => {
    const packages =
      '{ "extends": "../../tsconfig.json", "compilerOptions": { "outDir": "dist" } }\n';
    await write({
      "package.json": "{}\n",
      "tsconfig.json": '{ "compilerOptions": { "declaration": true } }\n',
      "packages/a/tsconfig.json": packages,
      "packages/a/index.ts": "export const a = 1;\n",
    });
    await init();
    expect(await read("tsconfig.json")).toContain(
      '"exclude": ["node_modules", "packages/a/dist", "adws"]',
    );
    for (const round of ["first", "second"]) {
      const { code, stdout } = await tsc("-p", "packages/a");
      expect({ round, code, stdout }).toEqual({ round, code: 0, stdout: "" });
    }
  });

  test("that names the folder itself goes on checking its owner's code there", async () => {
    const tsconfig = `{\n  "compilerOptions": { "noEmit": true, "types": [] },\n  "include": ["adws"]\n}\n`;
    await write({
      "package.json": "{}\n",
      "tsconfig.json": tsconfig,
      "adws/flow.ts": "export const flow: number = 1;\n",
    });
    expect(await tsc()).toMatchObject({ code: 0 });
    await init();
    expect(changedLines(tsconfig, await read("tsconfig.json"))).toEqual([
      '+  "exclude": ["node_modules", "adws/adw_modules"],',
    ]);
    expect(await tsc()).toMatchObject({ code: 0 });
    await write({ "adws/flow.ts": 'export const flow: number = "1";\n' });
    expect((await tsc()).stdout).toContain("adws/flow.ts(1,14): error TS2322");
    expect((await init()).stdout).toContain("Up to date");
    await remove();
    await write({ "adws/flow.ts": "export const flow: number = 1;\n" });
    expect(await tsc()).toMatchObject({ code: 0 });
  });

  test("above the project, in its repository, is named and not edited", async () => {
    const above = '{ "include": ["packages"] }\n';
    await write({
      ".git/HEAD": "ref: refs/heads/main\n",
      "tsconfig.json": above,
      "tsconfig.base.json": "{}\n",
      "packages/a/package.json": "{}\n",
    });
    const named =
      '../../tsconfig.json is above the project, so it was left as it is, and it includes adws/, which has a tsconfig.json of its own. Add "packages/a/adws" to its "exclude".';
    const inside = join(folder(), "packages/a");
    const parameters = ["init", "--yes", "--no-install", "--modules"];
    const { code, stderr } = await runCli(
      [...parameters, "adw_websocket_client"],
      inside,
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: `note ${named}\n` });
    expect(await read("tsconfig.json")).toBe(above);
    const doctor = await runCli(["doctor", "--json"], inside);
    const { findings } = JSON.parse(doctor.stdout);
    expect(findings).toContainEqual(
      expect.objectContaining({
        check: "tsconfig",
        status: "problem",
        fix: 'Add "packages/a/adws" to its "exclude".',
      }),
    );
  });

  test("that is broken stays as it is, and is named", async () => {
    const broken = '{\n  "compilerOptions": {\n';
    await write({ "package.json": "{}\n", "tsconfig.json": broken });
    const { code, stderr } = await init();
    expect(code).toBe(0);
    expect(stderr).toContain(
      "note tsconfig.json is not valid JSON, so it was left as it is. Correct it, then run adw-scaffold doctor",
    );
    expect(await read("tsconfig.json")).toBe(broken);
  });

  test.each([
    '{ "exclude": "dist" }\n',
    '{\n  "exclude": ["a"],\n  "exclude": ["b"]\n}\n',
  ])("whose exclude cannot be added to stays as it is: %s", async (text) => {
    await write({ "package.json": "{}\n", "tsconfig.json": text });
    const { stderr } = await init();
    expect(stderr).toContain(
      'note "exclude" in tsconfig.json is not a list, or stands there twice, so it was left as it is.',
    );
    expect(await read("tsconfig.json")).toBe(text);
  });

  test("that is a symbolic link is not written through, and stops nothing", async () => {
    await write({ "package.json": "{}\n", "config/real.json": "{}\n" });
    await symlink("config/real.json", join(folder(), "tsconfig.json"));
    const { code, stderr } = await init();
    expect(code).toBe(0);
    expect(stderr).toContain("tsconfig.json is a symbolic link");
    expect(await read("config/real.json")).toBe("{}\n");
  });

  test("tsc with outDir and declaration passes twice in a row: before, after init, after remove", async () => {
    await write({
      "package.json": '{ "type": "module" }\n',
      "index.ts": "export const answer = 42;\n",
      "tsconfig.json":
        '{\n  "compilerOptions": {\n    "outDir": "dist",\n    "declaration": true,\n    "types": []\n  }\n}\n',
    });
    const passes = async (when: string) => {
      for (const round of ["first", "second"]) {
        const { code, stdout } = await tsc();
        expect({ when, round, code, stdout }).toEqual({
          when,
          round,
          code: 0,
          stdout: "",
        });
      }
    };
    await passes("before");
    await init();
    await passes("after init");
    await remove();
    await passes("after remove");
  });

  test("goes on excluding it while code stays behind after remove", async () => {
    await write({ "package.json": "{}\n", "tsconfig.json": "{}\n" });
    await init();
    await write({ "adws/my_workflow.ts": "import './gone.ts';\n" });
    const { stderr } = await remove();
    expect(stderr).toContain(
      "adws/my_workflow.ts stays, so adws/ is still left out of tsconfig.json.",
    );
    expect(await read("tsconfig.json")).toContain('"adws"');
  });

  test("names the new folder after a move", async () => {
    await write({ "package.json": "{}\n", "tsconfig.json": "{}\n" });
    await init();
    await init("--adws-dir", "tools/adws");
    expect(await read("tsconfig.json")).toBe(
      '{ "exclude": ["node_modules", "tools/adws"] }\n',
    );
  });
});

describe("a linter's own configuration leaves the rendered folder out, in one line", () => {
  test.each<[string, string, string[]]>([
    [
      "eslint.config.js",
      "export default [\n  { rules: {} },\n];\n",
      ['+  { ignores: ["adws/"] },'],
    ],
    [
      "eslint.config.mjs",
      "import a from 'a';\nimport { defineConfig } from 'eslint/config';\n\nconst eslintConfig = defineConfig([\n  ...a,\n]);\n\nexport default eslintConfig;\n",
      ["+  { ignores: ['adws/'] },"],
    ],
    [
      "eslint.config.cjs",
      'module.exports = require("eslint/config").defineConfig;\n',
      [],
    ],
    [
      "eslint.config.ts",
      "import tseslint from 'typescript-eslint';\nexport default tseslint.config( // all\n    {},\n);\n",
      ["+    { ignores: ['adws/'] },"],
    ],
    [
      "eslint.config.mjs",
      "// export default [\n/*\nmodule.exports = [\n];\n*/\nimport js from '@eslint/js';\nimport {\n  defineConfig,\n} from 'eslint/config';\n\nexport default defineConfig(\n  js.configs.recommended, // https://eslint.org\n  { files: ['**/*.js'] },\n);\n",
      ["+  { ignores: ['adws/'] },"],
    ],
    [
      "eslint.config.js",
      "export default /** @type {import('eslint').Linter.Config[]} */ ([\n  {},\n]);\n",
      ["+  { ignores: ['adws/'] },"],
    ],
    [
      "eslint.config.js",
      "import { defineConfig } from 'eslint-define-config';\n\nexport default defineConfig(mine);\n",
      [],
    ],
    [
      ".eslintrc.json",
      '{\n  // ours\n  "root": true,\n  "extends": "next"\n}\n',
      ['+  "ignorePatterns": ["adws/"],'],
    ],
    [
      ".eslintrc.cjs",
      "module.exports = {\n  root: true,\n  ignorePatterns: ['dist'],\n};\n",
      ["-  ignorePatterns: ['dist'],", "+  ignorePatterns: ['adws/', 'dist'],"],
    ],
    [".eslintrc.yml", "root: true\n", ['+ignorePatterns: ["adws/"]']],
    [
      "biome.json",
      '{\n  "files": {\n    "includes": ["**", "!dist"]\n  }\n}\n',
      [
        '-    "includes": ["**", "!dist"]',
        '+    "includes": ["**", "!dist", "!adws", "!adw.*.json"]',
      ],
    ],
    [
      "biome.jsonc",
      '{\n  // ours\n  "formatter": { "enabled": true },\n  "linter": { "enabled": true }\n}\n',
      ['+  "files": { "includes": ["**", "!adws", "!adw.*.json"] },'],
    ],
    [
      ".oxlintrc.json",
      '{\n  "plugins": ["react"],\n  "rules": {}\n}\n',
      ['+  "ignorePatterns": ["adws/"],'],
    ],
  ])("%s; remove takes it back", async (path, before, expected) => {
    const { stderr } = await expectEdit(path, before, expected);
    expect(stderr.includes("could not be edited safely")).toBe(
      expected.length === 0,
    );
  });

  test("nothing is edited where it names the folder already, or with --no-linters", async () => {
    const named = 'export default [{ ignores: ["adws/"] }];\n';
    const rules = '{ "rules": {} }\n';
    await write({
      "package.json": "{}\n",
      "eslint.config.js": named,
      ".oxlintrc.json": rules,
    });
    expect(await init("--no-linters")).toMatchObject({ code: 0, stderr: "" });
    expect(await read("eslint.config.js")).toBe(named);
    expect(await read(".oxlintrc.json")).toBe(rules);
  });

  test("ESLint's in package.json is left as it is, and named", async () => {
    const manifest = {
      name: "host",
      eslintConfig: { extends: "react-app" },
    };
    await write({ "package.json": `${JSON.stringify(manifest, null, 2)}\n` });
    const { code, stderr } = await init();
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr:
        'note "eslintConfig" in package.json (ESLint) was left as it is. If its rules are stricter than adws/, add "ignorePatterns": ["adws/"] there.\n',
    });
    expect(JSON.parse(await read("package.json"))).toMatchObject(manifest);
  });

  test("an owner who takes the line out again is not overruled", async () => {
    const before = '{ "rules": {} }\n';
    await write({ "package.json": "{}\n", ".oxlintrc.json": before });
    await init();
    expect(await read(".oxlintrc.json")).toContain("adws/");
    await write({ ".oxlintrc.json": before });
    expect(await init()).toMatchObject({ code: 0, stderr: "" });
    expect(await read(".oxlintrc.json")).toBe(before);
  });
});

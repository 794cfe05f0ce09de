/**
 * Formatting is never drift, and never makes a conflict: what was written, what is
 * on disk and what is rendered now are compared in one format.
 */
import { execFileSync } from "node:child_process";
import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { REPOSITORY } from "../../helpers/packed.ts";
import { hashFolder, temporaryFolder } from "../../helpers/temporary-folder.ts";
import { TEMPLATE, freshProject } from "../../helpers/template-project.ts";

jest.setTimeout(60_000);

const folder = temporaryFolder();
const FILE = "adws/greeting.ts";
const project = freshProject(folder);

/** A project that has prettier, and no configuration for it yet. */
beforeEach(async () => {
  await mkdir(join(folder(), "node_modules"));
  await symlink(
    join(REPOSITORY, "node_modules/prettier"),
    join(folder(), "node_modules/prettier"),
  );
});

const configure = (options: object) =>
  project.write(".prettierrc", JSON.stringify(options));

/** What the owner would do after changing the configuration. */
const reformat = () =>
  execFileSync(
    process.execPath,
    [
      join(REPOSITORY, "node_modules/prettier/bin/prettier.cjs"),
      "--write",
      "adws",
    ],
    { cwd: folder() },
  );

async function expectInSync() {
  const before = await hashFolder(folder());
  expect(await project.run("check")).toEqual({
    code: 0,
    stdout: "In sync 8 files\n",
    stderr: "",
  });
  expect((await project.run("diff")).stdout).toBe("No differences.\n");
  expect((await project.run("update")).stdout).toMatch(/^Up to date/);
  expect(await hashFolder(folder())).toEqual(before);
}

describe("the project's prettier configuration changed since", () => {
  beforeEach(() => configure({ semi: false, singleQuote: true }));

  test("an untouched file is in sync, and stays as it is", expectInSync);

  test("a file that the owner has reformatted is in sync", async () => {
    reformat();
    expect(await project.read(FILE)).toContain("NAME = 'demo'\n");
    await expectInSync();
  });

  test("and once more since it was reformatted", async () => {
    reformat();
    await configure({ semi: true, singleQuote: true });
    await expectInSync();
  });

  test("an edit is an edit, without the formatting around it", async () => {
    await project.edit(FILE, "SEVEN = 7;", "SEVEN = 77;");
    const { code, stdout } = await project.run("check");
    expect({ code, stdout }).toEqual({
      code: 1,
      stdout: `  edited  ${FILE}  you edited it\nDrift 1 of 8 files\n`,
    });
    const diff = await project.run("diff");
    expect(diff.stdout.match(/^[-+][^-+].*$/gm)).toEqual([
      "-export const SEVEN = 7;",
      "+export const SEVEN = 77;",
    ]);
    expect((await project.run("update")).stdout).toMatch(/^Up to date/);
  });

  test.each([
    ["in the format of the time", () => undefined],
    ["and reformatted", reformat],
  ])(
    "an edited file, %s, takes the template's changes without a conflict",
    async (_, format) => {
      await project.edit(FILE, "SEVEN = 7;", "SEVEN = 77;");
      format();
      await project.edit(TEMPLATE, "ONE = 1;", "ONE = 11;");
      const { code, stdout } = await project.run("update");
      expect(code).toBe(0);
      expect(stdout).toContain(`  merge     ${FILE}  your edits are kept`);
      expect(await project.read(FILE)).toBe(
        "export const NAME = 'demo'\nexport const ONE = 11\nexport const TWO = 2\nexport const THREE = 3\nexport const FOUR = 4\nexport const FIVE = 5\nexport const SIX = 6\nexport const SEVEN = 77\n",
      );
      expect((await project.run("update")).stdout).toMatch(/^Up to date/);
    },
  );

  test("an untouched file whose template changed is written in today's format", async () => {
    await project.edit(TEMPLATE, "ONE = 1;", "ONE = 11;");
    await project.done("update");
    expect(await project.read(FILE)).toMatch(
      /^export const NAME = 'demo'\nexport const ONE = 11\n/,
    );
    await expectInSync();
  });

  test("code that prettier cannot read stays as it stands, between conflict markers", async () => {
    await project.edit(FILE, "SEVEN = 7;", "SEVEN = ;");
    const yours = await project.read(FILE);
    await project.edit(TEMPLATE, "ONE = 1;", "ONE = 11;");
    const { code } = await project.run("update");
    expect(code).toBe(1);
    const marked = await project.read(FILE);
    expect(marked).toContain(`<<<<<<< yours\n${yours}|||||||`);
    expect(marked).toMatch(
      /=======\n[^]*ONE = 11\n[^]*>>>>>>> new template\n$/,
    );
  });
});

test("Windows line ends that the configuration asks for are no drift", async () => {
  await configure({ endOfLine: "crlf" });
  await expectInSync();
  reformat();
  expect(await project.read(FILE)).toContain("\r\n");
  await expectInSync();
});

describe("a prettier configuration that does not work", () => {
  test.each([
    ["is not JSON", ".prettierrc", "{ semi", /\.prettierrc/],
    [
      "names a plugin that is not installed",
      ".prettierrc",
      '{ "plugins": ["prettier-plugin-missing"] }',
      /prettier-plugin-missing/,
    ],
    [
      "has a value that does not exist",
      ".prettierrc",
      '{ "tabWidth": "wide" }',
      /tabWidth/,
    ],
  ])(
    "that %s is a clear error, and nothing is written",
    async (_, file, text, expected) => {
      await project.write(file, text);
      await project.edit(TEMPLATE, "ONE = 1;", "ONE = 11;");
      const before = await hashFolder(folder());
      for (const command of [
        ["update"],
        ["add", "greeting"],
        ["init", "--yes"],
        ["check"],
        ["diff"],
      ]) {
        const [name = "", ...parameters] = command;
        const { code, stderr } = await project.run(name, ...parameters);
        expect({ command, code }).toEqual({ command, code: 2 });
        expect(stderr).toMatch(
          /^error PRETTIER_FAILED your prettier cannot format adws\//,
        );
        expect(stderr).toMatch(expected);
        expect(stderr).toContain(
          "→ Nothing was written. Fix the project's prettier configuration",
        );
        expect(stderr).not.toContain("INTERNAL");
      }
      expect(await hashFolder(folder())).toEqual(before);
    },
  );
});

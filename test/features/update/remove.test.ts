/** `remove`: what is untouched goes, what was edited stays, what is needed is refused. */
import { hashFolder, temporaryFolder } from "../../helpers/temporary-folder.ts";
import {
  templateProject,
  type TemplateProject,
} from "../../helpers/template-project.ts";

jest.setTimeout(60_000);

const folder = temporaryFolder();
let project: TemplateProject;

const LOW = {
  name: "low",
  version: "1.0.0",
  summary: "Needed by high",
  files: ["adws/low.ts", "adws/deep/low_more.ts"],
  dependencies: { "left-pad": "^1.0.0", "is-odd": "^3.0.0" },
  scripts: { low: "low.ts" },
};
const HIGH = {
  name: "high",
  version: "1.0.0",
  summary: "Needs low",
  files: ["adws/high.ts"],
  requires: ["low"],
  dependencies: { "left-pad": "^1.0.0", "is-even": "^1.0.0" },
  scripts: { high: "high.ts" },
};

const CONFIG_STAYS =
  "note adw.config.json stays, for what you set in it: templates_dir. Delete it if you do not need that any more.\n";

beforeEach(async () => {
  project = await templateProject(folder());
  await project.manifest(LOW, HIGH);
  await project.remove("templates/adws");
  for (const file of [...LOW.files, ...HIGH.files]) {
    await project.write(`templates/${file}.njk`, `// ${file}\nexport {};\n`);
  }
});

const manifest = async () => JSON.parse(await project.read("package.json"));
const files = async () =>
  Object.keys(await hashFolder(folder())).filter((path) =>
    path.startsWith("adws/"),
  );

test("everything that came with a module goes with it", async () => {
  const before = await manifest();
  await project.done("add", "high");
  expect((await manifest()).scripts).toEqual({
    low: "node adws/low.ts",
    high: "node adws/high.ts",
  });
  const { stdout } = await project.done("remove", "high");
  expect(stdout).toContain(
    "  delete    adws/high.ts  nothing needs it any more\n",
  );
  expect(stdout).toMatch(
    /update {4}package\.json {2}removes .*left-pad.*script low, script high/,
  );
  // `low` came only because `high` needed it.
  expect(await files()).toEqual([]);
  expect(await manifest()).toEqual(before);
  await expect(project.read("adw.lock.json")).rejects.toThrow("ENOENT");
});

test("what was asked for by name stays, with what it needs", async () => {
  await project.done("add", "low", "high");
  await project.done("remove", "high");
  expect(await files()).toEqual(expect.arrayContaining(LOW.files));
  expect(await manifest()).toMatchObject({
    dependencies: { "left-pad": "^1.0.0", "is-odd": "^3.0.0" },
    scripts: { low: "node adws/low.ts" },
  });
  expect((await manifest()).dependencies).not.toHaveProperty("is-even");
  expect((await project.run("check")).code).toBe(0);
});

test("an edited file is kept and listed; --force deletes it too", async () => {
  await project.done("add", "low", "high");
  await project.edit("adws/high.ts", "export {}", "export const mine = 1");
  const { stdout } = await project.done("remove", "high");
  expect(stdout).toContain("  keep      adws/high.ts  you edited it\n");
  expect(await project.read("adws/high.ts")).toContain("mine");

  await project.done("add", "high", "--force");
  await project.edit("adws/high.ts", "export {}", "export const mine = 1");
  const forced = await project.done("remove", "high", "--force");
  expect(forced.stdout).toContain("  delete    adws/high.ts");
  expect(await files()).not.toContain("adws/high.ts");
});

test("your own files in the folder are never touched", async () => {
  await project.done("add", "high");
  await project.write("adws/deep/mine.ts", "export {};\n");
  await project.done("remove", "high");
  expect(await files()).toEqual(["adws/deep/mine.ts"]);
});

test("a module that another one needs is refused, with the way out", async () => {
  await project.done("add", "low", "high");
  const before = await hashFolder(folder());
  expect(await project.run("remove", "low")).toEqual({
    code: 1,
    stdout: "",
    stderr:
      "error MODULE_REQUIRED high requires low\n  → Remove both: adw-scaffold remove low high\n",
  });
  expect(await hashFolder(folder())).toEqual(before);
  await project.done("remove", "low", "high");
  expect(await files()).toEqual([]);
});

test("the way out names everything that needs it, through others too", async () => {
  await project.manifest(LOW, HIGH, {
    name: "top",
    version: "1.0.0",
    summary: "Needs high",
    files: ["adws/top.ts"],
    requires: ["high"],
  });
  await project.write("templates/adws/top.ts.njk", "export {};\n");
  await project.done("add", "top");
  const { stderr } = await project.run("remove", "low");
  expect(stderr).toBe(
    "error MODULE_REQUIRED high requires low\n  → Remove what needs it too: adw-scaffold remove low high top\n",
  );
  await project.done("remove", "low", "high", "top");
  expect(await files()).toEqual([]);
});

test("a dependency that was there before stays, and is named", async () => {
  await project.write(
    "package.json",
    '{ "name": "host", "dependencies": { "left-pad": "^1.0.0" } }\n',
  );
  await project.done("add", "high");
  const { stderr } = await project.done("remove", "high");
  expect(stderr).toBe(
    CONFIG_STAYS +
      "note No installed module needs left-pad any more. It was not added by adw-scaffold, so it stays in package.json.\n",
  );
  expect(await manifest()).toEqual({
    name: "host",
    dependencies: { "left-pad": "^1.0.0" },
  });
});

test("a range and a script that you changed since stay", async () => {
  await project.done("add", "high");
  await project.edit(
    "package.json",
    '"is-even": "^1.0.0"',
    '"is-even": "1.0.0"',
  );
  await project.edit(
    "package.json",
    "node adws/high.ts",
    "node --watch adws/high.ts",
  );
  const { stderr } = await project.done("remove", "high");
  expect(stderr).toBe(
    CONFIG_STAYS +
      'note The script "high" of a removed module is not as adw-scaffold wrote it, so it stays in package.json.\nnote No installed module needs is-even any more. It was not added by adw-scaffold, so it stays in package.json.\n',
  );
  expect(await manifest()).toMatchObject({
    dependencies: { "is-even": "1.0.0" },
    scripts: { high: "node --watch adws/high.ts" },
  });
});

test("a dry run shows it and changes nothing", async () => {
  await project.done("add", "high");
  const before = await hashFolder(folder());
  const { stdout } = await project.done("remove", "high", "--dry-run");
  expect(stdout).toContain("Would write");
  expect(stdout).toContain("  delete    adws/high.ts");
  expect(await hashFolder(folder())).toEqual(before);
});

test("what is not installed, or unknown, is a usage error", async () => {
  await project.done("add", "low");
  expect((await project.run("remove", "high")).stderr).toContain(
    "error USAGE the module high is not installed",
  );
  expect(await project.run("remove", "hihg")).toMatchObject({
    code: 2,
    stderr: 'error USAGE unknown module "hihg"\n  → Did you mean "high"?\n',
  });
});

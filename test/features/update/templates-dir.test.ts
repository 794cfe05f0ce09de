/** `templates_dir`: a team's own templates, overrides and modules. */
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { hashFolder, temporaryFolder } from "../../helpers/temporary-folder.ts";
import { REPOSITORY } from "../../helpers/packed.ts";
import { runOrThrow } from "../../helpers/processes.ts";
import {
  GREETING,
  TEMPLATE,
  templateProject,
  type TemplateProject,
} from "../../helpers/template-project.ts";

jest.setTimeout(60_000);

const folder = temporaryFolder();
let project: TemplateProject;
beforeEach(async () => {
  project = await templateProject(folder());
});

test("a module of the team's own is listed, rendered, added, checked and removed like any other", async () => {
  const listed = JSON.parse((await project.run("list", "--json")).stdout);
  expect(listed.modules).toContainEqual({
    name: "greeting",
    version: "1.0.0",
    summary: "Greets",
    requires: [],
    installed: false,
  });
  expect((await project.run("render", "greeting")).stdout).toContain(
    'export const NAME = "demo";',
  );
  await project.done("add", "greeting");
  expect((await project.run("check")).code).toBe(0);
  await project.done("remove", "greeting");
  expect(Object.keys(await hashFolder(folder())).toSorted()).toEqual([
    "adw.config.json",
    "package.json",
    TEMPLATE,
    "templates/manifest.json",
  ]);
});

test("a template at a bundled path takes its place, and updates follow it", async () => {
  await project.write(
    "templates/adws/package.json.njk",
    '{ "private": true, "type": "module", "description": "ours" }\n',
  );
  await project.done("add", "greeting");
  expect(await project.read("adws/package.json")).toContain("ours");
  await project.edit("templates/adws/package.json.njk", "ours", "ours, later");
  expect((await project.run("check")).stdout).toContain(
    "outdated  adws/package.json  its template changed",
  );
  await project.done("update");
  expect(await project.read("adws/package.json")).toContain("ours, later");
  // Without the override, the bundled template is the new version.
  await project.remove("templates/adws/package.json.njk");
  await project.done("update");
  expect(await project.read("adws/package.json")).toContain(
    "AI Developer Workflows",
  );
});

test.each<[string, string, RegExp]>([
  [
    "a name that no setting has",
    "const a = 1;\nconst b = << websocket_prot | literal >>;\n",
    /error TEMPLATE_INVALID .*websocket_prot.*\n {2}at templates\/adws\/greeting\.ts\.njk:2:\d+\n/,
  ],
  [
    "a value without a filter",
    "const b = << project_name >>;\n",
    /error TEMPLATE_INVALID .*\n {2}at templates\/adws\/greeting\.ts\.njk:1:\d+\n/,
  ],
  [
    "broken syntax",
    "const a = 1;\n<% if %>\n",
    /error TEMPLATE_INVALID .*\n {2}at templates\/adws\/greeting\.ts\.njk:\d+:\d+\n/,
  ],
])(
  "%s is told with file, line and column, and nothing is written",
  async (_, text, expected) => {
    await project.write(TEMPLATE, text);
    const before = await hashFolder(folder());
    const { code, stdout, stderr } = await project.run("add", "greeting");
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(expected);
    expect(await hashFolder(folder())).toEqual(before);
  },
);

describe("manifest.json", () => {
  const fails = async (expected: string) => {
    const before = await hashFolder(folder());
    const { code, stdout, stderr } = await project.run("add", "greeting");
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(expected);
    expect(await hashFolder(folder())).toEqual(before);
  };

  test("that is not JSON", async () => {
    await project.write("templates/manifest.json", '{ "modules": [,] }');
    await fails("error JSON_INVALID");
  });

  test.each<[string, object, string]>([
    [
      "a bad name",
      { name: "Bad-Name" },
      'must be snake_case, such as my_module (got "Bad-Name")\n  at templates/manifest.json:4:15',
    ],
    ["a bad version", { version: "1" }, "must be a version such as 1.0.0"],
    [
      "a path that climbs",
      { files: ["adws/../../x"] },
      'must be a path below "adws/", without ".."',
    ],
    [
      "a path elsewhere",
      { files: ["src/x.ts"] },
      'must be a path below "adws/", without ".."',
    ],
    ["no files", { files: [] }, "files"],
    ["an unknown key", { fils: [] }, "fils"],
    [
      "an unknown requirement",
      { requires: ["nothing"] },
      "error MANIFEST_INVALID",
    ],
    [
      "a bundled module's name",
      { name: "adw_server" },
      "error MANIFEST_INVALID module adw_server is registered twice",
    ],
    [
      "a bundled module's file",
      { files: ["adws/adw_server.ts"] },
      "adw_server and greeting both own adws/adw_server.ts",
    ],
    [
      "itself as requirement",
      { requires: ["greeting"] },
      "circular requirement",
    ],
    [
      "a template that is not there",
      { files: ["adws/other.ts"] },
      "error TEMPLATE_MISSING the module greeting lists adws/other.ts, and its template does not exist\n  at templates/adws/other.ts.njk",
    ],
  ])("with %s", async (_, change, expected) => {
    await project.manifest({ ...GREETING, ...change });
    await fails(expected);
  });

  test("without a module for a template", async () => {
    await project.write("templates/adws/stray.ts.njk", "export {};\n");
    await fails(
      "error TEMPLATE_UNUSED no module has a file for the template adws/stray.ts.njk",
    );
  });

  test("a folder that does not exist", async () => {
    await project.configure({ templates_dir: "nowhere" });
    await fails("error TEMPLATES_MISSING there is no folder nowhere");
  });

  test.each(["../templates", "/tmp", ".git/x", "node_modules/x"])(
    "templates_dir %j is refused",
    async (dir) => {
      await project.configure({ templates_dir: dir });
      await fails(
        "error CONFIG_INVALID templates_dir must be a folder inside the project",
      );
    },
  );
});

describe("adw-scaffold/testing", () => {
  const PROGRAM = `
    const source = { root: process.cwd(), templatesDir: "templates" };
    const rendered = await renderMatrix("greeting", { plain: {}, named: { project_name: "x y" } }, source);
    const { files } = rendered.named;
    const own = files.filter(({ path }) => path === "adws/greeting.ts");
    console.log(JSON.stringify({
      names: Object.keys(rendered),
      text: own[0].content.split("\\n")[0],
      format: await checkFormat(files),
      types: await checkTypes(files),
      badFormat: await checkFormat([{ path: "a.ts", content: "let  a=1" }]),
      badTypes: await checkTypes([{ path: "a.ts", content: "export const a: string = 1;\\n" }]),
    }));`;
  const EXPECTED = {
    names: ["plain", "named"],
    text: 'export const NAME = "x y";',
    format: [],
    types: [],
    badFormat: ["a.ts"],
    badTypes: [expect.stringMatching(/^a\.ts\(1,14\): error TS2322: /)],
  };
  const NAMES = "{ renderMatrix, checkFormat, checkTypes }";

  /** A consumer: the package and the tools it uses are installed. */
  beforeEach(async () => {
    const modules = join(folder(), "node_modules");
    await mkdir(join(modules, "@types"), { recursive: true });
    await symlink(REPOSITORY, join(modules, "adw-scaffold"));
    for (const name of [
      "prettier",
      "typescript",
      "@types/node",
      "undici-types",
    ]) {
      await symlink(
        join(REPOSITORY, "node_modules", name),
        join(modules, name),
      );
    }
  });

  test.each([
    ["consumer.mjs", `import ${NAMES} from "adw-scaffold/testing";${PROGRAM}`],
    [
      "consumer.cjs",
      `const ${NAMES} = require("adw-scaffold/testing"); (async () => {${PROGRAM}})();`,
    ],
  ])("from %s", async (file, text) => {
    await writeFile(join(folder(), file), text);
    const { stdout } = await runOrThrow(process.execPath, [file], {
      cwd: folder(),
    });
    expect(JSON.parse(stdout)).toEqual(EXPECTED);
  });
});

import { editPackageJson } from "../../../src/infrastructure/package-json.ts";

const needs = {
  dependencies: { ws: "^8.21.0" },
  devDependencies: { "@types/ws": "^8.18.0" },
  scripts: { "adw:server": "node adws/adw_server.ts" },
  projectName: "My Project!",
};

test("creates a package.json with a valid name when there is none", async () => {
  const { content } = await editPackageJson(null, needs);
  expect(JSON.parse(content)).toEqual({
    name: "my-project",
    version: "0.0.0",
    private: true,
    type: "module",
    scripts: needs.scripts,
    dependencies: needs.dependencies,
    devDependencies: needs.devDependencies,
  });
});

test("adds what is missing and keeps the rest to the byte", async () => {
  const before =
    '{\n\t"name": "x",\n\t"files": ["a", "b"],\n\t"dependencies": {\n\t\t"express": "^5.0.0"\n\t}\n}\n';
  const { content, addedDependencies } = await editPackageJson(before, needs);
  expect(addedDependencies).toEqual({ ws: "^8.21.0" });
  expect(content).toContain('"files": ["a", "b"]');
  expect(content).toContain('\t\t"express": "^5.0.0",\n\t\t"ws": "^8.21.0"');
  expect(content.endsWith("}\n")).toBe(true);
});

test("a second edit changes nothing", async () => {
  const { content } = await editPackageJson(null, needs);
  const again = await editPackageJson(content, needs);
  expect(again.content).toBe(content);
  expect(again.addedScripts).toEqual({});
});

test.each([
  ["dependencies", "^7.0.0", true],
  ["dependencies", "^8.0.0", true],
  ["dependencies", "^8.21.0", false],
  ["dependencies", "^8.22.1", false],
  ["dependencies", "latest", false],
  ["dependencies", "workspace:*", false],
  ["devDependencies", "~8.20.0", true],
  ["peerDependencies", ">=8", true],
])(
  "a range already in %s (%s) stays; told as too old: %p",
  async (section, range, old) => {
    const before = JSON.stringify({ [section]: { ws: range } }, null, 2);
    const edit = await editPackageJson(before, needs);
    expect(JSON.parse(edit.content)[section].ws).toBe(range);
    expect(edit.addedDependencies).toEqual({});
    expect(edit.oldRanges.map(({ name }) => name)).toEqual(old ? ["ws"] : []);
  },
);

test.each([
  ["letters", "ajv", ["abc", "ajv", "zod"]],
  ["a scope", "@types/ws", ["@types/ws", "abc", "zod"]],
  // Code units would put the hyphen first.
  ["marks", "a-b", ["a_b", "a-b", "zod"]],
])("%s: a name goes where npm puts it", async (_what, name, expected) => {
  const present = expected.filter((other) => other !== name);
  const { content } = await editPackageJson(
    JSON.stringify({
      dependencies: Object.fromEntries(present.map((each) => [each, "1.0.0"])),
    }),
    { ...needs, dependencies: { [name]: "1.0.0" }, devDependencies: {} },
  );
  const written: { dependencies: object } = JSON.parse(content);
  expect(Object.keys(written.dependencies)).toEqual(expected);
});

test("a script of that name that runs something else stays, and is told", async () => {
  const before = JSON.stringify({ scripts: { "adw:server": "mine" } });
  const edit = await editPackageJson(before, needs);
  expect(JSON.parse(edit.content).scripts["adw:server"]).toBe("mine");
  expect(edit.keptScripts).toEqual({
    "adw:server": needs.scripts["adw:server"],
  });
});

test.each(["[]", "1", '{"scripts": []}', '{"dependencies": "x"}'])(
  "%s is no package.json",
  async (text) => {
    await expect(editPackageJson(text, needs)).rejects.toMatchObject({
      code: "PACKAGE_JSON_INVALID",
      exitCode: 2,
    });
  },
);

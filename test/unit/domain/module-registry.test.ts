import { parseConfig } from "../../../src/domain/config.ts";
import {
  bundledRegistry,
  createRegistry,
  moduleDependencies,
  moduleScripts,
  targetPath,
  templateOf,
  templatesOf,
  type ModuleDefinition,
} from "../../../src/domain/module-registry.ts";

const config = parseConfig({});
const definition = (
  name: string,
  requires: string[] = [],
): ModuleDefinition => ({
  name,
  version: "1.0.0",
  summary: name,
  files: [`adws/${name}.ts`],
  requires,
});

test("requirements come before what needs them, each once", () => {
  const registry = createRegistry([
    definition("a", ["b", "c"]),
    definition("b", ["c"]),
    definition("c"),
  ]);
  expect(registry.resolve(["a", "c"]).map(({ name }) => name)).toEqual([
    "c",
    "b",
    "a",
  ]);
});

test("hidden modules come with any module, and with none when nothing is installed", () => {
  expect(bundledRegistry.resolve(["adw_websockets"])[0]?.name).toBe("adw_base");
  expect(bundledRegistry.resolve([])).toEqual([]);
});

test("one setting chooses a file's template, whose name no project sees", () => {
  const file = "adws/db/driver.ts";
  const other = "adws/db/driver.other.ts";
  const module = {
    ...definition("db"),
    files: [file],
    conditionalTemplates: [
      {
        when: { key: "sqlite_driver", value: "better-sqlite3" },
        file,
        template: other,
      },
    ],
  } as const;
  expect(templateOf(module, file, parseConfig({}))).toBe(file);
  const settings = parseConfig({ sqlite_driver: "better-sqlite3" });
  expect(templateOf(module, file, settings)).toBe(other);
  expect(templatesOf(module)).toEqual([file, other]);
});

test("an unknown name is refused with the nearest one", () => {
  expect(() => bundledRegistry.get("adw_websocket")).toThrow(
    expect.objectContaining({
      message: 'unknown module "adw_websocket"',
      hint: 'Did you mean "adw_websockets"?',
      exitCode: 2,
    }),
  );
});

test.each<[string, ModuleDefinition[], RegExp]>([
  ["a name twice", [definition("a"), definition("a")], /twice/],
  [
    "a file twice",
    [definition("a"), { ...definition("b"), files: ["adws/a.ts"] }],
    /both own/,
  ],
  ["a circle", [definition("a", ["b"]), definition("b", ["a"])], /circular/],
  ["an unknown requirement", [definition("a", ["nope"])], /unknown module/],
])("a list with %s is a bug that shows at once", (_title, list, message) => {
  expect(() => createRegistry(list)).toThrow(message);
});

test("adws/ stands for the configured folder, and only at the start", () => {
  const other = parseConfig({ adws_dir: "tools/flows" });
  expect(targetPath("adws/adws/x.ts", other)).toBe("tools/flows/adws/x.ts");
});

test("dependencies can hang on a config value", () => {
  const base = bundledRegistry.get("adw_base");
  const tsx = parseConfig({ typescript_runner: "tsx" });
  expect(moduleDependencies(base, config).devDependencies).not.toHaveProperty(
    "tsx",
  );
  expect(moduleDependencies(base, tsx).devDependencies).toHaveProperty("tsx");
});

test("scripts run with the configured runner in the configured folder", () => {
  const server = bundledRegistry.get("adw_server");
  expect(moduleScripts(server, config)).toEqual({
    "adw:server":
      "node --disable-warning=ExperimentalWarning adws/adw_server.ts",
  });
  expect(
    moduleScripts(
      server,
      parseConfig({
        typescript_runner: "tsx",
        sqlite_driver: "better-sqlite3",
        adws_dir: "x",
      }),
    ),
  ).toEqual({ "adw:server": "tsx x/adw_server.ts" });
});

import {
  BUNDLED_MODULES,
  createRegistry,
} from "../../../src/domain/module-registry.ts";
import {
  listModules,
  renderModule,
} from "../../../src/application/render-module.ts";
import {
  planScaffold,
  applyScaffold,
} from "../../../src/application/scaffold-service.ts";
import {
  bundledTemplates,
  type TemplateSource,
} from "../../../src/infrastructure/template-source.ts";
import { compileTemplate } from "../../../src/infrastructure/template-compiler.ts";
import {
  snapshotFolder,
  temporaryFolder,
} from "../../helpers/temporary-folder.ts";

const folder = temporaryFolder();

test("adw_websockets comes with its file first, its dependencies, and what makes it run anywhere", async () => {
  const rendered = await renderModule("adw_websockets", {
    websocket_port: 9001,
  });
  expect(rendered.name).toBe("adw_websockets");
  expect(rendered.files[0]?.path).toBe("adws/adw_modules/adw_websockets.ts");
  expect(rendered.files[0]?.content).toContain(
    "export const DEFAULT_PORT = 9001;",
  );
  expect(rendered.files.map(({ path }) => path)).toContain("adws/package.json");
  expect(rendered.files.map(({ path }) => path)).toContain(
    "adws/adw_modules/adw_websockets/server.ts",
  );
  expect(rendered.requires).toEqual(["adw_events"]);
  expect(rendered.dependencies).toEqual({ ws: "^8.21.0" });
  expect(rendered.devDependencies).toHaveProperty("@types/ws");
});

test("listModules lists what a user can install", () => {
  const names = listModules().map(({ name }) => name);
  expect(names).toEqual(
    expect.arrayContaining([
      "adw_websockets",
      "adw_websocket_client",
      "adw_server",
    ]),
  );
  expect(names).not.toContain("adw_base");
  expect(names).not.toContain("adw_demo");
});

test.each([
  ["an unknown module", "adw_websocket", {}, "USAGE"],
  [
    "an invalid setting",
    "adw_websockets",
    { websocket_port: 80 },
    "CONFIG_INVALID",
  ],
])("%s is refused", async (_title, name, config, code) => {
  await expect(renderModule(name, config)).rejects.toMatchObject({
    code,
    exitCode: 2,
  });
});

test("a name that is none at all is refused too: callers may not have types", async () => {
  const name: unknown = undefined;
  await expect(renderModule(name as string)).rejects.toMatchObject({
    code: "USAGE",
    message: "a module's name is a string, not undefined",
  });
});

test.each([
  ["node:sqlite", 'from "node:sqlite"', "better-sqlite3"],
  ["better-sqlite3", 'from "better-sqlite3"', "node:sqlite"],
] as const)(
  "of the SQLite drivers, only %s is rendered",
  async (sqlite_driver, theOne, theOther) => {
    const { files } = await renderModule("adw_database", { sqlite_driver });
    const drivers = files.filter(({ path }) => path.includes("driver"));
    expect(drivers.map(({ path }) => path)).toEqual([
      "adws/adw_modules/adw_database/driver.ts",
    ]);
    expect(drivers[0]?.content).toContain(theOne);
    expect(drivers[0]?.content).not.toContain(theOther);
  },
);

test("a module is one template and one registry entry: a throwaway one goes the whole way", async () => {
  const registry = createRegistry([
    ...BUNDLED_MODULES,
    {
      name: "adw_throwaway",
      version: "0.0.1",
      summary: "Proves that nothing else is needed",
      files: ["adws/adw_modules/adw_throwaway.ts"],
      requires: ["adw_websockets"],
      dependencies: { "left-pad": "^1.0.0" },
      scripts: { "adw:throwaway": "adw_modules/adw_throwaway.ts" },
    },
  ]);
  const file = "adws/adw_modules/adw_throwaway.ts";
  const compiled = compileTemplate(
    '<< project_name | constant("export const NAME") >>\n',
    `${file}.njk`,
  );
  const templates: TemplateSource = {
    ...bundledTemplates,
    load: async (path) =>
      path === file
        ? { kind: "tagged", compiled }
        : bundledTemplates.load(path),
  };
  const source = { registry, templates };

  expect(listModules(source).map(({ name }) => name)).toContain(
    "adw_throwaway",
  );
  const rendered = await renderModule(
    "adw_throwaway",
    { project_name: "it's" },
    source,
  );
  expect(rendered.files[0]).toEqual({
    path: "adws/adw_modules/adw_throwaway.ts",
    content: 'export const NAME = "it\'s";\n',
  });

  const plan = await planScaffold({
    root: folder(),
    modules: ["adw_throwaway"],
    source,
  });
  expect(plan.modules).toEqual([
    "adw_events",
    "adw_websockets",
    "adw_throwaway",
  ]);
  await applyScaffold(plan);
  const files = await snapshotFolder(folder());
  expect(Object.keys(files)).toContain("adws/adw_modules/adw_throwaway.ts");
  expect(JSON.parse(files["package.json"] ?? "")).toMatchObject({
    dependencies: { "left-pad": "^1.0.0", ws: "^8.21.0" },
    scripts: {
      "adw:throwaway": expect.stringContaining(
        "adws/adw_modules/adw_throwaway.ts",
      ),
    },
  });
});

test.each(["../x", "/etc/x", ".git/hooks/x", "node_modules/x", "a\\b"])(
  "applyScaffold refuses a plan that writes to %j, whatever its type says",
  async (path) => {
    const plan = await planScaffold({
      root: folder(),
      modules: ["adw_websockets"],
    });
    const [operation] = plan.operations;
    const unsafe = Object.assign({}, operation, { path });
    await expect(
      applyScaffold({ ...plan, operations: [...plan.operations, unsafe] }),
    ).rejects.toMatchObject({ code: "PATH_OUTSIDE", exitCode: 2 });
    expect(await snapshotFolder(folder())).toEqual({});
  },
);

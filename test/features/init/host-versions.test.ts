/**
 * The host's own versions of what the modules need: where they can serve they serve,
 * where they cannot it is said before anything is written.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { runCli } from "../../helpers/cli.ts";
import { hashFolder, temporaryFolder } from "../../helpers/temporary-folder.ts";
import {
  projectAt,
  type TemplateProject,
} from "../../helpers/template-project.ts";

jest.setTimeout(60_000);

const folder = temporaryFolder();
let project: TemplateProject;
beforeEach(async () => {
  project = projectAt(folder());
  // What lies above the temporary folder is none of this project's.
  await mkdir(join(folder(), ".git"));
});

const INIT = ["init", "--yes", "--modules", "adw_server"];
const host = (manifest: object) =>
  project.write(
    "package.json",
    `${JSON.stringify({ name: "host", ...manifest }, null, 2)}\n`,
  );
const installed = (name: string, version: string) =>
  project.write(
    `node_modules/${name}/package.json`,
    JSON.stringify({ name, version }),
  );
const ranges = async () => {
  const manifest: Record<string, Record<string, string>> = JSON.parse(
    await project.read("package.json"),
  );
  return manifest;
};

/** Refused with the code, exit code 1 and nothing written; the words on stderr. */
async function refused(...words: string[]): Promise<string> {
  const before = await hashFolder(folder());
  const [command = "", ...parameters] = words.length === 0 ? INIT : words;
  const { code, stderr } = await project.run(command, ...parameters);
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: expect.stringMatching(/error DEPENDENCY_TOO_OLD /),
  });
  expect(await hashFolder(folder())).toEqual(before);
  return stderr;
}

describe("zod 3 or ws 7 in the host are refused before anything is written", () => {
  test.each([
    ["zod", "3.22.4", "3.25.0 or later", "zod@^3.25.0"],
    ["zod", "~3.24.1", "3.25.0 or later", "zod@^3.25.0"],
    ["zod", "^3.22.0", "3.25.0 or later", "zod@^3.25.0"],
    ["ws", "^7.5.10", "8.0.0 or later", "ws@^8.21.0"],
    ["ws", "7", "8.0.0 or later", "ws@^8.21.0"],
  ])("%s %s: what, where and the command", async (name, range, needed, to) => {
    await host({ dependencies: { [name]: range } });
    const stderr = await refused();
    expect(stderr).toContain(`${name} is too old: `);
    expect(stderr).toContain(`${needed} is needed`);
    expect(stderr).toContain("package.json:4:5");
    expect(stderr).toContain(`Run: npm install ${to}\n`);
  });

  test.each([
    ["pnpm-lock.yaml", "pnpm add -D ws@^8.21.0"],
    ["yarn.lock", "yarn add -D ws@^8.21.0"],
    ["bun.lock", "bun add -d ws@^8.21.0"],
    ["package-lock.json", "npm install -D ws@^8.21.0"],
  ])("with %s the command is %s", async (lockfile, command) => {
    await project.write(lockfile, "");
    await host({ devDependencies: { ws: "^7.0.0" } });
    expect(await refused()).toContain(`Run: ${command}\n`);
  });

  test("add and update refuse as well, and --json says it as an object", async () => {
    await host({});
    await project.done(...(INIT as [string, ...string[]]));
    const manifest = await ranges();
    await host({
      ...manifest,
      dependencies: { ...manifest["dependencies"], ws: "^7.0.0" },
    });
    await refused("update");
    await refused("add", "adw_logging");
    const { stderr } = await project.run("update", "--json");
    expect(JSON.parse(stderr)).toMatchObject({
      error: { code: "DEPENDENCY_TOO_OLD" },
    });
  });

  test("--force goes on, says so, and leaves the range", async () => {
    await host({ dependencies: { zod: "3.22.4" } });
    const { code, stderr } = await project.run(
      "init",
      "--yes",
      "--force",
      "--modules",
      "adw_server",
    );
    expect(code).toBe(0);
    expect(stderr).toContain("zod is too old");
    expect((await ranges())["dependencies"]).toHaveProperty("zod", "3.22.4");
  });

  test("a module that needs neither is not held up", async () => {
    await host({ dependencies: { zod: "3.22.4", ws: "^7.0.0" } });
    const modules = ["--modules", "adw_websocket_client"];
    expect((await project.run("init", "--yes", ...modules)).code).toBe(0);
  });
});

describe("where the host's version can serve, it serves and stays", () => {
  test.each([
    ["zod", "^3.25.0"],
    ["zod", "3.25.76"],
    ["zod", "^4.0.0"],
    ["zod", ">=3"],
    ["ws", "^8.0.0"],
    ["ws", "^7.0.0 || ^8.0.0"],
    ["ws", "*"],
  ])("%s %s", async (name, range) => {
    await host({ dependencies: { [name]: range } });
    await project.done(...(INIT as [string, ...string[]]));
    expect((await ranges())["dependencies"]).toHaveProperty(name, range);
  });

  test("the rendered code imports zod/v4, which zod 3.25 and 4 have", async () => {
    await host({});
    await project.done(...(INIT as [string, ...string[]]));
    for (const file of ["orch_database_models", "adw_database/tables"]) {
      expect(await project.read(`adws/adw_modules/${file}.ts`)).toMatch(
        /from "zod\/v4";/,
      );
    }
  });

  test("what is installed decides over a wide range, in both directions", async () => {
    await host({ dependencies: { zod: "^3.22.0" } });
    await installed("zod", "3.22.4");
    expect(await refused()).toContain("3.22.4 is installed");
    await installed("zod", "3.25.76");
    await project.done(...(INIT as [string, ...string[]]));
  });

  test("what is installed decides where the range says nothing", async () => {
    await host({ dependencies: { ws: "latest" } });
    await installed("ws", "7.5.10");
    expect(await refused()).toContain("7.5.10 is installed");
    await installed("ws", "8.18.0");
    await project.done(...(INIT as [string, ...string[]]));
  });

  test("a folder or a URL that is not installed yet is named, not taken for present", async () => {
    await host({ dependencies: { ws: "file:../ws" } });
    const { code, stderr } = await project.run(...(INIT as [string]));
    expect(code).toBe(0);
    expect(stderr).toContain(
      'ws "file:../ws" in package.json does not say which version it is',
    );
  });
});

describe("catalogs, aliases, overrides and peers are resolved", () => {
  test.each([
    ["catalog:", "catalog:\n  zod: 3.22.4\n"],
    ["catalog:old", "catalogs:\n  old:\n    zod: ^3.20.0\n"],
  ])("pnpm: %s in pnpm-workspace.yaml", async (range, catalogs) => {
    await host({ dependencies: { zod: range } });
    await project.write("pnpm-workspace.yaml", catalogs);
    const stderr = await refused();
    expect(stderr).toContain(
      'Change zod to "^3.25.0" in the catalog in pnpm-workspace.yaml, then run: pnpm i\n',
    );
    await project.write(
      "pnpm-workspace.yaml",
      catalogs.replace(/\^?3\.2\d\.\d/, "^3.25.0"),
    );
    await project.done(...(INIT as [string, ...string[]]));
    expect((await ranges())["dependencies"]).toHaveProperty("zod", range);
  });

  test("a catalog of the workspace around the project", async () => {
    await project.write("pnpm-workspace.yaml", "catalog:\n  ws: ^7.0.0\n");
    await project.write(
      "packages/a/package.json",
      '{ "name": "a", "dependencies": { "ws": "catalog:" } }\n',
    );
    const { code, stderr } = await runCli(
      [...INIT, "--no-install"],
      join(folder(), "packages/a"),
    );
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining("the catalog in pnpm-workspace.yaml"),
    });
  });

  test.each([
    [".yarnrc.yml", "catalog:\n  ws: ^7.0.0\n", {}],
    ["bun.lock", "", { workspaces: { catalog: { ws: "^7.0.0" } } }],
  ])("Yarn and Bun: %s", async (file, text, manifest) => {
    await project.write(file, text);
    await host({ ...manifest, dependencies: { ws: "catalog:" } });
    expect(await refused()).toContain("ws is too old");
  });

  test("npm: the same package under its own name, and another under it", async () => {
    await host({ dependencies: { zod: "npm:zod@^3.25.0" } });
    await project.done(...(INIT as [string, ...string[]]));
    await host({ dependencies: { zod: "npm:zod@3.22.4" } });
    expect(await refused()).toContain("3.22.4");
    await host({ dependencies: { ws: "npm:isomorphic-ws@5" } });
    expect(await refused()).toMatch(
      /ws stands for isomorphic-ws, and ws 8\.\d+\.\d+ or later is needed/,
    );
  });

  test.each([
    ["overrides", { overrides: { zod: "3.22.4" } }],
    ["resolutions", { resolutions: { zod: "3.22.4" } }],
    ["pnpm.overrides", { pnpm: { overrides: { zod: "3.22.4" } } }],
  ])("%s that force an old version", async (place, manifest) => {
    await host(manifest);
    expect(await refused()).toContain(`in ${place} in package.json`);
    await host({ ...manifest, dependencies: { zod: "^4.0.0" } });
    await refused();
  });

  test("what is only a peer dependency is added for development, within its range", async () => {
    await host({ peerDependencies: { zod: "^3.25.0", ws: ">=8" } });
    await project.done(...(INIT as [string, ...string[]]));
    const { dependencies, devDependencies, peerDependencies } = await ranges();
    expect(peerDependencies).toEqual({ zod: "^3.25.0", ws: ">=8" });
    expect(devDependencies).toMatchObject({ zod: "^3.25.0", ws: "^8.21.0" });
    expect(dependencies).not.toHaveProperty("zod");
    await project.done("check");
    await project.done("remove", "adw_server");
    expect((await ranges())["devDependencies"] ?? {}).not.toHaveProperty("zod");
  });

  test("a peer dependency that allows only old versions is refused", async () => {
    await host({ peerDependencies: { zod: "3.22.x" } });
    await refused();
  });
});

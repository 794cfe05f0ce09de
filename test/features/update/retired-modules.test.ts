/** Projects that still name a module which is not rendered any more: adw_demo. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { releasedProject } from "../../helpers/releases.ts";
import { hashFolder, temporaryFolder } from "../../helpers/temporary-folder.ts";
import type { TemplateProject } from "../../helpers/template-project.ts";

jest.setTimeout(120_000);

const folder = temporaryFolder();
const FLEET = "adws/adw_demo/fleet.ts";

/** A project that an earlier version made, with the module in it. */
const olderProject = (): Promise<TemplateProject> =>
  releasedProject(folder(), "0.1.0-alpha.3");

const modulesOf = async (project: TemplateProject) =>
  JSON.parse(await project.read("adw.config.json")).modules;
const scriptsOf = async (project: TemplateProject) =>
  Object.keys(JSON.parse(await project.read("package.json")).scripts);

test("every command opens such a project, and check says what has become of the module", async () => {
  const project = await olderProject();
  expect((await project.run("list")).code).toBe(0);
  expect((await project.run("diff")).code).toBeLessThan(2);
  expect((await project.run("doctor")).code).toBeLessThan(2);
  const { code, stdout } = await project.run("check", "--json");
  expect(code).toBe(1);
  const { drift } = JSON.parse(stdout);
  expect(drift).toContainEqual({
    path: "adw.config.json",
    module: "adw_demo",
    kinds: ["outdated"],
    reason:
      "it names adw_demo, which is not a module any more (instead: npx adw-scaffold demo); update takes it out",
  });
  expect(drift).toContainEqual(
    expect.objectContaining({ path: FLEET, kinds: ["outdated"] }),
  );
});

test("update takes out its files, its script and its name, and keeps what was edited", async () => {
  const project = await olderProject();
  await project.write(FLEET, `${await project.read(FLEET)}// ours\n`);
  const { code, stdout, stderr } = await project.run("update");
  expect(code).toBe(0);
  expect(stderr).toContain(
    "note adw_demo is not a module any more, and is taken out. Instead: npx adw-scaffold demo\n",
  );
  expect(stdout).toContain("  delete    adws/adw_demo.ts  ");
  expect(stdout).toContain(`  keep      ${FLEET}  you edited it`);
  expect(existsSync(join(folder(), "adws/adw_demo.ts"))).toBe(false);
  expect(readdirSync(join(folder(), "adws/adw_demo"))).toEqual(["fleet.ts"]);
  expect(await project.read(FLEET)).toContain("// ours\n");
  expect(await scriptsOf(project)).not.toContain("adw:demo");
  expect(await modulesOf(project)).not.toContain("adw_demo");
  expect(await modulesOf(project)).toContain("adw_logging");
  expect((await project.run("check")).stdout).toMatch(/^In sync/);
  expect((await project.run("update")).stdout).toMatch(/^Up to date/);
});

test("what only it required stays after an update, and goes when it is removed by name", async () => {
  const project = await olderProject();
  await project.configure({ modules: ["adw_demo"] });
  await project.done("update");
  expect(await modulesOf(project)).toEqual([
    "adw_websockets",
    "adw_websocket_client",
    "adw_logging",
    "adw_dashboard",
  ]);
  expect(existsSync(join(folder(), "adws/adw_modules/adw_logging.ts"))).toBe(
    true,
  );
});

test("remove adw_demo takes it out, and what only it required", async () => {
  const project = await olderProject();
  await project.configure({ modules: ["adw_websockets", "adw_demo"] });
  const { code, stdout } = await project.run("remove", "adw_demo");
  expect(code).toBe(0);
  expect(stdout).toContain("delete    adws/adw_demo/fleet.ts");
  expect(existsSync(join(folder(), "adws/adw_demo"))).toBe(false);
  expect(existsSync(join(folder(), "adws/adw_modules/adw_logging.ts"))).toBe(
    false,
  );
  expect(await modulesOf(project)).toEqual(["adw_websockets"]);
  expect(await scriptsOf(project)).not.toContain("adw:demo");
});

test("add leaves the old module for an update, and update finds all of it", async () => {
  const project = await olderProject();
  await project.configure({ modules: ["adw_websockets", "adw_demo"] });
  await project.done("add", "adw_server", "--force");
  expect(await modulesOf(project)).toEqual([
    "adw_websockets",
    "adw_demo",
    "adw_server",
  ]);
  expect(existsSync(join(folder(), FLEET))).toBe(true);
  await project.done("update");
  expect(existsSync(join(folder(), "adws/adw_demo"))).toBe(false);
  expect(await scriptsOf(project)).not.toContain("adw:demo");
});

test.each([
  ["add", "adw_demo"],
  ["render", "adw_demo"],
  ["init", "--yes", "--modules", "adw_demo"],
])(
  "%s %s answers with what replaces it, and writes nothing",
  async (...line) => {
    const [command = "", ...parameters] = line;
    const project = await olderProject();
    const before = await hashFolder(folder());
    const { code, stderr } = await project.run(command, ...parameters);
    expect(code).toBe(2);
    expect(stderr).toContain("adw_demo is not a module any more");
    expect(stderr).toContain("Instead: npx adw-scaffold demo");
    expect(await hashFolder(folder())).toEqual(before);
  },
);

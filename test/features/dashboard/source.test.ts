/** What an owner does to change the dashboard: custom.css, the source, an update. */
import { readdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { REPOSITORY } from "../../helpers/packed.ts";
import { run } from "../../helpers/processes.ts";
import { LOADER } from "../../helpers/program.ts";
import { releasedProject } from "../../helpers/releases.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import {
  projectAt,
  type TemplateProject,
} from "../../helpers/template-project.ts";

jest.setTimeout(180_000);

const PAGE = "adws/adw_dashboard/index.html";
const SOURCE = "adws/adw_dashboard_source";
const folder = temporaryFolder();

async function newProject(): Promise<TemplateProject> {
  const project = projectAt(folder());
  await project.write("package.json", '{ "name": "desk", "private": true }\n');
  await linkPackages();
  return project;
}

async function linkPackages(): Promise<void> {
  await symlink(
    join(REPOSITORY, "node_modules"),
    join(folder(), "node_modules"),
  );
}

const ONLY_FILES = ["--yes", "--no-install"];

async function packagesOf(project: TemplateProject): Promise<{
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  scripts: Record<string, string>;
}> {
  return JSON.parse(await project.read("package.json"));
}

describe("a new project", () => {
  test("gets one page and no package for it", async () => {
    const project = await newProject();
    await project.done("init", ...ONLY_FILES);
    expect(await readdir(join(folder(), "adws/adw_dashboard"))).toEqual([
      "index.html",
    ]);
    expect(await readdir(join(folder(), "adws"))).not.toContain(
      "adw_dashboard_source",
    );
    const { dependencies, devDependencies } = await packagesOf(project);
    const names = Object.keys({ ...dependencies, ...devDependencies });
    for (const name of ["preact", "htm", "@preact/signals", "send"]) {
      expect(names).not.toContain(name);
    }
  });

  test("builds the same page from the source, and then the owner's own", async () => {
    const project = await newProject();
    await project.done("init", ...ONLY_FILES);
    await project.done("add", "adw_dashboard_source", "--no-install");
    const { dependencies, devDependencies, scripts } =
      await packagesOf(project);
    expect(Object.keys(devDependencies)).toEqual(
      expect.arrayContaining(["esbuild", "preact", "@preact/signals"]),
    );
    expect(Object.keys(dependencies)).not.toContain("preact");
    expect(scripts["adw:dashboard:build"]).toContain(`${SOURCE}/build.ts`);

    const build = (...loader: readonly string[]) =>
      run(process.execPath, [...loader, join(folder(), SOURCE, "build.ts")], {
        cwd: folder(),
      });
    const withoutNotice = (page: string) =>
      page.slice(page.indexOf("<html")).replaceAll(/^\s*\/[/*] .*$/gm, "");
    const rendered = await project.read(PAGE);
    expect(await build("--import", "tsx")).toMatchObject({ code: 0 });
    const built = await project.read(PAGE);
    expect(built.slice(0, 300)).toContain("npm run adw:dashboard:build");
    expect(withoutNotice(built)).toBe(withoutNotice(rendered));

    await project.edit(
      `${SOURCE}/src/index.html`,
      "Loading the dashboard…",
      "One moment…",
    );
    expect(await build(...LOADER)).toMatchObject({ code: 0 });
    expect(await project.read(PAGE)).toContain("One moment…");
  });

  test("type-checks the source with its own tsconfig, and the rest without it", async () => {
    const project = await newProject();
    await project.done("init", ...ONLY_FILES);
    await project.done("add", "adw_dashboard_source", "--no-install");
    const compiler = join(REPOSITORY, "node_modules/typescript/bin/tsc");
    for (const place of ["adws", SOURCE]) {
      const { code, stdout } = await run(
        process.execPath,
        [compiler, "--noEmit", "-p", place],
        { cwd: folder() },
      );
      expect({ place, code, stdout }).toEqual({ place, code: 0, stdout: "" });
    }
  });
});

test("an update deletes the old page's files, and keeps those that were edited", async () => {
  const project = await releasedProject(folder(), "0.1.0-alpha.3");
  await linkPackages();
  const edited = "adws/adw_dashboard/core/format.js";
  await project.write(edited, `${await project.read(edited)}\n// mine\n`);
  await project.write("adws/adw_dashboard/custom.css", ":root {}\n");
  await project.run("update", "--yes", "--no-install");
  const left = await readdir(join(folder(), "adws/adw_dashboard"), {
    recursive: true,
  });
  expect(left.toSorted()).toEqual([
    "core",
    join("core", "format.js"),
    "custom.css",
    "index.html",
  ]);
  expect(await project.read(edited)).toContain("// mine");
  expect(await project.read(PAGE)).toContain("adw_dashboard_source");
});

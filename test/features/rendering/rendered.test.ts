/** Every module with every sample configuration: text, format, types and lint. */
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTwoFilesPatch } from "diff";
import {
  listModules,
  renderModule,
  type RenderedFile,
} from "../../../src/application/render-module.ts";
import {
  parseConfig,
  type AdwConfigInput,
} from "../../../src/domain/config.ts";
import { bundledRegistry } from "../../../src/domain/module-registry.ts";

const root = join(__dirname, "../../..");

function sampleConfigs(): Record<string, object> {
  const text = execFileSync(
    process.execPath,
    [
      "--input-type=module",
      "-e",
      `import { SAMPLE_CONFIGS } from ${JSON.stringify(join(root, "fixtures/configs.mjs"))}; console.log(JSON.stringify(SAMPLE_CONFIGS))`,
    ],
    { encoding: "utf8" },
  );
  return JSON.parse(text);
}

const configs = sampleConfigs();
const modules = listModules().map(({ name }) => name);

/** What became of the tags of one template: their lines, before and after. */
function decided({ path, content }: RenderedFile): string | undefined {
  const template = join(root, "templates", `${path}.njk`);
  if (!existsSync(template)) return undefined;
  return createTwoFilesPatch(
    `${path}.njk`,
    path,
    readFileSync(template, "utf8"),
    content,
    "",
    "",
    { context: 0 },
  );
}

/** A module without the files that every module shares. */
async function renderOwn(name: string, config: AdwConfigInput) {
  const rendered = await renderModule(name, config);
  const count = bundledRegistry.get(name).files.length;
  return { ...rendered, files: rendered.files.slice(0, count) };
}

test("the files that every module shares", async () => {
  const { files } = await renderModule("adw_websockets");
  const own = bundledRegistry.get("adw_websockets").files.length;
  expect(
    files.slice(own).map((file) => decided(file) ?? file.path),
  ).toMatchSnapshot();
});

test("at least four configurations are tried", () => {
  expect(Object.keys(configs).length).toBeGreaterThanOrEqual(4);
});

// A file without a tag is copied: of it, the name is what rendering decides.
describe.each(modules)("%s", (name) => {
  test("with the default configuration", async () => {
    const { files, ...facts } = await renderOwn(name, {});
    expect({
      ...facts,
      files: files.map((file) => decided(file) ?? file.path),
    }).toMatchSnapshot();
  });

  test.each(Object.keys(configs).filter((config) => config !== "default"))(
    "what %s changes",
    async (config) => {
      const settings = parseConfig(configs[config]);
      const before = await renderOwn(name, {});
      const after = await renderOwn(name, settings);
      const patches = after.files.flatMap(({ path, content }, index) => {
        const { path: from = "", content: old = "" } =
          before.files[index] ?? {};
        return path === from && content === old
          ? []
          : createTwoFilesPatch(from, path, old, content, "", "", {
              context: 0,
            });
      });
      expect(patches.join("\n")).toMatchSnapshot();
    },
  );
});

test("every rendered file is formatted as prettier's defaults would", () => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      join(root, "node_modules/prettier/bin/prettier.cjs"),
      "--check",
      "--no-config",
      "--ignore-path",
      "/dev/null",
      "build/rendered",
      // Built, and so as its builder printed it.
      "!build/rendered/**/adw_dashboard/index.html",
    ],
    { cwd: root, encoding: "utf8" },
  );
  expect({ status, output: stdout + stderr }).toMatchObject({ status: 0 });
});

/** Runs TypeScript on a tsconfig of this repository. */
function typeCheck(project: string) {
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  const { status, stdout } = spawnSync(
    process.execPath,
    [compiler, "-p", project],
    { cwd: root, encoding: "utf8" },
  );
  return { status, stdout };
}

const PASSED = { status: 0, stdout: "" };

test("every rendered file compiles under the strictest options", () => {
  expect(typeCheck("test/features/rendering/tsconfig.json")).toEqual(PASSED);
});

test("every rendered file passes the linter", () => {
  // The linter skips what .gitignore names, so it gets a copy elsewhere.
  const copy = mkdtempSync(join(tmpdir(), "adw-lint-"));
  try {
    cpSync(join(root, "build/rendered"), copy, { recursive: true });
    const { status, stdout } = spawnSync(
      join(root, "node_modules/.bin/oxlint"),
      [
        "--deny-warnings",
        "-c",
        join(root, "test/features/rendering/oxlintrc.json"),
        ".",
      ],
      { cwd: copy, encoding: "utf8", shell: process.platform === "win32" },
    );
    expect({ status, stdout }).toMatchObject({ status: 0 });
    expect(stdout).not.toContain("No files found");
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
});

test("the folder's own tsconfig checks it too, as a user would run it", () => {
  expect(typeCheck("build/rendered/default/adws")).toEqual(PASSED);
});

test("the dashboard's source is checked by its own tsconfig", () => {
  expect(typeCheck("build/rendered/default/adws/adw_dashboard_source")).toEqual(
    PASSED,
  );
});

test("a header names the module, its version, what it needs and how to update it", async () => {
  for (const name of modules) {
    const { files, version } = await renderModule(name);
    const own = files[0]?.content.slice(0, 1200) ?? "";
    expect(own).toContain(`${name} ${version}`);
    expect(own).toContain("npx adw-scaffold update");
    expect(own).toContain("Needs:");
  }
});

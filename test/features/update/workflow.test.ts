/** The workflow in docs/updating.md, taken from there and run: it cannot rot. */
import { chmod, mkdir, readFile, symlink } from "node:fs/promises";
import { delimiter, join } from "node:path";
import semver from "semver";
import { parse } from "yaml";
import { REPOSITORY } from "../../helpers/packed.ts";
import { run } from "../../helpers/processes.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import {
  projectAt,
  type TemplateProject,
} from "../../helpers/template-project.ts";

jest.setTimeout(120_000);

interface Step {
  uses?: string;
  with?: Record<string, unknown>;
  run?: string;
}

interface Workflow {
  name: string;
  on: string[];
  jobs: Record<string, { "runs-on": string; steps: Step[] }>;
}

const folder = temporaryFolder();
let project: TemplateProject;
let text = "";
let steps: Step[] = [];
let workflow: Workflow;

beforeAll(async () => {
  const page = await readFile(join(REPOSITORY, "docs/updating.md"), "utf8");
  text = /```yaml\n([^]*?)```/.exec(page)?.[1] ?? "";
  workflow = parse(text);
  steps = Object.values(workflow.jobs).flatMap((job) => job.steps);
});

/** A checkout with the package where npx finds it: in node_modules, as after `npm install`. */
beforeEach(async () => {
  project = projectAt(folder());
  await project.write("package.json", '{ "name": "host" }\n');
  await project.done("init", "--yes", "--modules", "adw_websocket_client");
  const modules = join(folder(), "node_modules");
  await mkdir(join(modules, ".bin"), { recursive: true });
  await symlink(REPOSITORY, join(modules, "adw-scaffold"));
  await symlink(
    "../adw-scaffold/dist/cli.js",
    join(modules, ".bin/adw-scaffold"),
  );
});

/** As short as npx, which takes a second of processor time, is with what is installed. */
async function shortNpx(): Promise<string> {
  await project.write(
    "bin/npx",
    '#!/bin/sh\nshift\nexec node_modules/.bin/adw-scaffold "$@"\n',
  );
  await chmod(join(folder(), "bin/npx"), 0o755);
  return `${join(folder(), "bin")}${delimiter}${process.env["PATH"]}`;
}

/** What a runner does with the steps: each command in a shell, until one fails. */
async function runCommands(PATH = process.env["PATH"]) {
  for (const { run: command } of steps) {
    if (command === undefined) continue;
    const result = await run("bash", ["-e", "-c", command], {
      cwd: folder(),
      // The version that is named must be the one at hand, not one from the registry.
      env: { CI: "true", npm_config_offline: "true", PATH },
    });
    if (result.code !== 0) return result;
  }
  return { code: 0, stdout: "", stderr: "" };
}

test("it has what GitHub asks of a workflow, and nothing unknown", async () => {
  expect(text).toMatch(/^# \.github\/workflows\/\w+\.yml\n/);
  const { engines, version } = JSON.parse(
    await readFile(join(REPOSITORY, "package.json"), "utf8"),
  );
  expect(Object.keys(workflow)).toEqual(["name", "on", "jobs"]);
  expect(workflow.on).toEqual(["push", "pull_request"]);
  for (const job of Object.values(workflow.jobs))
    expect(Object.keys(job)).toEqual(["runs-on", "steps"]);
  const actions = steps.flatMap(({ uses }) => uses ?? []);
  expect(actions).toEqual([
    expect.stringMatching(/^actions\/checkout@v\d+$/),
    expect.stringMatching(/^actions\/setup-node@v\d+$/),
  ]);
  const node = steps.find(({ uses }) => uses?.includes("setup-node"))?.with;
  expect(Object.keys(node ?? {})).toEqual(["node-version"]);
  expect(
    semver.subset(`${String(node?.["node-version"])}.x`, engines.node),
  ).toBe(true);
  const commands = steps.flatMap((step) => step.run ?? []);
  expect(commands.join("\n")).toContain(
    `npx adw-scaffold@${version.split(".").slice(0, 2).join(".")} check `,
  );
});

test("in sync it passes", async () => {
  expect(await runCommands()).toMatchObject({ code: 0 });
});

test("with the owner's edits it passes", async () => {
  const file = "adws/adw_modules/adw_websocket_client.ts";
  await project.write(file, `${await project.read(file)}// ours\n`);
  expect(await runCommands(await shortNpx())).toMatchObject({ code: 0 });
});

test("with a setting that changed since, it fails and says which", async () => {
  await project.configure({
    modules: ["adw_websockets"],
    websocket_port: 9001,
  });
  expect(await runCommands(await shortNpx())).toMatchObject({
    code: 1,
    stdout: expect.stringContaining("adws/adw_modules/adw_websockets.ts"),
  });
});

test("with a file that is gone, it fails and says which", async () => {
  await project.remove("adws/tsconfig.json");
  expect(await runCommands(await shortNpx())).toMatchObject({
    code: 1,
    stdout: expect.stringContaining("missing  adws/tsconfig.json"),
  });
});

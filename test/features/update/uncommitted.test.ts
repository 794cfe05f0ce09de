/** In a git repository with uncommitted work: a warning, never a refusal. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { runOrThrow } from "../../helpers/processes.ts";
import { hashFolder, temporaryFolder } from "../../helpers/temporary-folder.ts";
import {
  projectAt,
  TEMPLATE,
  freshProject,
} from "../../helpers/template-project.ts";

jest.setTimeout(60_000);

const folder = temporaryFolder();
const FILE = "adws/greeting.ts";
const project = freshProject(folder);

const git = (...parameters: string[]) =>
  runOrThrow(
    "git",
    ["-c", "user.name=Owner", "-c", "user.email=o@example.org", ...parameters],
    { cwd: folder() },
  );

async function committed() {
  await git("init", "--quiet");
  await git("add", ".");
  await git("commit", "--quiet", "-m", "All of it");
}

const warnings = (stderr: string) =>
  stderr.split("\n").filter((line) => line.startsWith("warning "));

test("with everything committed nothing is said", async () => {
  await committed();
  await project.edit(TEMPLATE, "ONE = 1", "ONE = 11");
  await git("commit", "--quiet", "-am", "A new template");
  const { stderr } = await project.done("update");
  expect(stderr).toBe("");
});

test("update: a file that it changes and that is in no commit is named", async () => {
  await committed();
  await project.edit(FILE, "SEVEN = 7", "SEVEN = 77");
  await project.edit(TEMPLATE, "ONE = 1", "ONE = 11");
  const { stderr } = await project.done("update");
  expect(warnings(stderr)).toEqual([
    `warning uncommitted changes in ${FILE}: git cannot bring them back.`,
  ]);
  expect(await project.read(FILE)).toContain("ONE = 11");
});

test("update: other uncommitted work is named too, in other words", async () => {
  await committed();
  await project.write("src/mine.ts", "export {};\n");
  await project.edit(TEMPLATE, "ONE = 1", "ONE = 11");
  await git("add", TEMPLATE);
  const { stderr } = await project.done("update");
  expect(warnings(stderr)).toEqual([
    `warning uncommitted work in this repository (${TEMPLATE}, src/): the new changes will be mixed with it.`,
  ]);
});

test("init, add and remove warn as well", async () => {
  await committed();
  await project.write("package.json", '{ "name": "renamed" }\n');
  await project.write("adws/.gitignore", "mine\n");
  const named = `warning uncommitted changes in adws/.gitignore, package.json: git cannot bring them back.`;
  const init = await project.done(
    "init",
    "--yes",
    "--force",
    "--modules",
    "adw_websockets",
  );
  expect(warnings(init.stderr)).toEqual([named]);
  const add = await project.done("add", "adw_server");
  expect(warnings(add.stderr)).toEqual([
    expect.stringMatching(
      /^warning uncommitted changes in .*package\.json: git cannot bring them back\.$/,
    ),
  ]);
  const remove = await project.done("remove", "adw_server");
  expect(warnings(remove.stderr)).toEqual([
    expect.stringMatching(
      /^warning uncommitted changes in .* and \d+ more: git cannot bring them back\.$/,
    ),
  ]);
});

test("a package of a larger repository: only its own files count, by their own names", async () => {
  const root = join(folder(), "packages/app");
  await mkdir(root, { recursive: true });
  const app = projectAt(root);
  await app.write("package.json", '{ "name": "app" }\n');
  await committed();
  await project.write("elsewhere.txt", "not the package's\n");
  const first = await app.done(
    "init",
    "--yes",
    "--nested",
    "--modules",
    "adw_websocket_client",
  );
  expect(first.stderr).toBe("");
  const second = await app.done("remove", "adw_websocket_client");
  expect(warnings(second.stderr)).toEqual([
    expect.stringContaining("uncommitted changes in adws/"),
  ]);
});

test("a folder that is in no commit at all", async () => {
  await git("init", "--quiet");
  await project.edit(TEMPLATE, "ONE = 1", "ONE = 11");
  const { stderr } = await project.done("update");
  expect(warnings(stderr)).toEqual([
    `warning uncommitted changes in ${FILE}: git cannot bring them back.`,
  ]);
});

test("with --json the warning is in the one object, and stderr is empty", async () => {
  await committed();
  await project.edit(FILE, "SEVEN = 7", "SEVEN = 77");
  await project.edit(TEMPLATE, "ONE = 1", "ONE = 11");
  const { stdout, stderr } = await project.done("update", "--json");
  expect(stderr).toBe("");
  expect(JSON.parse(stdout).warnings).toEqual([
    `uncommitted changes in ${FILE}: git cannot bring them back.`,
  ]);
});

test("a dry run, and a run that changes no file that exists, ask git nothing", async () => {
  await committed();
  await project.edit(FILE, "SEVEN = 7", "SEVEN = 77");
  await project.edit(TEMPLATE, "ONE = 1", "ONE = 11");
  expect((await project.done("update", "--dry-run")).stderr).toBe("");
  expect((await project.run("update", "--on-conflict", "fail")).code).toBe(0);
  expect((await project.done("update")).stderr).toBe("");
});

test("without git on the machine nothing is said, and nothing fails", async () => {
  await committed();
  await project.edit(FILE, "SEVEN = 7", "SEVEN = 77");
  await project.edit(TEMPLATE, "ONE = 1", "ONE = 11");
  const path = process.env["PATH"];
  process.env["PATH"] = join(folder(), "no-programs-here");
  try {
    expect((await project.done("update")).stderr).toBe("");
  } finally {
    process.env["PATH"] = path;
  }
});

test("git's own index is left alone", async () => {
  await committed();
  await project.edit(TEMPLATE, "ONE = 1", "ONE = 11");
  const before = (await hashFolder(join(folder(), ".git")))["index"];
  await project.done("update");
  expect((await hashFolder(join(folder(), ".git")))["index"]).toBe(before);
});

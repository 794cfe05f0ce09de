/** What `init` gives, says, and how it is undone. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { runCli } from "../../helpers/cli.ts";
import { run, runOrThrow } from "../../helpers/processes.ts";
import {
  projectAt,
  type TemplateProject,
} from "../../helpers/template-project.ts";
import { hashFolder, temporaryFolder } from "../../helpers/temporary-folder.ts";

jest.setTimeout(120_000);

const folder = temporaryFolder();

async function host(manifest: object = { name: "host" }) {
  const project = projectAt(folder());
  await project.write("package.json", `${JSON.stringify(manifest, null, 2)}\n`);
  return project;
}
const manifestOf = async (project: TemplateProject) =>
  JSON.parse(await project.read("package.json"));

const git = (...parameters: string[]) =>
  runOrThrow(
    "git",
    ["-c", "user.name=a", "-c", "user.email=a@b.example", ...parameters],
    { cwd: folder() },
  );

test("a default init and --minimal write so many files and lines", async () => {
  for (const [title, parameters, most] of [
    ["default", [], { files: 77, lines: 28_600 }],
    ["--minimal", ["--minimal"], { files: 21, lines: 3_490 }],
  ] as const) {
    const name = title.replaceAll("-", "");
    const { stdout } = await runCli(
      ["init", name, "--yes", "--no-install", "--verbose", ...parameters],
      folder(),
    );
    const [, files = "", lines = ""] =
      /^Wrote ([\d,]+) files, ([\d,]+) lines\./m.exec(stdout) ?? [];
    const page = stdout.match(/adws\/adw_dashboard\//g)?.length ?? 0;
    console.log(
      `init ${title}: ${files} files (${page} of the page), ${lines} lines`,
    );
    const number = (text: string) => Number(text.replaceAll(",", ""));
    const written = (
      await readdir(join(folder(), name), {
        recursive: true,
        withFileTypes: true,
      })
    ).filter((entry) => entry.isFile());
    expect(number(files)).toBe(written.length);
    expect(number(files) - page).toBeLessThanOrEqual(most.files);
    expect(number(lines)).toBeLessThanOrEqual(most.lines);
    expect(stdout).not.toContain("adw_demo");
  }
});

test("new files are listed by folder; --verbose and a dry run name each", async () => {
  const project = await host();
  const dry = await project.run("init", "--yes", "--dry-run");
  expect(dry.stdout).toContain(
    "create    adws/adw_modules/adw_database/tables.ts\n",
  );
  const { stdout } = await project.run("init", "--yes");
  expect(stdout).toMatch(/^ {2}create {4}adws\/adw_modules\/ {2}\d+ files$/m);
  expect(stdout).not.toContain("tables.ts");
  expect(stdout).toContain("create    adws/adw_server.ts\n");
  expect(stdout).toContain("update    package.json");
});

test("--minimal is the event server alone; with --modules it is refused", async () => {
  const project = await host();
  const { code, stderr } = await project.run(
    "init",
    "--yes",
    "--minimal",
    "--modules",
    "adw_server",
  );
  expect(code).toBe(2);
  expect(stderr).toContain("--modules and --minimal contradict each other");
  await project.done("init", "--yes", "--minimal");
  const { modules } = JSON.parse(await project.read("adw.config.json"));
  expect(modules).toEqual(["adw_websockets"]);
  const { dependencies, scripts } = await manifestOf(project);
  expect(dependencies).toEqual({ ws: expect.any(String) });
  expect(scripts).toBeUndefined();
});

test("--logging is the log alone", async () => {
  const project = await host();
  await project.done("init", "--yes", "--logging");
  const { modules } = JSON.parse(await project.read("adw.config.json"));
  expect(modules).toEqual(["adw_logging"]);
});

test("without git, remove undoes it, and the command is said", async () => {
  const project = await host();
  const before = await hashFolder(folder());
  const { stdout } = await project.run("init", "--yes");
  const [, modules = ""] =
    /To undo it: npx adw-scaffold remove (.+)$/m.exec(stdout) ?? [];
  expect(modules).not.toBe("");
  await project.done("remove", ...modules.split(" "));
  expect(await hashFolder(folder())).toEqual(before);
});

test("in git, the command that is said undoes it, and leaves other work alone", async () => {
  const project = await host();
  await git("init", "--quiet");
  await git("add", ".");
  await git("commit", "--quiet", "-m", "start");
  await project.write("notes.txt", "mine\n");
  const before = await hashTree();
  const { stdout } = await project.run("init", "--yes");
  const [, undo = ""] = /To undo it: (git .+)$/m.exec(stdout) ?? [];
  expect(undo).toMatch(/^git checkout -- package\.json && git clean /);
  const { code } = await run("sh", ["-c", undo], { cwd: folder() });
  expect(code).toBe(0);
  expect(await hashTree()).toEqual(before);
});

test("where git cannot bring back a file that changes, remove is said instead", async () => {
  const project = await host();
  await git("init", "--quiet");
  const { stdout } = await project.run("init", "--yes");
  expect(stdout).toContain("To undo it: npx adw-scaffold remove ");
});

test("a second init says nothing of undoing", async () => {
  const project = await host();
  await project.done("init", "--yes", "--minimal");
  expect((await project.run("init", "--yes")).stdout).not.toContain("undo");
});

test("--dev puts runtime packages into devDependencies, and later ones join them", async () => {
  const project = await host();
  await project.done("init", "--yes", "--minimal", "--dev");
  const first = await manifestOf(project);
  expect(first.dependencies).toBeUndefined();
  expect(first.devDependencies).toHaveProperty("ws");
  await project.done("add", "adw_logging");
  const second = await manifestOf(project);
  expect(second.dependencies).toBeUndefined();
  expect(second.devDependencies).toHaveProperty("zod");
  expect((await project.run("check")).code).toBe(0);
  await project.done("remove", "adw_logging");
  expect((await manifestOf(project)).devDependencies).not.toHaveProperty("zod");
});

test.each([
  ["laid out as npm does", (text: string) => text],
  ["laid out by hand", (text: string) => text.replace("{\n", "{ \n")],
])(
  "entries go to their place in sorted sections, %s",
  async (_title, layOut) => {
    const project = projectAt(folder());
    const manifest = {
      name: "host",
      scripts: { build: "tsc", test: "jest" },
      dependencies: { "@a/b": "1.0.0", express: "5.0.0", yaml: "2.0.0" },
      devDependencies: { typescript: "5.9.0", jest: "30.0.0" },
    };
    await project.write(
      "package.json",
      layOut(`${JSON.stringify(manifest, null, 2)}\n`),
    );
    await project.done("init", "--yes", "--modules", "adw_server");
    const { scripts, dependencies, devDependencies } =
      await manifestOf(project);
    expect(Object.keys(scripts)).toEqual(["adw:server", "build", "test"]);
    const names = Object.keys(dependencies);
    expect(names).toEqual(names.toSorted((a, b) => a.localeCompare(b, "en")));
    expect(names.indexOf("ws")).toBeLessThan(names.indexOf("yaml"));
    // A section in an order of its owner's gets new entries at its end.
    expect(Object.keys(devDependencies).slice(0, 2)).toEqual([
      "typescript",
      "jest",
    ]);
  },
);

async function hashTree(): Promise<[string, string][]> {
  const hashes = Object.entries(await hashFolder(folder()));
  return hashes.filter(([path]) => !path.startsWith(".git/"));
}

/** `diff` and `check`: what differs, whose doing it is, and what counts in CI. */
import { hashFolder, temporaryFolder } from "../../helpers/temporary-folder.ts";
import { runCli } from "../../helpers/cli.ts";
import { TEMPLATE, freshProject } from "../../helpers/template-project.ts";

jest.setTimeout(60_000);

const folder = temporaryFolder();
const project = freshProject(folder);

const FILE = "adws/greeting.ts";
const youEdit = () => project.edit(FILE, "SEVEN = 7", "SEVEN = 77");
const templateChanges = () => project.edit(TEMPLATE, "ONE = 1", "ONE = 11");

describe("in sync", () => {
  test("diff says so, check says so, both exit with 0 and write nothing", async () => {
    const before = await hashFolder(folder());
    expect(await project.run("diff")).toEqual({
      code: 0,
      stdout: "No differences.\n",
      stderr: "",
    });
    expect(await project.run("check")).toEqual({
      code: 0,
      stdout: "In sync 8 files\n",
      stderr: "",
    });
    expect(JSON.parse((await project.run("check", "--json")).stdout)).toEqual({
      command: "check",
      target: expect.stringContaining("adw-test-"),
      in_sync: true,
      failed: false,
      files: 8,
      fail_on: [
        "edited",
        "outdated",
        "config",
        "missing",
        "conflict",
        "untracked",
        "newer",
      ],
      drift: [],
    });
    expect(await hashFolder(folder())).toEqual(before);
  });
});

describe("you changed a file", () => {
  beforeEach(youEdit);

  test("diff shows your change and says that it is yours", async () => {
    expect(await project.run("diff")).toEqual({
      code: 1,
      stderr: "",
      stdout: `adws/greeting.ts  you changed it
--- adws/greeting.ts	(as rendered)
+++ adws/greeting.ts	(yours)
@@ -5,4 +5,4 @@
 export const FOUR = 4;
 export const FIVE = 5;
 export const SIX = 6;
-export const SEVEN = 7;
+export const SEVEN = 77;

`,
    });
  });

  test("check fails, and accepts it when only other kinds count", async () => {
    expect(await project.run("check")).toEqual({
      code: 1,
      stdout: "  edited  adws/greeting.ts  you edited it\nDrift 1 of 8 files\n",
      stderr: "",
    });
    expect(await project.run("check", "--fail-on", "outdated,missing")).toEqual(
      {
        code: 0,
        stdout:
          "  edited  adws/greeting.ts  you edited it\nAccepted drift 1 of 8 files\n",
        stderr: "",
      },
    );
    const json = await project.run("check", "--json", "--fail-on", "edited");
    expect(json.code).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({
      in_sync: false,
      failed: true,
      fail_on: ["edited"],
      drift: [
        {
          path: FILE,
          module: "greeting",
          kinds: ["edited"],
          reason: "you edited it",
        },
      ],
    });
  });

  test("on a terminal the diff is in colour", async () => {
    const { stdout } = await runCli(["diff"], folder(), {
      NO_COLOR: "",
      FORCE_COLOR: "1",
    });
    expect(stdout).toContain("\u001B[31m-export const SEVEN = 7;\u001B[39m");
    expect(stdout).toContain("\u001B[32m+export const SEVEN = 77;\u001B[39m");
  });
});

describe("the template changed", () => {
  beforeEach(templateChanges);

  test("diff shows what an update would bring", async () => {
    const { code, stdout } = await project.run("diff", "--json");
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toEqual({
      command: "diff",
      target: project.root,
      files: [
        {
          path: FILE,
          module: "greeting",
          changed_by: "template",
          patch: expect.stringContaining(
            "-export const ONE = 1;\n+export const ONE = 11;\n",
          ),
        },
      ],
    });
  });

  test("check says outdated", async () => {
    const { code, stdout } = await project.run("check");
    expect({ code, stdout }).toEqual({
      code: 1,
      stdout:
        "  outdated  adws/greeting.ts  its template changed\nDrift 1 of 8 files\n",
    });
  });

  test("both changed: diff shows one patch for each side, check names both", async () => {
    await youEdit();
    const { stdout } = await project.run("diff");
    expect(stdout).toContain(
      "you changed it, and so did the template or its settings\n",
    );
    expect(stdout).toMatch(
      /\(yours\)[^]*\+export const SEVEN = 77;[^]*\(new template\)[^]*\+export const ONE = 11;/,
    );
    expect((await project.run("check")).stdout).toContain(
      "edited+outdated  adws/greeting.ts  you edited it; its template changed\n",
    );
  });
});

test("a setting that changed since is told by name", async () => {
  await project.configure({ project_name: "other" });
  const { code, stdout } = await project.run("check");
  expect({ code, stdout }).toEqual({
    code: 1,
    stdout:
      "  config  adws/greeting.ts  settings changed since: project_name\nDrift 1 of 8 files\n",
  });
  // A setting that no template uses changes nothing.
  await project.configure({ project_name: "demo", history_size: 7 });
  expect((await project.run("check")).code).toBe(0);
});

test("a new version of a module is told with both versions", async () => {
  await templateChanges();
  await project.edit("templates/manifest.json", '"1.0.0"', '"1.2.0"');
  expect((await project.run("check")).stdout).toContain(
    "its template changed: 1.0.0 → 1.2.0",
  );
});

test("a deleted file is missing; diff shows what is gone", async () => {
  await project.remove(FILE);
  expect((await project.run("check")).stdout).toBe(
    "  missing  adws/greeting.ts  you deleted it\nDrift 1 of 8 files\n",
  );
  const { code, stdout } = await project.run("diff");
  expect(code).toBe(1);
  expect(stdout).toMatch(/adws\/greeting\.ts {2}you deleted it\n/);
  expect(stdout).toContain("-export const SEVEN = 7;");
});

test("conflict markers that are left are told apart from an edit", async () => {
  await project.edit(FILE, "ONE = 1", "ONE = 111");
  await templateChanges();
  expect((await project.run("update")).code).toBe(1);
  const { code, stdout } = await project.run("check");
  expect({ code, stdout }).toEqual({
    code: 1,
    stdout:
      "  conflict  adws/greeting.ts  conflict markers are left in it\nDrift 1 of 8 files\n",
  });
  expect((await project.run("check", "--fail-on", "conflict")).code).toBe(1);
  expect((await project.run("check", "--fail-on", "outdated")).code).toBe(0);
});

test("a changed adws_dir is a move of every file, not a loss", async () => {
  await project.configure({ adws_dir: "tools/flows" });
  const { code, stdout } = await project.run("check");
  expect(code).toBe(1);
  expect(stdout).toContain(
    "  config  adws/greeting.ts  an update moves it to tools/flows/greeting.ts\n",
  );
  expect(stdout).not.toContain("missing");
  expect(stdout).toContain("Drift 5 of 8 files");
});

test("what package.json lacks, and a missing lock, are drift", async () => {
  await project.manifest({
    name: "greeting",
    version: "1.0.0",
    summary: "Greets",
    files: [FILE],
    dependencies: { "left-pad": "^1.0.0" },
    scripts: { greet: "greeting.ts" },
  });
  // What has drifted counts, whether or not it is rendered.
  expect((await project.run("check")).stdout).toBe(
    "  missing  package.json  it lacks left-pad, script greet\nDrift 1 of 8 files\n",
  );
  await project.remove("adw.lock.json");
  const { code, stdout } = await project.run("check");
  expect(code).toBe(1);
  expect(stdout).toContain(
    "missing  adw.lock.json  without it, your edits cannot be distinguished from old versions; run: adw-scaffold update",
  );
});

test("named modules only", async () => {
  await youEdit();
  expect((await project.run("check", "adw_base")).code).toBe(0);
  expect((await project.run("diff", "adw_base")).code).toBe(0);
  expect((await project.run("check", "greeting")).code).toBe(1);
  expect((await project.run("diff", "greeting")).code).toBe(1);
});

test("usage errors exit with 2", async () => {
  expect(await project.run("check", "--fail-on", "outdatd")).toEqual({
    code: 2,
    stdout: "",
    stderr:
      'error USAGE --fail-on does not know "outdatd"\n  → Did you mean "outdated"?\n',
  });
  expect(await project.run("diff", "adw_server")).toEqual({
    code: 2,
    stdout: "",
    stderr:
      "error USAGE the module adw_server is not installed\n  → Installed: greeting. Add it: adw-scaffold add adw_server\n",
  });
});

describe("the lock", () => {
  const lock = async () => JSON.parse(await project.read("adw.lock.json"));
  const writeLock = (value: unknown) =>
    project.write("adw.lock.json", JSON.stringify(value, null, 2));
  const commands = ["check", "diff", "update"];

  test.each(commands)(
    "from the future: %s says which version to use",
    async (command) => {
      await writeLock({ ...(await lock()), lockfile_version: 2 });
      expect(await project.run(command)).toEqual({
        code: 2,
        stdout: "",
        stderr:
          "error LOCK_NEWER the lock has format 2, and this version of adw-scaffold reads up to 1\n  at adw.lock.json\n  → Use the newer adw-scaffold: npx adw-scaffold@latest\n",
      });
    },
  );

  test.each<[string, string | ((text: string) => string), string]>([
    ["is empty", "", "error LOCK_INVALID the lock is broken: not valid JSON"],
    [
      "is cut off",
      '{ "lockfile_version": 1,',
      "error LOCK_INVALID the lock is broken: not valid JSON",
    ],
    ["is a list", "[]", "error LOCK_INVALID the lock is broken"],
    [
      "lacks a part",
      '{ "lockfile_version": 1 }',
      "error LOCK_INVALID the lock is broken: modules",
    ],
    [
      "has a malformed digest",
      (text) => text.replace(/"sha256": "[0-9a-f]/, '"sha256": "X'),
      "error LOCK_INVALID the lock is broken",
    ],
    [
      "holds an unsafe path",
      (text) => text.replace('"adws/greeting.ts": {', '"../greeting.ts": {'),
      'error LOCK_INVALID the lock is broken: unsafe path "../greeting.ts"',
    ],
  ])(
    "that %s is a clear error, and nothing is written",
    async (_, change, expected) => {
      const text = await project.read("adw.lock.json");
      await project.write(
        "adw.lock.json",
        typeof change === "string" ? change : change(text),
      );
      const before = await hashFolder(folder());
      for (const command of ["check", "update"]) {
        const { code, stdout, stderr } = await project.run(command);
        expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
        expect(stderr).toContain(expected);
        expect(stderr).toContain("adw.lock.json");
      }
      expect(await hashFolder(folder())).toEqual(before);
    },
  );

  test("whose text was tampered with is refused before anything is written", async () => {
    await youEdit();
    const value = await lock();
    value.files[FILE].sha256 = "0".repeat(64);
    await writeLock(value);
    const before = await hashFolder(folder());
    const { code, stderr } = await project.run("update");
    expect(code).toBe(2);
    expect(stderr).toContain(
      "error LOCK_INVALID the lock is broken: the text of adws/greeting.ts does not match its sha256",
    );
    expect(await hashFolder(folder())).toEqual(before);
  });

  test("that is lost is made anew by init, from files that were not edited", async () => {
    const before = await lock();
    await project.remove("adw.lock.json");
    await project.done("init", "--yes");
    expect(await lock()).toEqual({ ...before, added_dependencies: {} });
  });
});

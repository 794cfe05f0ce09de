/** `update`: the templates' changes come in, the owner's edits stay. */
import { hashFolder, temporaryFolder } from "../../helpers/temporary-folder.ts";
import {
  GREETING,
  GREETING_TEMPLATE,
  TEMPLATE,
  freshProject,
} from "../../helpers/template-project.ts";

jest.setTimeout(60_000);

const folder = temporaryFolder();
const project = freshProject(folder);

const FILE = "adws/greeting.ts";
const yours = (before: string, after: string) =>
  project.edit(FILE, before, after);
const theirs = (before: string, after: string) =>
  project.edit(TEMPLATE, before, after);

test("with nothing new, nothing changes", async () => {
  const before = await hashFolder(folder());
  const { code, stdout } = await project.run("update");
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: "Up to date\n  unchanged 8 files\n",
  });
  expect(await hashFolder(folder())).toEqual(before);
});

test("an untouched file takes the new template, and is then in sync", async () => {
  await theirs("ONE = 1", "ONE = 11");
  const { code, stdout } = await project.run("update");
  expect(code).toBe(0);
  expect(stdout).toContain(
    "  update    adws/greeting.ts  the template or its settings changed\n",
  );
  expect(await project.read(FILE)).toContain("ONE = 11");
  expect((await project.run("check")).code).toBe(0);
});

test("edits and the template's changes are merged; the next update knows both", async () => {
  await yours("SEVEN = 7", "SEVEN = 77");
  await theirs("ONE = 1", "ONE = 11");
  const { code, stdout } = await project.run("update");
  expect(code).toBe(0);
  expect(stdout).toContain(
    "  merge     adws/greeting.ts  your edits are kept, the template’s changes come in\n",
  );
  const merged = await project.read(FILE);
  expect(merged).toContain("ONE = 11");
  expect(merged).toContain("SEVEN = 77");
  expect((await project.run("check", "--fail-on", "outdated")).code).toBe(0);
  expect((await project.run("update")).stdout).toContain("Up to date");

  await theirs("THREE = 3", "THREE = 33");
  await project.done("update");
  expect(await project.read(FILE)).toBe(
    merged.replace("THREE = 3", "THREE = 33"),
  );
});

test("a dry run shows what the merge would give, and writes nothing", async () => {
  await yours("SEVEN = 7", "SEVEN = 77");
  await theirs("ONE = 1", "ONE = 11");
  const before = await hashFolder(folder());
  const { code, stdout } = await project.run("update", "--dry-run");
  expect(code).toBe(0);
  expect(stdout).toContain("Would write to .");
  expect(stdout).toContain(
    "--- adws/greeting.ts\t(yours)\n+++ adws/greeting.ts\t(merged)\n",
  );
  expect(stdout).toContain("-export const ONE = 1;\n+export const ONE = 11;\n");
  expect(await hashFolder(folder())).toEqual(before);
});

describe("the same lines changed by both", () => {
  const MERGED = `export const FOUR = 4;
<<<<<<< yours
export const FIVE = 55;
||||||| as rendered before
export const FIVE = 5;
=======
export const FIVE = 555;
>>>>>>> new template
export const SIX = 6;
`;
  beforeEach(async () => {
    await yours("FIVE = 5;", "FIVE = 55;");
    await theirs("FIVE = 5;", "FIVE = 555;");
    await theirs("ONE = 1;", "ONE = 11;");
  });

  test("by default: standard conflict markers, listed, exit code 1", async () => {
    const { code, stdout, stderr } = await project.run("update");
    expect(code).toBe(1);
    expect(stdout).toContain(
      "  conflict  adws/greeting.ts  1 place changed by both you and the template\n",
    );
    expect(stderr).toBe(
      "conflict markers are left in adws/greeting.ts\n  → Resolve them in an editor. adw-scaffold check --fail-on conflict shows whether any are left.\n",
    );
    const text = await project.read(FILE);
    expect(text).toContain(MERGED);
    expect(text).toContain("ONE = 11");
  });

  test("a dry run shows the markers and exits with 1", async () => {
    const before = await hashFolder(folder());
    const { code, stdout } = await project.run("update", "--dry-run");
    expect(code).toBe(1);
    expect(stdout).toContain("+<<<<<<< yours\n export const FIVE = 55;\n");
    expect(await hashFolder(folder())).toEqual(before);
  });

  test("markers that are left: the next update says so, and never merges into them", async () => {
    await project.run("update");
    const marked = await project.read(FILE);
    const again = await project.run("update");
    expect(again.code).toBe(1);
    expect(again.stdout).toMatch(/^Conflicts left\n/);
    expect(again.stdout).toContain(
      "  keep      adws/greeting.ts  conflict markers are left in it\n",
    );
    await theirs("TWO = 2;", "TWO = 22;");
    const before = await hashFolder(folder());
    const later = await project.run("update");
    expect(later.code).toBe(1);
    expect(later.stdout).toContain("Would write");
    expect(later.stderr).toBe(
      "error CONFLICTS conflict markers are left in adws/greeting.ts\n  → Nothing was written. Resolve them in an editor, then run the command again.\n",
    );
    expect(await hashFolder(folder())).toEqual(before);

    // Resolved, the next update goes on from there.
    await project.write(
      FILE,
      marked.replace(
        /<<<<<<< [^]*>>>>>>> new template\n/,
        "export const FIVE = 5555;\n",
      ),
    );
    await project.done("update");
    const text = await project.read(FILE);
    expect(text).toContain("FIVE = 5555;");
    expect(text).toContain("TWO = 22;");
  });

  test("--on-conflict keep: your lines, and every other change of the template", async () => {
    const { stdout } = await project.done("update", "--on-conflict", "keep");
    expect(stdout).toContain(
      "  merge     adws/greeting.ts  1 place changed by both: yours is kept\n",
    );
    const text = await project.read(FILE);
    expect(text).toContain("FIVE = 55;");
    expect(text).toContain("ONE = 11;");
    expect((await project.run("update")).stdout).toContain("Up to date");
  });

  test("--on-conflict theirs: the template's lines, and your other edits", async () => {
    await yours("SEVEN = 7;", "SEVEN = 77;");
    const { stdout } = await project.done("update", "--on-conflict", "theirs");
    expect(stdout).toContain(
      "1 place changed by both: the template’s text is taken\n",
    );
    const text = await project.read(FILE);
    expect(text).toContain("FIVE = 555;");
    expect(text).toContain("SEVEN = 77;");
  });

  test("--on-conflict fail: nothing is written, not even elsewhere", async () => {
    const before = await hashFolder(folder());
    const { code, stdout, stderr } = await project.run(
      "update",
      "--on-conflict",
      "fail",
    );
    expect(code).toBe(1);
    expect(stdout).toContain("Would write");
    expect(stderr).toBe(
      "error CONFLICTS both you and the templates changed the same lines of adws/greeting.ts\n  → Nothing was written. adw-scaffold update merges with conflict markers; --on-conflict keep or --on-conflict theirs chooses a side.\n",
    );
    expect(await hashFolder(folder())).toEqual(before);
  });

  test("--force overwrites the file", async () => {
    await project.done("update", "--force");
    const text = await project.read(FILE);
    expect(text).toContain("FIVE = 555;");
    expect(text).not.toContain("<<<<<<<");
    expect((await project.run("check")).code).toBe(0);
  });

  test("with --json the plan names the conflict", async () => {
    const { code, stdout } = await project.run("update", "--json");
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      command: "update",
      applied: true,
      operations: expect.arrayContaining([
        {
          operation: "conflict",
          path: FILE,
          module: "greeting",
          reason: "1 place changed by both you and the template",
        },
      ]),
    });
  });
});

test("--on-conflict knows its four words", async () => {
  expect(await project.run("update", "--on-conflict", "theis")).toEqual({
    code: 2,
    stdout: "",
    stderr:
      'error USAGE --on-conflict does not know "theis"\n  → Did you mean "theirs"?\n',
  });
});

test("a file that you deleted stays deleted, and is told; add brings it back", async () => {
  await project.remove(FILE);
  await theirs("ONE = 1;", "ONE = 11;");
  const { code, stdout, stderr } = await project.run("update");
  expect(code).toBe(0);
  expect(stdout).toContain("  keep      adws/greeting.ts  you deleted it\n");
  expect(stderr).toBe(
    "note adws/greeting.ts: you deleted it, and it stays deleted. adw-scaffold add greeting brings it back.\n",
  );
  await expect(project.read(FILE)).rejects.toThrow("ENOENT");
  await project.done("add", "greeting");
  expect(await project.read(FILE)).toContain("ONE = 11;");
  expect((await project.run("check")).code).toBe(0);
});

describe("a template that is renamed", () => {
  beforeEach(async () => {
    await project.manifest({
      ...GREETING,
      version: "1.1.0",
      files: ["adws/words/hello.ts"],
      renamedFiles: { "adws/words/hello.ts": FILE },
    });
    await project.remove(TEMPLATE);
    await project.write(
      "templates/adws/words/hello.ts.njk",
      GREETING_TEMPLATE.replace("ONE = 1", "ONE = 11"),
    );
  });

  test("takes your edits along", async () => {
    await yours("SEVEN = 7;", "SEVEN = 77;");
    const { stdout } = await project.done("update");
    expect(stdout).toContain("  create    adws/words/hello.ts\n");
    expect(stdout).toContain(
      "  delete    adws/greeting.ts  moved to adws/words/hello.ts\n",
    );
    const text = await project.read("adws/words/hello.ts");
    expect(text).toContain("ONE = 11;");
    expect(text).toContain("SEVEN = 77;");
    await expect(project.read(FILE)).rejects.toThrow("ENOENT");
    expect(
      (await project.run("check", "--fail-on", "outdated,missing")).code,
    ).toBe(0);
  });

  test("with a conflict, the markers stand in the file's new place", async () => {
    await yours("ONE = 1;", "ONE = 111;");
    expect((await project.run("update")).code).toBe(1);
    expect(await project.read("adws/words/hello.ts")).toContain(
      "<<<<<<< yours\nexport const ONE = 111;\n",
    );
    await expect(project.read(FILE)).rejects.toThrow("ENOENT");
  });

  test("that you had deleted stays deleted", async () => {
    await project.remove(FILE);
    await project.done("update");
    await expect(project.read("adws/words/hello.ts")).rejects.toThrow("ENOENT");
    expect((await project.run("update")).stdout).toContain("Up to date");
  });

  test("onto a file that is in the way: nothing is written", async () => {
    await project.write("adws/words/hello.ts", "// somebody's\n");
    const before = await hashFolder(folder());
    const { code, stderr } = await project.run("update");
    expect(code).toBe(1);
    expect(stderr).toContain(
      "error CONFLICTS a file already exists: adws/words/hello.ts",
    );
    expect(await hashFolder(folder())).toEqual(before);
    // Forced, the new file is ours, and the old one is gone.
    await project.done("update", "--force");
    await expect(project.read(FILE)).rejects.toThrow("ENOENT");
    expect((await project.run("check")).code).toBe(0);
  });
});

describe("a template that is dropped", () => {
  beforeEach(async () => {
    await project.manifest({
      ...GREETING,
      version: "2.0.0",
      files: ["adws/other.ts"],
    });
    await project.remove(TEMPLATE);
    await project.write("templates/adws/other.ts.njk", "export {};\n");
  });

  test("its untouched file goes", async () => {
    const { stdout } = await project.done("update");
    expect(stdout).toContain(
      "  delete    adws/greeting.ts  nothing needs it any more\n",
    );
    await expect(project.read(FILE)).rejects.toThrow("ENOENT");
    expect(await project.read("adws/other.ts")).toBe("export {};\n");
    expect((await project.run("check")).code).toBe(0);
  });

  test("its edited file stays, and is yours alone from then on", async () => {
    await yours("SEVEN = 7;", "SEVEN = 77;");
    const { stdout } = await project.done("update");
    expect(stdout).toContain("  keep      adws/greeting.ts  you edited it\n");
    expect(await project.read(FILE)).toContain("SEVEN = 77;");
    expect((await project.run("check")).code).toBe(0);
    expect((await project.run("update")).stdout).not.toContain("greeting.ts");
  });
});

test("a changed adws_dir moves every file, edits included, and the scripts", async () => {
  await project.manifest({ ...GREETING, scripts: { greet: "greeting.ts" } });
  await project.done("update");
  await yours("SEVEN = 7;", "SEVEN = 77;");
  await project.configure({ adws_dir: "tools/flows" });
  await project.done("update");
  expect(await project.read("tools/flows/greeting.ts")).toContain(
    "SEVEN = 77;",
  );
  expect(
    Object.keys(await hashFolder(folder())).filter((path) =>
      path.startsWith("adws/"),
    ),
  ).toEqual([]);
  expect(JSON.parse(await project.read("package.json")).scripts).toEqual({
    greet: "node tools/flows/greeting.ts",
  });
  expect(
    (await project.run("check", "--fail-on", "outdated,missing,config")).code,
  ).toBe(0);
});

test("a script that you changed stays as it is", async () => {
  await project.manifest({ ...GREETING, scripts: { greet: "greeting.ts" } });
  await project.done("update");
  await project.edit("package.json", "node adws/", "node --watch adws/");
  await project.configure({ typescript_runner: "tsx" });
  const { stderr } = await project.done("update");
  expect(stderr).toBe(
    'note The script "greet" is not as adw-scaffold wrote it, and was left as it is. It would be: tsx adws/greeting.ts\n',
  );
  expect(await project.read("package.json")).toContain("node --watch adws/");
});

describe("a subset of the modules", () => {
  beforeEach(async () => {
    await project.manifest(GREETING, {
      name: "second",
      version: "1.0.0",
      summary: "Second",
      files: ["adws/second.ts"],
    });
    await project.write(
      "templates/adws/second.ts.njk",
      "export const A = << project_name | literal >>;\n",
    );
    await project.done("add", "second");
    await project.configure({ project_name: "other" });
  });

  test("only those are updated; the others stay outdated", async () => {
    await project.done("update", "second");
    expect(await project.read("adws/second.ts")).toContain('"other"');
    expect(await project.read(FILE)).toContain('"demo"');
    const { code, stdout } = await project.run("check");
    expect(code).toBe(1);
    expect(stdout).toContain(
      "config  adws/greeting.ts  settings changed since: project_name\nDrift 1 of",
    );
  });

  test("a module that is not installed is refused", async () => {
    const { code, stderr } = await project.run("update", "adw_server");
    expect(code).toBe(2);
    expect(stderr).toContain(
      "error USAGE the module adw_server is not installed",
    );
  });
});

test("Windows line ends and reformatting are no edits", async () => {
  const text = await project.read(FILE);
  await project.write(FILE, text.replaceAll("\n", "\r\n"));
  const lock = await project.read("adw.lock.json");
  await project.write("adw.lock.json", lock.replaceAll("\n", "\r\n"));
  expect((await project.run("check")).code).toBe(0);
  expect((await project.run("update")).stdout).toContain("Up to date");
  await theirs("ONE = 1;", "ONE = 11;");
  await project.done("update");
  expect(await project.read(FILE)).toBe(
    text.replace("ONE = 1;", "ONE = 11;").replaceAll("\n", "\r\n"),
  );
  expect(await project.read("adw.lock.json")).toMatch(/^\{\r\n/);
});

test("nothing is installed: the way to start is named", async () => {
  await project.write("adw.config.json", "{}\n");
  for (const command of ["check", "diff", "update"]) {
    expect(await project.run(command)).toEqual({
      code: 2,
      stdout: "",
      stderr:
        "error USAGE no modules are installed here\n  → Start with: adw-scaffold init\n",
    });
  }
});

/** Files of ours that adw.lock.json does not know: it lost entries in a merge, or was lost. */
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import {
  GREETING,
  installedProject,
  projectAt,
  TEMPLATE,
  type TemplateProject,
} from "../../helpers/template-project.ts";

jest.setTimeout(90_000);

const folder = temporaryFolder();
const FILE = "adws/greeting.ts";
const LOCK = "adw.lock.json";

/** Takes the entries of a module out of the lock, as a careless merge does. */
async function loseEntries(project: TemplateProject, module: string) {
  const lock = JSON.parse(await project.read(LOCK));
  delete lock.modules[module];
  for (const [path, entry] of Object.entries<{ module: string }>(lock.files))
    if (entry.module === module) delete lock.files[path];
  await project.write(LOCK, `${JSON.stringify(lock, null, 2)}\n`);
}

describe("a lock that lost the entries of an installed module", () => {
  let project: TemplateProject;
  beforeEach(async () => {
    project = await installedProject(folder());
  });

  test("is not in sync: check names the files, exit code 1", async () => {
    await loseEntries(project, "greeting");
    const { code, stdout } = await project.run("check");
    expect(code).toBe(1);
    expect(stdout).toBe(
      "  untracked  adws/greeting.ts  adw.lock.json has no entry for it; update records it again\nDrift 1 of 8 files\n",
    );
  });

  test("that of the files only, or of the module only, too", async () => {
    const text = await project.read(LOCK);
    for (const part of ["files", "modules"]) {
      const lock = JSON.parse(text);
      delete lock[part][part === "files" ? FILE : "greeting"];
      await project.write(LOCK, JSON.stringify(lock));
      expect(await project.run("check")).toMatchObject({
        code: 1,
        stdout: expect.stringContaining("untracked"),
      });
      await project.done("update");
      expect(JSON.parse(await project.read(LOCK))).toEqual(JSON.parse(text));
    }
  });

  test("update records them again, exactly, and says so", async () => {
    const before = await project.read(LOCK);
    await loseEntries(project, "greeting");
    const { stderr } = await project.done("update");
    expect(stderr).toContain(
      "adw.lock.json had no entry for adws/greeting.ts: recorded again",
    );
    expect(JSON.parse(await project.read(LOCK))).toEqual(JSON.parse(before));
    expect(await project.run("check")).toMatchObject({ code: 0 });
  });

  test("an edit stays, and a later release is merged around it", async () => {
    await loseEntries(project, "greeting");
    await project.edit(FILE, "SEVEN = 7", "SEVEN = 77");
    await project.done("update");
    expect(await project.read(FILE)).toContain("SEVEN = 77");
    expect((await project.run("check")).stdout).toContain("edited");
    await project.edit(TEMPLATE, "ONE = 1", "ONE = 11");
    await project.manifest({ ...GREETING, version: "1.1.0" });
    await project.done("update");
    const text = await project.read(FILE);
    expect(text).toContain("ONE = 11");
    expect(text).toContain("SEVEN = 77");
  });

  test("an edit and a later release before anybody looks: the text is kept, nothing is in the way", async () => {
    await loseEntries(project, "greeting");
    await project.edit(FILE, "SEVEN = 7", "SEVEN = 77");
    await project.edit(TEMPLATE, "ONE = 1", "ONE = 11");
    await project.manifest({ ...GREETING, version: "1.1.0" });
    const text = await project.read(FILE);
    await project.done("update");
    expect(await project.read(FILE)).toBe(text);
    await project.edit(TEMPLATE, "FOUR = 4", "FOUR = 44");
    await project.done("update");
    expect(await project.read(FILE)).toContain("FOUR = 44");
    expect(await project.read(FILE)).toContain("SEVEN = 77");
  });

  test("the whole lock deleted: update makes it anew and keeps every edit", async () => {
    const { files } = JSON.parse(await project.read(LOCK));
    await project.edit(FILE, "SEVEN = 7", "SEVEN = 77");
    await project.edit("adws/tsconfig.json", '"noEmit"', '// mine\n"noEmit"');
    const mine = await project.read("adws/tsconfig.json");
    await project.remove(LOCK);
    const check = await project.run("check");
    expect(check.code).toBe(1);
    expect(check.stdout).toContain("missing  adw.lock.json");
    expect(check.stdout).toContain(`edited   ${FILE}`);
    await project.done("update");
    expect(JSON.parse(await project.read(LOCK)).files).toEqual(files);
    expect(await project.read(FILE)).toContain("SEVEN = 77");
    expect(await project.read("adws/tsconfig.json")).toBe(mine);
  });

  test("remove of the module deletes what is as it was rendered, and keeps an edit", async () => {
    await loseEntries(project, "greeting");
    await project.done("remove", "greeting");
    await expect(project.read(FILE)).rejects.toThrow("ENOENT");
  });

  test("a file of the owner's at the place of a new one is no lost file: it stays in the way", async () => {
    const extra = "adws/extra.ts";
    await project.write("templates/adws/extra.ts.njk", "export const E = 1;\n");
    await project.manifest({
      ...GREETING,
      version: "1.1.0",
      files: [FILE, extra],
    });
    await project.write(extra, "// mine\n");
    const refused = await project.run("update");
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(
      "error CONFLICTS a file already exists: adws/extra.ts\n  → Nothing was written. Keep them as yours with --keep, overwrite them with --force, or move them.\n",
    );
    await project.done("update", "--keep");
    expect(await project.read(extra)).toBe("// mine\n");
    expect((await project.run("check")).stdout).toContain(
      "edited  adws/extra.ts",
    );
    // Recorded as edited: the next release is merged, not stopped.
    await project.edit("templates/adws/extra.ts.njk", "E = 1", "E = 2");
    expect((await project.run("update")).stderr).not.toContain("in the way");
    expect(await project.read(extra)).toContain("// mine\n");
  });
});

describe("the bundled modules", () => {
  const CLIENT = "adws/adw_modules/adw_websocket_client.ts";
  let project: TemplateProject;
  beforeEach(async () => {
    project = projectAt(folder());
    await project.write("package.json", '{ "name": "host" }\n');
    await project.done("add", "adw_websocket_client");
  });

  async function edit(): Promise<string> {
    await project.write(CLIENT, `${await project.read(CLIENT)}// mine\n`);
    return project.read(CLIENT);
  }

  test.each([["init", "--yes"], ["add", "adw_websocket_client"], ["update"]])(
    "after a lost lock, %s knows a file by its header, and keeps the edit",
    async (command, ...parameters) => {
      const mine = await edit();
      await project.remove(LOCK);
      const { stderr } = await project.done(command, ...parameters);
      expect(stderr).toMatch(
        /There was no adw\.lock\.json: \d+ files are recorded again/,
      );
      expect(await project.read(CLIENT)).toBe(mine);
      expect((await project.run("check")).stdout).toContain(
        `edited  ${CLIENT}`,
      );
    },
  );

  test("a file of another version, by its header, is kept and named", async () => {
    await project.edit(
      CLIENT,
      "Template: adw_websocket_client ",
      "Template: adw_websocket_client 0.0.1-was ",
    );
    const mine = await project.read(CLIENT);
    await loseEntries(project, "adw_websocket_client");
    const { stderr } = await project.done("update");
    expect(stderr).toContain(
      `From another version, which this one cannot render, and kept as they are: ${CLIENT} (0.0.1-was)`,
    );
    expect(await project.read(CLIENT)).toBe(mine);
  });

  test("remove of an edited module and add again: the edit is merged, nothing is in the way", async () => {
    const mine = await edit();
    await project.done("add", "adw_websockets");
    await project.done("remove", "adw_websocket_client");
    expect(await project.read(CLIENT)).toBe(mine);
    expect((await project.run("check")).code).toBe(0);
    await project.done("add", "adw_websocket_client");
    expect(await project.read(CLIENT)).toBe(mine);
    expect((await project.run("check")).stdout).toContain(`edited  ${CLIENT}`);
    expect(JSON.parse(await project.read(LOCK)).kept_files).toBeUndefined();
  });

  test.each([
    ["init", "--yes"],
    ["add", "adw_websockets"],
  ])(
    "%s --keep leaves a file that already exists to its owner, and records it",
    async (command, ...parameters) => {
      const server = "adws/adw_modules/adw_websockets.ts";
      await project.write(server, "// mine\n");
      if (command === "init")
        await project.configure({
          modules: ["adw_websocket_client", "adw_websockets"],
        });
      if (command === "init") await project.remove(LOCK);
      expect((await project.run(command, ...parameters)).code).toBe(1);
      await project.done(command, ...parameters, "--keep");
      expect(await project.read(server)).toBe("// mine\n");
      expect(JSON.parse(await project.read(LOCK)).files[server]).toBeDefined();
      await project.done("update");
      expect(await project.read(server)).toBe("// mine\n");
    },
  );

  test("--keep and --force at once are a usage error", async () => {
    expect(
      await project.run("add", "adw_websockets", "--keep", "--force"),
    ).toEqual({
      code: 2,
      stdout: "",
      stderr:
        "error USAGE --keep and --force contradict each other\n  → --keep leaves files that already exist as they are, --force overwrites them.\n",
    });
  });
});

test("remove and add again across a release: the base is the version that was removed", async () => {
  const project = await installedProject(folder());
  const other = { ...GREETING, name: "other", files: ["adws/other.ts"] };
  await project.write("templates/adws/other.ts.njk", "export const O = 1;\n");
  await project.manifest(GREETING, other);
  await project.done("add", "other");
  await project.edit(FILE, "SEVEN = 7", "SEVEN = 77");
  await project.done("remove", "greeting");
  await project.edit(TEMPLATE, "ONE = 1", "ONE = 11");
  await project.manifest({ ...GREETING, version: "1.1.0" }, other);
  await project.done("add", "greeting");
  const text = await project.read(FILE);
  expect(text).toContain("ONE = 11");
  expect(text).toContain("SEVEN = 77");
});

/** A project that a newer version wrote, in the hands of an older one. */
import { hashFolder, temporaryFolder } from "../../helpers/temporary-folder.ts";
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

async function changeLock(
  project: TemplateProject,
  change: (lock: {
    written_by?: string;
    modules: Record<string, { version: string; templates: string }>;
  }) => void,
) {
  const lock = JSON.parse(await project.read(LOCK));
  change(lock);
  await project.write(LOCK, `${JSON.stringify(lock, null, 2)}\n`);
}

/** Every command that writes templates, each of which would take the files back. */
const WRITING = [
  ["update"],
  ["update", "--force"],
  ["update", "--dry-run"],
  ["update", "greeting"],
  ["init", "--yes"],
  ["init", "--yes", "--force"],
  ["add", "greeting"],
  ["add", "adw_websocket_client"],
  ["remove", "greeting"],
];

describe("templates of an older version", () => {
  let project: TemplateProject;
  beforeEach(async () => {
    project = await installedProject(folder());
    await project.edit(TEMPLATE, "TWO = 2", "TWO = 22");
    await project.manifest({ ...GREETING, version: "1.10.0" });
    await project.done("update");
    await project.edit(TEMPLATE, "TWO = 22", "TWO = 2");
    await project.manifest({ ...GREETING, version: "1.9.0" });
  });

  test.each(WRITING)(
    "%s %s %s refuses with the reason, and nothing is written",
    async (...words) => {
      const [command = "", ...parameters] = words.filter(Boolean);
      const before = await hashFolder(folder());
      expect(await project.run(command, ...parameters)).toEqual({
        code: 1,
        stdout: "",
        stderr: expect.stringMatching(
          /^error NEWER_VERSION a newer version of adw-scaffold wrote these files: greeting 1\.10\.0 \(this version has 1\.9\.0\)\n {2}at adw\.lock\.json\n {2}→ Nothing was written\. Use the newer version: npx adw-scaffold@\S+\. To go back to the older templates: adw-scaffold update --downgrade\n$/,
        ),
      });
      expect(await hashFolder(folder())).toEqual(before);
    },
  );

  test("check says that they come from a newer version, and calls nothing outdated", async () => {
    const { code, stdout } = await project.run("check");
    expect(code).toBe(1);
    expect(stdout).toContain(
      `newer  ${FILE}  a newer version wrote it: 1.10.0, and this version has 1.9.0\n`,
    );
    expect(stdout).toContain(
      "newer  adw.lock.json  a newer version of adw-scaffold wrote these files",
    );
    expect(stdout).not.toContain("outdated");
  });

  test("--downgrade goes back, and keeps an edit", async () => {
    await project.edit(FILE, "SEVEN = 7", "SEVEN = 77");
    await project.done("update", "--downgrade");
    const text = await project.read(FILE);
    expect(text).toContain("TWO = 2;");
    expect(text).toContain("SEVEN = 77;");
    const { modules } = JSON.parse(await project.read(LOCK));
    expect(modules.greeting.version).toBe("1.9.0");
    expect((await project.run("check")).stdout).not.toContain("newer");
  });

  test("files that only the newer version has are not called outdated", async () => {
    const lock = JSON.parse(await project.read(LOCK));
    lock.files["adws/later.ts"] = {
      ...lock.files[FILE],
      source: "adws/later.ts",
    };
    await project.write(LOCK, JSON.stringify(lock));
    const { stdout } = await project.run("check");
    expect(stdout).toContain("newer  adws/later.ts");
    expect(stdout).not.toContain("outdated");
  });
});

describe("a lock that a newer version of this tool wrote", () => {
  let project: TemplateProject;
  beforeEach(async () => {
    project = projectAt(folder());
    await project.write("package.json", '{ "name": "host" }\n');
    await project.done("add", "adw_websocket_client");
  });

  test("records which version that was", async () => {
    const { version } = JSON.parse(
      await projectAt(process.cwd()).read("package.json"),
    );
    expect(JSON.parse(await project.read(LOCK)).written_by).toBe(version);
  });

  test("with the same templates is used as it is", async () => {
    await changeLock(project, (lock) => {
      lock.written_by = "99.0.0";
    });
    expect(await project.run("check")).toMatchObject({ code: 0 });
    await project.done("update");
  });

  test("with another text under the same version is not taken back", async () => {
    await changeLock(project, (lock) => {
      lock.written_by = "99.0.0";
      const entry = lock.modules["adw_websocket_client"];
      if (entry !== undefined) entry.templates = "0123456789abcdef";
    });
    const { code, stderr } = await project.run("update");
    expect(code).toBe(1);
    expect(stderr).toContain("error NEWER_VERSION");
    expect(stderr).toContain("npx adw-scaffold@99.0.0");
    await project.done("update", "--downgrade");
  });

  test.each([
    ["a module", { modules: ["adw_websocket_client", "adw_of_the_future"] }],
    ["a setting", { setting_of_the_future: 1 }],
  ])(
    "with %s that this version does not know: the reason is the version",
    async (_, settings) => {
      await changeLock(project, (lock) => {
        lock.written_by = "99.0.0";
      });
      await project.configure(settings);
      const before = await hashFolder(folder());
      const { code, stderr } = await project.run("update");
      expect(code).toBe(1);
      expect(stderr).toContain(
        "error NEWER_VERSION a newer version of adw-scaffold wrote these files: unknown",
      );
      expect(stderr).toContain("npx adw-scaffold@99.0.0");
      expect(await hashFolder(folder())).toEqual(before);
    },
  );

  test("after a lost lock, the headers of the files say so", async () => {
    const client = "adws/adw_modules/adw_websocket_client.ts";
    const text = await project.read(client);
    await project.write(
      client,
      text.replace(/(Template: adw_websocket_client) \S+/, "$1 99.0.0"),
    );
    await project.remove(LOCK);
    expect((await project.run("check")).stdout).toContain(
      "adw_websocket_client 99.0.0",
    );
    const before = await hashFolder(folder());
    const { code, stderr } = await project.run("update");
    expect(code).toBe(1);
    expect(stderr).toContain("error NEWER_VERSION");
    expect(await hashFolder(folder())).toEqual(before);
  });

  test("an older lock, without that record, is judged by its modules", async () => {
    await changeLock(project, (lock) => {
      delete lock.written_by;
      const entry = lock.modules["adw_base"];
      if (entry !== undefined) entry.version = "99.0.0";
    });
    const { code, stderr } = await project.run("update");
    expect(code).toBe(1);
    expect(stderr).toContain("adw_base 99.0.0");
    expect((await project.run("check")).stdout).toContain(
      "newer  adw.lock.json",
    );
  });
});

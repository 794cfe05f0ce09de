/** The lock is quiet in a review, and holds no text of files that a build makes. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { existsSync } from "node:fs";
import {
  projectAt,
  templateProject,
  type ManifestModule,
} from "../../helpers/template-project.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";

jest.setTimeout(120_000);

const folder = temporaryFolder();
const LINE = "adw.lock.json -diff linguist-generated\n";
const ATTRIBUTES = ".gitattributes";

describe("in a git repository", () => {
  beforeEach(async () => {
    await mkdir(join(folder(), ".git"));
  });

  test("init adds one line for the lock, and the last remove takes the file away", async () => {
    const project = projectAt(folder());
    await project.done("init", "--yes", "--minimal");
    expect(await project.read(ATTRIBUTES)).toBe(LINE);
    await project.done("init", "--yes", "--minimal");
    expect(await project.read(ATTRIBUTES)).toBe(LINE);
    await project.done("remove", "adw_websockets");
    expect(existsSync(join(folder(), ATTRIBUTES))).toBe(false);
  });

  test.each(["*.png binary\n", "# ours\r\n*.png binary\r\n"])(
    "what else is in it stays as it is, line ends included: %j",
    async (text) => {
      const project = projectAt(folder());
      await project.write(ATTRIBUTES, text);
      await project.done("init", "--yes", "--minimal");
      const lineEnd = text.includes("\r\n") ? "\r\n" : "\n";
      expect(await project.read(ATTRIBUTES)).toBe(
        `${text}${LINE.replace("\n", lineEnd)}`,
      );
      await project.done("remove", "adw_websockets");
      expect(await project.read(ATTRIBUTES)).toBe(text);
    },
  );

  test("what its owner says of the lock stays, and a line taken out stays out", async () => {
    const project = projectAt(folder());
    await project.write(ATTRIBUTES, "adw.lock.json diff\n");
    await project.done("init", "--yes", "--minimal");
    expect(await project.read(ATTRIBUTES)).toBe("adw.lock.json diff\n");
    await project.write(ATTRIBUTES, "");
    await project.done("add", "adw_websocket_client");
    await project.done("update");
    expect(await project.read(ATTRIBUTES)).toBe("");
  });
});

test("without git there is no .gitattributes", async () => {
  const project = projectAt(folder());
  await project.done("init", "--yes", "--minimal");
  expect(existsSync(join(folder(), ATTRIBUTES))).toBe(false);
});

describe("a generated file", () => {
  const PAGE = "adws/page.html";
  const TEMPLATE = "templates/adws/page.html.njk";
  const module = (version: string): ManifestModule => ({
    name: "page",
    version,
    summary: "A built page",
    files: [PAGE],
    generatedFiles: [PAGE],
  });

  async function pageProject() {
    const project = await templateProject(folder());
    await project.remove("templates/adws");
    return project;
  }
  async function withPage() {
    const project = await pageProject();
    await project.write(".prettierrc", "{}\n");
    await project.write(TEMPLATE, "<p>\n     one</p>\n");
    await project.manifest(module("1.0.0"));
    await project.done("add", "page");
    return project;
  }
  const entryOf = async (project: Awaited<ReturnType<typeof withPage>>) =>
    JSON.parse(await project.read("adw.lock.json")).files[PAGE];
  const nextVersion = async (project: Awaited<ReturnType<typeof withPage>>) => {
    await project.write(TEMPLATE, "<p>\n     two</p>\n");
    await project.manifest(module("1.1.0"));
  };

  test("is written as it is, and the lock has its hash alone", async () => {
    const project = await withPage();
    expect(await project.read(PAGE)).toBe("<p>\n     one</p>\n");
    expect(await entryOf(project)).toEqual({
      module: "page",
      source: PAGE,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect((await project.run("check")).stdout).toMatch(/^In sync/);
    expect((await project.run("update")).stdout).toMatch(/^Up to date/);
    expect((await project.run("doctor")).stdout).not.toContain(
      "lock is broken",
    );
  });

  test("is replaced by an update as long as it is as it was written", async () => {
    const project = await withPage();
    await nextVersion(project);
    expect((await project.run("check")).stdout).toContain("outdated  ");
    const { stdout } = await project.done("update");
    expect(stdout).toContain(`update    ${PAGE}`);
    expect(await project.read(PAGE)).toContain("two");
    expect((await project.run("check")).stdout).toMatch(/^In sync/);
  });

  test("is its owner's once it was edited: kept and named, until --force", async () => {
    const project = await withPage();
    await project.write(PAGE, "<p>mine</p>\n");
    expect((await project.run("check")).stdout).toContain(`edited  ${PAGE}`);
    await nextVersion(project);
    expect((await project.run("check")).stdout).toContain(
      `edited+outdated  ${PAGE}`,
    );
    const { code, stdout } = await project.run("update");
    expect(code).toBe(0);
    expect(stdout).toContain(
      `keep      ${PAGE}  you edited it, and a generated file is not merged`,
    );
    expect(await project.read(PAGE)).toBe("<p>mine</p>\n");
    expect(stdout).not.toContain("conflict");
    await project.done("update", "--force");
    expect(await project.read(PAGE)).toContain("two");
  });

  test("goes with its module, and stays where it was edited", async () => {
    const project = await withPage();
    await project.done("add", "adw_websockets");
    await project.write(PAGE, "<p>mine</p>\n");
    const { stdout } = await project.done("remove", "page");
    expect(stdout).toContain(`keep      ${PAGE}`);
    expect(await project.read(PAGE)).toBe("<p>mine</p>\n");
  });

  test("a file that was there before is in the way, as any other", async () => {
    const project = await pageProject();
    await project.write(TEMPLATE, "<p>one</p>\n");
    await project.manifest(module("1.0.0"));
    await project.write(PAGE, "<p>mine</p>\n");
    const { code } = await project.run("add", "page");
    expect(code).toBe(1);
    expect(await project.read(PAGE)).toBe("<p>mine</p>\n");
  });
});

/** Packages that no module needs any more: they go, unless their owner uses them too. */
import {
  GREETING,
  GREETING_TEMPLATE,
  TEMPLATE,
  templateProject,
  type TemplateProject,
} from "../../helpers/template-project.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";

jest.setTimeout(60_000);

const folder = temporaryFolder();
const WITH_PACKAGES = {
  ...GREETING,
  dependencies: { "is-odd": "^3.0.0", "left-pad": "^1.0.0" },
};
const OTHER = {
  name: "other",
  version: "1.0.0",
  summary: "Another one",
  files: ["adws/other.ts"],
};
let project: TemplateProject;

beforeEach(async () => {
  project = await templateProject(folder());
  await project.manifest(WITH_PACKAGES, OTHER);
  await project.write("templates/adws/other.ts.njk", "export {};\n");
  await project.write(
    TEMPLATE,
    `import pad from "left-pad";\n${GREETING_TEMPLATE}`,
  );
  await project.done("add", "greeting", "other");
});

/** A new version of the module does without packages. */
async function release(): Promise<void> {
  await project.manifest({ ...GREETING, version: "2.0.0" }, OTHER);
  await project.write(TEMPLATE, GREETING_TEMPLATE);
}

const dependencies = async () => {
  const { dependencies: present = {} } = JSON.parse(
    await project.read("package.json"),
  );
  return Object.keys(present);
};

test("they go, and are named", async () => {
  await release();
  const { stdout, stderr } = await project.done("update");
  expect(stdout).toContain(
    "  update    package.json  removes is-odd, left-pad\n",
  );
  expect(stderr).toContain(
    "note No module needs what adw-scaffold added to package.json before, so it is taken out: is-odd, left-pad. If code of yours uses it, add it again.\n",
  );
  expect(await dependencies()).toEqual([]);
});

test("what a script of the owner's runs stays", async () => {
  const manifest = JSON.parse(await project.read("package.json"));
  await project.write(
    "package.json",
    JSON.stringify({ ...manifest, scripts: { dev: "is-odd watch src" } }),
  );
  await release();
  const { stderr } = await project.done("update");
  expect(stderr).toContain(
    "note No installed module needs is-odd any more. A script or a file of yours uses it, so it stays in package.json.\n",
  );
  expect(await dependencies()).toEqual(["is-odd"]);
  // From now on it is the owner's, and said no more.
  expect((await project.done("update")).stderr).toBe("");
});

test("what an edited file imports stays", async () => {
  await project.edit("adws/greeting.ts", "pad from", "myPad from");
  await release();
  await project.done("update", "--on-conflict", "keep");
  expect(await project.read("adws/greeting.ts")).toContain('"left-pad"');
  expect(await dependencies()).toEqual(["left-pad"]);
});

test("an update of another module takes nothing out", async () => {
  await release();
  await project.done("update", "other");
  expect(await dependencies()).toEqual(["is-odd", "left-pad"]);
});

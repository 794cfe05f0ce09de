/** What is refused, in words and, with --json, as one object on stderr. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { hashFolder, temporaryFolder } from "../../helpers/temporary-folder.ts";
import { TEMPLATE, freshProject } from "../../helpers/template-project.ts";

jest.setTimeout(60_000);

const folder = temporaryFolder();
const FILE = "adws/greeting.ts";
const project = freshProject(folder);

test.each([
  ["add", "adw_base"],
  ["add", "greeting", "adw_base"],
  ["init", "--yes", "--modules", "adw_base"],
  ["remove", "adw_base"],
])(
  "%s %s %s: what comes with every module is not asked for by name",
  async (...words) => {
    const before = await hashFolder(folder());
    const [command = "", ...parameters] = words.filter(Boolean);
    expect(await project.run(command, ...parameters)).toEqual({
      code: 2,
      stdout: "",
      stderr:
        "error USAGE adw_base comes with the first module and goes with the last: it is not added or removed by itself\n  → Name another module; adw-scaffold list shows them.\n",
    });
    expect(await hashFolder(folder())).toEqual(before);
  },
);

describe("with --json, a refused plan is on stdout and the error on stderr", () => {
  /** Both are one line of JSON. */
  async function refused(command: string, ...parameters: string[]) {
    const before = await hashFolder(folder());
    const { code, stdout, stderr } = await project.run(
      command,
      ...parameters,
      "--json",
    );
    expect(code).toBe(1);
    expect(await hashFolder(folder())).toEqual(before);
    const plan = JSON.parse(stdout);
    expect(plan).toMatchObject({ command, applied: false, dry_run: false });
    const { error } = JSON.parse(stderr);
    return { plan, error };
  }

  test("a file in the way", async () => {
    const path = "adws/adw_modules/adw_websocket_client.ts";
    await project.write(path, "// mine\n");
    const { plan, error } = await refused("add", "adw_websocket_client");
    expect(plan.operations).toContainEqual(
      expect.objectContaining({ operation: "conflict", path }),
    );
    expect(error).toEqual({
      code: "CONFLICTS",
      message: `a file already exists: ${path}`,
      hint: "Nothing was written. Keep them as yours with --keep, overwrite them with --force, or move them.",
    });
  });

  test("changes on both sides, with --on-conflict fail", async () => {
    await project.edit(FILE, "FIVE = 5", "FIVE = 55");
    await project.edit(TEMPLATE, "FIVE = 5", "FIVE = 555");
    const { error } = await refused("update", "--on-conflict", "fail");
    expect(error).toMatchObject({
      code: "CONFLICTS",
      message: `both you and the templates changed the same lines of ${FILE}`,
    });
  });

  test("a dry run is not refused: it tells, and exits with 1", async () => {
    await writeFile(join(folder(), "adws/adw_server.ts"), "// mine\n");
    const { code, stdout, stderr } = await project.run(
      "add",
      "adw_server",
      "--dry-run",
      "--json",
    );
    expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({ dry_run: true, applied: false });
  });
});

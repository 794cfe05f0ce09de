/** A folder that takes no files: nothing is left behind, and the next run is no bug. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CLI, runCli } from "../../helpers/cli.ts";
import { bound } from "../../helpers/processes.ts";
import { hashFolder, temporaryFolder } from "../../helpers/temporary-folder.ts";

jest.setTimeout(60_000);

// Before the folder is removed, which only root could do.
afterEach(() => {
  shell("chmod", "-R", "u+w", folder());
});
const folder = temporaryFolder();

const ADD = ["add", "adw_websockets", "--no-install"];

/** As somebody whom permissions bind, also where the tests run as root. */
function runBound(parameters: readonly string[]) {
  const command = bound(process.execPath, CLI, ...parameters);
  const { status, stdout, stderr } = spawnSync(
    command.program,
    command.parameters,
    {
      cwd: folder(),
      encoding: "utf8",
      env: { ...process.env, NO_COLOR: "1", NODE_DISABLE_COMPILE_CACHE: "1" },
    },
  );
  return { code: status, stdout, stderr };
}

function shell(...command: [string, ...string[]]): void {
  const [program, ...parameters] = command;
  execFileSync(program, parameters);
}

const leftovers = async () =>
  (await readdir(folder())).filter((name) => name.startsWith(".adw-scaffold"));

beforeEach(async () => {
  await runCli(
    ["init", "--yes", "--no-install", "--modules", "adw_websocket_client"],
    folder(),
  );
});

test.each(["adws/adw_modules", "."])(
  "%s is read-only: the run fails, leaves no transaction, and the next run says the same",
  async (place) => {
    shell("chmod", "a-w", join(folder(), place));
    const before = await hashFolder(folder());
    for (const parameters of [ADD, ADD, ["remove", "adw_websocket_client"]]) {
      const { code, stderr } = runBound(parameters);
      expect({ code, stderr }).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("error WRITE_FAILED"),
      });
      expect(stderr).not.toContain("INTERNAL");
      expect(stderr).not.toMatch(/^\s+at .*:\d+:\d+\)?$/m);
      expect(await leftovers()).toEqual([]);
    }
    expect(await hashFolder(folder())).toEqual(before);
    shell("chmod", "-R", "u+w", folder());
    expect(runBound(ADD).code).toBe(0);
  },
);

test("an interrupted run that cannot be ended, because the folder is read-only by now, is no bug either", async () => {
  const transaction = join(folder(), ".adw-scaffold-transaction");
  await mkdir(join(transaction, "new"), { recursive: true });
  await mkdir(join(transaction, "old"));
  await writeFile(join(transaction, "new/0"), "new\n");
  await writeFile(
    join(transaction, "journal.json"),
    JSON.stringify({
      pid: 2 ** 22 + 1,
      entries: [{ path: "adws/new.ts", kind: "write", existed: false }],
      newDirectories: [],
    }),
  );
  shell("chmod", "a-w", join(folder(), "adws"));
  const { code, stderr } = runBound(ADD);
  expect({ code, stderr }).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(
      "error WRITE_FAILED an interrupted run could not be completed",
    ),
  });
  expect(stderr).not.toContain("INTERNAL");
  expect(await leftovers()).toEqual([]);
  shell("chmod", "u+w", join(folder(), "adws"));
  expect(runBound(ADD).code).toBe(0);
  expect(await leftovers()).toEqual([]);
});

test.each(["check", "doctor", "update"])(
  "a folder that may not be entered is no bug: %s says which",
  (command) => {
    shell("chmod", "a-rx", join(folder(), "adws"));
    try {
      const { code, stdout, stderr } = runBound([command]);
      expect(code).toBe(1);
      const said = stdout + stderr;
      expect(said).toContain("cannot read adws/");
      expect(said).toContain("EACCES: permission denied");
      expect(said).toContain("Check its permissions");
      expect(said).not.toContain("INTERNAL");
    } finally {
      shell("chmod", "a+rx", join(folder(), "adws"));
    }
  },
);

/** Commands find the nearest project above the folder that they are called in, and say which. */
import { mkdir, readdir, realpath, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CLI, runCli } from "../../helpers/cli.ts";
import { hashFolder, temporaryFolder } from "../../helpers/temporary-folder.ts";
import { run } from "../../helpers/processes.ts";
import { hasTerminal, KEYS, openTerminal } from "../../helpers/terminal.ts";

jest.setTimeout(60_000);

const folder = temporaryFolder();
const INIT = [
  "init",
  "--yes",
  "--no-install",
  "--modules",
  "adw_websocket_client",
];

async function installed(): Promise<string> {
  const root = join(await realpath(folder()), "host");
  await mkdir(root, { recursive: true });
  const { code, stderr } = await runCli(INIT, root);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return root;
}

test.each([
  ["check", []],
  ["diff", []],
  ["list", []],
  ["doctor", []],
  ["update", ["--no-install"]],
  ["render", ["adw_websocket_client"]],
  ["hooks", ["status"]],
  ["emit", ["--event-type", "x", "--dry-run"]],
])(
  "in adws/, %s works on the project above and says which",
  async (command, parameters) => {
    const root = await installed();
    const before = await hashFolder(root);
    const inside = await runCli(
      [command, ...parameters],
      join(root, "adws/adw_modules"),
    );
    const outside = await runCli([command, ...parameters], root);
    expect(inside.code).toBe(outside.code);
    expect(inside.stderr).toBe(`Project: ../..\n${outside.stderr}`);
    expect(outside.stderr).not.toContain("Project:");
    expect(await hashFolder(root)).toEqual(before);
  },
);

test.each(["check", "diff", "list", "doctor"])(
  "%s --json has the project's path as target, and nothing on stderr",
  async (command) => {
    const root = await installed();
    const { stdout, stderr } = await runCli(
      [command, "--json"],
      join(root, "adws"),
    );
    expect(JSON.parse(stdout).target).toBe(root);
    expect(stderr).toBe("");
  },
);

test("add in adws/ adds to the project above; no second project is nested", async () => {
  const root = await installed();
  const { code, stderr, stdout } = await runCli(
    ["add", "adw_websockets", "--no-install"],
    join(root, "adws"),
  );
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(stderr).toContain("Project: ..\n");
  expect(stdout).toContain("adws/adw_modules/adw_websockets.ts");
  expect(await readdir(join(root, "adws"))).not.toContain("adw.config.json");
  expect(Object.keys(await hashFolder(root))).toContain(
    "adws/adw_modules/adw_websockets.ts",
  );
});

test("--cwd names the folder that the search starts in", async () => {
  const root = await installed();
  const { code, stderr } = await runCli(
    ["check", "--cwd", "host/adws"],
    folder(),
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: "Project: host\n" });
  expect((await runCli(["check", "--cwd", root], folder())).stderr).toBe("");
});

test("the lock alone makes a project", async () => {
  const root = await installed();
  await rm(join(root, "adw.config.json"));
  const { stderr } = await runCli(["list"], join(root, "adws"));
  expect(stderr).toBe("Project: ..\n");
});

test("the search ends at the top of the repository", async () => {
  const root = await installed();
  const other = join(root, "vendor/other");
  await mkdir(join(other, ".git"), { recursive: true });
  await mkdir(join(other, "deep"));
  const { code, stderr } = await runCli(["check"], join(other, "deep"));
  expect(code).toBe(2);
  expect(stderr).toContain("no modules are installed here");
});

test("init inside a project is refused without a terminal, and --nested is the way out", async () => {
  const root = await installed();
  const inside = join(root, "packages/a");
  await mkdir(inside, { recursive: true });
  const before = await hashFolder(root);
  const refused = await runCli(INIT, inside);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain(
    "error INSIDE_PROJECT . is inside the project",
  );
  expect(refused.stderr).toContain("--nested");
  expect(
    (await runCli([...INIT.slice(0, 1), "packages/b", ...INIT.slice(1)], root))
      .code,
  ).toBe(1);
  expect(await hashFolder(root)).toEqual(before);
  const nested = await runCli([...INIT, "--nested"], inside);
  expect(nested.code).toBe(0);
  expect(await readdir(inside)).toContain("adw.config.json");
  // From now on it is the nearest.
  expect((await runCli(["check"], join(inside, "adws"))).stderr).toBe(
    "Project: ..\n",
  );
});

const describeInTerminal = hasTerminal ? describe : describe.skip;
describeInTerminal("at a terminal", () => {
  test("init inside a project asks which one is meant", async () => {
    const root = await installed();
    await mkdir(join(root, "src"));
    const session = openTerminal(
      `"${process.execPath}" "${CLI}" init --no-install`,
      { cwd: join(root, "src"), env: { CI: "" } },
    );
    await session.shows("A new project in this folder");
    session.press(KEYS.enter);
    const { code } = await session.ended;
    expect(code).toBe(0);
    expect(await readdir(join(root, "src"))).toEqual([]);
  });
});

describe("a list option", () => {
  const modules = async (...parameters: string[]) => {
    const { code, stdout, stderr } = await runCli(
      ["init", "--yes", "--dry-run", "--json", ...parameters],
      folder(),
    );
    return code === 0 ? JSON.parse(stdout) : { code, stderr };
  };

  test.each([
    ["--modules", "adw_websockets", "adw_websocket_client"],
    ["--modules", "adw_websockets,adw_websocket_client"],
    ["--modules=adw_websockets,adw_websocket_client"],
  ])(
    "%s %s %s takes both modules, and none for a folder",
    async (...parameters) => {
      const plan = await modules(
        ...parameters.filter((each) => each !== undefined),
      );
      expect(plan.modules).toEqual([
        "adw_events",
        "adw_websockets",
        "adw_websocket_client",
      ]);
      expect(plan.target).toBe(await realpath(folder()));
    },
  );

  test.each([
    [
      ["--modules", "adw_websockets", "adw_websocket_clint"],
      '"adw_websocket_clint" after --modules',
    ],
    [
      ["--allowed-origins", "https://a.example", "https://b.example"],
      '"https://b.example" after --allowed-origins',
    ],
    [
      ["--allowed-hosts", "a.example", "b.example"],
      '"b.example" after --allowed-hosts',
    ],
    [
      ["adw_websockets"],
      '"adw_websockets" is a module, and init takes a folder',
    ],
  ])(
    "%j is refused: what follows may be a value",
    async (parameters, message) => {
      const { code, stderr } = await modules(...parameters);
      expect(code).toBe(2);
      expect(JSON.parse(stderr).error.message).toContain(message);
    },
  );

  test("a path after a list is the folder", async () => {
    const plan = await modules("--modules", "adw_websockets", "./app");
    expect(plan.target).toBe(join(await realpath(folder()), "app"));
  });

  test("--fail-on takes kinds with and without commas", async () => {
    const root = await installed();
    for (const kinds of [["edited", "missing"], ["edited,missing"]]) {
      const { stdout } = await runCli(
        ["check", "--json", "--fail-on", ...kinds],
        root,
      );
      expect(JSON.parse(stdout).fail_on).toEqual(["edited", "missing"]);
    }
    await writeFile(join(root, "adws/adw_modules/adw_websocket_client.ts"), "");
    const { code } = await runCli(
      ["check", "--fail-on", "missing", "adw_websocket_client"],
      root,
    );
    expect(code).toBe(0);
  });
});

// Windows does not delete a folder that a process stands in.
const describeOnPosix = process.platform === "win32" ? describe.skip : describe;
describeOnPosix("a current folder that has been deleted", () => {
  test("is said, without a stack", async () => {
    const gone = join(folder(), "gone");
    await mkdir(gone);
    const { code, stderr } = await run(
      "sh",
      ["-c", 'rmdir "$PWD" && exec "$0" "$1" check', process.execPath, CLI],
      { cwd: gone },
    );
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr:
        "error USAGE the current folder is not there any more\n  → Change to a folder that exists, then run the command again.\n",
    });
  });
});

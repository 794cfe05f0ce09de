import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runCli } from "../../helpers/cli.ts";
import {
  snapshotFolder,
  temporaryFolder,
} from "../../helpers/temporary-folder.ts";

const folder = temporaryFolder();
const run = (...parameters: string[]) => runCli(parameters, folder());

describe("words about the tool", () => {
  test("--version prints the version of package.json", async () => {
    const { version } = JSON.parse(
      await readFile(join(__dirname, "../../../package.json"), "utf8"),
    );
    expect(await run("--version")).toEqual({
      code: 0,
      stdout: `${version}\n`,
      stderr: "",
    });
  });

  test.each([[["--help"]], [[]], [["-h"]], [["help"]]])(
    "%j prints help that names every command",
    async (parameters) => {
      const { code, stdout, stderr } = await run(...parameters);
      expect(code).toBe(0);
      expect(stderr).toBe("");
      for (const command of ["init", "add", "list", "render", "completion"]) {
        expect(stdout).toMatch(new RegExp(`^  ${command}\\b`, "m"));
      }
      expect(
        Math.max(...stdout.split("\n").map((line) => line.length)),
      ).toBeLessThanOrEqual(80);
    },
  );

  test("a command's help lists a flag for every config key", async () => {
    const { stdout } = await run("init", "--help");
    for (const flag of [
      "--websocket-port",
      "--adws-dir",
      "--no-install",
      "--force",
    ]) {
      expect(stdout).toContain(flag);
    }
  });

  test("help says how to go on, and what the exit codes mean", async () => {
    const { stdout } = await run("--help");
    expect(stdout).toContain("adw-scaffold <command> --help shows the options");
    expect(stdout).toContain("Exit codes: 0 done, 1 the answer is no");
    expect((await run("help", "help")).stdout).toBe(stdout);
    const init = await run("init", "--help");
    expect(init.stdout).toContain(
      "dir: Project folder; the current one without it.",
    );
    expect(init.stdout).toContain("Settings (written to adw.config.json):");
    expect((await run("render", "--help")).stdout).toContain(
      "Settings (instead of those in adw.config.json):",
    );
  });

  test("help init is init --help", async () => {
    const { stdout } = await run("init", "--help");
    expect(await run("help", "init")).toEqual({ code: 0, stdout, stderr: "" });
    expect(await run("help", "inti")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Did you mean "init"?'),
    });
  });

  test.each(["bash", "zsh"])(
    "completion %s prints a script for that shell",
    async (shell) => {
      const { code, stdout } = await run("completion", shell);
      expect(code).toBe(0);
      expect(stdout).toContain(
        shell === "zsh" ? "#compdef adw-scaffold" : "complete -o bashdefault",
      );
    },
  );

  test("the shell is told commands, modules and options", async () => {
    const ask = async (...words: string[]) =>
      (
        await run("--get-yargs-completions", "adw-scaffold", ...words)
      ).stdout.split("\n");
    expect(await ask("in")).toContain("init");
    expect(await ask("add", "adw_w")).toContain("adw_websockets");
    expect(await ask("init", "--web")).toContain("--websocket-port");
    expect(await ask("completion", "")).toEqual(["bash", "zsh", ""]);
  });

  test("the shell is told the values of an option, and nothing where a file stands", async () => {
    const ask = async (shell: string, ...words: string[]) =>
      (
        await runCli(
          ["--get-yargs-completions", "adw-scaffold", ...words],
          folder(),
          { SHELL: shell },
        )
      ).stdout;
    expect(await ask("/bin/bash", "update", "--on-conflict", "")).toBe(
      "markers\nkeep\ntheirs\nfail\n",
    );
    expect(await ask("/bin/bash", "init", "--modules", "adw_s")).toBe(
      "adw_server\n",
    );
    expect(await ask("/bin/bash", "add", "--cwd", "")).toBe("");
    expect(await ask("/bin/zsh", "init", "--sqlite-driver", "n")).toBe(
      "node\\:sqlite\n",
    );
  });
});

describe("usage errors: exit code 2, on stderr, with what to do", () => {
  test.each<[string[], string]>([
    [["ini"], 'error USAGE unknown command "ini"\n  → Did you mean "init"?\n'],
    [
      ["init", "--websocket-prot", "1"],
      "error USAGE unknown option --websocket-prot\n  → Did you mean --websocket-port?\n",
    ],
    [
      ["init", "--port", "9001"],
      "error USAGE unknown option --port\n  → Did you mean --websocket-port?\n",
    ],
    [
      ["add"],
      "error USAGE add needs <module>\n  → Usage: adw-scaffold add <module..>. See what there is: adw-scaffold list\n",
    ],
    [
      ["add", "adw_websocket"],
      'error USAGE unknown module "adw_websocket"\n  → Did you mean "adw_websockets"?\n',
    ],
    [
      ["INIT"],
      'error USAGE unknown command "INIT"\n  → Did you mean "init"?\n',
    ],
    [
      ["version"],
      'error USAGE unknown command "version"\n  → Did you mean --version?\n',
    ],
    [
      ["help", "init", "add"],
      'error USAGE unexpected argument "add"\n  → Usage: adw-scaffold help [command]\n',
    ],
    [
      ["init", "--no-instal"],
      "error USAGE unknown option --no-instal\n  → Did you mean --no-install?\n",
    ],
    [
      ["add", "server"],
      'error USAGE unknown module "server"\n  → Did you mean "adw_server"?\n',
    ],
    [
      ["add", "adw_base"],
      expect.stringContaining(
        "error USAGE adw_base comes with the first module",
      ),
    ],
    [["add", ""], expect.stringContaining('error USAGE unknown module ""\n')],
    [
      ["init", "--sqlite-driver", "mysql"],
      'error CONFIG_INVALID sqlite_driver must be one of "node:sqlite", "better-sqlite3" (got "mysql")\n',
    ],
    [
      ["init", ".git/x"],
      expect.stringContaining("→ Nothing is ever written into .git.\n"),
    ],
    [
      ["render", "adw_websockets", "--out", "node_modules/x"],
      expect.stringContaining("→ Nothing is ever written into node_modules.\n"),
    ],
    [
      ["list", "x"],
      'error USAGE unexpected argument "x"\n  → Usage: adw-scaffold list\n',
    ],
    [
      ["init", "--cwd"],
      "error USAGE --cwd needs a value\n  → Write --cwd <value>, or --cwd=…\n",
    ],
    [
      ["init", "--dry-run=yes"],
      "error USAGE --dry-run takes no value\n  → Write --dry-run, or --no-dry-run.\n",
    ],
    [
      ["--force", "add", "server"],
      expect.stringContaining('error USAGE unknown module "server"\n'),
    ],
    [
      ["init", "--websocket-port", "80"],
      "error CONFIG_INVALID websocket_port must be a port from 1024 to 65535, or 0 for any free port (got 80)\n",
    ],
    [
      ["init", "--websocket-port", "abc"],
      'error CONFIG_INVALID websocket_port must be a whole number (got "abc")\n',
    ],
    [
      ["init", "--websocket-port", "1", "--websocket-port", "2"],
      "error USAGE --websocket-port is given more than once\n  → Give it once; separate the values of a list by commas.\n",
    ],
    [
      ["completion", "tcsh"],
      'error USAGE no completion for "tcsh"\n  → Known shells: bash, zsh. For example: adw-scaffold completion >> ~/.bashrc\n',
    ],
  ])("%j", async (parameters, expected) => {
    const { code, stdout, stderr } = await run(...parameters);
    expect(stderr).toEqual(expected);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(await snapshotFolder(folder())).toEqual({});
  });

  test("with --json the error is one JSON object", async () => {
    const { code, stderr } = await run(
      "init",
      "--json",
      "--websocket-port",
      "80",
    );
    expect(code).toBe(2);
    expect(JSON.parse(stderr)).toEqual({
      error: {
        code: "CONFIG_INVALID",
        message:
          "websocket_port must be a port from 1024 to 65535, or 0 for any free port (got 80)",
      },
    });
  });

  test("a broken config is named with file, line and column, and nothing is written", async () => {
    await writeFile(
      join(folder(), "adw.config.json"),
      '{\n  "websocket_port": 9001,\n}\n',
    );
    const before = await snapshotFolder(folder());
    const { code, stderr } = await run("init", "--yes");
    expect(code).toBe(2);
    expect(stderr).toContain("error JSON_INVALID");
    expect(stderr).toContain("at adw.config.json:3:1");
    expect(await snapshotFolder(folder())).toEqual(before);
  });

  test.each([
    [
      '{\n  "modules": ["adw_websocket"]\n}\n',
      'error CONFIG_INVALID unknown module "adw_websocket"\n  at adw.config.json:2:15\n  → Did you mean "adw_websockets"?\n',
    ],
    [
      '{\n  "websocket_prot": 9001\n}\n',
      'error CONFIG_INVALID unknown key "websocket_prot"\n  at adw.config.json:2:3\n  → Did you mean "websocket_port"?\n',
    ],
    [
      "[]",
      "error CONFIG_INVALID the configuration must be a JSON object, not a list\n  at adw.config.json\n",
    ],
    // What is shown must not move the cursor or change its colours.
    [
      JSON.stringify({ project_name: "\u001B[2Jx" }),
      'error CONFIG_INVALID project_name must be one line without control characters (got "\\u001b[2Jx")\n  at adw.config.json:1:17\n',
    ],
    [
      Buffer.from([0xff, 0xfe]),
      "error CONFIG_UNREADABLE adw.config.json is not UTF-8 text\n  at adw.config.json\n  → Fix that, or name another file with --config.\n",
    ],
  ])(
    "a wrong configuration is named with its place: %j",
    async (text, expected) => {
      await writeFile(join(folder(), "adw.config.json"), text);
      const before = await snapshotFolder(folder());
      const { code, stdout, stderr } = await run("init", "--yes");
      expect({ code, stdout, stderr }).toEqual({
        code: 2,
        stdout: "",
        stderr: expected,
      });
      expect(await snapshotFolder(folder())).toEqual(before);
    },
  );

  test("a configuration outside the project is read, and refused where it would change", async () => {
    await mkdir(join(folder(), "project"));
    await writeFile(
      join(folder(), "shared.json"),
      '{ "modules": ["adw_websockets"], "websocket_port": 9005, "project_name": "x", "sqlite_driver": "node:sqlite", "typescript_runner": "node" }\n',
    );
    const before = await snapshotFolder(folder());
    const there = (...parameters: string[]) =>
      runCli(
        [...parameters, "--config", "../shared.json"],
        join(folder(), "project"),
      );
    for (const run of [["--yes"], ["--dry-run"]]) {
      const { code, stdout, stderr } = await there(
        "init",
        ...run,
        "--websocket-port",
        "9006",
      );
      expect({ code, stdout, stderr }).toEqual({
        code: 2,
        stdout: "",
        stderr:
          "error PATH_OUTSIDE ../shared.json lies outside the project, and its settings would change\n  at ../shared.json\n  → Nothing was written. Change it in an editor, or copy it into the project.\n",
      });
    }
    expect(await snapshotFolder(folder())).toEqual(before);
    expect(await there("init", "--yes", "--no-install")).toMatchObject({
      code: 0,
    });
    const module = await readFile(
      join(folder(), "project/adws/adw_modules/adw_websockets.ts"),
      "utf8",
    );
    expect(module).toContain("export const DEFAULT_PORT = 9005;");
  });

  test.each([
    ["init", "file/sub", "--yes"],
    ["init", "file/sub", "--dry-run"],
    ["init", "file"],
    ["render", "adw_websockets", "--out", "file"],
    ["render", "adw_websockets", "--out", "file/sub/x"],
  ])(
    "%s %s %s where a file stands is no bug of ours",
    async (...parameters) => {
      await writeFile(join(folder(), "file"), "x");
      const { code, stdout, stderr } = await run(...parameters);
      expect({ code, stdout, stderr }).toEqual({
        code: 2,
        stdout: "",
        stderr: `error USAGE ${join(folder(), "file")} is a file, and a folder is needed\n  → Name the folder of a project.\n`,
      });
    },
  );

  test.each(["../x", "/tmp/x", "a/../../b", ".git/x"])(
    "--adws-dir %s is refused",
    async (dir) => {
      const { code, stderr } = await run("init", "--yes", "--adws-dir", dir);
      expect(code).toBe(2);
      expect(stderr).toContain("adws_dir must be a folder inside the project");
      expect(await snapshotFolder(folder())).toEqual({});
    },
  );

  test("adws_dir through a symbolic link is refused", async () => {
    await mkdir(join(folder(), "project"));
    await mkdir(join(folder(), "elsewhere"));
    await symlink("../elsewhere", join(folder(), "project/adws"));
    const { code, stderr } = await runCli(
      ["init", "--yes", "--no-install"],
      join(folder(), "project"),
    );
    expect(code).toBe(2);
    expect(stderr).toContain("error PATH_SYMLINK");
    expect(await snapshotFolder(join(folder(), "elsewhere"))).toEqual({});
  });
});

describe("init", () => {
  const init = (...parameters: string[]) =>
    run("init", "--yes", "--no-install", ...parameters);

  test("scaffolds, and a second run changes nothing", async () => {
    const first = await init();
    expect({ code: first.code, stderr: first.stderr }).toEqual({
      code: 0,
      stderr: "",
    });
    expect(first.stdout).toMatch(/create {4}adws\/adw_modules\/ {2}\d+ files/);
    expect(first.stdout).toContain("npm run adw:server");
    const before = await snapshotFolder(folder());
    expect(Object.keys(before)).toEqual(
      expect.arrayContaining([
        "adw.config.json",
        "adw.lock.json",
        "package.json",
        "adws/package.json",
        "adws/adw_server.ts",
      ]),
    );
    const second = await init();
    expect(second.code).toBe(0);
    expect(second.stdout).toContain("Up to date");
    expect(await snapshotFolder(folder())).toEqual(before);
  });

  test("a dry run shows the same plan and writes nothing", async () => {
    const dry = await run(
      "init",
      "--yes",
      "--no-install",
      "--dry-run",
      "--json",
    );
    expect(await snapshotFolder(folder())).toEqual({});
    const real = await run("init", "--yes", "--no-install", "--json");
    const operations = (text: string) => JSON.parse(text).operations;
    expect(operations(real.stdout)).toEqual(operations(dry.stdout));
    expect(JSON.parse(dry.stdout)).toMatchObject({
      command: "init",
      dry_run: true,
      applied: false,
    });
    expect(JSON.parse(real.stdout)).toMatchObject({
      command: "init",
      dry_run: false,
      applied: true,
    });
  });

  test("into a folder that does not exist yet, named after it", async () => {
    const { code } = await init("my app");
    expect(code).toBe(0);
    const manifest = JSON.parse(
      await readFile(join(folder(), "my app/package.json"), "utf8"),
    );
    expect(manifest.name).toBe("my-app");
    expect(manifest.scripts).toHaveProperty("adw:server");
    expect(manifest.scripts).not.toHaveProperty("adw:demo");
  });

  test("flags become settings, in the config and in the code", async () => {
    await init(
      "--websocket-port",
      "9001",
      "--allowed-origins",
      "https://a.example,https://b.example",
    );
    const config = JSON.parse(
      await readFile(join(folder(), "adw.config.json"), "utf8"),
    );
    expect(config).toMatchObject({
      websocket_port: 9001,
      allowed_origins: ["https://a.example", "https://b.example"],
    });
    const code = await readFile(
      join(folder(), "adws/adw_modules/adw_websockets.ts"),
      "utf8",
    );
    expect(code).toContain("export const DEFAULT_PORT = 9001;");
  });

  test("a changed setting updates files that were not edited", async () => {
    await init();
    const { stdout, code } = await init("--websocket-port", "9002");
    expect(code).toBe(0);
    expect(stdout).toMatch(/update\s+adws\/adw_modules\/adw_websockets\.ts/);
  });

  test("an edited file is never overwritten without --force", async () => {
    await init();
    const file = join(folder(), "adws/adw_modules/adw_websockets.ts");
    await writeFile(file, "// mine\n");
    const before = await snapshotFolder(folder());
    expect((await init()).code).toBe(0);
    expect(await snapshotFolder(folder())).toEqual(before);
    const { code } = await init("--force");
    expect(code).toBe(0);
    expect(await readFile(file, "utf8")).not.toBe("// mine\n");
  });

  test("a file in the way is a conflict: exit code 1 and nothing written", async () => {
    await mkdir(join(folder(), "adws"));
    await writeFile(
      join(folder(), "adws/adw_server.ts"),
      "// somebody else's\n",
    );
    const before = await snapshotFolder(folder());
    const { code, stdout, stderr } = await init();
    expect(code).toBe(1);
    expect(stdout).toMatch(/conflict\s+adws\/adw_server\.ts/);
    expect(stderr).toContain(
      "error CONFLICTS a file already exists: adws/adw_server.ts",
    );
    expect(await snapshotFolder(folder())).toEqual(before);
    expect((await init("--dry-run")).code).toBe(1);
    const json = await init("--json");
    expect(json.code).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({ applied: false });
    expect(JSON.parse(json.stderr)).toEqual({
      error: {
        code: "CONFLICTS",
        message: "a file already exists: adws/adw_server.ts",
        hint: "Nothing was written. Keep them as yours with --keep, overwrite them with --force, or move them.",
      },
    });
    expect((await init("--force")).code).toBe(0);
  });

  test("package.json keeps its formatting, its ranges and its scripts", async () => {
    const original =
      '{\n    "name": "host",\n    "scripts": { "adw:server": "mine" },\n    "dependencies": { "ws": "^8.0.0" }\n}\n';
    await writeFile(join(folder(), "package.json"), original);
    const { stderr, code } = await init();
    expect(code).toBe(0);
    const edited = await readFile(join(folder(), "package.json"), "utf8");
    expect(edited).toContain('    "name": "host"');
    expect(JSON.parse(edited)).toMatchObject({
      scripts: { "adw:server": "mine" },
      dependencies: { ws: "^8.0.0" },
    });
    expect(stderr).toContain(
      'ws "^8.0.0" in package.json allows versions that the modules are not tested with',
    );
    expect(stderr).toContain(
      'The script "adw:server" is not as adw-scaffold wrote it, and was left as it is. It would be: ',
    );
  });

  test("an interrupted run is completed first, and the user is told", async () => {
    const staging = join(folder(), ".adw-scaffold-transaction");
    await mkdir(join(staging, "new"), { recursive: true });
    await writeFile(join(staging, "new/0"), "hello");
    await writeFile(
      join(staging, "journal.json"),
      JSON.stringify({
        pid: 2 ** 22 + 1,
        entries: [{ path: "x.txt", kind: "write", existed: false }],
        newDirectories: [],
      }),
    );
    const { code, stderr } = await init();
    expect(code).toBe(0);
    expect(stderr).toContain("an interrupted run was completed first");
    expect(await readFile(join(folder(), "x.txt"), "utf8")).toBe("hello");
  });

  test("a failing install says so, keeps the files, and exits with 1", async () => {
    await mkdir(join(folder(), "bin"));
    await writeFile(
      join(folder(), "bin/npm"),
      "#!/bin/sh\necho no network >&2\nexit 7\n",
      { mode: 0o755 },
    );
    const { code, stderr } = await runCli(["init", "--yes", "app"], folder(), {
      PATH: `${join(folder(), "bin")}:${process.env["PATH"]}`,
    });
    expect(code).toBe(1);
    expect(stderr).toContain("error INSTALL_FAILED");
    expect(stderr).toContain("no network");
    expect(Object.keys(await snapshotFolder(join(folder(), "app")))).toContain(
      "adws/adw_server.ts",
    );
    const again = await runCli(["init", "--yes", "app"], folder());
    expect(again).toMatchObject({ code: 0 });
    expect(again.stdout).toContain("Up to date app\n");
    expect(again.stdout).toMatch(/^ {2}npm i +install the dependencies$/m);
  });

  test("with --json, a failing install prints what was written, and its error on stderr", async () => {
    await mkdir(join(folder(), "bin"));
    await writeFile(join(folder(), "bin/npm"), "#!/bin/sh\nexit 7\n", {
      mode: 0o755,
    });
    const { code, stdout, stderr } = await runCli(
      ["add", "adw_websockets", "--json"],
      folder(),
      { PATH: `${join(folder(), "bin")}:${process.env["PATH"]}` },
    );
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      applied: true,
      installed: null,
      package_manager: {
        name: "npm",
        reason: "no sign of another package manager",
      },
      next_steps: [{ command: "npm i", purpose: "install the dependencies" }],
    });
    expect(JSON.parse(stderr)).toMatchObject({
      error: { code: "INSTALL_FAILED" },
    });
  });

  test("a package manager that is not there is named", async () => {
    await writeFile(join(folder(), "bun.lock"), "");
    const { code, stderr } = await runCli(["add", "adw_websockets"], folder(), {
      PATH: "/nowhere",
    });
    expect(code).toBe(1);
    expect(stderr).toContain(
      'error INSTALL_FAILED "bun install" failed (bun is not installed, or not on the PATH)\n',
    );
  });

  test("a dry run says what would be installed, with what, and why with that", async () => {
    await writeFile(join(folder(), "pnpm-lock.yaml"), "");
    const { stdout } = await run("add", "adw_websockets", "--dry-run");
    expect(stdout).toMatch(
      /^ {2}install {3}ws, .* {2}with pnpm \(pnpm-lock\.yaml is here\)$/m,
    );
    const { stdout: without } = await run(
      "add",
      "adw_websockets",
      "--dry-run",
      "--no-install",
    );
    expect(without).not.toContain("install   ");
  });

  test("where other packages are installed, the next step is to install ours", async () => {
    await mkdir(join(folder(), "node_modules/other"), { recursive: true });
    const { stdout } = await init();
    expect(stdout).toMatch(/^ {2}npm i +install the dependencies$/m);
  });
});

describe("add", () => {
  test("brings what a module requires, and says so", async () => {
    const { code, stdout } = await run("add", "adw_server", "--no-install");
    expect(code).toBe(0);
    expect(stdout).toContain("adw_dashboard comes too: adw_server requires it");
    const config = JSON.parse(
      await readFile(join(folder(), "adw.config.json"), "utf8"),
    );
    expect(config.modules).toEqual(["adw_server"]);
  });

  test("of adw_logging brings the database, the models and the schema, and says so", async () => {
    const { code, stdout } = await run("add", "adw_logging", "--no-install");
    expect(code).toBe(0);
    for (const reason of [
      "adw_database comes too: adw_logging requires it",
      "orch_database_models comes too: adw_database requires it",
      "schema_orchestrator comes too: adw_database requires it",
    ]) {
      expect(stdout).toContain(reason);
    }
    expect(Object.keys(await snapshotFolder(folder()))).toEqual(
      expect.arrayContaining([
        "adws/adw_modules/adw_logging.ts",
        "adws/adw_modules/adw_database.ts",
        "adws/adw_modules/orch_database_models.ts",
        "adws/schema/schema_orchestrator.sql",
      ]),
    );
  });

  test("keeps the modules that are there", async () => {
    await run("add", "adw_websockets", "--no-install");
    await run("add", "adw_websocket_client", "--no-install");
    const config = JSON.parse(
      await readFile(join(folder(), "adw.config.json"), "utf8"),
    );
    expect(config.modules).toEqual(["adw_websockets", "adw_websocket_client"]);
    const { stdout } = await run("list", "--json");
    const installed = JSON.parse(stdout).modules.filter(
      (module: { installed: boolean }) => module.installed,
    );
    expect(installed.map(({ name }: { name: string }) => name)).toEqual([
      "adw_events",
      "adw_websockets",
      "adw_websocket_client",
    ]);
  });
});

describe("render", () => {
  test("prints one module, its face and its rooms, and only the module", async () => {
    const { code, stdout, stderr } = await run(
      "render",
      "adw_websockets",
      "--websocket-port",
      "9001",
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("export const DEFAULT_PORT = 9001;");
    const [face, ...rooms] = [...stdout.matchAll(/^==> (\S+) <==$/gm)].map(
      ([, path]) => path,
    );
    expect(face).toBe("adws/adw_modules/adw_websockets.ts");
    expect(rooms).not.toEqual([]);
    for (const room of rooms)
      expect(room).toMatch(/^adws\/adw_modules\/adw_websockets\/\w+\.ts$/);
    expect(await snapshotFolder(folder())).toEqual({});
  });

  test("uses the project's settings", async () => {
    await writeFile(
      join(folder(), "adw.config.json"),
      '{ "websocket_port": 9005 }',
    );
    const { stdout } = await run("render", "adw_websockets");
    expect(stdout).toContain("export const DEFAULT_PORT = 9005;");
  });

  test("--out writes the files, and never over others", async () => {
    expect((await run("render", "adw_websockets", "--out", "out")).code).toBe(
      0,
    );
    expect(Object.keys(await snapshotFolder(join(folder(), "out")))).toContain(
      "adws/adw_modules/adw_websockets.ts",
    );
    expect((await run("render", "adw_websockets", "--out", "out")).code).toBe(
      0,
    );
    await writeFile(
      join(folder(), "out/adws/adw_modules/adw_websockets.ts"),
      "mine",
    );
    const again = await run("render", "adw_websockets", "--out", "out");
    expect(again.code).toBe(1);
    expect(again.stderr).toContain("error CONFLICTS");
    const json = await run(
      "render",
      "adw_websockets",
      "--out",
      "out",
      "--json",
    );
    expect(json.code).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({
      command: "render",
      dry_run: false,
      applied: false,
      operations: expect.arrayContaining([
        {
          operation: "conflict",
          path: "adws/adw_modules/adw_websockets.ts",
        },
      ]),
    });
    expect(JSON.parse(json.stderr)).toMatchObject({
      error: { code: "CONFLICTS" },
    });
  });
});

test("an empty value clears a list, and a hardly meant setting is told", async () => {
  const init = (...parameters: string[]) =>
    run("init", "--yes", "--no-install", ...parameters);
  const origins = async () =>
    JSON.parse(await readFile(join(folder(), "adw.config.json"), "utf8"))
      .allowed_origins;
  await init("--allowed-origins", "https://a.example,https://b.example");
  expect(await origins()).toEqual(["https://a.example", "https://b.example"]);
  expect(await init("--allowed-origins=")).toMatchObject({ code: 0 });
  expect(await origins()).toEqual([]);
  const { code, stderr } = await init("--idle-timeout-seconds", "5");
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr:
      "note idle_timeout_seconds (5) is not more than ping_interval_seconds (30): a client that only listens is closed before it is first pinged.\n",
  });
});

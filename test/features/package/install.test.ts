/** The tarball in the hands of a stranger, without what it installs: see install.slow.test.ts. */
import {
  mkdir,
  readFile,
  readdir,
  realpath,
  symlink,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { pack, REPOSITORY } from "../../helpers/packed.ts";
import { endAllProcesses, run, runOrThrow } from "../../helpers/processes.ts";
import { sharedTemporaryFolder } from "../../helpers/temporary-folder.ts";
import { hasTerminal, KEYS, openTerminal } from "../../helpers/terminal.ts";

jest.setTimeout(400_000);

const folder = sharedTemporaryFolder();
/** The project that most tests share, in the order they stand here. */
const project = () => join(folder(), "project");
const npx = (...parameters: string[]) =>
  run("npx", ["adw-scaffold", ...parameters], { cwd: project() });
/** What npx starts, without the second that npm takes itself. */
const installed = (...parameters: string[]) =>
  run(join(project(), "node_modules/.bin/adw-scaffold"), parameters, {
    cwd: project(),
  });
let tarball: string;

beforeAll(async () => {
  ({ tarball } = await pack(folder()));
  await mkdir(project());
});

afterEach(endAllProcesses);

describe("in an empty folder", () => {
  test("npm install brings exactly one package", async () => {
    const { stdout } = await runOrThrow("npm", ["install", tarball], {
      cwd: project(),
    });
    expect(stdout).toContain("added 1 package");
    const names = await readdir(join(project(), "node_modules"));
    expect(names.filter((name) => !name.startsWith("."))).toEqual([
      "adw-scaffold",
    ]);
  });

  test("init, list and render work from the tarball", async () => {
    const made = await npx("init", "--yes", "--no-install");
    expect(made).toMatchObject({ code: 0 });
    expect(made.stdout).toContain("create    adws/adw_server.ts");
    const listed = await installed("list");
    expect(listed).toMatchObject({ code: 0 });
    expect(listed.stdout).toMatch(/^installed {2}adw_websockets /m);

    const rendered = await installed(
      "render",
      "adw_websockets",
      "--websocket-port",
      "9001",
    );
    expect(rendered).toMatchObject({ code: 0 });
    expect(rendered.stdout).toContain("export const DEFAULT_PORT = 9001;");
  });
});

describe("started in other ways", () => {
  test("npx straight from the tarball, in a folder with spaces, in CI", async () => {
    const root = join(folder(), "a folder with spaces");
    await mkdir(root);
    const { code, stdout } = await run(
      "npx",
      [
        "--yes",
        `--package=${tarball}`,
        "adw-scaffold",
        "init",
        "--yes",
        "--no-install",
      ],
      {
        cwd: root,
        // npx keeps what it installed in the cache, for ever.
        env: { CI: "true", npm_config_cache: join(folder(), "npm-cache") },
      },
    );
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringContaining("npm i "),
    });
    const manifest = JSON.parse(
      await readFile(join(root, "package.json"), "utf8"),
    );
    expect(manifest).toMatchObject({
      name: "a-folder-with-spaces",
      type: "module",
    });
  });

  test("init without --yes asks nothing where there is nobody to answer", async () => {
    const root = join(folder(), "nobody");
    await mkdir(root);
    const { code } = await run(
      join(project(), "node_modules/.bin/adw-scaffold"),
      ["init", "--no-install"],
      { cwd: root, timeoutMs: 60_000 },
    );
    expect(code).toBe(0);
    expect(await readdir(root)).toContain("adws");
  });

  test("through symbolic links, as npm link and global installs do", async () => {
    const link = join(folder(), "linked-cli");
    await symlink(
      await realpath(join(project(), "node_modules/.bin/adw-scaffold")),
      link,
    );
    const { version } = JSON.parse(
      await readFile(join(REPOSITORY, "package.json"), "utf8"),
    );
    for (const [command, ...parameters] of [
      [link],
      [process.execPath, link],
      [join(project(), "node_modules/.bin/adw-scaffold")],
    ]) {
      expect(
        await run(command ?? "", [...parameters, "--version"], {
          cwd: folder(),
        }),
      ).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
    }
  });

  test("a reader that goes away is no error", async () => {
    const cli = join(project(), "node_modules/.bin/adw-scaffold");
    const { stderr } = await run(
      "sh",
      ["-c", `{ '${cli}' render adw_websockets; echo $? >&2; } | head -1`],
      { cwd: project() },
    );
    expect(stderr).toBe("0\n");
  });
});

// Where there is no pseudo-terminal to be had, the questions go untested.
const describeInTerminal = hasTerminal ? describe : describe.skip;

describeInTerminal("init in a terminal", () => {
  const cli = () => `'${join(project(), "node_modules/.bin/adw-scaffold")}'`;
  const emptyFolder = async (name: string) => {
    const root = join(folder(), name);
    await mkdir(root);
    return root;
  };

  test("asks what, where and on which port, shows the plan, and asks once more", async () => {
    const root = await emptyFolder("asked");
    const terminal = openTerminal(`${cli()} init --no-install`, { cwd: root });
    await terminal.shows("What do you want?");
    // The last answer is a list of modules; there the last one is left out.
    terminal.press(KEYS.up, KEYS.enter);
    await terminal.shows("Which modules?");
    terminal.press(KEYS.up, KEYS.space, KEYS.enter);
    await terminal.shows("Into which folder?");
    terminal.press(KEYS.ctrlU, "tools/adw", KEYS.enter);
    await terminal.shows("On which port should the server listen?");
    terminal.press(KEYS.ctrlU, "80", KEYS.enter);
    await terminal.shows("websocket_port must be a port from 1024 to 65535");
    terminal.press(KEYS.ctrlU, "9123", KEYS.enter);
    await terminal.shows("● Yes");
    const asked = terminal.screen().join("\n");
    expect(asked).toContain("create    tools/adw/adw_dashboard/index.html");
    expect(await readdir(root)).toEqual([]);
    terminal.press(KEYS.enter);
    const { code } = await terminal.ended;
    expect(code).toBe(0);
    const config = JSON.parse(
      await readFile(join(root, "adw.config.json"), "utf8"),
    );
    expect(config).toMatchObject({
      adws_dir: "tools/adw",
      websocket_port: 9123,
      modules: [
        "adw_websockets",
        "orch_database_models",
        "schema_orchestrator",
        "adw_database",
        "adw_logging",
        "adw_agents",
        "adw_dashboard",
      ],
    });
    const written = await readdir(join(root, "tools/adw"));
    expect(written).toContain("adw_dashboard");
    expect(written).not.toContain("adw_server.ts");
  });

  test("says what it would write, not that it writes, until that is confirmed", async () => {
    const root = await emptyFolder("declined");
    const terminal = openTerminal(
      `${cli()} init --no-install --modules adw_websockets --adws-dir adws --websocket-port 0`,
      { cwd: root },
    );
    await terminal.shows("● Yes");
    expect(terminal.screen()).toContain("Would write to .");
    terminal.press("n");
    const { code } = await terminal.ended;
    expect(code).toBe(1);
    expect(terminal.screen()).toContain("Nothing was written.");
    expect(await readdir(root)).toEqual([]);
  });

  test.each([
    ["What do you want?", []],
    ["Into which folder?", [KEYS.enter]],
    ["On which port", [KEYS.enter, KEYS.enter]],
    ["● Yes", [KEYS.enter, KEYS.enter, KEYS.enter]],
  ])("Ctrl-C at “%s” leaves nothing written", async (question, answers) => {
    const root = await emptyFolder(`cancelled-${answers.length}`);
    const terminal = openTerminal(`${cli()} init`, { cwd: root });
    await terminal.shows("What do you want?");
    const following = ["Into which folder?", "On which port", "● Yes"];
    for (const [index, key] of answers.entries()) {
      terminal.press(key);
      await terminal.shows(following[index] ?? "");
    }
    await terminal.shows(question);
    terminal.press(KEYS.ctrlC);
    const { code } = await terminal.ended;
    expect(code).toBe(1);
    expect(terminal.screen().join("\n")).toContain(
      "error CANCELLED cancelled; nothing was written",
    );
    expect(await readdir(root)).toEqual([]);
  });

  test("on 40 columns every question stands there once, unbroken by its redrawing", async () => {
    const root = await emptyFolder("narrow");
    const terminal = openTerminal(`${cli()} init --no-install`, {
      cwd: root,
      columns: 40,
    });
    await terminal.shows("What do you want?");
    // Each key redraws the question, which is where a wrong width shows.
    terminal.press(KEYS.down, KEYS.down, KEYS.up, KEYS.enter);
    await terminal.shows("Into which folder?");
    terminal.press("x", "y", KEYS.enter);
    await terminal.shows("On which port");
    terminal.press(KEYS.enter);
    await terminal.shows("● Yes");
    const text = terminal.screen().join("\n");
    for (const once of [
      "What do you want?",
      "Into which folder?",
      "On which port",
      /Write \d+ files\?/.exec(text)?.[0] ?? "Write … files?",
    ]) {
      expect([once, text.split(once).length - 1]).toEqual([once, 1]);
    }
    terminal.press(KEYS.enter);
    expect(await terminal.ended).toMatchObject({ code: 0 });
    expect(await readdir(root)).toContain("adwsxy");
  });

  test("CI=true in a terminal asks nothing", async () => {
    const root = await emptyFolder("ci");
    const terminal = openTerminal(`${cli()} init --no-install`, {
      cwd: root,
      env: { CI: "true" },
    });
    expect(await terminal.ended).toMatchObject({ code: 0 });
    expect(terminal.screen().join("\n")).not.toContain("?");
    expect(await readdir(root)).toContain("adws");
  });

  test("a project that is configured is not asked again", async () => {
    const root = await emptyFolder("configured");
    await writeFile(
      join(root, "adw.config.json"),
      '{ "modules": ["adw_websockets"] }\n',
    );
    const terminal = openTerminal(`${cli()} init --no-install`, { cwd: root });
    await terminal.shows("● Yes");
    expect(terminal.screen().join("\n")).not.toContain("What do you want?");
    terminal.press(KEYS.enter);
    expect(await terminal.ended).toMatchObject({ code: 0 });
  });
});

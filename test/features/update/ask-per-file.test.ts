/** Files that already exist, at a terminal, one by one: only a y or an a overwrites. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { CLI, runCli } from "../../helpers/cli.ts";
import { endAllProcesses } from "../../helpers/processes.ts";
import { hashFolder, temporaryFolder } from "../../helpers/temporary-folder.ts";
import { hasTerminal, KEYS, openTerminal } from "../../helpers/terminal.ts";

jest.setTimeout(60_000);

const folder = temporaryFolder();
const FIRST = "adws/tsconfig.json";
const SECOND = "adws/adw_modules/adw_websocket_client.ts";
const MINE = "// mine\n";
const read = (path: string) => readFile(join(folder(), path), "utf8");

beforeEach(async () => {
  for (const path of [FIRST, SECOND]) {
    await mkdir(dirname(join(folder(), path)), { recursive: true });
    await writeFile(join(folder(), path), MINE);
  }
  await writeFile(join(folder(), "package.json"), '{ "name": "host" }\n');
});

afterEach(endAllProcesses);

/** What a stranger types: the command whose only question is the one per file. */
const COMMAND = ["add", "adw_websocket_client", "--no-install"];

test("without a terminal nothing is asked and nothing is written", async () => {
  const before = await hashFolder(folder());
  const { code, stderr } = await runCli(COMMAND, folder());
  expect(code).toBe(1);
  expect(stderr).toContain(
    `error CONFLICTS 2 files already exist: ${FIRST}, ${SECOND}`,
  );
  expect(await hashFolder(folder())).toEqual(before);
});

const describeWithTerminal = hasTerminal ? describe : describe.skip;

describeWithTerminal("at a terminal", () => {
  const open = (...more: string[]) =>
    openTerminal(
      [process.execPath, CLI, ...COMMAND, ...more]
        .map((word) => `'${word}'`)
        .join(" "),
      { cwd: folder(), columns: 200, timeoutMs: 50_000 },
    );
  const question = (path: string) =>
    `${path}: this file already exists and was not written by adw-scaffold. Overwrite? [y/N/a/q/d/m/?]`;
  /** Answers the questions in order; resolves with the exit code. */
  async function answer(...answers: [path: string, key: string][]) {
    const terminal = open();
    for (const [path, key] of answers) {
      await terminal.shows(question(path));
      terminal.press(key, KEYS.enter);
    }
    const { code } = await terminal.ended;
    return { code, screen: terminal.screen().join("\n") };
  }

  test("y overwrites, n keeps", async () => {
    const { code, screen } = await answer([FIRST, "y"], [SECOND, "n"]);
    expect(code).toBe(0);
    expect(screen).toContain(`update    ${FIRST}  you chose to overwrite it`);
    expect(screen).toContain(`keep      ${SECOND}  you chose to keep it`);
    expect(await read(FIRST)).not.toContain("mine");
    expect(await read(SECOND)).toBe(MINE);
  });

  test("enter alone keeps the file, and records it as the owner's", async () => {
    const { code, screen } = await answer([FIRST, ""], [SECOND, ""]);
    expect(code).toBe(0);
    expect(screen).toContain(`keep      ${FIRST}  you chose to keep it`);
    expect(await read(FIRST)).toBe(MINE);
    expect(await read(SECOND)).toBe(MINE);
    const { files } = JSON.parse(await read("adw.lock.json"));
    expect(Object.keys(files)).toEqual(expect.arrayContaining([FIRST, SECOND]));
    // Nothing is asked again, and nothing is in the way of an update.
    expect((await runCli(["update", "--no-install"], folder())).code).toBe(0);
    expect(await read(FIRST)).toBe(MINE);
  });

  test("the question shows what would be lost, a bounded part of it, and explains its letters", async () => {
    const lines = Array.from({ length: 40 }, (_, index) => `// mine ${index}`);
    await writeFile(join(folder(), FIRST), `${lines.join("\n")}\n`);
    const terminal = open();
    await terminal.shows(question(FIRST));
    const screen = terminal.screen().join("\n");
    expect(screen).toContain(
      `${FIRST}: overwriting it loses 40 lines of yours\n  - // mine 0\n`,
    );
    expect(screen).toContain("… and 32 more; d shows all");
    expect(screen).not.toContain("// mine 8");
    expect(screen).toContain(
      "n  keep your file as it is (the default)\n  a  overwrite this file and all the others",
    );
    terminal.press("q", KEYS.enter);
    expect((await terminal.ended).code).toBe(1);
  });

  test("control characters of a file do not reach the terminal", async () => {
    await writeFile(join(folder(), FIRST), "// \u001B[2J mine\n");
    const terminal = open();
    await terminal.shows("- // \\u001b[2J mine");
    expect(terminal.screen().join("")).not.toContain("\u001b");
    terminal.press("q", KEYS.enter);
    await terminal.ended;
  });

  test.each(["?", "x", "yes", "Y Y", "overwrite"])(
    "%s explains the letters and asks again, and never overwrites",
    async (key) => {
      const before = await hashFolder(folder());
      const terminal = open();
      await terminal.shows(question(FIRST));
      terminal.press(key, KEYS.enter);
      const times = (text: string) =>
        terminal.screen().join("\n").split(text).length - 1;
      await terminal.shows(`${question(FIRST)} ${key}`);
      // What is typed before the question stands there again belongs to the first.
      while (times(question(FIRST)) < 2)
        await new Promise((resolve) => setTimeout(resolve, 20));
      terminal.press("q", KEYS.enter);
      expect((await terminal.ended).code).toBe(1);
      expect(times("?  show this help")).toBe(2);
      expect(await hashFolder(folder())).toEqual(before);
    },
  );

  test("update asks about a file that a new version would write over, and Enter keeps it", async () => {
    await answer([FIRST, "a"]);
    await writeFile(
      join(folder(), "adw.config.json"),
      (await read("adw.config.json")).replace(
        '"adw_websocket_client"',
        '"adw_websocket_client", "adw_websockets"',
      ),
    );
    // Another file of the module is known, so this one may be anybody's.
    const server = "adws/adw_modules/adw_websockets.ts";
    const lock = JSON.parse(await read("adw.lock.json"));
    lock.modules.adw_websockets = {
      version: "0.0.1",
      templates: "0000000000000000",
      inputs: {},
    };
    await writeFile(join(folder(), "adw.lock.json"), JSON.stringify(lock));
    await writeFile(join(folder(), server), MINE);
    const terminal = openTerminal(
      [process.execPath, CLI, "update", "--no-install"]
        .map((word) => `'${word}'`)
        .join(" "),
      { cwd: folder(), columns: 200, timeoutMs: 50_000 },
    );
    await terminal.shows(question(server));
    terminal.press(KEYS.enter);
    expect((await terminal.ended).code).toBe(0);
    expect(await read(server)).toBe(MINE);
  });

  test("a overwrites this one and all others, without another question", async () => {
    const { code } = await answer([FIRST, "a"]);
    expect(code).toBe(0);
    expect(await read(FIRST)).not.toContain("mine");
    expect(await read(SECOND)).not.toContain("mine");
  });

  test("d shows the whole difference and asks again", async () => {
    const terminal = open();
    await terminal.shows(question(FIRST));
    terminal.press("d", KEYS.enter);
    await terminal.shows(`+++ ${FIRST}`);
    await terminal.shows("-// mine");
    terminal.press("q", KEYS.enter);
    expect((await terminal.ended).code).toBe(1);
  });

  test("m merges, with conflict markers where the two differ", async () => {
    const { code, screen } = await answer([FIRST, "n"], [SECOND, "m"]);
    expect(code).toBe(1);
    expect(screen).toContain(`conflict  ${SECOND}`);
    expect(await read(SECOND)).toMatch(
      /^<<<<<<< yours\n\/\/ mine\n=======\n[^]*>>>>>>> new template\n/,
    );
  });

  test.each([
    ["q", "q", KEYS.enter],
    ["Ctrl-C", KEYS.ctrlC],
    ["Ctrl-D", "\u0004"],
  ])("%s ends it, and nothing is written", async (_, ...keys) => {
    const before = await hashFolder(folder());
    const terminal = open();
    await terminal.shows(question(FIRST));
    terminal.press("n", KEYS.enter);
    await terminal.shows(question(SECOND));
    terminal.press(...keys);
    expect((await terminal.ended).code).toBe(1);
    expect(terminal.screen().join("\n")).toContain(
      "error CANCELLED cancelled; nothing was written",
    );
    expect(await hashFolder(folder())).toEqual(before);
  });

  test("init asks per file too, and then whether to write", async () => {
    await writeFile(
      join(folder(), "adw.config.json"),
      '{ "modules": ["adw_websocket_client"] }\n',
    );
    const terminal = openTerminal(
      [process.execPath, CLI, "init", "--no-install"]
        .map((word) => `'${word}'`)
        .join(" "),
      { cwd: folder(), columns: 200, timeoutMs: 50_000 },
    );
    await terminal.shows(question(FIRST));
    terminal.press("y", KEYS.enter);
    await terminal.shows(question(SECOND));
    terminal.press("n", KEYS.enter);
    await terminal.shows("● Yes");
    expect(await read(FIRST)).toBe(MINE); // not before the last answer
    terminal.press(KEYS.enter);
    expect((await terminal.ended).code).toBe(0);
    expect(await read(FIRST)).not.toContain("mine");
    expect(await read(SECOND)).toBe(MINE);
  });

  test("init --force at a terminal: Enter alone does not overwrite", async () => {
    await writeFile(
      join(folder(), "adw.config.json"),
      '{ "modules": ["adw_websocket_client"] }\n',
    );
    const before = await hashFolder(folder());
    const terminal = openTerminal(
      [process.execPath, CLI, "init", "--force", "--no-install"]
        .map((word) => `'${word}'`)
        .join(" "),
      { cwd: folder(), columns: 200, timeoutMs: 50_000 },
    );
    await terminal.shows("and lose what you wrote in 2 files?");
    await terminal.shows("● No");
    terminal.press(KEYS.enter);
    expect((await terminal.ended).code).toBe(1);
    expect(await hashFolder(folder())).toEqual(before);
  });

  test.each([["--yes"], ["--json"], ["--dry-run"]])(
    "%s asks nothing",
    async (option) => {
      const terminal = open(option);
      expect((await terminal.ended).code).toBe(1);
      expect(terminal.screen().join("\n")).not.toContain("[y/N/a/q/d/m/?]");
    },
  );

  test("an edited file whose template changed too: overwriting takes the template, without markers", async () => {
    await answer([FIRST, "a"]);
    await runCli(["add", "adw_websockets", "--no-install"], folder());
    const server = "adws/adw_modules/adw_websockets.ts";
    const text = await read(server);
    const port = "export const DEFAULT_PORT = 8765;";
    expect(text).toContain(port);
    await writeFile(
      join(folder(), server),
      text.replace(port, "export const DEFAULT_PORT = 1111;"),
    );
    await writeFile(
      join(folder(), "adw.config.json"),
      (await read("adw.config.json")).replace("{", '{ "websocket_port": 9001,'),
    );
    const terminal = open();
    await terminal.shows(
      "1 place changed by both you and the template. Overwrite?",
    );
    terminal.press("y", KEYS.enter);
    expect((await terminal.ended).code).toBe(0);
    expect(await read(server)).toContain("export const DEFAULT_PORT = 9001;");
    expect(await read(server)).not.toContain("<<<<<<<");
  });
});

/**
 * What makes the tool start fast must not change what it does: comparing with the
 * texts that the build made, and leaving the costly parts of Node alone.
 */
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { CLI, runCli } from "../helpers/cli.ts";
import { run } from "../helpers/processes.ts";
import {
  sharedTemporaryFolder,
  snapshotFolder,
  temporaryFolder,
} from "../helpers/temporary-folder.ts";

const folder = temporaryFolder();
const shared = sharedTemporaryFolder();
const withAllModules = () => join(shared(), "all");

beforeAll(async () => {
  mkdirSync(withAllModules());
  const { code, stderr } = await runCli(
    ["init", "--yes", "--no-install"],
    withAllModules(),
  );
  if (code !== 0) throw new Error(stderr);
});

/** A project of its own, with every module and in sync. */
function project(): string {
  cpSync(withAllModules(), folder(), { recursive: true });
  return folder();
}

describe("a usual run leaves the costly parts of Node alone", () => {
  const COSTLY = new Set([
    "crypto",
    "zlib",
    "stream",
    "net",
    "tty",
    "child_process",
    "readline",
    "module",
    "v8",
    "worker_threads",
  ]);

  /** Modules of Node that a run has loaded and an empty program has not. */
  async function loadedBy(cwd: string, ...parameters: string[]) {
    const spy = join(shared(), "spy.cjs");
    writeFileSync(
      spy,
      `process.on("exit", () => require("node:fs").writeFileSync(${JSON.stringify(join(shared(), "loaded"))}, process.moduleLoadList.join("\\n")));`,
    );
    const loaded = async (...words: string[]) => {
      const { code, stderr } = await run(
        process.execPath,
        ["--require", spy, ...words],
        { cwd },
      );
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      return readFileSync(join(shared(), "loaded"), "utf8")
        .split("\n")
        .map((line) => line.replace(/^\w+ /, ""));
    };
    const empty = join(shared(), "empty.cjs");
    writeFileSync(empty, "");
    const before = new Set(await loaded(empty));
    const after = await loaded(CLI, ...parameters);
    return after.filter((name) => !before.has(name));
  }

  test("add, in an empty project", async () => {
    const loaded = await loadedBy(
      folder(),
      "add",
      "adw_websockets",
      "--no-install",
    );
    expect(loaded).toContain("vm"); // the list is not empty for another reason
    expect(loaded.filter((name) => COSTLY.has(name))).toEqual([]);
  });

  test.each([[{}], [{ websocket_port: 9001, project_name: "another" }]])(
    "check of all modules, with the settings %j",
    async (settings) => {
      const cwd = project();
      writeFileSync(
        join(cwd, "adw.config.json"),
        JSON.stringify({
          ...JSON.parse(readFileSync(join(cwd, "adw.config.json"), "utf8")),
          ...settings,
        }),
      );
      expect((await runCli(["update", "--no-install"], cwd)).code).toBe(0);
      const loaded = await loadedBy(cwd, "check");
      expect(loaded).toContain("vm");
      expect(loaded.filter((name) => COSTLY.has(name))).toEqual([]);
    },
  );
});

describe("check finds every difference from the texts that the build made", () => {
  const FILE = "adws/adw_modules/adw_websocket_client.ts";

  async function driftOf(cwd: string, path = FILE) {
    const { stdout } = await runCli(["check", "--json"], cwd);
    const report: { drift: { path: string; kinds: string[] }[] } =
      JSON.parse(stdout);
    return report.drift
      .filter((entry) => entry.path === path)
      .flatMap(({ kinds }) => kinds);
  }

  test.each<[string, (file: string) => void]>([
    ["a byte more at the end", (file) => appendFileSync(file, "\n")],
    [
      "a byte less at the end",
      (file) => truncateSync(file, readFileSync(file).length - 1),
    ],
    [
      "one letter changed, the length the same",
      (file) =>
        writeFileSync(
          file,
          readFileSync(file, "utf8").replace("/**\n", "/*!\n"),
        ),
    ],
    ["nothing in it", (file) => truncateSync(file, 0)],
  ])("%s", async (_, damage) => {
    const cwd = project();
    expect(await driftOf(cwd)).toEqual([]);
    damage(join(cwd, FILE));
    expect(await driftOf(cwd)).toEqual(["edited"]);
  });

  test("a file that is missing", async () => {
    const cwd = project();
    unlinkSync(join(cwd, FILE));
    expect(await driftOf(cwd)).toEqual(["missing"]);
  });

  test("a setting that has changed since", async () => {
    const cwd = project();
    const config = join(cwd, "adw.config.json");
    writeFileSync(
      config,
      readFileSync(config, "utf8").replace("{", '{ "websocket_port": 9002,'),
    );
    expect(await driftOf(cwd, "adws/adw_modules/adw_websockets.ts")).toEqual([
      "config",
    ]);
  });

  test("Windows line ends are no difference", async () => {
    const cwd = project();
    const file = join(cwd, FILE);
    writeFileSync(file, readFileSync(file, "utf8").replaceAll("\n", "\r\n"));
    expect(await driftOf(cwd)).toEqual([]);
  });

  test("bytes that are no text are refused", async () => {
    const cwd = project();
    appendFileSync(join(cwd, FILE), Buffer.from([0xff]));
    const { code, stderr } = await runCli(["check"], cwd);
    expect(code).toBe(1);
    expect(stderr).toContain("is not UTF-8 text");
  });

  test("a link to the very same text is refused", async () => {
    const cwd = project();
    const file = join(cwd, FILE);
    cpSync(file, join(cwd, "elsewhere.ts"));
    unlinkSync(file);
    symlinkSync(join(cwd, "elsewhere.ts"), file);
    const { code, stderr } = await runCli(["check"], cwd);
    expect(code).toBe(2);
    expect(stderr).toContain("symbolic link");
  });
});

describe("without the texts that the build made, everything is rendered", () => {
  const installed = () => join(shared(), "dist");
  const texts = () => join(installed(), "default-texts");

  function cutTexts(to: (length: number) => number) {
    for (const name of readdirSync(texts())) {
      const file = join(texts(), name);
      truncateSync(file, to(readFileSync(file).length));
    }
  }

  async function runCopy(cwd: string, ...parameters: string[]) {
    return run(
      process.execPath,
      [join(installed(), "cli.cjs"), ...parameters],
      { cwd },
    );
  }

  beforeEach(() => {
    rmSync(installed(), { recursive: true, force: true });
    cpSync(dirname(CLI), installed(), { recursive: true });
  });

  test.each<[string, () => void]>([
    ["missing", () => rmSync(texts(), { recursive: true })],
    ["cut short", () => cutTexts((length) => length - 1)],
    ["cut short in the table of their lengths", () => cutTexts(() => 20)],
    ["empty", () => cutTexts(() => 0)],
  ])("they are %s", async (_, damage) => {
    damage();
    const check = await runCopy(project(), "check");
    expect(check).toMatchObject({ code: 0, stderr: "" });
    expect(check.stdout).toMatch(/^In sync \d+ files\n$/);

    const again = join(folder(), "again", "all");
    mkdirSync(again, { recursive: true });
    const init = await runCopy(again, "init", "--yes", "--no-install");
    expect(init).toMatchObject({ code: 0, stderr: "" });
    expect(await snapshotFolder(again)).toEqual(
      await snapshotFolder(withAllModules()),
    );
  });
});

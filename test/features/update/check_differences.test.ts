/** `check` compares bytes where it can, and still sees what an owner would call a difference. */
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { runCli } from "../../helpers/cli.ts";
import {
  sharedTemporaryFolder,
  temporaryFolder,
} from "../../helpers/temporary-folder.ts";

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

describe("check finds every difference from what was written", () => {
  const FILE = "adws/adw_modules/adw_websockets.ts";

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

/** Ctrl-C while the package manager is at work. */
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CLI } from "../../helpers/cli.ts";
import { endAllProcesses, start } from "../../helpers/processes.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { hasTerminal, KEYS, openTerminal } from "../../helpers/terminal.ts";

const folder = temporaryFolder();
const WRITTEN = ["adw.config.json", "adw.lock.json", "adws", "package.json"];

/** An npm that says when it has begun, and goes on until it is told to stop. */
async function fakeNpm(): Promise<NodeJS.ProcessEnv> {
  await mkdir(join(folder(), "bin"));
  await mkdir(join(folder(), "project"));
  await writeFile(
    join(folder(), "bin/npm"),
    `#!${process.execPath}\nrequire("fs").writeFileSync("${join(folder(), "begun")}", String(process.pid));\nsetInterval(() => {}, 1000);\n`,
    { mode: 0o755 },
  );
  return {
    PATH: `${join(folder(), "bin")}:${process.env["PATH"]}`,
  };
}

const begun = async (): Promise<void> => {
  while (!(await readdir(folder())).includes("begun"))
    await new Promise((resolve) => setTimeout(resolve, 20));
};

afterEach(endAllProcesses);

// Where there is no pseudo-terminal to be had, the moving line goes untested.
const describeInTerminal = hasTerminal ? describe : describe.skip;

describeInTerminal("at a terminal", () => {
  test.each([80, 40])(
    "of %d columns it moves on one line; Ctrl-C ends both, with what to do",
    async (columns) => {
      const env = await fakeNpm();
      const terminal = openTerminal(
        `'${process.execPath}' '${CLI}' add adw_websockets`,
        { cwd: join(folder(), "project"), columns, env },
      );
      await terminal.shows("Installing ws");
      await begun();
      // The seconds come with a later frame: it has been drawn over the first.
      await terminal.shows(" 1 s");
      const lines = terminal
        .screen()
        .filter((line) => line.includes("Installing"));
      expect(lines).toHaveLength(1);
      terminal.press(KEYS.ctrlC);
      expect(await terminal.ended).toMatchObject({ code: 1 });
      const shown = terminal.screen().join("");
      expect(shown).toContain("error INSTALL_INTERRUPTED");
      expect(shown).toContain("The files are written.");
      expect(await readdir(join(folder(), "project"))).toEqual(WRITTEN);
    },
  );
});

test("SIGTERM ends the package manager first, and the files stay", async () => {
  const env = await fakeNpm();
  const running = start(process.execPath, [CLI, "add", "adw_websockets"], {
    cwd: join(folder(), "project"),
    env,
  });
  await begun();
  const { code, stderr } = await running.signal("SIGTERM");
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: expect.stringMatching(
      /^Installing ws.* …\nnpm could not install\nerror INSTALL_INTERRUPTED "npm i" was interrupted\n {2}→ The files are written\. To install what they need, run: npm i\n$/,
    ),
  });
  expect(await readdir(join(folder(), "project"))).toEqual(WRITTEN);
});

test("output that cannot be written is said on stderr, without a stack", async () => {
  const { code, stderr } = await start(
    "sh",
    ["-c", `'${process.execPath}' '${CLI}' list > /dev/full`],
    { cwd: folder() },
  ).ended;
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr:
      "error OUTPUT_FAILED cannot write to standard output: ENOSPC: no space left on device, write\n",
  });
});

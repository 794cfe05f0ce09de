import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { hookFindings } from "../../../../src/application/doctor/hooks.ts";
import { runCli } from "../../../helpers/cli.ts";
import { temporaryFolder } from "../../../helpers/temporary-folder.ts";

const folder = temporaryFolder();
const { HOME } = process.env;
afterEach(() => {
  process.env["HOME"] = HOME;
});

it("says of each installation what hooks status says", async () => {
  process.env["HOME"] = join(folder(), "home");
  await mkdir(join(folder(), "adws/adw_modules"), { recursive: true });
  await writeFile(join(folder(), "adws/adw_modules/adw_agents.ts"), "");
  await writeFile(join(folder(), "adw.config.json"), "{}\n");
  expect(await hookFindings(folder())).toEqual([]);

  const env = { HOME: process.env["HOME"] };
  await runCli(["hooks", "install", "claude"], folder(), env);
  const message = "Claude Code: .claude/settings.local.json to adws/.adw_spool";
  expect(await hookFindings(folder())).toEqual([
    { check: "hooks", status: "ok", message },
  ]);

  const file = join(folder(), ".claude/settings.local.json");
  const text = await readFile(file, "utf8");
  await writeFile(file, text.replace("{", '{ "disableAllHooks": true,'));
  expect(await hookFindings(folder())).toEqual([
    {
      check: "hooks",
      status: "problem",
      message: "Claude Code: disableAllHooks (.claude/settings.local.json)",
      fix: "Remove it from .claude/settings.local.json.",
    },
  ]);

  await writeFile(file, text.slice(0, -4));
  expect(await hookFindings(folder())).toMatchObject([
    {
      check: "hooks",
      status: "problem",
      message: expect.stringMatching(
        /^not valid JSON: .* \(\.claude\/settings\.local\.json:\d+:\d+\)$/,
      ),
    },
  ]);
});

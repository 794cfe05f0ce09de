/** `adw-scaffold hooks`, as a person runs it: in a project, in a home, beside settings of their own. */
import { execFileSync } from "node:child_process";
import {
  chmod,
  lstat,
  mkdir,
  readFile,
  realpath,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import { runCli } from "../../helpers/cli.ts";
import {
  snapshotFolder,
  temporaryFolder,
} from "../../helpers/temporary-folder.ts";

const folder = temporaryFolder();
const project = () => join(folder(), "shop");
const home = () => join(folder(), "home");

beforeEach(async () => {
  await put("shop/adw.config.json", "{}\n");
  await put("shop/adws/adw_modules/adw_agents.ts", "");
  await put("shop/README.md", "# shop\n");
  await mkdir(home());
  execFileSync("git", ["init", "-q", "."], { cwd: project() });
});

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(folder(), path)), { recursive: true });
  await writeFile(join(folder(), path), text);
}

const read = (path: string) => readFile(join(folder(), path), "utf8");

function cli(...parameters: string[]) {
  return runCli(parameters, project(), {
    HOME: home(),
    PATH: process.env["PATH"],
    XDG_STATE_HOME: "",
    CLAUDE_CONFIG_DIR: "",
    CODEX_HOME: "",
    ADW_INGEST_TOKEN: "",
  });
}

/** All but the repository's own files and the spool, which may stay. */
async function everything(): Promise<Record<string, string>> {
  const files = await snapshotFolder(folder());
  return Object.fromEntries(
    Object.entries(files).filter(
      ([path]) => !/\.git\/|\.adw_spool|\.local/.test(path),
    ),
  );
}

const OWN = `{
\t"model": "opus", // mine
\t"hooks": { "Stop": [] },
}
`;

describe("install", () => {
  it.each([
    [["claude", "codex", "gemini", "cursor"]],
    [["claude", "gemini", "--otel"]],
    [["claude", "codex", "gemini", "cursor", "--shared"]],
    [["claude", "codex", "gemini", "cursor", "--user"]],
    [["claude", "--http", "http://10.0.0.7:8765/"]],
  ])("%j, and uninstall, leave every file as it was", async (options) => {
    await put("shop/.claude/settings.local.json", OWN);
    await put("shop/.claude/settings.json", '{"permissions":{}}');
    await put("home/.gemini/settings.json", "{}\r\n");
    await put("shop/.gitignore", "node_modules");
    await chmod(join(project(), ".claude/settings.local.json"), 0o600);
    const before = await everything();
    const installed = await cli("hooks", "install", ...options);
    expect(installed).toMatchObject({ code: 0, stderr: "" });
    expect(await everything()).not.toEqual(before);
    const { mode } = await stat(join(project(), ".claude/settings.local.json"));
    expect(mode & 0o777).toBe(0o600);
    const again = await everything();
    await cli("hooks", "install", ...options);
    expect(await everything()).toEqual(again);
    const scope = options.filter((option) => /shared|user/.test(option));
    expect(await cli("hooks", "uninstall", ...scope)).toMatchObject({
      code: 0,
    });
    expect(await everything()).toEqual(before);
  });

  it("keeps personal settings out of git, and names them", async () => {
    const { stdout } = await cli("hooks", "install", "claude");
    expect(stdout).toContain(
      "Claude Code  .claude/settings.local.json  created  29 events\n",
    );
    expect(stdout).toContain("What they do goes to adws/.adw_spool,");
    const status = execFileSync("git", ["status", "--short", "-uall"], {
      cwd: project(),
      encoding: "utf8",
    });
    expect(status).toContain("adws/adw_modules/adw_agents.ts");
    expect(status).not.toMatch(/\.claude|spool/);
    expect(
      (await stat(join(project(), "adws/.adw_spool/new"))).mode & 0o777,
    ).toBe(0o700);
  });

  it("installs those that are on the machine, and says when there are none", async () => {
    const alone = { HOME: home(), PATH: "/usr/bin:/bin", XDG_STATE_HOME: "" };
    const none = await runCli(["hooks", "install"], project(), alone);
    expect(none).toMatchObject({ code: 1, stdout: "" });
    expect(none.stderr).toContain(
      "error NO_AGENT no coding agent was found here",
    );
    await mkdir(join(home(), ".codex"));
    const { stdout } = await runCli(
      ["hooks", "install", "--json"],
      project(),
      alone,
    );
    expect(JSON.parse(stdout).files).toEqual([
      {
        agent: "codex",
        scope: "personal",
        path: ".codex/hooks.json",
        action: "create",
        events: 12,
      },
    ]);
  });

  it("changes nothing with --dry-run", async () => {
    const before = await everything();
    const { stdout } = await cli("hooks", "install", "claude", "--dry-run");
    expect(stdout).toContain("would be created");
    expect(await everything()).toEqual(before);
  });

  it("does not put one person's hooks into a file that git has", async () => {
    await put("shop/.gemini/settings.json", "{}\n");
    execFileSync("git", ["add", ".gemini"], { cwd: project() });
    const refused = await cli("hooks", "install", "claude", "gemini");
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toContain(
      "error SETTINGS_COMMITTED .gemini/settings.json is in git, for everybody",
    );
    expect(await read("shop/.gemini/settings.json")).toBe("{}\n");
    await mkdir(join(home(), ".gemini"));
    const { stdout } = await cli("hooks", "install");
    expect(stdout).toMatch(/Gemini CLI .*left alone\n {2}.*--shared/);
  });

  it("fails where it could install nothing", async () => {
    await put("shop/.gemini/settings.json", "{}\n");
    execFileSync("git", ["add", ".gemini"], { cwd: project() });
    await mkdir(join(home(), ".gemini"));
    const env = { HOME: home(), PATH: "/usr/bin:/bin", XDG_STATE_HOME: "" };
    const { code, stdout } = await runCli(["hooks", "install"], project(), env);
    expect(code).toBe(1);
    expect(stdout).toContain("left alone");
    expect(stdout).not.toContain("What they do goes to");
  });

  it("puts no path of this machine into a shared file, and no token anywhere", async () => {
    await put("shop/adws/.adw_ingest_token", "secret-token-1234\n");
    await cli(
      "hooks",
      "install",
      "claude",
      "codex",
      "gemini",
      "cursor",
      "--shared",
      "--otel",
    );
    for (const path of [
      ".claude/settings.json",
      ".codex/hooks.json",
      ".gemini/settings.json",
      ".cursor/hooks.json",
    ]) {
      const text = await read(`shop/${path}`);
      expect(text).not.toContain(folder());
      expect(text).not.toContain("secret-token");
    }
    await cli("hooks", "install", "claude", "--http", "https://log.corp.test");
    const settings = JSON.parse(await read("shop/.claude/settings.local.json"));
    expect(settings.hooks.Stop[0].hooks[0]).toMatchObject({
      type: "http",
      url: "https://log.corp.test/hooks/claude",
      headers: { Authorization: "Bearer $ADW_INGEST_TOKEN" },
      allowedEnvVars: ["ADW_INGEST_TOKEN"],
      timeout: 1,
    });
    expect(settings.hooks.SessionStart[0].hooks[0].type).toBe("command");
  });

  it("gives every handler a short time, and waits only for the last", async () => {
    await cli("hooks", "install", "claude", "gemini");
    const { hooks } = JSON.parse(
      await read("shop/.claude/settings.local.json"),
    );
    for (const event of ["MessageDisplay", "WorktreeCreate", "PostToolBatch"])
      expect(hooks).not.toHaveProperty(event);
    for (const [event, [group]] of Object.entries<
      { hooks: { timeout: number; async?: boolean }[] }[]
    >(hooks)) {
      const [handler] = group?.hooks ?? [];
      expect(handler?.timeout).toBeLessThanOrEqual(2);
      expect([event, handler?.async]).toEqual([
        event,
        ["Setup", "Stop", "StopFailure", "SessionEnd"].includes(event)
          ? undefined
          : true,
      ]);
    }
    const gemini = JSON.parse(await read("shop/.gemini/settings.json"));
    expect(gemini.hooks.BeforeTool[0].hooks[0].timeout).toBe(2_000);
    for (const event of ["BeforeModel", "AfterModel", "BeforeToolSelection"])
      expect(gemini.hooks).not.toHaveProperty(event);
  });

  it("refuses broken settings with line and column, and writes nothing", async () => {
    await put("shop/.gemini/settings.json", '{\n  "a": 1\n  "b": 2\n}');
    const before = await everything();
    const refused = await cli("hooks", "install", "claude", "gemini", "--json");
    expect(refused.code).toBe(2);
    expect(JSON.parse(refused.stderr).error).toEqual({
      code: "JSON_INVALID",
      message: "not valid JSON: a comma is missing",
      file: ".gemini/settings.json",
      line: 3,
      column: 3,
      hint: "Nothing was changed. Correct the file at this place.",
    });
    expect(await everything()).toEqual(before);
  });

  it("follows a link inside the project, and refuses one that leads out", async () => {
    await put("shop/config/claude.json", "{}\n");
    await mkdir(join(project(), ".claude"));
    await symlink(
      "../config/claude.json",
      join(project(), ".claude/settings.local.json"),
    );
    expect(await cli("hooks", "install", "claude")).toMatchObject({ code: 0 });
    expect(await read("shop/config/claude.json")).toContain(
      "adw-scaffold-hook",
    );
    const link = join(project(), ".claude/settings.local.json");
    expect((await lstat(link)).isSymbolicLink()).toBe(true);
    expect(await cli("hooks", "uninstall")).toMatchObject({ code: 0 });
    expect(await read("shop/config/claude.json")).toBe("{}\n");
    expect((await lstat(link)).isSymbolicLink()).toBe(true);
    await put("elsewhere/hooks.json", "{}\n");
    await symlink(join(folder(), "elsewhere"), join(project(), ".codex"));
    const refused = await cli("hooks", "install", "codex");
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.stderr).toContain("error PATH_SYMLINK");
    expect(await read("elsewhere/hooks.json")).toBe("{}\n");
  });

  it("leaves settings alone that their owner has made read-only", async () => {
    await put("shop/.claude/settings.local.json", OWN);
    const file = join(project(), ".claude/settings.local.json");
    await chmod(file, 0o444);
    const before = await everything();
    for (const more of [[], ["--dry-run"]]) {
      const refused = await cli("hooks", "install", "claude", "codex", ...more);
      expect(refused).toMatchObject({ code: 1, stdout: "" });
      expect(refused.stderr).toContain(
        `error SETTINGS_READ_ONLY ${await realpath(file)} is read-only`,
      );
      expect(refused.stderr).toContain("chmod u+w ");
    }
    expect(await everything()).toEqual(before);
    expect((await stat(file)).mode & 0o777).toBe(0o444);
    await chmod(file, 0o644);
    await cli("hooks", "install", "claude");
    const installed = await everything();
    await chmod(file, 0o444);
    expect(await cli("hooks", "uninstall")).toMatchObject({ code: 1 });
    expect(await everything()).toEqual(installed);
  });

  it("spools for the user with --user, and where there is no project", async () => {
    await cli("hooks", "install", "claude", "--user");
    expect(await read("home/.claude/settings.json")).toContain(
      "XDG_STATE_HOME",
    );
    const spool = join(home(), ".local/state/adw-scaffold/spool");
    expect((await stat(join(spool, "tmp"))).isDirectory()).toBe(true);
    // A project whose server does not hear agents has no reader for a spool.
    await rm(join(project(), "adws/adw_modules/adw_agents.ts"));
    expect((await cli("hooks", "install", "gemini")).stdout).toContain(
      "What they do goes to ~/.local/state/adw-scaffold/spool",
    );
    const elsewhere = join(folder(), "plain");
    await mkdir(elsewhere);
    const { stdout } = await runCli(["hooks", "install", "codex"], elsewhere, {
      HOME: home(),
    });
    expect(stdout).toContain(
      "What they do goes to ~/.local/state/adw-scaffold/spool",
    );
  });
});

describe("wrong usage", () => {
  it.each([
    [["hooks"], "hooks needs install, uninstall or status"],
    [["hooks", "instal"], 'Did you mean "install"?'],
    [["hooks", "install", "cluade"], 'Did you mean "claude"?'],
    [
      ["hooks", "install", "--shared", "--user"],
      "--shared and --user contradict each other",
    ],
    [
      ["hooks", "install", "codex", "--http", "http://x"],
      "Codex cannot call a server by hooks",
    ],
    [
      ["hooks", "install", "claude", "--http", "http://u:p@x"],
      "is not the URL of a server",
    ],
  ])("%j", async (parameters, words) => {
    const { code, stderr } = await cli(...parameters);
    expect(code).toBe(2);
    expect(stderr).toContain(words);
  });
});

describe("uninstall", () => {
  it("takes its lines out of .gitignore, and leaves those that others put below", async () => {
    await put("shop/.gitignore", "node_modules\n");
    await cli("hooks", "install", "claude", "codex");
    await put("shop/.gitignore", `${await read("shop/.gitignore")}/dist\n`);
    await cli("hooks", "uninstall");
    expect(await read("shop/.gitignore")).toBe("node_modules\n/dist\n");
  });

  it("takes --otel outside a project, where an install needs a server", async () => {
    const plain = join(folder(), "plain");
    await mkdir(plain);
    const run = (...words: string[]) =>
      runCli(["hooks", ...words, "--otel"], plain, { HOME: home() });
    expect(await run("install", "claude")).toMatchObject({ code: 2 });
    expect(await run("uninstall", "claude")).toMatchObject({ code: 0 });
  });

  it("says where else there are hooks", async () => {
    await cli("hooks", "install", "claude", "--user");
    const { code, stdout } = await cli("hooks", "uninstall");
    expect(code).toBe(0);
    expect(stdout).toContain("No hooks of adw-scaffold are installed here.");
    expect(stdout).toContain(
      "~/.claude/settings.json has hooks too: adw-scaffold hooks uninstall claude --user",
    );
  });
});

describe("status", () => {
  it("says that nothing is installed", async () => {
    const { code, stdout } = await cli("hooks", "status");
    expect(code).toBe(1);
    expect(stdout).toContain(
      "No hooks are installed here. Install them: adw-scaffold hooks install",
    );
  });

  it("says where hooks are, where they go, and when something was heard", async () => {
    await cli("hooks", "install", "claude");
    const settings = JSON.parse(await read("shop/.claude/settings.local.json"));
    execFileSync("sh", ["-c", settings.hooks.Stop[0].hooks[0].command], {
      input: "{}\n",
    });
    const [name = ""] = Object.keys(
      await snapshotFolder(join(project(), "adws/.adw_spool/new")),
    );
    const at = new Date("2026-01-31T12:00:00Z");
    await utimes(join(project(), "adws/.adw_spool/new", name), at, at);
    const { code, stdout } = await cli("hooks", "status");
    expect(stdout).toBe(
      "Claude Code  last heard 2026-01-31 12:00:00 UTC\n" +
        "  .claude/settings.local.json: 29 events to adws/.adw_spool\n" +
        "  what hooks cost is not measured (Claude Code tells it with adw-scaffold hooks install claude --otel)\n",
    );
    expect(code).toBe(0);
  });

  it("names what silences Claude Code, and the fix", async () => {
    await cli("hooks", "install", "claude");
    await put(
      "home/.claude/settings.json",
      '{ "disableAllHooks": true } // for now\n',
    );
    await put("home/.claude.json", JSON.stringify({ projects: {} }));
    const { code, stdout } = await cli("hooks", "status", "claude");
    expect(code).toBe(1);
    expect(stdout).toContain(
      "silent  disableAllHooks (~/.claude/settings.json)",
    );
    expect(stdout).toContain("→ Remove it from ~/.claude/settings.json.");
    expect(stdout).toContain(
      "note  Claude Code was not told yet that this folder is trusted",
    );
  });

  it("knows what Codex trusts, and that a changed hook asks again", async () => {
    await cli("hooks", "install", "codex");
    const file = join(project(), ".codex/hooks.json");
    const { hooks } = JSON.parse(await readFile(file, "utf8"));
    const { codexHookHash, codexHookKey } =
      await import("../../../src/domain/hooks/codex-trust.ts");
    const states = Object.entries<{ hooks: object[] }[]>(hooks).map(
      ([event, [group]]) => {
        const [handler = {}] = group?.hooks ?? [];
        return `[hooks.state.${JSON.stringify(codexHookKey(file, event, 0, 0))}]\ntrusted_hash = "${codexHookHash(event, handler)}"\n`;
      },
    );
    const trust = `[projects.${JSON.stringify(project())}]\ntrust_level = "trusted"\n\n`;
    await put("home/.codex/config.toml", trust + states.join("\n"));
    expect(await cli("hooks", "status", "codex")).toMatchObject({ code: 0 });
    await put(
      "home/.codex/config.toml",
      trust + states.join("\n").replace(/"sha256:\w/, '"sha256:x'),
    );
    const { stdout } = await cli("hooks", "status", "codex");
    expect(stdout).toContain("silent  1 of 12 hooks are changed since");
    expect(stdout).toContain(
      "→ Type /hooks in Codex, and trust those of adw-scaffold.",
    );
  });

  it("finds a server that does not answer, and URLs that are not allowed", async () => {
    await cli("hooks", "install", "claude", "--http", "http://127.0.0.1:9");
    await put(
      "shop/.claude/settings.json",
      JSON.stringify({
        allowedHttpHookUrls: ["https://*.corp.test/*"],
        httpHookAllowedEnvVars: [],
      }),
    );
    const { code, stdout } = await cli("hooks", "status", "claude", "--json");
    expect(code).toBe(1);
    const [{ installed }] = JSON.parse(stdout).agents;
    expect(installed[0]).toMatchObject({
      reachable: false,
      problem: "http://127.0.0.1:9 does not answer",
    });
    expect(
      installed[0].silenced_by.map(({ what }: { what: string }) => what),
    ).toEqual([
      "allowedHttpHookUrls does not have http://127.0.0.1:9/hooks/claude",
      "httpHookAllowedEnvVars does not have ADW_INGEST_TOKEN",
      "ADW_INGEST_TOKEN is not set here",
    ]);
  });

  it.each([[["--shared", "--otel"]], [["--user"]]])(
    "names a fix for what was installed with %j",
    async (options) => {
      await cli("hooks", "install", "claude", ...options);
      await rm(join(project(), "adws/.adw_spool"), {
        recursive: true,
        force: true,
      });
      await rm(join(home(), ".local"), { recursive: true, force: true });
      const path = options.includes("--user")
        ? "home/.claude/settings.json"
        : "shop/.claude/settings.json";
      const settings = JSON.parse(await read(path));
      delete settings.hooks.Stop;
      await put(path, JSON.stringify(settings));
      const { stdout } = await cli("hooks", "status", "claude");
      const fix = `→ Run: adw-scaffold hooks install claude ${options.join(" ")}\n`;
      expect(stdout.split(fix)).toHaveLength(3);
    },
  );

  it("asks the log of watch, which empties the user's spool", async () => {
    await cli("hooks", "install", "claude", "--user");
    expect((await cli("hooks", "status", "claude")).stdout).toContain(
      "nothing heard yet",
    );
    const log = join(home(), ".local/state/adw-scaffold/watch.db");
    await writeFile(log, "");
    const sqlite = await import("node:sqlite").catch(() => undefined);
    if (sqlite !== undefined) {
      const database = new sqlite.DatabaseSync(log);
      database.exec(
        `CREATE TABLE event_stream (seq INTEGER PRIMARY KEY, source, timestamp);
         INSERT INTO event_stream VALUES (1, 'claude-code', '2026-01-31T12:00:00.000Z')`,
      );
      database.close();
    }
    expect((await cli("hooks", "status", "claude")).stdout).toContain(
      sqlite === undefined
        ? "not known when it was last heard (needs Node 22.13)"
        : "last heard 2026-01-31 12:00:00 UTC",
    );
  });

  it("finds a spool that has gone", async () => {
    await cli("hooks", "install", "gemini");
    await put(
      "home/.gemini/trustedFolders.json",
      JSON.stringify({ [project()]: "TRUST_FOLDER" }),
    );
    execFileSync("rm", ["-r", join(project(), "adws/.adw_spool")]);
    const { code, stdout } = await cli("hooks", "status", "gemini");
    expect(code).toBe(1);
    expect(stdout).toContain(
      "silent  there is no spool folder adws/.adw_spool\n          → Run: adw-scaffold hooks install",
    );
  });
});

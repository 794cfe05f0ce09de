/** `adw-scaffold watch --once`: what the coding agents on this machine did. */
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { CLI, runCli, runProcess } from "../../helpers/cli.ts";
import { currentNode, IS_CURRENT_NODE } from "../../helpers/current-node.ts";
import { noLocks } from "../../helpers/no-locks.ts";
import { bound, run } from "../../helpers/processes.ts";
import { hashFolder, temporaryFolder } from "../../helpers/temporary-folder.ts";
import {
  append,
  CLAUDE_TURN_TOKENS,
  claudeFile,
  claudeTurn,
  CODEX_TURN_TOKENS,
  codexFile,
  codexTurn,
  GEMINI_TURN_TOKENS,
  geminiFile,
  geminiTurn,
  homeAlone,
  OPENCODE_TURN_TOKENS,
  openCodeFile,
  writeClaudeSubagent,
  writeGeminiRoot,
  writeOpenCode,
} from "../../helpers/transcripts.ts";

jest.setTimeout(120_000);

const node = currentNode();
const home = temporaryFolder();
const MINUTE = 60_000;
const ago = (minutes: number) => Date.now() - minutes * MINUTE;
const CODEX_ID = "0199aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee";
const GEMINI_ID = "5f0c6a1e-1111-2222-3333-444455556666";

/** The command, in a home of its own: no variable of the agents is set. */
function watch(
  parameters: readonly string[],
  env: NodeJS.ProcessEnv = {},
  binary = node ?? process.execPath,
) {
  return runCli(
    ["watch", ...parameters],
    home(),
    { ...homeAlone(home()), ...env },
    { node: binary },
  );
}

interface Session {
  session_id: string;
  [key: string]: unknown;
}

async function sessions(
  parameters: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<Map<string, Session>> {
  const { code, stdout, stderr } = await watch(
    ["--once", "--json", ...parameters],
    env,
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const object: { sessions: Session[] } = JSON.parse(stdout);
  return new Map(object.sessions.map((each) => [each.session_id, each]));
}

/** One session of each agent. */
function writeAll(root = home()): void {
  const claude = { session: "c1", cwd: "/tmp/shop", at: ago(5) };
  append(claudeFile(root, claude), claudeTurn(claude));
  const codex = { session: CODEX_ID, cwd: "/tmp/bank", at: ago(4) };
  append(codexFile(root, codex), codexTurn(codex));
  const gemini = { session: GEMINI_ID, at: ago(3) };
  append(geminiFile(root, gemini), geminiTurn(gemini));
  writeGeminiRoot(root, "/tmp/zoo");
  const opencode = { session: "ses_1", cwd: "/tmp/farm", at: ago(2) };
  writeOpenCode(openCodeFile(root), opencode);
}

describe("the command line", () => {
  test.each([
    [
      ["--since", "soon"],
      'error USAGE --since must be an age or a date, not "soon"\n  → For example --since 30m, --since 12h, --since 7d or --since 2026-11-20.\n',
    ],
    [
      ["--port", "99999"],
      'error USAGE --port must be a number from 0 to 65535, not "99999"\n  → 0 takes any free port.\n',
    ],
    [
      ["--once", "--open"],
      "error USAGE --once starts no server, so --open is of no use\n  → Leave out --once or --open.\n",
    ],
  ])("watch %s is refused", async (parameters, message) => {
    const { code, stdout, stderr } = await watch(
      parameters,
      {},
      process.execPath,
    );
    expect({ code, stdout, stderr }).toEqual({
      code: 2,
      stdout: "",
      stderr: message,
    });
  });

  (IS_CURRENT_NODE ? describe.skip : describe)("on an older Node", () => {
    test("it is refused, with the way out", async () => {
      const { code, stdout, stderr } = await watch([], {}, process.execPath);
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(stderr).toBe(
        `error NODE_TOO_OLD watch needs Node 22.13 or later, for its SQLite; this is ${process.versions.node}\n  → With a Node for this run alone: npx --yes --package=node@24 --package=adw-scaffold adw-scaffold watch\n`,
      );
    });
  });

  test("--dry-run says where it would look", async () => {
    const { code, stdout } = await watch(["--dry-run"], {}, process.execPath);
    expect(code).toBe(0);
    expect(stdout).toContain(
      `Claude Code  ${home()}/.claude/projects (not there)\n`,
    );
    expect(stdout).toContain(`${home()}/.local/state/adw-scaffold`);
  });
});

(node === undefined ? describe.skip : describe)("watch --once", () => {
  test("prints the sessions of all four agents, with what they used", async () => {
    writeAll();
    const found = await sessions();
    expect([...found.keys()]).toEqual(["ses_1", GEMINI_ID, CODEX_ID, "c1"]);
    expect(found.get("c1")).toMatchObject({
      source: "claude-code",
      project: "shop",
      cwd: "/tmp/shop",
      branch: "main",
      model: "claude-opus-5-5",
      title: "Say hi",
      status: "idle",
      subagents: 0,
      ...CLAUDE_TURN_TOKENS,
      // (20 × 4 + 80 × 20 + 6,000 × 0.2 + 400 × 5) / 1,000,000
      cost_usd: 0.00488,
      cost_source: "estimated",
    });
    expect(found.get(CODEX_ID)).toMatchObject({
      source: "codex",
      project: "bank",
      model: "gpt-5.5-codex",
      title: "List the files",
      ...CODEX_TURN_TOKENS,
    });
    expect(found.get(GEMINI_ID)).toMatchObject({
      source: "gemini-cli",
      project: "zoo",
      status: "idle",
      model: "gemini-2.5-pro",
      title: "What is here?",
      ...GEMINI_TURN_TOKENS,
    });
    expect(found.get("ses_1")).toMatchObject({
      source: "opencode",
      project: "farm",
      model: "claude-opus-5-5",
      title: "Look around",
      status: "idle",
      ...OPENCODE_TURN_TOKENS,
      cost_usd: 0.25,
      cost_source: "reported",
    });
  });

  test("counts a subagent with its session, and a session once however many files tell of it", async () => {
    const turn = { session: "c1", cwd: "/tmp/shop", at: ago(5) };
    append(claudeFile(home(), turn), claudeTurn(turn));
    writeClaudeSubagent(home(), turn, "x1", "toolu_c1_1");
    const found = await sessions();
    expect([...found.keys()]).toEqual(["c1"]);
    expect(found.get("c1")).toMatchObject({
      subagents: 1,
      tokens_input: 2 * CLAUDE_TURN_TOKENS.tokens_input,
      tokens_output: 2 * CLAUDE_TURN_TOKENS.tokens_output,
    });
  });

  test("changes nothing that belongs to an agent", async () => {
    writeAll();
    const before = await hashFolder(home());
    await sessions();
    const after = await hashFolder(home());
    const isOurs = (path: string) => path.startsWith(".local/state/");
    expect(
      Object.fromEntries(
        Object.entries(after).filter(([path]) => !isOurs(path)),
      ),
    ).toEqual(before);
  });

  test("--no-open is what it does", async () => {
    expect((await watch(["--once", "--no-open"])).code).toBe(0);
  });

  test("leaves out what is older than --since", async () => {
    const old = { session: "old", cwd: "/tmp/shop", at: ago(120) };
    const young = { session: "young", cwd: "/tmp/shop", at: ago(5) };
    append(claudeFile(home(), old), claudeTurn(old));
    append(claudeFile(home(), young), claudeTurn(young));
    expect([...(await sessions(["--since", "1h"])).keys()]).toEqual(["young"]);
    expect([...(await sessions(["--since", "3h"])).keys()]).toEqual([
      "young",
      "old",
    ]);
  });

  test("counts nothing twice when a file grows, is cut off in a line, replaced or gone", async () => {
    const turn = { session: "c1", cwd: "/tmp/shop", at: ago(9) };
    const file = claudeFile(home(), turn);
    const one = CLAUDE_TURN_TOKENS.tokens_output;
    const two = 2 * one;
    const output = async () => (await sessions()).get("c1")?.["tokens_output"];
    append(file, claudeTurn(turn));
    const second = claudeTurn({ ...turn, at: ago(5) }, 2);
    const text = second.map((line) => `${JSON.stringify(line)}\n`).join("");
    // Within its second line: the first answer is not there yet.
    appendFileSync(file, text.slice(0, text.indexOf("\n") + 100));
    expect(await output()).toBe(one);
    appendFileSync(file, text.slice(text.indexOf("\n") + 100));
    expect(await output()).toBe(two);
    // Rotated: another file with the same lines, and more of them.
    writeFileSync(
      `${file}.new`,
      [...claudeTurn(turn), ...second]
        .map((line) => `${JSON.stringify(line)}\n`)
        .join(""),
    );
    renameSync(`${file}.new`, file);
    expect(await output()).toBe(two);
  });

  test("reads where the variables of the agents point, and keeps its own where XDG_STATE_HOME does", async () => {
    writeAll(join(home(), "elsewhere"));
    const at = (path: string) => join(home(), "elsewhere", path);
    const found = await sessions([], {
      CLAUDE_CONFIG_DIR: at(".claude"),
      CODEX_HOME: at(".codex"),
      GEMINI_CLI_HOME: at("."),
      XDG_DATA_HOME: at(".local/share"),
      XDG_STATE_HOME: at("state"),
    });
    expect(found.size).toBe(4);
    rmSync(join(home(), "elsewhere"), { recursive: true });
    expect(await hashFolder(home())).toEqual({});
  });

  test("a home without any agent: where it looked, and how to go on", async () => {
    const { code, stdout } = await watch(["--once"]);
    expect(code).toBe(0);
    expect(stdout).toBe(
      `No session of a coding agent since 7d. Looked in:
  Claude Code  ${home()}/.claude/projects (not there)
  Codex        ${home()}/.codex/sessions (not there)
  Gemini CLI   ${home()}/.gemini/tmp (not there)
  OpenCode     ${home()}/.local/share/opencode/opencode.db (not there)
Start one of them, and run this again. Older sessions: --since 30d.
`,
    );
    expect((await sessions()).size).toBe(0);
  });

  test("the table says what a number is worth", async () => {
    writeAll();
    const { code, stdout } = await watch(["--once"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^project  agent +status +active  model +tokens +cost  title$/m,
    );
    expect(stdout).toMatch(
      /^farm +opencode +idle +\dm ago  claude-opus-5-5 +1\.0k +\$0\.25  Look around$/m,
    );
    expect(stdout).toMatch(/^shop +claude .* ~\$0\.0049  Say hi$/m);
    expect(stdout).toMatch(/^bank +codex .* \?  List the files$/m);
    expect(stdout).toMatch(
      /\n4 sessions, .* tokens, ≥ \$0\.26\n~ by the price table\n\? no known price\n$/,
    );
  });
});

(node === undefined ? describe.skip : describe)(
  "what watch cannot work with is refused, with a way out",
  () => {
    const state = (name = "") =>
      join(home(), ".local/state/adw-scaffold", name);
    const ways = [["--once"], ["--port", "0"]];

    test.each(ways)("a home that is none: %s", async (...parameters) => {
      const { code, stderr } = await watch(parameters, { HOME: "/dev/null" });
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr:
          "error STATE_UNUSABLE cannot keep anything in /dev/null/.local/state/adw-scaffold: ENOTDIR: not a directory, mkdir '/dev/null/.local/state/adw-scaffold'\n  → Set XDG_STATE_HOME to a folder.\n",
      });
    });

    test("a folder that cannot be made, wherever that is", async () => {
      const root = process.platform === "linux" ? "/proc" : "/dev/null";
      const env = { XDG_STATE_HOME: `${root}/none` };
      const { code, stderr } = await watch(["--once"], env);
      expect(code).toBe(1);
      expect(stderr).toContain(`cannot keep anything in ${root}/none/`);
    });

    test.each(ways)("a file for a folder: %s", async (...parameters) => {
      const file = join(home(), "file");
      writeFileSync(file, "");
      const env = { XDG_STATE_HOME: file };
      const { code, stderr } = await watch(parameters, env);
      expect(code).toBe(1);
      expect(stderr).toContain("error STATE_UNUSABLE ");
      expect(stderr).toContain("→ Set XDG_STATE_HOME to a folder.\n");
    });

    test.each(ways)(
      "a home that cannot be written: %s",
      async (...parameters) => {
        chmodSync(home(), 0o500);
        const command = [node ?? process.execPath, CLI, "watch", ...parameters];
        const { program, parameters: others } = bound(...command);
        const { code, stderr } = await run(program, others, {
          cwd: home(),
          env: homeAlone(home()),
        });
        chmodSync(home(), 0o700);
        expect(code).toBe(1);
        expect(stderr).toContain("error STATE_UNUSABLE ");
        expect(stderr).toContain("→ Check who owns the folder");
      },
    );

    test.each(ways)("a damaged database: %s", async (...parameters) => {
      mkdirSync(state(), { recursive: true });
      writeFileSync(state("watch.db"), "no database ".repeat(500), {
        mode: 0o600,
      });
      const { code, stderr } = await watch(parameters);
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: `error DATABASE_DAMAGED ${state("watch.db")}: file is not a database\n  → Move that file in ${state().replace(/\/$/, "")} away: it is made anew from what the agents wrote.\n`,
      });
    });

    test.each([
      ["ENOLCK", "watch.lock cannot be locked: database is locked"],
      ["EPERM", "watch.lock: access permission denied"],
    ] as const)("a file system without locks: %s", async (errno, why) => {
      const fileSystem = noLocks(errno);
      const env = { ...homeAlone(home()), ...fileSystem.environment };
      // A process of its own: only a new one loads the library.
      const parameters = ["watch", "--once"];
      const { code, stderr } = await runProcess(parameters, home(), env, {
        node: node ?? "",
      });
      fileSystem.remove();
      const folder = state().replace(/\/$/, "");
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: `error STATE_UNUSABLE cannot keep anything in ${folder}: ${folder}/${why}\n  → Set XDG_STATE_HOME to a folder on a disk of this machine.\n`,
      });
      expect(readdirSync(folder)).toEqual(["watch.lock"]);
    });

    test("a token that is none", async () => {
      const { code, stderr } = await watch(["--port", "0"], {
        ADW_TOKEN: "a b",
      });
      expect({ code, stderr }).toEqual({
        code: 2,
        stderr:
          'error TOKEN_INVALID ADW_TOKEN must hold 1 to 512 letters, digits, "-", "_", "." or "~", and nothing else\n  → Correct the variable, or unset it: watch makes a token of its own.\n',
      });
    });

    test("a second one while another reads for long", async () => {
      mkdirSync(state(), { recursive: true });
      const program = join(dirname(CLI), "watch/adw_modules/watch.js");
      // As one that reads: it has the lock, and has not said where it is.
      const script = `
        const { DatabaseSync } = require("node:sqlite");
        const [program, folder] = process.argv.slice(1);
        const lock = new DatabaseSync(folder + "/watch.lock");
        lock.exec("BEGIN EXCLUSIVE");
        // The clock is set back while it waits.
        let now = Date.now();
        Date.now = () => (now -= 60_000);
        import(program)
          .then(({ listSessions }) => listSessions({ folder, since: 0, lockWaitMs: 200 }))
          .catch(({ code, message }) => console.log(code, message))
          .then(() => lock.close());`;
      const args = ["-e", script, program, state()];
      const { stdout } = await run(node ?? "", args, {
        cwd: home(),
        env: { HOME: home() },
      });
      expect(stdout).toBe(
        `WATCH_BUSY another process holds ${state("watch.lock")}\n`,
      );
    });
  },
);

/** The command that hooks run, in every shell that is here, with what an agent may give it. */
import { spawn, spawnSync } from "node:child_process";
import {
  chmod,
  mkdir,
  readdir,
  readFile,
  stat,
  writeFile,
} from "node:fs/promises";
import { join, win32 } from "node:path";
import { userSpool } from "../../../../src/domain/state-folder.ts";
import {
  inPosixShell,
  namedFolder,
  posixCommand,
  powershellCommand,
  type SpoolPlace,
} from "../../../../src/domain/hooks/spool-command.ts";
import { temporaryFolder } from "../../../helpers/temporary-folder.ts";

const folder = temporaryFolder();
const MARKER =
  "adw-scaffold-hook 1 empty=hooks,hooks.Stop+ url=http://127.0.0.1:1";

/** ADW_TEST_SHELLS names more of them, separated by spaces: /x/zsh "/x/busybox sh". */
const SHELLS = [
  ["sh"],
  ["dash"],
  ["bash"],
  ["bash", "--posix"],
  ["zsh"],
  ["busybox", "sh"],
  ["mksh"],
  ["ksh"],
  ["yash"],
  ...(process.env["ADW_TEST_SHELLS"] ?? "")
    .split(",")
    .filter((text) => text !== "")
    .map((text) => text.split(" ")),
].filter(([program = "", ...options]) => {
  // Debian's sh is its dash, which does not look at how it is called.
  if (program === "sh" && programOf("sh") === programOf("dash")) return false;
  const { status } = spawnSync(program, [...options, "-c", "exit 7"]);
  return status === 7;
});

/** The file that runs under this name. */
function programOf(name: string): string {
  const { stdout } = spawnSync("sh", [
    "-c",
    'readlink -f "$(command -v "$1")"',
    "sh",
    name,
  ]);
  return stdout.toString() || name;
}

interface Ended {
  code: number | null;
  output: string;
  /** Whether the agent could not write all of the payload. */
  isPipeBroken: boolean;
}

function run(
  [program = "", ...options]: readonly string[],
  command: string,
  payload: string | Buffer,
  {
    env = {},
    cwd = folder(),
    user,
  }: { env?: NodeJS.ProcessEnv; cwd?: string; user?: number } = {},
): Promise<Ended> {
  const child = spawn(program, [...options, "-c", command], {
    cwd,
    // bash reads .bashrc of the home where its input is a socket, as here.
    env: { PATH: process.env["PATH"], HOME: folder(), ...env },
    ...(user === undefined ? {} : { uid: user, gid: user }),
  });
  let output = "";
  let isPipeBroken = false;
  child.stdout.on("data", (chunk) => (output += String(chunk)));
  child.stderr.on("data", (chunk) => (output += String(chunk)));
  child.stdin.on("error", () => (isPipeBroken = true));
  child.stdin.end(payload);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      resolve({ code, output, isPipeBroken });
    });
  });
}

async function makeSpool(path: string): Promise<string> {
  for (const name of ["tmp", "new"])
    await mkdir(join(path, name), { recursive: true, mode: 0o700 });
  return path;
}

const at = (path: string): SpoolPlace => ({ kind: "folder", path });
const SILENT: Ended = { code: 0, output: "", isPipeBroken: false };

/** Gemini CLI does this to every text of its settings, with its own environment. */
function afterGemini(
  text: string,
  env: Readonly<Record<string, string>>,
): string {
  return text.replaceAll(
    /\$(?:(\w+)|\{([^}]+?)(?::-([^}]*))?\})/g,
    (all: string, plain?: string, braced?: string, other?: string) =>
      env[plain ?? braced ?? ""] ?? other ?? all,
  );
}

const PAYLOADS: readonly (readonly [string, string | Buffer])[] = [
  ["one line and its line end", '{"hook_event_name":"Stop"}\n'],
  ["no line end", '{"a":1}'],
  ["several line ends at the end", '{"a":1}\n\n\n'],
  ["quotes", `{"a":"it's \\"so\\" ''"}`],
  [
    "what shells expand",
    '{"a":"$HOME ${HOME} $(id) `id` %s %d \\\\n ~ * ? !! ; & | > <"}',
  ],
  ["two megabytes", JSON.stringify({ a: "x".repeat(2 * 1024 * 1024) })],
  [
    "bytes that are no text",
    Buffer.from([0, 255, 254, 10, 0, 37, 36, 96, 13, 10]),
  ],
  ["nothing", ""],
  ["other languages", '{"a":"Zoë 你好 🚀"}'],
];

const PATHS = [
  "plain",
  "with blanks  in it",
  `it's "quoted" 'twice'`,
  "$HOME $(id) `id` %s",
  "Zoë 你好 🚀",
  "back\\slash\\n",
  "-n",
  "a;b&c|d>e",
  "line\nend",
];

test("there is a shell", () => {
  expect(SHELLS.length).toBeGreaterThanOrEqual(2);
});

describe.each(SHELLS.map((shell) => [shell.join(" "), shell] as const))(
  "%s",
  (_name, shell) => {
    it.each(PAYLOADS)(
      "puts %s into the spool, byte for byte",
      async (_what, payload) => {
        const spool = await makeSpool(join(folder(), "spool"));
        const command = posixCommand("claude", at(spool), MARKER);
        expect(await run(shell, command, payload)).toEqual(SILENT);
        const [name = "", ...others] = await readdir(join(spool, "new"));
        expect(others).toEqual([]);
        expect(name).toMatch(/^claude\.[A-Za-z0-9]{10}$/);
        expect(
          Buffer.compare(
            await readFile(join(spool, "new", name)),
            Buffer.from(payload),
          ),
        ).toBe(0);
        expect((await stat(join(spool, "new", name))).mode & 0o777).toBe(0o600);
        expect(await readdir(join(spool, "tmp"))).toEqual([]);
      },
    );

    it.each(PATHS)("finds a spool in a folder named %j", async (name) => {
      const spool = await makeSpool(join(folder(), name, ".adw_spool"));
      for (const command of [
        posixCommand("claude", at(spool), MARKER),
        inPosixShell(posixCommand("codex", at(spool), MARKER)),
      ]) {
        expect(namedFolder(command)).toBe(spool);
        expect(await run(shell, command, '{"a":1}\n')).toEqual(SILENT);
      }
      expect(await readdir(join(spool, "new"))).toHaveLength(2);
    });

    it("finds the project's spool by Claude Code's variable, or from where the agent is", async () => {
      const project = join(folder(), "my shop");
      const spool = await makeSpool(join(project, "adws/.adw_spool"));
      await mkdir(join(project, "src/deep"), { recursive: true });
      const command = posixCommand(
        "claude",
        { kind: "project", adwsDir: "adws" },
        MARKER,
      );
      const given = { env: { CLAUDE_PROJECT_DIR: project } };
      expect(await run(shell, command, "1", given)).toEqual(SILENT);
      expect(
        await run(shell, command, "2", { cwd: join(project, "src/deep") }),
      ).toEqual(SILENT);
      expect(await readdir(join(spool, "new"))).toHaveLength(2);
    });

    it("looks for a project's spool no further up than its repository", async () => {
      const spool = await makeSpool(join(folder(), "adws/.adw_spool"));
      await mkdir(join(folder(), "other/.git"), { recursive: true });
      const command = posixCommand(
        "claude",
        { kind: "project", adwsDir: "adws" },
        MARKER,
      );
      expect(
        await run(shell, command, "1", { cwd: join(folder(), "other") }),
      ).toEqual(SILENT);
      expect(await readdir(join(spool, "new"))).toEqual([]);
    });

    it("finds the user's spool", async () => {
      const home = join(folder(), "home of me");
      const spool = await makeSpool(
        join(home, ".local/state/adw-scaffold/spool"),
      );
      const other = await makeSpool(join(folder(), "state/adw-scaffold/spool"));
      const command = posixCommand("gemini", { kind: "user" }, MARKER);
      expect(await run(shell, command, "1", { env: { HOME: home } })).toEqual(
        SILENT,
      );
      const env = { HOME: home, XDG_STATE_HOME: join(folder(), "state") };
      expect(await run(shell, command, "2", { env })).toEqual(SILENT);
      expect(await readdir(join(spool, "new"))).toHaveLength(1);
      expect(await readdir(join(other, "new"))).toHaveLength(1);
    });

    it.each(["", "state", "./state", "~/state", "/st ate"])(
      "finds it where Node does, XDG_STATE_HOME being %j",
      async (value) => {
        const home = join(folder(), "home");
        const absolute = value.startsWith("/") ? join(folder(), value) : value;
        const env = { HOME: home, XDG_STATE_HOME: absolute };
        const spool = await makeSpool(userSpool(env, home));
        // A relative one would be looked for from here.
        await makeSpool(join(folder(), "state/adw-scaffold/spool"));
        const command = posixCommand("claude", { kind: "user" }, MARKER);
        const given = { env, cwd: folder() };
        expect(await run(shell, command, "1", given)).toEqual(SILENT);
        expect(await readdir(join(spool, "new"))).toHaveLength(1);
      },
    );

    it.each(["", "state of me", "not/absolute"])(
      "finds the user's spool after Gemini CLI has put values in, XDG_STATE_HOME being %j",
      async (value) => {
        const home = join(folder(), "home of me");
        const state =
          value === "" || value.includes("/") ? value : join(folder(), value);
        const env: Record<string, string> =
          state === "" ? { HOME: home } : { HOME: home, XDG_STATE_HOME: state };
        const spool = await makeSpool(userSpool(env, home));
        const command = posixCommand("gemini", { kind: "user" }, MARKER);
        expect(
          await run(shell, afterGemini(command, env), "1", { env }),
        ).toEqual(SILENT);
        expect(await readdir(join(spool, "new"))).toHaveLength(1);
      },
    );

    it("finds the project's spool after Gemini CLI has put values in", async () => {
      const project = join(folder(), "my shop");
      const spool = await makeSpool(join(project, "adws/.adw_spool"));
      const place: SpoolPlace = { kind: "project", adwsDir: "adws" };
      const command = posixCommand("gemini", place, MARKER);
      const text = afterGemini(command, { HOME: "/home/me", PWD: project });
      expect(await run(shell, text, "1", { cwd: project })).toEqual(SILENT);
      expect(await readdir(join(spool, "new"))).toHaveLength(1);
    });

    it("says nothing, and takes all that it is given, where there is no spool", async () => {
      const large = "x".repeat(2 * 1024 * 1024);
      for (const place of [
        at(join(folder(), "none")),
        { kind: "project", adwsDir: "adws" },
        { kind: "user" },
      ] satisfies SpoolPlace[])
        for (const wrapped of [false, true]) {
          const plain = posixCommand("claude", place, MARKER);
          expect(
            await run(shell, wrapped ? inPosixShell(plain) : plain, large),
          ).toEqual(SILENT);
        }
      expect(await readdir(folder())).toEqual([]);
    });

    it("says nothing where a file is in the way of a folder", async () => {
      const spool = join(folder(), "spool");
      await mkdir(join(spool, "tmp"), { recursive: true });
      await writeFile(join(spool, "new"), "a file");
      const command = posixCommand("claude", at(spool), MARKER);
      expect(await run(shell, command, "1")).toEqual(SILENT);
      expect(await readdir(join(spool, "tmp"))).toEqual([]);
      expect(await readFile(join(spool, "new"), "utf8")).toBe("a file");
    });

    it("says nothing where the folder cannot be written", async () => {
      const spool = await makeSpool(join(folder(), "spool"));
      await chmod(folder(), 0o755);
      await chmod(spool, 0o755);
      for (const name of ["tmp", "new"]) await chmod(join(spool, name), 0o555);
      // Root may write anywhere.
      const user = process.getuid?.() === 0 ? { user: 65_534 } : {};
      const command = posixCommand("claude", at(spool), MARKER);
      expect(await run(shell, command, "x".repeat(200_000), user)).toEqual(
        SILENT,
      );
      expect(await readdir(join(spool, "tmp"))).toEqual([]);
      expect(await readdir(join(spool, "new"))).toEqual([]);
    });

    it("leaves nothing half written behind when the disk is full", async () => {
      const spool = await makeSpool(join(folder(), "spool"));
      // A limit on the size of files stands for it: writing fails in the middle. A
      // zsh that was not installed, but unpacked, has no ulimit.
      if (
        spawnSync(shell[0] ?? "", [...shell.slice(1), "-c", "ulimit -f 100"])
          .stderr.length > 0
      )
        return;
      const command = `ulimit -f 100; ${posixCommand("claude", at(spool), MARKER)}`;
      const { code, output } = await run(
        shell,
        command,
        "x".repeat(2 * 1024 * 1024),
      );
      expect({ code, output }).toEqual({ code: 0, output: "" });
      expect(await readdir(join(spool, "tmp"))).toEqual([]);
      expect(await readdir(join(spool, "new"))).toEqual([]);
    });

    it("is not disturbed by a shell that does not overwrite files, or stops at errors", async () => {
      const spool = await makeSpool(join(folder(), "spool"));
      const command = `set -C; set -u; ${posixCommand("claude", at(spool), MARKER)}`;
      expect(await run(shell, command, "1")).toEqual(SILENT);
      expect(await readdir(join(spool, "new"))).toHaveLength(1);
    });

    it("keeps apart what comes at the same time", async () => {
      const spool = await makeSpool(join(folder(), "spool"));
      const command = posixCommand("claude", at(spool), MARKER);
      await Promise.all(
        Array.from({ length: 20 }, (_, n) => run(shell, command, String(n))),
      );
      const names = await readdir(join(spool, "new"));
      const texts = await Promise.all(
        names.map((name) => readFile(join(spool, "new", name), "utf8")),
      );
      expect(texts.map(Number).toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: 20 }, (_, n) => n),
      );
    });
  },
);

describe("for Windows", () => {
  it.each([
    [
      "a folder",
      { kind: "folder", path: String.raw`C:\Users\It's me\adws\.adw_spool` },
    ],
    ["the project", { kind: "project", adwsDir: "adws" }],
    ["the user", { kind: "user" }],
  ] satisfies [string, SpoolPlace][])(
    "the command for %s can stand in double quotes",
    (_name, place) => {
      const command = powershellCommand("codex", place, MARKER);
      expect(command).not.toContain('"');
      expect(command).toContain(`<# ${MARKER} #>`);
      expect(command.endsWith("; exit 0")).toBe(true);
      if (place.kind === "folder")
        expect(namedFolder(command)).toBe(place.path);
    },
  );

  it.each(["", "state", String.raw`C:\state`, "C:/state", "C:state", "/state"])(
    "takes XDG_STATE_HOME where Node does: %j",
    (value) => {
      const command = powershellCommand("codex", { kind: "user" }, MARKER);
      const [, pattern = ""] = /-match '([^']+)'/.exec(command) ?? [];
      expect(new RegExp(pattern).test(value)).toBe(win32.isAbsolute(value));
    },
  );
});

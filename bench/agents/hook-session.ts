/**
 * One session of the real Claude Code with many calls, timed. Run by itself in a
 * network namespace: node hook-session.ts '{"way":"spool","receiver":"well",…}'
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startModel } from "../../test/helpers/agents/model.ts";
import { PROGRAMS } from "../../test/helpers/agents/programs.ts";

export interface HookTask {
  way: "none" | "spool" | "http" | "synchronous" | "node";
  receiver: "well" | "frozen" | "dead";
  calls: number;
  /** Where Claude Code is installed; the rendered adws/; the built command line; scratch. */
  folder: string;
  adws: string;
  cli: string;
  work: string;
  /** What Node needs before a `.ts` file. */
  loader: string[];
}

const EVENTS = ["PreToolUse", "PostToolUse", "UserPromptSubmit", "Stop"];
const NODE_HOOK = `let text = "";
process.stdin.on("data", (chunk) => (text += chunk)).on("end", async () => {
  const signal = AbortSignal.timeout(1000);
  await fetch(process.env.RECEIVER + "/hooks/claude", { method: "POST", body: text, signal }).catch(() => {});
});
`;

async function play(task: HookTask): Promise<void> {
  const claude = PROGRAMS["claude"];
  if (claude === undefined) throw new Error("no Claude Code");
  const home = join(task.work, "home");
  const cwd = join(home, "project");
  mkdirSync(join(cwd, ".git"), { recursive: true });
  mkdirSync(join(home, ".claude"), { recursive: true });
  const spool = join(home, ".local/state/adw-scaffold/spool");
  const receiver = spawn(
    process.execPath,
    [
      ...task.loader,
      join(import.meta.dirname, "hook-receiver.ts"),
      JSON.stringify({ adws: task.adws, work: task.work, home, spool }),
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const [line] = await once(receiver.stdout, "data");
  const url = `http://127.0.0.1:${String(line).trim()}`;

  const settings = join(home, ".claude/settings.json");
  const forAll = (command: string) => ({
    hooks: Object.fromEntries(
      EVENTS.map((event) => [
        event,
        [{ hooks: [{ type: "command", command, timeout: 2 }] }],
      ]),
    ),
  });
  if (task.way === "spool" || task.way === "http") {
    const { status, stderr } = spawnSync(
      process.execPath,
      [
        task.cli,
        "hooks",
        "install",
        "claude",
        "--user",
        ...(task.way === "http" ? ["--http", url] : []),
      ],
      {
        cwd,
        env: { PATH: process.env["PATH"], HOME: home },
        encoding: "utf8",
      },
    );
    if (status !== 0) throw new Error(stderr);
  } else if (task.way === "synchronous") {
    const command = `cat > "$(mktemp ${task.work}/XXXXXX)"`;
    writeFileSync(settings, JSON.stringify(forAll(command)));
  } else if (task.way === "node") {
    const hook = join(task.work, "hook.mjs");
    writeFileSync(hook, NODE_HOOK);
    writeFileSync(settings, JSON.stringify(forAll(`node ${hook}`)));
  }
  if (task.receiver === "frozen") receiver.kill("SIGSTOP");
  if (task.receiver === "dead") {
    receiver.kill("SIGKILL");
    await once(receiver, "close");
  }

  const usage = { input: 10, output: 5, cacheRead: 0, cacheWrite: 0 };
  const turns = Array.from({ length: task.calls }, (_, index) => ({
    say: `Call ${index}.`,
    call: { tool: "shell", command: "true" } as const,
    usage,
  }));
  const script = {
    prompt: "Do nothing many times.",
    turns: [...turns, { say: "Done.", usage }],
    subagents: {},
  };
  const model = await startModel(script);
  const { command, args, env } = claude.prepare(
    { home, cwd, model: model.url },
    script.prompt,
    task.folder,
  );
  const started = performance.now();
  const child = spawn(command, args, {
    cwd,
    env: { ...env, RECEIVER: url, ADW_INGEST_TOKEN: "dummy" },
    stdio: "ignore",
  });
  const [code] = await once(child, "close");
  const milliseconds = performance.now() - started;
  model.stop();
  receiver.kill("SIGCONT");
  receiver.kill("SIGKILL");
  console.log(JSON.stringify({ code, milliseconds }));
}

const task: HookTask = JSON.parse(process.argv[2] ?? "{}");
await play(task);
process.exit(0);

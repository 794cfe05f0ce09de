/**
 * One session of a real coding agent, beside our own doors, where nothing but loopback
 * can be reached. Run by itself, in a network namespace:
 *
 *   node session.ts '{"agent":"claude","roads":["hooks"],"folder":"…","adws":"…","work":"…"}'
 *
 * Leaves the log in <work>/log.db; prints how the agent ended as one JSON line.
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Agents } from "../../../build/rendered/default/adws/adw_modules/adw_agents.ts";
import { startModel } from "./model.ts";
import { PROGRAMS } from "./programs.ts";
import { story } from "./script.ts";

export type Road = "hooks" | "telemetry" | "transcripts";

export interface SessionTask {
  agent: string;
  roads: readonly Road[];
  /** Where the agents are installed. */
  folder: string;
  /** The rendered adws/ whose adw_agents listens. */
  adws: string;
  /** For all that the session writes. */
  work: string;
  /** The built command line, for `hooks install`. */
  cli: string;
}

const AGENT_MS = 120_000;
/** The log is whole when it has been still for so long: tokens wait ten seconds for a reported cost. */
const STILL_MS = 14_000;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function play(task: SessionTask): Promise<void> {
  const program = PROGRAMS[task.agent];
  if (program === undefined) throw new Error(`no agent ${task.agent}`);
  const home = join(task.work, "home");
  const cwd = join(home, "project");
  mkdirSync(join(cwd, ".git"), { recursive: true });
  process.env["AGENT_CWD"] = cwd;
  const has = (road: Road) => task.roads.includes(road);

  const { startAgents } = (await import(
    pathToFileURL(join(task.adws, "adw_modules/adw_agents.ts")).href
  )) as typeof import("../../../build/rendered/default/adws/adw_modules/adw_agents.ts");
  const problems: string[] = [];
  const agents: Agents = await startAgents({
    database: join(task.work, "log.db"),
    spool: join(home, ".local/state/adw-scaffold/spool"),
    transcripts: has("transcripts") ? "all" : has("hooks") ? "named" : "none",
    home,
    prices: join(task.adws, "prices.json"),
    report: (problem) => problems.push(problem),
  });
  const doors = createServer((request, response) => {
    if (!agents.handle(request, response)) response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => {
    doors.listen(0, "127.0.0.1", resolve);
  });
  const { port } = doors.address() as AddressInfo;
  const script = story(program.hasSubagents);
  const model = await startModel(script);
  const { command, args, env } = program.prepare(
    {
      home,
      cwd,
      model: model.url,
      otel: has("telemetry") ? `http://127.0.0.1:${port}` : undefined,
    },
    script.prompt,
    task.folder,
  );
  if (has("hooks") && program.hasHooks) {
    const { status, stderr } = spawnSync(
      process.execPath,
      [task.cli, "hooks", "install", task.agent, "--user"],
      { cwd, env: { PATH: env["PATH"], HOME: home }, encoding: "utf8" },
    );
    if (status !== 0) throw new Error(`hooks install: ${stderr}`);
  }

  const started = performance.now();
  const child = spawn(command, args, {
    cwd,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk) => (output += String(chunk)));
  const timer = setTimeout(() => child.kill("SIGKILL"), AGENT_MS);
  const code = await new Promise<number | null>((resolve) => {
    child.on("close", resolve);
  });
  clearTimeout(timer);
  const milliseconds = Math.round(performance.now() - started);

  for (let written = -1, still = 0; still < 2; await sleep(STILL_MS / 2)) {
    const stats = await agents.stats();
    still = stats.written === written ? still + 1 : 0;
    ({ written } = stats);
  }
  const sessions = await agents.sessions();
  await agents.stop();
  model.stop();
  doors.closeAllConnections();
  doors.close();
  writeFileSync(join(task.work, "output.txt"), output);
  console.log(JSON.stringify({ code, milliseconds, sessions, problems }));
}

play(JSON.parse(process.argv[2] ?? "{}") as SessionTask).then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);

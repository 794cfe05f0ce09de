/**
 * Whether a scaffolded project does what it is for: its server starts and
 * streams. Used by the test suites and by the matrix over Node versions.
 */
import { copyFile, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { WebSocket, type RawData } from "ws";
import { CLI } from "./repository.ts";
import {
  run,
  start,
  type ProcessResult,
  type RunningProcess,
} from "./processes.ts";

export interface ScaffoldedProject {
  root: string;
  /** What runs a `.ts` file there, such as `["node"]` or `["npx", "tsx"]`. */
  runner: readonly string[];
  /** Added to the environment of everything that runs in the project. */
  env?: NodeJS.ProcessEnv;
}

/** The project with what runs `.ts` files in its own scripts. */
export async function scaffoldedProject(
  root: string,
  {
    node = process.execPath,
    env,
  }: { node?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<ScaffoldedProject> {
  const manifest: { scripts: Record<string, string> } = JSON.parse(
    await readFile(join(root, "package.json"), "utf8"),
  );
  const [runner, ...flags] = (manifest.scripts["adw:server"] ?? "")
    .split(" ")
    .slice(0, -1);
  return {
    root,
    runner: [node, ...(runner === "tsx" ? ["--import", "tsx"] : []), ...flags],
    ...(env === undefined ? {} : { env }),
  };
}

/** What {@link probeStream} reports when everything is as it should be. */
export const GOOD_STREAM = {
  refusal: "Unexpected server response: 401",
  greeting: "connection_established",
  live: [1, 2, 3, 4, 5].map((n) => ({
    seq: n,
    message: `Event ${n}`,
    metadata: { n, text: "ünïcödé ✓" },
  })),
  resumed: [6, 7, 8],
  followed: [1, 2, 3, 4, 5, 6, 7, 8],
  closeCode: 1001,
};

/**
 * Adds the client, which a default `init` leaves out, and runs
 * fixtures/probes/stream_probe.ts in the project: the rendered server and client under
 * the project's own runner and its own `ws`.
 *
 * @param repository - where this package's fixtures/ are
 */
export async function probeStream(
  project: ScaffoldedProject,
  repository: string,
): Promise<unknown> {
  const { code, stderr } = await run(
    process.execPath,
    [CLI, "add", "adw_websocket_client", "--yes", "--no-install"],
    { cwd: project.root },
  );
  if (code !== 0) throw new Error(stderr);
  return probe("stream_probe.ts", project, repository);
}

/** What {@link probeDatabase} reports when everything is as it should be. */
export const GOOD_DATABASE = {
  agents: [{ isOurs: true, status: "completed" }],
  prompts: [
    {
      response_text: "It is.",
      status: "completed",
      tokens_output: 2 ** 53,
      prompt_name: "a\0b",
    },
  ],
  messages: [
    "Step test started",
    "Read ünïcödé ✓",
    "Step test completed",
    "done",
  ],
  recent: 4,
  thrown: "undone",
  events: [
    "agent_created",
    "step_start",
    "tool_call",
    "step_end",
    "prompt_sent",
    "prompt_completed",
    "agent_status_changed",
    "system_event",
  ].map((event_type, index) => ({ seq: index + 1, event_type })),
  updated: "none",
  cleaned: { agent_logs: 3, system_logs: 1, events: 8 },
  left: { logs: 0, events: 0, lastSeq: 8 },
};

/**
 * Runs fixtures/probes/database_probe.ts in the project: the rendered database and
 * logging modules under the project's own runner and SQLite driver.
 *
 * @param repository - where this package's fixtures/ are
 */
export function probeDatabase(
  project: ScaffoldedProject,
  repository: string,
): Promise<unknown> {
  return probe("database_probe.ts", project, repository);
}

/** Runs a probe from fixtures/probes/ in the project's adws/ folder; its report. */
async function probe(
  name: string,
  { root, runner: [command = "node", ...parameters], env }: ScaffoldedProject,
  repository: string,
): Promise<unknown> {
  const copy = join(root, "adws", name);
  await copyFile(join(repository, "fixtures/probes", name), copy);
  try {
    const { code, stdout, stderr } = await run(
      command,
      [...parameters, `adws/${name}`],
      { cwd: root, timeoutMs: 120_000, ...(env === undefined ? {} : { env }) },
    );
    if (code !== 0) throw new Error(`the probe ended with ${code}\n${stderr}`);
    const report: unknown = JSON.parse(stdout);
    return report;
  } finally {
    await rm(copy);
  }
}

export interface LiveServer {
  process: RunningProcess;
  /** `http://127.0.0.1:<port>`, without the token. */
  url: string;
  /** From the fragment of the URL that the server prints. */
  token: string;
}

/**
 * Starts adws/adw_server.ts on a free port.
 *
 * @param command - how; by default with the project's runner
 */
export async function startAdwServer(
  project: ScaffoldedProject,
  command: readonly string[] = [...project.runner, "adws/adw_server.ts"],
): Promise<LiveServer> {
  const [program = "node", ...parameters] = command;
  const server = start(program, [...parameters, "--port", "0"], {
    cwd: project.root,
    timeoutMs: 180_000,
    ...(project.env === undefined ? {} : { env: project.env }),
  });
  try {
    const [, url = "", token = ""] = await server.seen(
      /(http:\/\/127\.0\.0\.1:\d+)\/#token=(\S+)\n/,
    );
    return { process: server, url, token };
  } catch (error) {
    await server.kill();
    throw error;
  }
}

/** Connects to a server, waits for its greeting, and leaves again. */
export function greetingOf({ url, token }: LiveServer): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url.replace(/^http/, "ws"), {
      headers: { authorization: `Bearer ${token}` },
      handshakeTimeout: 10_000,
    });
    socket.once("error", reject);
    socket.once("message", (data: RawData) => {
      socket.once("close", () => {
        const greeting: unknown = JSON.parse(
          Buffer.isBuffer(data) ? data.toString() : "null",
        );
        resolve(greeting);
      });
      socket.close();
    });
  });
}

/** The token file's text and permission bits. */
export async function storedToken(
  root: string,
): Promise<{ token: string; mode: string }> {
  const file = join(root, "adws/.adw_token");
  const { mode } = await stat(file);
  return {
    token: (await readFile(file, "utf8")).trim(),
    mode: (mode & 0o777).toString(8),
  };
}

/** Plays the demo for some seconds; it says how many events were sent and received. */
export async function playDemo(
  { root, runner: [node = process.execPath], env }: ScaffoldedProject,
  seconds: number,
): Promise<ProcessResult & { sent: number; received: number }> {
  const result = await run(node, [CLI, "demo", "--seconds", String(seconds)], {
    cwd: root,
    timeoutMs: 120_000,
    ...(env === undefined ? {} : { env }),
  });
  const [, sent, received] =
    /^sent (\d+), received (\d+)$/m.exec(result.stdout) ?? [];
  return { ...result, sent: Number(sent), received: Number(received) };
}

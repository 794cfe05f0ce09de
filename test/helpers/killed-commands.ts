/** Commands that are killed at a file-system call of one's choice; see kill-at.cjs. */
import {
  cp,
  mkdir,
  mkdtemp,
  readFile,
  realpath,
  rm,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { absolutePath, type AbsolutePath } from "../../src/domain/paths.ts";
import { recoverTransaction } from "../../src/infrastructure/file-transaction.ts";
import { start } from "./processes.ts";
import { CLI } from "./repository.ts";
import { snapshotFolder } from "./temporary-folder.ts";

/** When the process dies: instead of the call, half way through a write, or behind it. */
export type Moment = "before" | "during" | "after";

export interface KilledCommand {
  name: string;
  parameters: readonly string[];
  /** Commands that prepare the project. */
  prepared: readonly (readonly string[])[];
  /** Settings that are changed by hand before the command. */
  settings?: object;
}

const INIT = ["init", "--modules", "adw_websocket_client"];

export const COMMANDS: readonly KilledCommand[] = [
  { name: "init", prepared: [], parameters: INIT },
  { name: "add", prepared: [INIT], parameters: ["add", "adw_websockets"] },
  {
    // Every file moves: as many writes as deletions.
    name: "update",
    prepared: [INIT],
    settings: { adws_dir: "tools/adws" },
    parameters: ["update"],
  },
  {
    name: "remove",
    prepared: [INIT, ["add", "adw_websockets"]],
    parameters: ["remove", "adw_websockets"],
  },
];

type Snapshot = Readonly<Record<string, string>>;

/** A command with the project it runs in, and how it is before and after. */
export interface Scene {
  command: KilledCommand;
  /** Never changed: each run gets a copy. */
  project: string;
  before: Snapshot;
  after: Snapshot;
  /** Names of the calls, in order. */
  calls: readonly string[];
}

/** Runs a command; resolves with its exit code, or the signal that ended it. */
export async function runAt(
  root: string,
  parameters: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<{ ended: number | string | null; stderr: string }> {
  const preload = ["--require", join(__dirname, "kill-at.cjs")];
  const { child, ended } = start(
    process.execPath,
    [...preload, CLI, ...parameters, "--yes", "--no-install"],
    { cwd: root, env: { ADW_KILL_ROOT: root, ...env } },
  );
  child.stdin?.end();
  const { code, stderr } = await ended;
  return { ended: child.signalCode ?? code, stderr };
}

async function succeeds(root: string, parameters: readonly string[], env = {}) {
  const { ended, stderr } = await runAt(root, parameters, env);
  if (ended !== 0) throw new Error(`${parameters.join(" ")}: ${stderr}`);
}

/** Prepares a command and lists its calls. */
export async function prepareScene(
  workshop: string,
  command: KilledCommand,
): Promise<Scene> {
  const project = join(workshop, command.name);
  await mkdir(join(project, "src"), { recursive: true });
  await writeFile(join(project, "package.json"), '{\n  "name": "host"\n}\n');
  await writeFile(join(project, "src/mine.ts"), "export {};\n");
  await writeFile(
    join(project, "tsconfig.json"),
    '{\n  "compilerOptions": {}\n}\n',
  );
  for (const parameters of command.prepared)
    await succeeds(project, parameters);
  if (command.settings !== undefined) {
    const file = join(project, "adw.config.json");
    const config: object = JSON.parse(await readFile(file, "utf8"));
    await writeFile(
      file,
      `${JSON.stringify({ ...config, ...command.settings }, null, 2)}\n`,
    );
  }
  const before = await snapshotFolder(project);
  const done = join(workshop, `${command.name}-done`);
  const calls = await callsOf(project, command, workshop, done);
  const after = await snapshotFolder(done);
  return { command, project, before, after, calls };
}

/** The calls that a command makes in a project, in order; it is run in a copy. */
export async function callsOf(
  project: string,
  command: KilledCommand,
  workshop: string,
  copy = `${project}-done`,
): Promise<string[]> {
  await cp(project, copy, { recursive: true });
  const list = join(workshop, `${command.name}-calls.json`);
  await succeeds(copy, command.parameters, { ADW_KILL_LIST: list });
  const calls: string[] = JSON.parse(await readFile(list, "utf8"));
  return calls;
}

/** A folder for scenes, with the real path: the preload compares by text. */
export async function workshopFolder(): Promise<string> {
  return realpath(await mkdtemp(join(tmpdir(), "adw-kill-")));
}

/** What a kill left, and what recovery made of it. */
export interface Outcome {
  /** How the process ended: `SIGKILL` if the call came. */
  ended: number | string | null;
  left: "before" | "after" | "between";
  recovered: "before" | "after" | "between";
}

function stateOf({ before, after }: Scene, now: Snapshot): Outcome["left"] {
  const text = JSON.stringify(sorted(now));
  if (text === JSON.stringify(sorted(before))) return "before";
  return text === JSON.stringify(sorted(after)) ? "after" : "between";
}

function sorted(snapshot: Snapshot): [string, string][] {
  return Object.entries(snapshot).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/** Kills the command at call number `at` (from 1), in a copy, and recovers it. */
export async function killAndRecover(
  scene: Scene,
  at: number,
  moment: Moment,
  recovery: (root: AbsolutePath) => Promise<unknown> = recoverTransaction,
): Promise<Outcome> {
  const root = absolutePath(`${scene.project}-${at}-${moment}`);
  await cp(scene.project, root, { recursive: true });
  const { ended } = await runAt(root, scene.command.parameters, {
    ADW_KILL_AT: String(at),
    ADW_KILL_WHEN: moment,
  });
  const left = stateOf(scene, await snapshotFolder(root));
  if (left === "between") await recovery(root);
  const recovered = stateOf(scene, await snapshotFolder(root));
  await rm(root, { recursive: true, force: true });
  return { ended, left, recovered };
}

/**
 * The same command again, as a user would run it. It may have nothing left to do,
 * and say so: a module that is gone cannot be removed again.
 */
export async function nextCommand(root: string, scene: Scene): Promise<void> {
  await runAt(root, scene.command.parameters, {});
}

/** Runs tasks two at a time, as many as there are processors in small machines. */
export async function inTwos<T>(
  tasks: readonly (() => Promise<T>)[],
): Promise<T[]> {
  const results: T[] = [];
  const queue = [...tasks.entries()];
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [index, task] = next;
      results[index] = await task();
    }
  };
  await Promise.all([worker(), worker()]);
  return results;
}

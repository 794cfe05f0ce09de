/** The built command line, without a terminal and without anything to install. */
import { fork, type ChildProcess } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  start,
  strangersEnvironment,
  type ProcessResult,
} from "./processes.ts";
import { CLI, REPOSITORY } from "./repository.ts";

export { CLI } from "./repository.ts";

export type CliResult = ProcessResult;

/** They start servers, with children, signals and timers. */
const LONG_COMMANDS = ["demo", "watch", "--live"];
const INSTALLING_COMMANDS = ["init", "add", "update", "remove"];
/** With one of them there is nothing to install, and no server. */
const HARMLESS_OPTIONS = ["--no-install", "--dry-run", "--help", "--once"];
/** They only talk about commands. */
const TALKING = ["help", "--get-yargs-completions"];

function isPlain(parameters: readonly string[], cwd: string): boolean {
  const has = (names: readonly string[]) =>
    names.some((name) => parameters.includes(name));
  return (
    (has(TALKING) ||
      has(HARMLESS_OPTIONS) ||
      !has([...LONG_COMMANDS, ...INSTALLING_COMMANDS])) &&
    hasKnownPrettier(cwd)
  );
}

export interface CliOptions {
  /** What is written to its standard input. */
  input?: string;
  /** The node that runs it; this one without it. */
  node?: string;
}

/**
 * Runs the built CLI. A plain command runs in a process that is there already, where
 * one is free; everything else in a process of its own, as a user's shell would.
 *
 * @param env - added to {@link strangersEnvironment}; undefined takes a variable out
 */
export async function runCli(
  parameters: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv = {},
  options: CliOptions = {},
): Promise<CliResult> {
  if (!isBusy && isPlain(parameters, cwd))
    return runInHost(parameters, cwd, env, options);
  return runProcess(parameters, cwd, env, options);
}

/** The same in a process of its own, for what is about the process. */
export async function runProcess(
  parameters: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv = {},
  { input = "", node = process.execPath }: CliOptions = {},
): Promise<CliResult> {
  const { child, ended } = start(node, [CLI, ...parameters], { cwd, env });
  child.stdin?.end(input);
  return ended;
}

const PRETTIER = "node_modules/prettier";

/** None, or ours: its memory is cleared between two runs. */
function hasKnownPrettier(folder: string): boolean {
  const path = join(folder, PRETTIER);
  if (existsSync(path))
    return realpathSync(path) === realpathSync(join(REPOSITORY, PRETTIER));
  const above = dirname(folder);
  return above === folder || hasKnownPrettier(above);
}

/** One for each node that was asked for; see cli-host.mjs. */
const hosts = new Map<string, ChildProcess>();
let isBusy = false;

afterAll(() => {
  for (const host of hosts.values()) host.kill();
  hosts.clear();
});

function hostOf(node: string): ChildProcess {
  const known = hosts.get(node);
  if (known !== undefined) return known;
  const host = fork(join(__dirname, "cli-host.mjs"), [CLI], {
    execPath: node,
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  host.stdout?.resume();
  host.stderr?.resume();
  host.once("exit", () => hosts.delete(node));
  hosts.set(node, host);
  return host;
}

function runInHost(
  parameters: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
  { input = "", node = process.execPath }: CliOptions,
): Promise<CliResult> {
  isBusy = true;
  const host = hostOf(node);
  return new Promise<CliResult>((resolve, reject) => {
    const ended = (code: number | null) => {
      reject(new Error(`the CLI's process ended with ${code}: ${parameters}`));
    };
    host.once("exit", ended);
    host.once("message", (result: CliResult) => {
      host.off("exit", ended);
      resolve(result);
    });
    const environment = { ...strangersEnvironment(), ...env };
    host.send({ parameters, cwd, env: environment, input });
  }).finally(() => {
    isBusy = false;
  });
}

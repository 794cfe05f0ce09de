/** The built command line, without a terminal and without anything to install. */
import { fork, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { run, strangersEnvironment, type ProcessResult } from "./processes.ts";
import { CLI } from "./repository.ts";

export { CLI } from "./repository.ts";

export type CliResult = ProcessResult;

/** They start servers, or install: with children, signals and timers. */
const LONG_COMMANDS = ["demo", "doctor"];
const INSTALLING_COMMANDS = ["init", "add", "update", "remove"];

function isPlain(parameters: readonly string[], cwd: string): boolean {
  const has = (names: readonly string[]) =>
    names.some((name) => parameters.includes(name));
  return (
    !has(LONG_COMMANDS) &&
    (!has(INSTALLING_COMMANDS) || has(["--no-install", "--help"])) &&
    // The project's own prettier remembers configurations.
    !hasPrettier(cwd)
  );
}

/**
 * Runs the built CLI. A plain command runs in a process that is there already, where
 * one is free; everything else in a process of its own, as a user's shell would.
 */
export async function runCli(
  parameters: readonly string[],
  cwd: string,
  env?: NodeJS.ProcessEnv,
): Promise<CliResult> {
  if (env === undefined && !isBusy && isPlain(parameters, cwd))
    return runInHost(parameters, cwd);
  return run(process.execPath, [CLI, ...parameters], { cwd, env: env ?? {} });
}

function hasPrettier(folder: string): boolean {
  if (existsSync(join(folder, "node_modules/prettier"))) return true;
  const above = dirname(folder);
  return above !== folder && hasPrettier(above);
}

/** See cli-host.mjs. */
let host: ChildProcess | undefined;
let isBusy = false;

afterAll(() => {
  host?.kill();
  host = undefined;
});

function runInHost(
  parameters: readonly string[],
  cwd: string,
): Promise<CliResult> {
  isBusy = true;
  const child = (host ??= fork(join(__dirname, "cli-host.mjs"), [CLI], {
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  }));
  child.stdout?.resume();
  child.stderr?.resume();
  return new Promise<CliResult>((resolve, reject) => {
    const ended = (code: number | null) => {
      host = undefined;
      reject(new Error(`the CLI's process ended with ${code}: ${parameters}`));
    };
    child.once("exit", ended);
    child.once("message", (result: CliResult) => {
      child.off("exit", ended);
      resolve(result);
    });
    child.send({ parameters, cwd, env: strangersEnvironment() });
  }).finally(() => {
    isBusy = false;
  });
}

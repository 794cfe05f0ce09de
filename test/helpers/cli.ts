/** The built command line, without a terminal and without anything to install. */
import { fork, spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { CLI } from "./repository.ts";

export { CLI } from "./repository.ts";

export interface CliResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

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
  return env === undefined && !isBusy && isPlain(parameters, cwd)
    ? runInHost(parameters, cwd)
    : runProcess(parameters, cwd, env);
}

/** Runs the built CLI in a process of its own. */
export function runProcess(
  parameters: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv = {},
): Promise<CliResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CLI, ...parameters], {
      cwd,
      env: { ...process.env, NO_COLOR: "1", ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk) => (stdout += String(chunk)));
    child.stderr.on("data", (chunk) => (stderr += String(chunk)));
    child.on("error", reject);
    child.on("close", (code) => {
      resolve({ code, stdout, stderr });
    });
  });
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
    env: { ...process.env, NO_COLOR: "1" },
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
    child.send({ parameters, cwd });
  }).finally(() => {
    isBusy = false;
  });
}

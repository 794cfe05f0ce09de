/**
 * Child processes as a stranger's shell would start them: bounded in time, ended
 * with everything they started, and without what npm and jest put into the
 * environment of their own children.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { delimiter } from "node:path";

export interface ProcessResult {
  /** Exit code; null when a signal ended it. */
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface ProcessOptions {
  cwd: string;
  /** Added to {@link strangersEnvironment}; undefined takes a variable out. */
  env?: NodeJS.ProcessEnv;
  /** The process and its children are killed after so many milliseconds. */
  timeoutMs?: number;
}

/**
 * Put before a command, so that permissions bind it also where the tests run as root:
 * without these capabilities root is an owner like any other. Another user might not
 * reach this repository.
 */
export const BOUND: readonly string[] =
  process.getuid?.() === 0
    ? ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]
    : [];

/** A command that permissions bind. */
export function bound(...command: string[]): {
  program: string;
  parameters: string[];
} {
  const [program = "", ...parameters] = [...BOUND, ...command];
  return { program, parameters };
}

/**
 * Settings of npm that say how to reach a registry, and where a binary is that
 * need not be compiled again; everything else is ours.
 */
const KEPT_NPM_SETTINGS =
  /^npm_config_(better_sqlite3_local_prebuilds|registry|cache|cafile|userconfig|globalconfig|(https?_?)?proxy|noproxy)$/i;

const OURS =
  /^(npm_.*|INIT_CWD|NODE|NODE_ENV|CI|FORCE_COLOR|JEST_WORKER_ID|ADW_.*)$/i;

/** This process's environment as it was before npm and jest added to it. */
export function strangersEnvironment(): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (!OURS.test(name) || KEPT_NPM_SETTINGS.test(name)) env[name] = value;
  }
  env["PATH"] = (process.env["PATH"] ?? "")
    .split(delimiter)
    .filter((folder) => !/node_modules[\\/]\.bin$|node-gyp-bin$/.test(folder))
    .join(delimiter);
  env["NO_COLOR"] = "1";
  return env;
}

/** The same for what goes out, such as a package manager: jest.config.cjs took them away. */
export function networkEnvironment(): NodeJS.ProcessEnv {
  const certificates = process.env["ADW_EXTRA_CA_CERTS"];
  return {
    ...strangersEnvironment(),
    ...(certificates === undefined
      ? {}
      : { NODE_EXTRA_CA_CERTS: certificates }),
  };
}

/** Runs a command to its end. Standard input is empty: there is no terminal. */
export async function run(
  command: string,
  parameters: readonly string[],
  options: ProcessOptions,
): Promise<ProcessResult> {
  const running = start(command, parameters, options);
  running.child.stdin?.end();
  return running.ended;
}

/** Like {@link run}; throws, with all the output, when the exit code is not 0. */
export async function runOrThrow(
  command: string,
  parameters: readonly string[],
  options: ProcessOptions,
): Promise<ProcessResult> {
  const result = await run(command, parameters, options);
  if (result.code === 0) return result;
  throw new Error(
    `"${[command, ...parameters].join(" ")}" ended with ${result.code}\n${result.stdout}\n${result.stderr}`,
  );
}

const unfinished = new Set<() => Promise<unknown>>();

/** Ends what is still running, so that a failed test leaves nothing behind. */
export async function endAllProcesses(): Promise<void> {
  await Promise.allSettled([...unfinished].map((kill) => kill()));
}

export interface RunningProcess {
  readonly child: ChildProcess;
  /** Everything written so far, standard output and error together. */
  output: () => string;
  stdout: () => string;
  stderr: () => string;
  /** Resolves with the match once the output has it; rejects when the process ends before. */
  seen: (pattern: RegExp) => Promise<RegExpExecArray>;
  /** Resolves when the process has ended and its output is complete. */
  ended: Promise<ProcessResult>;
  /** Sends a signal to the process alone, as `kill` does. */
  signal: (signal: NodeJS.Signals) => Promise<ProcessResult>;
  /** Ends the process and all its children, whatever they think of it. */
  kill: () => Promise<ProcessResult>;
}

/** Starts a command in a process group of its own, so that all of it can be ended. */
export function start(
  command: string,
  parameters: readonly string[],
  { env = {}, timeoutMs = 300_000, ...options }: ProcessOptions,
): RunningProcess {
  const base =
    command === process.execPath
      ? strangersEnvironment()
      : networkEnvironment();
  const child = spawn(command, parameters, {
    ...options,
    env: { ...base, ...env },
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
  });
  let stdout = "";
  let stderr = "";
  const listeners = new Set<() => void>();
  const changed = () => {
    for (const listener of listeners) listener();
  };
  // The encoding keeps together what two chunks have of one character.
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    changed();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    changed();
  });
  child.stdin.on("error", () => undefined); // it may end before it has read all

  const killGroup = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    } catch {
      // the whole group has ended already
    }
  };
  const timer = setTimeout(() => {
    stderr += `\nkilled after ${timeoutMs} ms`;
    killGroup();
  }, timeoutMs);
  const kill = () => {
    killGroup();
    return ended;
  };
  unfinished.add(kill);
  const ended = new Promise<ProcessResult>((resolve, reject) => {
    child.on("error", (error) => {
      clearTimeout(timer);
      unfinished.delete(kill);
      reject(error);
    });
    child.on("close", (code) => {
      clearTimeout(timer);
      unfinished.delete(kill);
      killGroup();
      resolve({ code, stdout, stderr });
      changed();
    });
  });
  ended.catch(() => undefined);

  return {
    child,
    output: () => stdout + stderr,
    stdout: () => stdout,
    stderr: () => stderr,
    ended,
    seen: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const match = pattern.exec(stdout + stderr);
          if (match !== null) resolve(match);
          else if (child.exitCode === null && child.signalCode === null) return;
          else {
            reject(
              new Error(
                `ended with ${child.exitCode ?? child.signalCode} before ${pattern} was seen:\n${stdout}\n${stderr}`,
              ),
            );
          }
          listeners.delete(look);
        };
        listeners.add(look);
        look();
      }),
    signal: (signal) => {
      child.kill(signal);
      return ended;
    },
    kill,
  };
}

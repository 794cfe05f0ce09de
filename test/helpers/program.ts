/** Runs a TypeScript program the way a user would on this Node. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { pathToFileURL } from "node:url";

export interface Program {
  child: ChildProcess;
  stdout: () => string;
  stderr: () => string;
  /** Resolves once stdout matches; rejects when the program ends before. */
  printed: (pattern: RegExp) => Promise<RegExpExecArray>;
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
const STRIPS_TYPES = major > 22 || (major === 22 && minor >= 18);
/** What node needs before a `.ts` file. */
export const LOADER = STRIPS_TYPES
  ? []
  : ["--import", pathToFileURL(require.resolve("tsx")).href];

export function run(
  args: readonly string[],
  environment: Record<string, string> = {},
): Program {
  const { PATH } = process.env;
  const child = spawn(process.execPath, [...LOADER, ...args], {
    env: { PATH, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const exited = new Promise<Awaited<Program["exited"]>>((resolve) => {
    child.on("close", (code, signal) => resolve({ code, signal }));
  });
  const printed = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(stdout);
        if (match !== null) resolve(match);
      };
      child.stdout.on("data", look);
      look();
      void exited.then(() =>
        reject(new Error(`ended without ${pattern}: ${stdout}${stderr}`)),
      );
    });
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    printed,
    exited,
  };
}

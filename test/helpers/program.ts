/** Runs a TypeScript program the way a user would on this Node. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { start, type RunningProcess } from "./processes.ts";

export interface Program extends Pick<
  RunningProcess,
  "child" | "stdout" | "stderr"
> {
  /** Resolves once the output matches; rejects when the program ends before. */
  printed: RunningProcess["seen"];
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
const STRIPS_TYPES = major > 22 || (major === 22 && minor >= 18);
/** What node needs before a `.ts` file: on Node 20 the same as tsx, which starts faster. */
export const LOADER = STRIPS_TYPES
  ? []
  : ["--import", pathToFileURL(join(__dirname, "tsx/loader.mjs")).href];

export function run(
  args: readonly string[],
  env: Record<string, string> = {},
): Program {
  const { child, stdout, stderr, seen, ended } = start(
    process.execPath,
    [...LOADER, ...args],
    { cwd: process.cwd(), env },
  );
  return {
    child,
    stdout,
    stderr,
    printed: seen,
    exited: ended.then(({ code }) => ({ code, signal: child.signalCode })),
  };
}

/** Processes that log through the rendered adw_logging, and what they say. */
import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { eventsOf, openForTest } from "./database.ts";
import { endAllProcesses, start } from "./processes.ts";
import { LOADER } from "./program.ts";
import { renderedPath } from "./rendered-modules.ts";

const SCRIPT = join(__dirname, "../fixtures/database/writer.ts");

export interface WriterTask {
  path: string;
  agent: string;
  rows: number;
  every?: number;
  pause?: number;
  padding?: number;
  patience?: number;
  direct?: boolean;
  exit?: boolean;
  pings?: boolean;
}

export interface Writer {
  child: ChildProcess;
  /** The rows that are known to be committed so far. */
  committed: () => number;
  ready: Promise<void>;
  /** Resolves with its last words once it has ended; empty when it was killed. */
  ended: Promise<Record<string, unknown>>;
  stderr: () => string;
  /** Resolves once stderr matches. */
  said: (pattern: RegExp) => Promise<unknown>;
}

afterEach(endAllProcesses);

/** @param command put before node, such as a shell that sets a limit */
export function startWriter(
  task: WriterTask,
  command: readonly string[] = [],
): Writer {
  const [program, ...parameters] = [
    ...command,
    process.execPath,
    ...LOADER,
    SCRIPT,
    JSON.stringify({ modules: renderedPath("adw_modules"), ...task }),
  ];
  const { child, stderr, seen, ended } = start(program, parameters, {
    cwd: process.cwd(),
  });
  let committed = 0;
  let last: Record<string, unknown> = {};
  let isReady: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => {
    isReady = resolve;
  });
  if (child.stdout !== null) {
    createInterface(child.stdout).on("line", (line) => {
      last = JSON.parse(line);
      committed = Number(last["committed"] ?? committed);
      if (last["ready"] === true) isReady();
    });
  }
  return {
    child,
    committed: () => committed,
    ready,
    ended: ended.then(() => {
      isReady();
      return last["done"] === true ? last : {};
    }),
    stderr,
    said: seen,
  };
}

/** How many rows each agent has; throws unless they are complete and in the order of their writer. */
export function rowsByAgent(path: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { event_type, agent_id, metadata } of eventsOf(
    openForTest(path),
  )) {
    if (event_type !== "tool_call") continue;
    const next = (counts.get(agent_id) ?? 0) + 1;
    // In the order of its writer: nothing lost, nothing duplicated.
    if (metadata["row"] !== next)
      throw new Error(
        `${agent_id}: expected row ${next}, got ${String(metadata["row"])}`,
      );
    counts.set(agent_id, next);
  }
  return counts;
}

/** Blocks this thread, and with it the lock that it holds. */
export function block(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/**
 * A terminal that programs can be run in: a pseudo-terminal from util-linux's
 * `script`, and a terminal emulator that turns what it writes into a screen.
 */
import { spawnSync } from "node:child_process";
import { Terminal as Emulator } from "@xterm/headless";
import { start, type ProcessOptions, type ProcessResult } from "./processes.ts";

/** Whether this system has the `script` of util-linux (every Linux distribution does). */
export const hasTerminal =
  process.platform === "linux" &&
  String(spawnSync("script", ["--version"]).stdout).includes("util-linux");

export const KEYS = {
  enter: "\r",
  space: " ",
  up: "\u001B[A",
  down: "\u001B[B",
  ctrlC: "\u0003",
  ctrlU: "\u0015",
} as const;

export interface TerminalSession {
  /** What a person sees, one string a line, scrolled-away lines included. */
  screen: () => string[];
  /** Resolves once the text is on the screen; rejects when the program ends before. */
  shows: (text: string) => Promise<void>;
  /** Presses keys. */
  press: (...keys: readonly string[]) => void;
  /** Resolves when the program has ended, and its last words are on the screen. */
  ended: Promise<ProcessResult>;
  kill: () => Promise<ProcessResult>;
}

/** Runs a command line of a POSIX shell in a terminal of the given width. */
export function openTerminal(
  commandLine: string,
  {
    columns = 80,
    rows = 40,
    ...options
  }: ProcessOptions & { columns?: number; rows?: number },
): TerminalSession {
  const emulator = new Emulator({
    cols: columns,
    rows,
    allowProposedApi: true,
    convertEol: false,
  });
  const running = start(
    "script",
    [
      "--quiet",
      "--return",
      "--flush",
      "--command",
      `stty cols ${columns} rows ${rows}; exec ${commandLine}`,
      "/dev/null",
    ],
    {
      ...options,
      env: { TERM: "xterm-256color", SHELL: "/bin/sh", ...options.env },
    },
  );
  const waiting = new Set<() => void>();
  running.child.stdout?.on("data", (text: string) => {
    emulator.write(text, () => {
      for (const look of waiting) look();
    });
  });

  // The emulator may still be at work on the last bytes.
  const settle = (result: ProcessResult) =>
    new Promise<ProcessResult>((resolve) => {
      emulator.write("", () => resolve(result));
    });
  const ended = running.ended.then(settle);
  // Whoever waits for it is told; nobody has to.
  ended.catch(() => undefined);

  const screen = () => {
    const { buffer } = emulator;
    const lines: string[] = [];
    for (let row = 0; row < buffer.active.length; row++) {
      lines.push(buffer.active.getLine(row)?.translateToString(true) ?? "");
    }
    return lines;
  };
  return {
    screen,
    shows: (text) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (!screen().join("\n").includes(text)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
        ended.then(({ code }) => {
          look();
          reject(
            new Error(
              `ended with ${code} before "${text}" was shown:\n${screen().join("\n")}`,
            ),
          );
        }, reject);
      }),
    press: (...keys) => {
      for (const key of keys) running.child.stdin?.write(key);
    },
    ended,
    kill: async () => settle(await running.kill()),
  };
}

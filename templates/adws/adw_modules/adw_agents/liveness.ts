/**
 * Whether an agent still runs. No agent says its process id, so its processes
 * are known by their names and, where the system tells it (Linux), by the
 * folder that they run in.
 *
 * Template: adw_agents 1.3.0
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { ownOf } from "./act.ts";
import type { Agent } from "./agents.ts";

/** The processes are looked at again after so long at the earliest, by a clock that nobody sets back. */
const LOOK_AGAIN_MS = 10_000;
/** One that nobody has seen running is believed to be gone after this silence. */
const UNSEEN_MS = 600_000;

/** Of a source, what its program is called. */
const PROGRAMS: Readonly<Record<string, RegExp>> = {
  "claude-code": /claude/i,
  codex: /codex/i,
  "gemini-cli": /gemini/i,
  opencode: /opencode/i,
  cursor: /cursor/i,
};

interface Process {
  command: string;
  /** undefined: the system does not tell. */
  cwd: string | undefined;
}

/** Remembers which sessions were seen running. */
export class Liveness {
  readonly #list: () => readonly Process[] | undefined;
  readonly #seen = new Set<string>();
  #processes: readonly Process[] | undefined;
  #lookedAt = -Infinity;

  constructor(list: () => readonly Process[] | undefined = listProcesses) {
    this.#list = list;
  }

  /**
   * @param agent the main one of its session: its subagents may work elsewhere
   * @returns undefined when nobody knows
   */
  readonly isAlive = (
    { session, source, isRemote, about: { cwd } }: Agent,
    silenceMs: number,
  ): boolean | undefined => {
    const program = ownOf(PROGRAMS, source);
    if (program === undefined) return undefined;
    const now = performance.now();
    if (now - this.#lookedAt >= LOOK_AGAIN_MS) {
      this.#lookedAt = now;
      this.#processes = this.#list();
    }
    if (this.#processes === undefined) return undefined;
    const found = this.#processes.filter((each) => program.test(each.command));
    if (found.some((process) => isWithin(cwd, process.cwd))) {
      this.#seen.add(session);
      return true;
    }
    // One of them may be it.
    const isUnsure = cwd === undefined || found.some((each) => !each.cwd);
    if (found.length > 0 && isUnsure) return undefined;
    // It may run where its processes cannot be seen, in a container or elsewhere.
    const isUnseen = !this.#seen.has(session);
    if (isUnseen && (isRemote === true || silenceMs < UNSEEN_MS))
      return undefined;
    return false;
  };
}

/** An agent may have gone into a folder below that of its process. */
function isWithin(cwd: string | undefined, folder: string | undefined) {
  if (cwd === undefined || folder === undefined) return false;
  return cwd === folder || cwd.startsWith(folder.replace(/\/?$/, "/"));
}

function listProcesses(): readonly Process[] | undefined {
  try {
    if (process.platform === "linux") return readProc();
    if (process.platform === "win32") return undefined;
    const text = execFileSync("ps", ["-axo", "command="], {
      encoding: "utf8",
      timeout: 2_000,
      maxBuffer: 16 * 1024 * 1024,
    });
    return text
      .split("\n")
      .map((command) => ({ command: programOf(command), cwd: undefined }));
  } catch {
    return undefined;
  }
}

function readProc(): Process[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid): Process[] => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
        const program = programOf(command.replaceAll("\0", " "));
        return [{ command: program, cwd: readlinkSync(`/proc/${pid}/cwd`) }];
      } catch {
        return []; // it has ended, or is somebody else's
      }
    });
}

/** The program and, of an interpreter, its script: not what it was asked to do. */
function programOf(command: string): string {
  return command.split(" ", 2).join(" ");
}

/** What keeps `watch` from its work, in words and with a way out. */
import { AdwError, ConfigError, RefusedError } from "../domain/errors.ts";

interface Way {
  code: string;
  hint: string;
  /** Instead of the error's own. */
  message?: string;
}

const LISTENING: Readonly<Record<string, string>> = {
  EADDRINUSE: "For another port: --port <n>, or --port 0 for any free one.",
  EADDRNOTAVAIL: "This machine has no such address: leave out --host.",
  ENOTFOUND: "No such name: leave out --host.",
  EACCES: "Ports below 1024 are the system's: --port <n> for another one.",
};
const STATE: Readonly<Record<string, string>> = {
  EACCES: "Check who owns the folder, or set XDG_STATE_HOME to another one.",
  EPERM: "It is somebody else's: set XDG_STATE_HOME to a folder of yours.",
  ENOTDIR: "Set XDG_STATE_HOME to a folder.",
  EEXIST: "Set XDG_STATE_HOME to a folder.",
  EROFS: "Set XDG_STATE_HOME to a folder that can be written.",
  ENOSPC: "Make room on the disk, or set XDG_STATE_HOME to another one.",
  WATCH_NO_WAL: "Set XDG_STATE_HOME to a folder on a disk of this machine.",
};
const BUSY: Way = {
  code: "ALREADY_RUNNING",
  message: "Another watch reads.",
  hint: "Try again in a moment.",
};

/** An error that has a way out, as the command reports it; any other as it is. */
export function watchProblem(error: unknown, folder: string): unknown {
  if (!(error instanceof Error) || error instanceof AdwError) return error;
  const code = textOf(error, "code") ?? "";
  if (code === "WATCH_TOKEN") {
    return new ConfigError("TOKEN_INVALID", error.message, {
      cause: error,
      hint: "Correct the variable, or unset it: watch makes a token of its own.",
    });
  }
  const way = wayOut(error, code, folder);
  if (way === undefined) return error;
  const { hint, message = error.message } = way;
  return new RefusedError(way.code, message, { cause: error, hint });
}

function wayOut(error: Error, code: string, folder: string): Way | undefined {
  if (code === "WATCH_BUSY") return BUSY;
  if (code === "WATCH_DAMAGED") {
    return {
      code: "DATABASE_DAMAGED",
      hint: `Move that file in ${folder} away: it is made anew from what the agents wrote.`,
    };
  }
  if (error.name === "DatabaseVersionError") {
    return {
      code: "DATABASE_VERSION",
      hint: `Use the latest adw-scaffold, or move watch.db in ${folder} away: it is made anew from what the agents wrote.`,
    };
  }
  if (isOfServer(error))
    return { code: "SERVER_FAILED", hint: LISTENING[code] ?? OTHER_ADDRESS };
  const state = STATE[code] ?? (isOfSystem(error) ? OTHER_STATE : undefined);
  return state === undefined
    ? undefined
    : {
        code: "STATE_UNUSABLE",
        message: `cannot keep anything in ${folder}: ${error.message}`,
        hint: state,
      };
}

const OTHER_ADDRESS = "Leave out --host, or choose another --port.";
const OTHER_STATE = "Set XDG_STATE_HOME to another folder.";

/** Of listening, or of looking up the name to listen on. */
function isOfServer(error: Error): boolean {
  return error.name === "ListenError";
}

/** Of a file: nothing else is done at the start. */
function isOfSystem(error: Error): boolean {
  return (
    textOf(error, "syscall") !== undefined &&
    textOf(error, "path") !== undefined
  );
}

function textOf(error: Error, name: string): string | undefined {
  const value: unknown = Reflect.get(error, name);
  return typeof value === "string" ? value : undefined;
}

import { watchProblem } from "../../../src/commands/watch-problem.ts";
import { UsageError } from "../../../src/domain/errors.ts";

const failed = (code: string, message: string, more = {}) =>
  Object.assign(new Error(message), { code, ...more });

test.each([
  [
    failed("EACCES", "EACCES: permission denied, mkdir '/x/.local'"),
    "STATE_UNUSABLE",
    "cannot keep anything in /x/adw: EACCES: permission denied, mkdir '/x/.local'",
    "Check who owns the folder, or set XDG_STATE_HOME to another one.",
  ],
  [
    failed("EPERM", "EPERM: operation not permitted, chmod '/x/adw'"),
    "STATE_UNUSABLE",
    "cannot keep anything in /x/adw: EPERM: operation not permitted, chmod '/x/adw'",
    "It is somebody else's: set XDG_STATE_HOME to a folder of yours.",
  ],
  [
    failed("EISDIR", "EISDIR", { syscall: "read", path: "/x/adw/token" }),
    "STATE_UNUSABLE",
    "cannot keep anything in /x/adw: EISDIR",
    "Set XDG_STATE_HOME to another folder.",
  ],
  [
    failed("EACCES", "no port 80: listen EACCES", { name: "ListenError" }),
    "SERVER_FAILED",
    "no port 80: listen EACCES",
    "Ports below 1024 are the system's: --port <n> for another one.",
  ],
  [
    failed("WATCH_BUSY", "another process holds /x/adw/watch.lock"),
    "ALREADY_RUNNING",
    "Another watch reads.",
    "Try again in a moment.",
  ],
  [
    Object.assign(new Error("made by a newer version"), {
      name: "DatabaseVersionError",
    }),
    "DATABASE_VERSION",
    "made by a newer version",
    "Use the latest adw-scaffold, or move watch.db in /x/adw away: it is made anew from what the agents wrote.",
  ],
])("%s has a way out", (error, code, message, hint) => {
  expect(watchProblem(error, "/x/adw")).toMatchObject({
    code,
    message,
    hint,
    exitCode: 1,
    cause: error,
  });
});

test.each([
  new TypeError("a bug"),
  new UsageError("known"),
  new Error("cannot listen on its words: the name counts"),
  "no error",
])("%s stays what it is", (error) => {
  expect(watchProblem(error, "/x/adw")).toBe(error);
});

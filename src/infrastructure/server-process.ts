/** A project's adw_server.ts, started for as long as a demo plays. */
import { once } from "node:events";
import { lastLines } from "../domain/program-output.ts";

/** A server that has not said where it is by then does not start, in ms. */
const START_MS = 30_000;
/** Time for the server to stop by itself, in ms. */
const STOP_MS = 5_000;

export interface ServerProcess {
  /** `http://127.0.0.1:port` */
  url: string;
  /** What the page's address has for it. */
  token?: string;
  /** Ends it; resolves with its exit code, null where it had to be killed. */
  stop: () => Promise<number | null>;
}

/**
 * Without a console of its own it ends with the process that started it: its standard
 * input does. (A channel would keep it from ending by itself, because tsx listens there.)
 */
const END_WITH_PARENT =
  "data:text/javascript,process.stdin.on('end',()=>process.kill(process.pid,'SIGTERM')).on('error',()=>{}).resume().unref()";

/**
 * Starts it on a loopback address, and waits until it says which.
 *
 * @param options - options of `node`
 * @param parameters - adw_server.ts and its own options
 * @throws {Error} with the last lines of what the server said.
 */
export async function startServerProcess(
  options: readonly string[],
  parameters: readonly string[],
  {
    cwd,
    onError = () => undefined,
  }: {
    cwd?: string;
    /** Gets what the server, once started, says on standard error. */
    onError?: (text: string) => void;
  } = {},
): Promise<ServerProcess> {
  const { spawn } = await import("node:child_process");
  const child = spawn(
    process.execPath,
    [...options, "--import", END_WITH_PARENT, ...parameters],
    {
      ...(cwd === undefined ? {} : { cwd }),
      stdio: "pipe",
      // Ctrl-C reaches whoever started it, who decides when it ends.
      detached: process.platform !== "win32",
    },
  );
  const kill = () => child.kill("SIGKILL");
  process.on("exit", kill);
  const ended = once(child, "close");
  let output = "";
  let errors = "";
  let isStarted = false;
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    if (isStarted) onError(text);
    else errors += text;
  });
  const started = await new Promise<{ url: string; token?: string } | Error>(
    (resolve) => {
      const fail = () => {
        resolve(new Error(lastLines(errors) || "it said nothing"));
      };
      const timer = setTimeout(fail, START_MS);
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        output += text;
        const [, url, token] =
          /(http:\/\/127\.0\.0\.1:\d+)\/(?:#token=(\S+))?\s/.exec(output) ?? [];
        if (url === undefined) return;
        clearTimeout(timer);
        resolve({ url, ...(token === undefined ? {} : { token }) });
      });
      child.once("error", resolve);
      child.once("close", () => {
        clearTimeout(timer);
        fail();
      });
    },
  );
  if (started instanceof Error) {
    kill();
    throw started;
  }
  isStarted = true;
  if (errors !== "") onError(errors);
  return {
    ...started,
    stop: async () => {
      child.kill("SIGTERM");
      const timer = setTimeout(kill, STOP_MS);
      await ended;
      clearTimeout(timer);
      process.off("exit", kill);
      return child.exitCode;
    },
  };
}

/** The server that the demo is shown by: the one that runs, or one for as long as it plays. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { RefusedError } from "../domain/errors.ts";
import { readProjectFile } from "../infrastructure/project-files.ts";
import type { ProjectCommand } from "./project-command.ts";
import type { Project } from "./project.ts";

/** A server on this machine answers in less, in ms. */
const ANSWER_MS = 2_000;
/** A server that has not said where it is by then does not start, in ms. */
const START_MS = 30_000;
/** Time for the server to stop by itself, in ms. */
const STOP_MS = 5_000;

/** Without a console of its own it ends with the process that started it. */
const END_WITH_PARENT =
  "data:text/javascript,process.on('disconnect',()=>process.kill(process.pid,'SIGTERM'));process.channel?.unref()";

export interface FoundServer {
  /** `http://host:port` */
  url: string;
  token?: string;
}

/**
 * A server that answers on the project's port, or on the one that was asked for, and
 * takes the project's token. Whether it streams the project's log is not known yet.
 */
export async function findRunningServer(
  project: Pick<Project, "root" | "config">,
  port = project.config.websocket_port,
): Promise<FoundServer | undefined> {
  if (port === 0) return undefined;
  const url = `http://${localName(project.config.websocket_host)}:${port}`;
  const token = await projectToken(project);
  const limit = new AbortController();
  // AbortSignal.timeout would not keep this process alive while it waits.
  const timer = setTimeout(() => {
    limit.abort();
  }, ANSWER_MS);
  try {
    const response = await fetch(`${url}/healthz`, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      signal: limit.signal,
      redirect: "error",
    });
    const text = await response.text();
    if (response.status !== 200 || !text.includes('"status"')) return undefined;
  } catch {
    return undefined; // nothing there, or nothing that speaks HTTP
  } finally {
    clearTimeout(timer);
  }
  return { url, ...(token === undefined ? {} : { token }) };
}

/** A server that is bound to all addresses is reached by the loopback one. */
function localName(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  if (host === "::" || host === "[::]") return "[::1]";
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}

async function projectToken({
  root,
  config,
}: Pick<Project, "root" | "config">): Promise<string | undefined> {
  const given = process.env["ADW_TOKEN"] ?? "";
  if (given !== "") return given;
  const text = await readProjectFile(root, `${config.adws_dir}/.adw_token`);
  const token = text?.trim() ?? "";
  return token === "" ? undefined : token;
}

/**
 * Starts the project's own adw_server.ts on a loopback address.
 *
 * @throws {RefusedError} code `SERVER_FAILED` with what it said.
 */
export async function startProjectServer(
  { root, config }: Pick<Project, "root" | "config">,
  { runner, serverOptions }: ProjectCommand,
  { port, onError }: { port: number; onError: (text: string) => void },
): Promise<FoundServer & { stop: () => Promise<void> }> {
  const file = `${config.adws_dir}/adw_server.ts`;
  const child = spawn(
    process.execPath,
    [
      ...runner,
      "--import",
      END_WITH_PARENT,
      join(root, file),
      ...serverOptions,
      "--port",
      String(port),
      "--host",
      "127.0.0.1",
    ],
    {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      // Ctrl-C ends the story first: the server still has to deliver it.
      detached: process.platform !== "win32",
    },
  );
  const kill = () => child.kill("SIGKILL");
  process.on("exit", kill);
  const ended = once(child, "close");
  let output = "";
  let errors = "";
  let isStarted = false;
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    if (isStarted) onError(text);
    else errors += text;
  });
  const found = await new Promise<FoundServer | undefined>((resolve) => {
    const timer = setTimeout(() => {
      resolve(undefined);
    }, START_MS);
    const settle = (server: FoundServer | undefined) => {
      clearTimeout(timer);
      resolve(server);
    };
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      const [, url, token] =
        /(http:\/\/127\.0\.0\.1:\d+)\/(?:#token=(\S+))?\s/.exec(output) ?? [];
      if (url !== undefined)
        settle({ url, ...(token === undefined ? {} : { token }) });
    });
    child.once("error", (error) => {
      errors += error.message;
      settle(undefined);
    });
    child.once("close", () => {
      settle(undefined);
    });
  });
  if (found === undefined) {
    kill();
    throw new RefusedError("SERVER_FAILED", failure(file, errors), {
      where: { file },
      hint: "For another port: --port <n>. adw-scaffold doctor looks at the project.",
    });
  }
  isStarted = true;
  if (errors !== "") onError(errors);
  return {
    ...found,
    stop: async () => {
      child.kill("SIGTERM");
      const timer = setTimeout(kill, STOP_MS);
      await ended;
      clearTimeout(timer);
      process.off("exit", kill);
    },
  };
}

function failure(file: string, errors: string): string {
  const said = errors.trim().split("\n").slice(-3).join(" ");
  return `${file} did not start${said === "" ? "" : `: ${said.replace(/^adw_server: /, "")}`}`;
}

/** The server that the demo is shown by: the one that runs, or one for as long as it plays. */
import { join } from "node:path";
import { RefusedError } from "../domain/errors.ts";
import { targetPath } from "../domain/module-registry.ts";
import { readProjectFile } from "../infrastructure/project-files.ts";
import {
  startServerProcess,
  type ServerProcess,
} from "../infrastructure/server-process.ts";
import type { ProjectCommand } from "./project-command.ts";
import type { Project } from "./project.ts";

/** A server on this machine answers in less, in ms. */
const ANSWER_MS = 2_000;
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
export function localName(host: string): string {
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
  const text = await readProjectFile(
    root,
    targetPath("adws/.adw_token", config),
  );
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
): Promise<ServerProcess> {
  const file = targetPath("adws/adw_server.ts", config);
  const place = ["--port", String(port), "--host", "127.0.0.1"];
  try {
    return await startServerProcess(
      runner,
      [join(root, file), ...serverOptions, ...place],
      { cwd: root, onError },
    );
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw new RefusedError(
      "SERVER_FAILED",
      `${file} did not start: ${said.replace(/^adw_server: /, "")}`,
      {
        cause: error,
        where: { file },
        hint: "To use another port: --port <n>. adw-scaffold doctor checks the project.",
      },
    );
  }
}

/** `doctor`: the server's port, and whom it lets in. */
import { createServer, isIP } from "node:net";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { AdwConfig } from "../../domain/config.ts";
import { targetPath } from "../../domain/module-registry.ts";
import {
  assertNoSymlink,
  hasCode,
  readProjectFile,
} from "../../infrastructure/project-files.ts";
import type { Project } from "../project.ts";
import type { Problem } from "./finding.ts";
import { closeFiles, modeOf, isOpenToOthers } from "./private-files.ts";

export async function portProblem({
  websocket_host: host,
  websocket_port: port,
}: AdwConfig): Promise<Problem | undefined> {
  if (port === 0) return undefined;
  const error = await listenError(host, port);
  if (error === undefined) return undefined;
  if (!hasCode(error, "EADDRINUSE")) {
    return {
      message: `cannot listen on ${host}:${port}: ${error.message}`,
      fix: "Set websocket_host to an address of this machine.",
    };
  }
  return {
    message: `${host}:${port} is in use`,
    fix: `Stop what uses it (perhaps a server of yours), or choose another port: adw-scaffold init --websocket-port ${await freePort(host, port)}`,
  };
}

/** Why a port cannot be taken; undefined when it can. */
function listenError(host: string, port: number): Promise<Error | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", resolve);
    server.listen(port, host, () => {
      server.close(() => {
        resolve(undefined);
      });
    });
  });
}

/** Ports above the taken one that are tried, before any free one is taken. */
const TRIED_PORTS = 20;

async function freePort(host: string, taken: number): Promise<number> {
  for (let port = taken + 1; port <= taken + TRIED_PORTS; port += 1) {
    if (port > 65_535) break;
    if ((await listenError(host, port)) === undefined) return port;
  }
  return 0;
}

/** By the variable that takes the place of each. */
const TOKEN_FILES: Readonly<Record<string, string>> = {
  ADW_TOKEN: ".adw_token",
  ADW_INGEST_TOKEN: ".adw_ingest_token",
};
/** What adw_server takes from a file. */
const TOKEN = /^[A-Za-z0-9._~-]{8,512}$/;

export async function tokenProblem({
  root,
  config,
}: Project): Promise<Problem | undefined> {
  const path = targetPath("adws/.adw_token", config);
  await assertNoSymlink(root, path);
  const file = join(root, path);
  if (await isOpenToOthers(file)) {
    return {
      message: `${path} can be read by others`,
      fix: `Run: chmod 600 ${path}`,
      repair: async () => {
        await closeFiles([file]);
        return `${path} is now readable by you only`;
      },
    };
  }
  for (const [variable, name] of Object.entries(TOKEN_FILES)) {
    if (process.env[variable]) continue;
    const path = targetPath(`adws/${name}`, config);
    const text = await readProjectFile(root, path);
    if (text === null || TOKEN.test(text.trim())) continue;
    return {
      message: `${path} must hold 8 to 512 letters, digits, "-", "_", "." or "~", and nothing else: the server does not start with it`,
      fix: "Delete it: the next start makes a new one.",
    };
  }
  if (isLoopback(config.websocket_host)) return undefined;
  const exists = (await modeOf(file)) !== undefined;
  const set =
    process.env["ADW_TOKEN"] || (exists ? await readFile(file, "utf8") : "");
  return set.trim() === ""
    ? {
        message: `websocket_host is ${config.websocket_host}, which others can reach, and no token is set`,
        fix: "Set ADW_TOKEN, or start adw_server once: it makes a token.",
      }
    : undefined;
}

export function isLoopback(host: string): boolean {
  return (
    host === "localhost" ||
    host === "::1" ||
    (isIP(host) === 4 && host.startsWith("127."))
  );
}

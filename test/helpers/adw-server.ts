/** adw_server as a process, on a database, killed and started again at will. */
import { readFileSync } from "node:fs";
import { run } from "./program.ts";
import type { Program } from "./program.ts";
import { renderedPath } from "./rendered-modules.ts";

export interface ServerProcess {
  program: Program;
  /** ws://127.0.0.1:<port> */
  url: string;
  kill: (signal?: NodeJS.Signals) => Promise<void>;
}

const running = new Set<ServerProcess>();
afterEach(async () => {
  for (const server of running) await server.kill("SIGKILL");
});

export async function startAdwServer(
  path: string,
  args: string[] = [],
): Promise<ServerProcess> {
  const program = run([
    renderedPath("adw_server.ts"),
    "--port",
    "0",
    "--no-token",
    "--database",
    path,
    ...args,
  ]);
  const [, url = ""] = await program.printed(
    /streamed at (ws:\/\/\S+)\n[^]*stops the server\.\n/,
  );
  const server: ServerProcess = {
    program,
    url,
    kill: async (signal = "SIGTERM") => {
      program.child.kill(signal);
      await program.exited;
      running.delete(server);
    },
  };
  running.add(server);
  return server;
}

/** The process's resident memory in bytes, as Linux tells it; 0 elsewhere. */
export function residentBytes({ program: { child } }: ServerProcess): number {
  try {
    const [, kilobytes] =
      /VmRSS:\s+(\d+) kB/.exec(
        readFileSync(`/proc/${child.pid}/status`, "utf8"),
      ) ?? [];
    return Number(kilobytes ?? 0) * 1_024;
  } catch {
    return 0;
  }
}

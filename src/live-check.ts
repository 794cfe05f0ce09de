/**
 * Tries a project's own modules, edits included. Runs in a process of its own, by the
 * project's TypeScript runner, with the project's packages; prints one JSON line per
 * step. Everything that it writes is in the scratch folder.
 *
 *   node live-check.js '{"mode":"load","files":[…],"scratch":"…"}'
 *   node live-check.js '{"mode":"live","websockets":"…","server":"…","database":"…","scratch":"…"}'
 */
import { createRequire } from "node:module";
import { loadAll } from "./live-check/load.ts";
import { report, words } from "./live-check/report.ts";
import { tryServer } from "./live-check/server-steps.ts";
import { installedServer, moduleAlone } from "./live-check/targets.ts";

/** What to check; all paths are absolute. */
export type LiveCheckTask =
  | { mode: "load"; files: readonly string[]; scratch: string }
  | {
      mode: "live";
      websockets: string;
      /** adw_server.ts; without it the module is tried by itself. */
      server?: string;
      database?: string;
      scratch: string;
    };

async function main(task: LiveCheckTask): Promise<void> {
  if (task.mode === "load") {
    await loadAll(task.files, task.scratch);
    return;
  }
  const { websockets, server, database, scratch } = task;
  const target =
    server === undefined || database === undefined
      ? await moduleAlone(websockets)
      : await installedServer(server, database, scratch);
  report("starts on a free port", true, `port ${target.port}`);
  await tryServer(target, createRequire(websockets)("ws").WebSocket);
}

main(JSON.parse(process.argv[2] ?? "{}")).then(
  // Modules that were only loaded may have begun something.
  () => process.exit(),
  (error: unknown) => {
    report("runs at all", false, words(error));
    process.exit(1);
  },
);

/** Loads what the server loads, and starts nothing. */
import { spawnSync } from "node:child_process";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { lastLines, withPlace } from "../domain/program-output.ts";
import { attempt } from "./report.ts";
import { serverEnvironment, serverOptions } from "./targets.ts";

/** `adw_server --help` loads everything; after this it is ended. */
const HELP_MS = 30_000;

/** @param files - the modules, and adw_server.ts where there is one */
export async function loadAll(
  files: readonly string[],
  scratch: string,
): Promise<void> {
  for (const file of files) {
    const isLoaded = await attempt(basename(file), () =>
      basename(file) === "adw_server.ts"
        ? loadProgram(file, scratch)
        : loadModule(file, scratch),
    );
    // What depends on it would only say the same again.
    if (!isLoaded) return;
  }
}

async function loadModule(file: string, scratch: string): Promise<string> {
  const module: Record<string, unknown> = await import(
    pathToFileURL(file).href
  );
  // A native driver is loaded when the first database is opened.
  const open = module["openDatabase"];
  if (basename(file) === "adw_database.ts" && typeof open === "function") {
    open({ path: join(scratch, "load.db") }).close();
  }
  return "loaded";
}

async function loadProgram(file: string, scratch: string): Promise<string> {
  const { status, stderr } = spawnSync(
    process.execPath,
    [
      ...process.execArgv,
      ...serverOptions(file, join(scratch, "load.db")),
      "--help",
    ],
    {
      encoding: "utf8",
      timeout: HELP_MS,
      env: serverEnvironment(scratch),
    },
  );
  if (status === 0 || status === null) return "loaded";
  const message =
    stderr.split("\n").find((line) => /^\w*Error\b/.test(line)) ??
    lastLines(stderr);
  throw new Error(withPlace(message, stderr));
}

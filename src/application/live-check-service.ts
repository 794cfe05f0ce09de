/** Runs the live check on a project's own server; see `live-check.ts`. */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import { RefusedError } from "../domain/errors.ts";
import { readProjectFile } from "../infrastructure/project-files.ts";
import { openProject, type ProjectRequest } from "./project.ts";

export interface LiveStep {
  step: string;
  ok: boolean;
  detail: string;
}

/** The check must end by itself; after this it is ended. */
const LIMIT_MS = 60_000;

/**
 * Starts the project's server on a free port, tries it, stops it.
 *
 * @param script - path of the built live-check script
 * @throws {RefusedError} code `SERVER_MISSING` when there is no server to try.
 */
export async function checkLive(
  request: ProjectRequest,
  script: string,
  onStep: (step: LiveStep) => void,
): Promise<boolean> {
  const { root, config } = await openProject(request);
  const path = `${config.adws_dir}/adw_modules/adw_websockets.ts`;
  if ((await readProjectFile(root, path)) === null) {
    throw new RefusedError("SERVER_MISSING", `there is no ${path}`, {
      hint: "Add it first: adw-scaffold add adw_websockets",
    });
  }
  const file = join(root, path);
  const runner = config.typescript_runner === "tsx" ? tsxImport(file) : [];
  const child = spawn(process.execPath, [...runner, script, file], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: LIMIT_MS,
  });
  let errors = "";
  let good = true;
  let steps = 0;
  child.stderr.on("data", (chunk) => (errors += String(chunk)));
  const ended = new Promise<number | null>((resolve) => {
    child.once("close", resolve);
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const step = parseStep(line);
    if (step === undefined) continue;
    steps += 1;
    good &&= step.ok;
    onStep(step);
  }
  if (steps === 0) {
    onStep({
      step: "runs at all",
      ok: false,
      detail: lastLines(errors),
    });
    return false;
  }
  if ((await ended) !== 0 && good) {
    onStep({ step: "ends by itself", ok: false, detail: lastLines(errors) });
    return false;
  }
  return good;
}

function lastLines(text: string): string {
  return text.trim().split("\n").slice(-3).join(" ");
}

/** The project's own code may print too; what is no step is not ours. */
function parseStep(line: string): LiveStep | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isStep(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function tsxImport(file: string): string[] {
  try {
    return ["--import", pathToFileURL(createRequire(file).resolve("tsx")).href];
  } catch (error) {
    throw new RefusedError("RUNNER_MISSING", "tsx is not installed", {
      cause: error,
      hint: "Install the dependencies first, for example: npm install",
    });
  }
}

/** The built script beside the built command line. */
export function liveCheckScript(cliUrl: string): string {
  return fileURLToPath(new URL("live-check.js", cliUrl));
}

function isStep(value: unknown): value is LiveStep {
  return (
    typeof value === "object" &&
    value !== null &&
    "step" in value &&
    typeof value.step === "string" &&
    "ok" in value &&
    typeof value.ok === "boolean" &&
    "detail" in value &&
    typeof value.detail === "string"
  );
}

/** Runs the live check on a project's own modules; see `live-check.ts`. */
import { lastLines } from "../domain/program-output.ts";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { RefusedError } from "../domain/errors.ts";
import { targetPath } from "../domain/module-registry.ts";
import type { TemplatePath } from "../domain/paths.ts";
import { readProjectFile } from "../infrastructure/project-files.ts";
import type { LiveCheckTask } from "../live-check.ts";
import { nodeOptions } from "./project-command.ts";
import { openProject, type Project, type ProjectRequest } from "./project.ts";

const STEP_SCHEMA = v.object({
  step: v.string(),
  ok: v.boolean(),
  detail: v.string(),
});

export type LiveStep = v.InferOutput<typeof STEP_SCHEMA>;

/** A task with paths as the project has them, and no scratch folder yet. */
type ProjectTask =
  | { mode: "load"; files: readonly string[] }
  | { mode: "live"; websockets: string; server?: string; database?: string };

/** The check must end by itself; after this it is ended. */
const LIMIT_MS = 120_000;

/**
 * Starts the server that is installed on a free port, tries it, stops it.
 *
 * @throws {RefusedError} code `SERVER_MISSING` when there is no server to try.
 */
export async function checkLive(
  request: ProjectRequest,
  onStep: (step: LiveStep) => void,
): Promise<boolean> {
  const project = await openProject(request);
  const { root, config } = project;
  const at = (file: TemplatePath) => targetPath(file, config);
  const websockets = at("adws/adw_modules/adw_websockets.ts");
  const server = at("adws/adw_server.ts");
  const database = at("adws/adw_modules/adw_database.ts");
  const isInstalled = config.modules.includes("adw_server");
  for (const path of [websockets, ...(isInstalled ? [server] : [])]) {
    if ((await readProjectFile(root, path)) !== null) continue;
    throw new RefusedError("SERVER_MISSING", `there is no ${path}`, {
      hint: `Add it first: adw-scaffold add ${path === server ? "adw_server" : "adw_websockets"}`,
    });
  }
  const steps = await runScript(
    project,
    {
      mode: "live",
      websockets,
      ...(isInstalled ? { server, database } : {}),
    },
    onStep,
  );
  return steps.every(({ ok }) => ok);
}

/** Runs the built script in the project; what went wrong is the last step. */
export async function runScript(
  { root, config }: Pick<Project, "root" | "config">,
  projectTask: ProjectTask,
  onStep: (step: LiveStep) => void = () => undefined,
): Promise<LiveStep[]> {
  const scratch = await mkdtemp(join(tmpdir(), "adw-scaffold-check-"));
  try {
    const task = absolute(root, projectTask, scratch);
    return await runTask(root, nodeOptions({ root, config }), task, onStep);
  } finally {
    await rm(scratch, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function runTask(
  root: string,
  options: readonly string[],
  task: LiveCheckTask,
  onStep: (step: LiveStep) => void,
): Promise<LiveStep[]> {
  const { spawn } = await import("node:child_process");
  const { createInterface } = await import("node:readline");
  // Built, this stands beside the script.
  const script = join(__dirname, "live-check.js");
  const child = spawn(
    process.execPath,
    [...options, script, JSON.stringify(task)],
    { cwd: root, stdio: ["ignore", "pipe", "pipe"], timeout: LIMIT_MS },
  );
  const steps: LiveStep[] = [];
  const add = (step: LiveStep) => {
    steps.push(step);
    onStep(step);
  };
  let errors = "";
  child.stderr.on("data", (chunk) => (errors += String(chunk)));
  const ended = new Promise<number | null>((resolve) => {
    child.once("close", resolve);
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const step = parseStep(line);
    if (step !== undefined) add(step);
  }
  const code = await ended;
  if (code !== 0 && steps.every(({ ok }) => ok)) {
    const step = steps.length === 0 ? "runs at all" : "ends by itself";
    add({ step, ok: false, detail: lastLines(errors) });
  }
  return steps;
}

function absolute(
  root: string,
  task: ProjectTask,
  scratch: string,
): LiveCheckTask {
  const at = (path: string) => join(root, path);
  if (task.mode === "load") {
    return { ...task, files: task.files.map(at), scratch };
  }
  const { websockets, server, database } = task;
  return {
    mode: "live",
    websockets: at(websockets),
    ...(server === undefined ? {} : { server: at(server) }),
    ...(database === undefined ? {} : { database: at(database) }),
    scratch,
  };
}

/** The project's own code may print too; what is no step is not ours. */
function parseStep(line: string): LiveStep | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return v.is(STEP_SCHEMA, value) ? value : undefined;
  } catch {
    return undefined;
  }
}

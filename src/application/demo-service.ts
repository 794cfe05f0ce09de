/** Plays the demo: into the project's own log and server, or into a scratch folder. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DemoOutcome, DemoTask } from "../demo/task.ts";
import { RefusedError } from "../domain/errors.ts";
import { needsOf } from "../domain/module-needs.ts";
import {
  installCommand,
  installDependencies,
  missingPackages,
} from "../infrastructure/package-manager.ts";
import { projectCommand } from "./project-command.ts";
import { findRunningServer, startProjectServer } from "./demo-server.ts";
import { openProject, type Project, type ProjectRequest } from "./project.ts";
import { applyScaffold, planScaffold } from "./scaffold-service.ts";

/** What the demo needs of a project. */
const NEEDED_MODULES = ["adw_server", "adw_logging"];

export interface DemoSettings {
  /** Without it: one story. 0: until told to end. */
  seconds?: number;
  /** Events a second; without it the story's own pace. */
  rate?: number;
  /** Without it 1 in a scratch folder, and by the time in a project. */
  seed?: number;
  /** Port of the server; without it that of the project, or any free one. */
  port?: number;
}

export interface DemoRequest extends ProjectRequest, DemoSettings {
  /** Nothing is shown while it plays. */
  isQuiet: boolean;
  /** Errors of the server, as it says them. */
  onServerError: (text: string) => void;
  /** Ends the story; what was sent is still counted. */
  signal: AbortSignal;
}

/** Whether a project can play the demo itself. */
export async function canPlay(request: ProjectRequest): Promise<boolean> {
  const { config, source } = await openProject(request);
  const installed = new Set(
    source.registry.resolve(config.modules).map(({ name }) => name),
  );
  return NEEDED_MODULES.every((name) => installed.has(name));
}

/** A scratch folder with all that the demo needs; the caller removes it. */
export async function prepareScratch(): Promise<string> {
  const root = temporaryFolder();
  const plan = await planScaffold({
    root,
    modules: NEEDED_MODULES,
    settings: { project_name: "demo" },
  });
  await applyScaffold(plan);
  await installDependencies(plan.root, "npm");
  return plan.root;
}

/** A folder that goes when this process ends, however it does. */
function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "adw-demo-"));
  process.on("exit", () => {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  });
  return folder;
}

/**
 * Plays the demo in a project, and waits until all of it has arrived.
 *
 * @param isScratch - the project is there for this run alone
 * @throws {RefusedError} where a file or a package is missing, or the server does
 * not start.
 */
export async function playDemo(
  request: DemoRequest,
  isScratch: boolean,
): Promise<{ sent: number; received: number }> {
  const project = await openProject(request);
  assertComplete(project);
  const command = await projectCommand(project);
  const { port } = request;
  const play = async (server: { url: string; token?: string }) =>
    runPlayer(command.runner, project, request, {
      ...taskOf(project, request, isScratch),
      ...server,
      ...(request.isQuiet ? {} : { opening: openingOf(server, isScratch) }),
    });
  const running = await findRunningServer(project, port);
  if (running !== undefined) {
    const result = await play(running);
    if (result.outcome === "played") return result;
  }
  const server = await startProjectServer(project, command, {
    port: port ?? 0,
    onError: request.onServerError,
  });
  try {
    const result = await play(server);
    if (result.outcome === "played") return result;
  } finally {
    await server.stop();
  }
  throw new RefusedError(
    "DEMO_FAILED",
    "the project's server does not stream the project's own log",
    {
      where: { file: `${project.config.adws_dir}/adw_server.ts` },
      hint: "adw-scaffold doctor --live tries the server step by step.",
    },
  );
}

function taskOf(
  { root, config }: Project,
  { seconds, rate, seed }: DemoSettings,
  isScratch: boolean,
): Pick<
  DemoTask,
  "logging" | "database" | "seed" | "seconds" | "rate" | "hasUniqueIds"
> {
  const modules = join(root, config.adws_dir, "adw_modules");
  return {
    logging: join(modules, "adw_logging.ts"),
    database: join(modules, "adw_database.ts"),
    seed: seed ?? (isScratch ? 1 : Date.now() % 1_000_000_000),
    hasUniqueIds: !isScratch,
    ...(seconds === undefined ? {} : { seconds }),
    ...(rate === undefined ? {} : { rate }),
  };
}

function openingOf(
  { url, token }: { url: string; token?: string },
  isScratch: boolean,
): string {
  const fragment = token === undefined ? "" : `#token=${token}`;
  return [
    isScratch
      ? "This is a scratch project; it is removed at the end."
      : "The events go into this project's own log.",
    `Open ${url}/${fragment}  (Ctrl-C ends the demo)`,
    "",
    "",
  ].join("\n");
}

/** @throws {RefusedError} for a file or a package that is not there. */
function assertComplete({ root, config, source }: Project): void {
  const files = [
    `${config.adws_dir}/adw_server.ts`,
    `${config.adws_dir}/adw_modules/adw_logging.ts`,
    `${config.adws_dir}/adw_modules/adw_database.ts`,
  ];
  const lost = files.find((path) => !existsSync(join(root, path)));
  if (lost !== undefined) {
    throw new RefusedError("SERVER_MISSING", `there is no ${lost}`, {
      where: { file: lost },
      hint: "It was deleted. Bring it back: adw-scaffold add adw_server adw_logging",
    });
  }
  const needs = needsOf(source.registry.resolve(NEEDED_MODULES), config);
  const missing = missingPackages(root, Object.keys(needs.dependencies));
  if (missing.length === 0) return;
  const { package_manager: manager } = config;
  throw new RefusedError(
    "PACKAGES_MISSING",
    `not installed here: ${missing.join(", ")}`,
    {
      hint: `Install the dependencies first: ${installCommand(manager === "auto" ? "npm" : manager).join(" ")}`,
    },
  );
}

/** The player in a process of its own; what went wrong there is on standard error. */
async function runPlayer(
  runner: readonly string[],
  { root }: Project,
  { signal }: DemoRequest,
  task: DemoTask,
): Promise<DemoOutcome> {
  const { spawn } = await import("node:child_process");
  // Built, this stands beside the script.
  const script = join(__dirname, "demo-player.js");
  const child = spawn(
    process.execPath,
    [...runner, script, JSON.stringify(task)],
    { cwd: root, stdio: ["ignore", "inherit", "inherit", "ipc"] },
  );
  endWithThisProcess(child);
  let outcome: DemoOutcome | undefined;
  child.on("message", (message) => {
    if (isOutcome(message)) outcome = message;
  });
  const end = () => {
    if (child.connected) child.send("end");
  };
  signal.addEventListener("abort", end);
  if (signal.aborted) end();
  await once(child, "close");
  signal.removeEventListener("abort", end);
  if (outcome !== undefined) return outcome;
  throw new RefusedError("DEMO_FAILED", "the demo stopped unexpectedly", {
    hint: "The reason is printed above. adw-scaffold doctor checks the project.",
  });
}

/** A second Ctrl-C ends this process at once, and nothing stays behind. */
function endWithThisProcess(child: ChildProcess): void {
  const kill = () => child.kill("SIGKILL");
  process.on("exit", kill);
  child.once("close", () => process.off("exit", kill));
}

function isOutcome(message: unknown): message is DemoOutcome {
  return (
    typeof message === "object" && message !== null && "outcome" in message
  );
}

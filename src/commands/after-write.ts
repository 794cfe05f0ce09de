/** After the files are written: install what they need, and say what is next. */
import { relative } from "node:path";
import type { ScaffoldPlan } from "../application/scaffold-plan.ts";
import { shellWord } from "../domain/shell-word.ts";
import {
  type PackageManagerName,
  installCommand,
  installDependencies,
  choosePackageManager,
  missingPackages,
  directCommand,
  runCommand,
  unapprovedBuilds,
} from "../infrastructure/package-manager.ts";
import { colorsFor } from "./colors.ts";
import type { CommandContext } from "./context.ts";
import type { ParsedCommand } from "./command.ts";
import { progress } from "./progress.ts";
import { buildCommand, isBuilt } from "../infrastructure/build-advice.ts";

/** How the install went. */
export interface Installed {
  /** Name of the package manager that installed; null when none did. */
  manager: string | null;
  /** Why it failed. */
  error?: unknown;
}

/** What is to be installed, and with what; undefined when nothing is. */
export async function plannedInstall(
  plan: ScaffoldPlan,
  parsed: ParsedCommand,
): Promise<
  { packages: string; name: PackageManagerName; reason: string } | undefined
> {
  const { addedDependencies, addedDevDependencies } = plan.packageJson;
  const added = Object.keys({ ...addedDependencies, ...addedDevDependencies });
  if (parsed.values["install"] === false || added.length === 0)
    return undefined;
  return { packages: added.join(", "), ...(await chosenManager(plan)) };
}

/** Installs what was added to package.json. */
export async function install(
  plan: ScaffoldPlan,
  parsed: ParsedCommand,
  context: CommandContext,
): Promise<Installed> {
  const planned = await plannedInstall(plan, parsed);
  if (planned === undefined) return { manager: null };
  const { packages, name, reason } = planned;
  const quiet = parsed.values["json"] === true;
  const shown = progress(
    `Installing ${packages} with ${name} (${reason})`,
    quiet,
    context,
  );
  let said = "nothing yet";
  const started = performance.now();
  const patience = Number(
    context.env["ADW_INSTALL_PATIENCE_MS"] ?? PATIENCE_MS,
  );
  const timer = setInterval(() => {
    const seconds = Math.round((performance.now() - started) / 1000);
    shown.meanwhile(
      `${name} is still running after ${seconds} s; its last output: ${said}. Ctrl-C stops it: the files are written, and ${installCommand(name).join(" ")} installs later.`,
    );
  }, patience);
  try {
    await installDependencies(plan.root, name, (line) => {
      said = line;
    });
    shown.done(`Installed ${packages} with ${name} (${reason})`);
    return { manager: name };
  } catch (error) {
    shown.failed(`${name} could not install`);
    return { manager: null, error };
  } finally {
    clearInterval(timer);
  }
}

/** An install that takes longer may wait for a registry that does not answer: it is said why, this often. */
const PATIENCE_MS = 30_000;

export async function chosenManager(
  plan: ScaffoldPlan,
): Promise<{ name: PackageManagerName; reason: string }> {
  return choosePackageManager(plan.root, plan.config);
}

/** Whether something that the modules need is not installed: an install was left out, or failed. */
export async function lacksPackages({
  root,
  packageJson,
}: ScaffoldPlan): Promise<boolean> {
  return missingPackages(root, packageJson.needed).length > 0;
}

/** The one package that has to be compiled where there is no binary of it. */
const NATIVE_PACKAGE = "better-sqlite3";

/** @param isNew - whether what the modules can do is new to the project */
export async function nextSteps(
  plan: ScaffoldPlan,
  { cwd }: CommandContext,
  { installed, isNew }: { installed: string | null; isNew: boolean },
): Promise<{ command: string; purpose: string }[]> {
  const { name } = await chosenManager(plan);
  const steps: { command: string; purpose: string }[] = [];
  const place = shownPath(cwd, plan.root);
  if (place !== ".")
    steps.push({
      command: `cd ${shellWord(place)}`,
      purpose: "go to the project",
    });
  const { addedDependencies, addedDevDependencies } = plan.packageJson;
  const added = Object.keys({ ...addedDependencies, ...addedDevDependencies });
  if (installed === null && (added.length > 0 || (await lacksPackages(plan)))) {
    steps.push({
      command: installCommand(name).join(" "),
      purpose: "install the dependencies",
    });
  }
  const { needed } = plan.packageJson;
  const unbuilt = name === "pnpm" ? unapprovedBuilds(plan.root, needed) : [];
  if (unbuilt.length > 0) {
    steps.push({
      command: "pnpm approve-builds",
      purpose: `let pnpm build ${unbuilt.join(", ")}`,
    });
  } else if (installed !== null && needed.includes(NATIVE_PACKAGE)) {
    if (!isBuilt(plan.root, NATIVE_PACKAGE))
      steps.push({
        command: buildCommand(name, plan.root, NATIVE_PACKAGE),
        purpose: `let ${name} build ${NATIVE_PACKAGE}`,
      });
  }
  if (!isNew) return steps;
  // A script of that name that is not ours runs something else.
  const start = (script: string) => {
    const kept = plan.packageJson.keptScripts[script];
    return kept === undefined
      ? runCommand(name, script)
      : directCommand(name, kept);
  };
  if (plan.modules.includes("adw_server")) {
    steps.push({
      command: start("adw:server"),
      purpose: "start the server",
    });
  }
  if (
    plan.modules.includes("adw_server") &&
    plan.modules.includes("adw_logging")
  ) {
    steps.push({
      command: "npx adw-scaffold demo",
      purpose: "watch a demo fleet of agents",
    });
  }
  return steps;
}

export function showNextSteps(
  steps: readonly { command: string; purpose: string }[],
  context: CommandContext,
): void {
  if (steps.length === 0) return;
  const colors = colorsFor(context.stdout, context.env);
  const width = Math.max(...steps.map(({ command }) => command.length));
  context.stdout.write(`\n${colors.bold("Next")}\n`);
  for (const { command, purpose } of steps) {
    context.stdout.write(
      `  ${colors.cyan(command.padEnd(width))}  ${colors.dim(purpose)}\n`,
    );
  }
}

/** A folder as a person would name it from here. */
export function shownPath(cwd: string, path: string): string {
  const place = relative(cwd, path);
  if (place === "") return ".";
  return place.startsWith("..") ? path : place;
}

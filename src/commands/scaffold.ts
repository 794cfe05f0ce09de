/** What `init` and `add` share: show the plan, apply it, install, say what is next. */
import { mkdir, rmdir } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import pc from "picocolors";
import {
  applyScaffold,
  planScaffold,
  recover,
  type ScaffoldPlan,
  type ScaffoldRequest,
} from "../application/scaffold-service.ts";
import { hasPendingTransaction } from "../infrastructure/file-transaction.ts";
import type { PackageManagerName } from "../infrastructure/package-manager.ts";
import type { CommandContext } from "./context.ts";
import type { ParsedCommand } from "./parse.ts";
import { reportError, useColor } from "./report-error.ts";
import { planAsJson, showNotes, showPlan } from "./show-plan.ts";

export interface ScaffoldRun {
  parsed: ParsedCommand;
  context: CommandContext;
  request: ScaffoldRequest;
  /** Asked after the plan is shown; false ends the run with nothing written. */
  confirm?: (plan: ScaffoldPlan) => Promise<boolean>;
}

/** Runs one scaffold to its end; resolves with the exit code. */
export async function runScaffold({
  parsed,
  context,
  request,
  confirm,
}: ScaffoldRun): Promise<0 | 1> {
  const json = parsed.values["json"] === true;
  const dryRun = parsed.values["dry-run"] === true;
  await recoverFirst(request.root, dryRun, context);
  const plan = await planScaffold(request);
  const conflicts = plan.operations.filter(
    ({ operation }) => operation === "conflict",
  );
  if (!json) {
    const onlyShown = dryRun || confirm !== undefined;
    context.stdout.write(heading(plan, onlyShown, context));
    showPlan(plan, context);
    showNotes(plan, context);
  }
  const finish = async (
    applied: boolean,
    installed: string | null,
  ): Promise<0 | 1> => {
    if (json) {
      const facts = {
        command: parsed.command,
        dry_run: dryRun,
        applied,
        installed,
      };
      context.stdout.write(
        `${JSON.stringify({ ...planAsJson(plan, facts), next_steps: applied ? await nextSteps(plan, context, installed) : [] })}\n`,
      );
    }
    return conflicts.length > 0 && !applied ? 1 : 0;
  };
  if (dryRun) return finish(false, null);
  if (conflicts.length > 0) {
    if (json) return finish(false, null);
    await applyScaffold(plan); // refuses, naming the conflicts
  }
  if (confirm !== undefined && hasChanges(plan) && !(await confirm(plan))) {
    context.stderr.write("Nothing was written.\n");
    return 1;
  }
  await writePlan(plan);
  const installed = await install(plan, parsed, context);
  if (installed === false) return 1;
  if (json) return finish(true, installed);
  await showNextSteps(plan, context, installed);
  return 0;
}

function hasChanges(plan: ScaffoldPlan): boolean {
  return plan.operations.some(
    ({ operation }) => operation !== "unchanged" && operation !== "keep",
  );
}

async function recoverFirst(
  root: string,
  dryRun: boolean,
  { stderr }: CommandContext,
): Promise<void> {
  if (dryRun) {
    if (await hasPendingTransaction(root)) {
      stderr.write(
        "note An interrupted run will be completed first; this plan shows the files as they are now.\n",
      );
    }
    return;
  }
  const recovered = await recover(root);
  if (recovered !== undefined) stderr.write(`note ${recovered}\n`);
}

function heading(
  plan: ScaffoldPlan,
  onlyShown: boolean,
  { stdout, env, cwd }: CommandContext,
): string {
  const colors = pc.createColors(useColor(stdout, env));
  const place = shownPath(cwd, plan.root);
  if (
    !hasChanges(plan) &&
    plan.operations.every(({ operation }) => operation !== "conflict")
  ) {
    return `${colors.bold("Up to date")} ${colors.dim(place)}\n`;
  }
  return `${colors.bold(onlyShown ? "Would write" : "Writing")} ${colors.dim(`to ${place}`)}\n`;
}

/** A project folder that is created for the plan goes again when the plan fails. */
async function writePlan(plan: ScaffoldPlan): Promise<void> {
  const created = await mkdir(plan.root, { recursive: true });
  try {
    await applyScaffold(plan);
  } catch (error) {
    if (created !== undefined) await rmdir(plan.root).catch(() => undefined);
    throw error;
  }
}

/** Name of the package manager that installed; null when there was nothing to do; false when it failed. */
async function install(
  plan: ScaffoldPlan,
  parsed: ParsedCommand,
  context: CommandContext,
): Promise<string | null | false> {
  const { addedDependencies, addedDevDependencies } = plan.packageJson;
  const added = Object.keys({ ...addedDependencies, ...addedDevDependencies });
  if (parsed.values["install"] === false || added.length === 0) return null;
  const manager = await chosenManager(plan);
  const { installDependencies } =
    await import("../infrastructure/package-manager.ts");
  const { progress } = await import("./progress.ts");
  const quiet = parsed.values["json"] === true;
  const shown = progress(
    `Installing ${added.join(", ")} with ${manager.name} (${manager.reason})`,
    quiet,
    context,
  );
  try {
    await installDependencies(plan.root, manager.name);
    shown.done(
      `Installed ${added.join(", ")} with ${manager.name} (${manager.reason})`,
    );
    return manager.name;
  } catch (error) {
    shown.failed(`${manager.name} could not install`);
    reportError(error, quiet, context);
    return false;
  }
}

async function chosenManager(
  plan: ScaffoldPlan,
): Promise<{ name: PackageManagerName; reason: string }> {
  const { package_manager: configured } = plan.config;
  if (configured !== "auto")
    return { name: configured, reason: "set in adw.config.json" };
  const { detectPackageManager } =
    await import("../infrastructure/package-manager.ts");
  return detectPackageManager(plan.root);
}

async function nextSteps(
  plan: ScaffoldPlan,
  { cwd }: CommandContext,
  installed: string | null,
): Promise<{ command: string; purpose: string }[]> {
  const { installCommand, runCommand } =
    await import("../infrastructure/package-manager.ts");
  const { name } = await chosenManager(plan);
  const steps: { command: string; purpose: string }[] = [];
  const place = shownPath(cwd, plan.root);
  if (place !== ".")
    steps.push({
      command: `cd ${shellWord(place)}`,
      purpose: "go to the project",
    });
  if (installed === null && !existsSync(join(plan.root, "node_modules"))) {
    steps.push({
      command: installCommand(name).join(" "),
      purpose: "install the dependencies",
    });
  }
  if (plan.modules.includes("adw_server")) {
    steps.push({
      command: runCommand(name, "adw:server"),
      purpose: "start the server",
    });
  }
  if (plan.modules.includes("adw_demo")) {
    steps.push({
      command: runCommand(name, "adw:demo"),
      purpose: "watch a demo fleet of agents",
    });
  }
  return steps;
}

async function showNextSteps(
  plan: ScaffoldPlan,
  context: CommandContext,
  installed: string | null,
): Promise<void> {
  if (!hasChanges(plan)) return;
  const steps = await nextSteps(plan, context, installed);
  if (steps.length === 0) return;
  const colors = pc.createColors(useColor(context.stdout, context.env));
  const width = Math.max(...steps.map(({ command }) => command.length));
  context.stdout.write(`\n${colors.bold("Next")}\n`);
  for (const { command, purpose } of steps) {
    context.stdout.write(
      `  ${colors.cyan(command.padEnd(width))}  ${colors.dim(purpose)}\n`,
    );
  }
}

/** A folder as a person would name it from here. */
function shownPath(cwd: string, path: string): string {
  const place = relative(cwd, path);
  if (place === "") return ".";
  return place.startsWith("..") ? path : place;
}

/** Quotes a path for a POSIX shell when it needs it. */
function shellWord(text: string): string {
  return /^[\w./@:+-]+$/.test(text)
    ? text
    : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

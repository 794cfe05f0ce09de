/**
 * What every command that writes shares: recover, plan, show, ask, apply, install,
 * say what is next.
 */
import type { ConflictDecision } from "../domain/operations.ts";
import { applyScaffold, recover } from "../application/scaffold-service.ts";
import {
  countOperations,
  refusedConflicts,
  type ScaffoldPlan,
} from "../application/scaffold-plan.ts";
import { resolveRoot } from "../application/project.ts";
import { listed } from "../domain/listed.ts";
import { LOCK_FILE } from "../domain/lock.ts";
import {
  changesOf,
  type ConflictCause,
  type FileOperation,
} from "../domain/plan.ts";
import { hasPendingTransaction } from "../infrastructure/file-transaction.ts";
import { inFolder } from "../infrastructure/folders.ts";
import { showTotals, undoCommand } from "./after-init.ts";
import { colorsFor } from "./colors.ts";
import {
  chosenManager,
  install,
  lacksPackages,
  nextSteps,
  plannedInstall,
  showNextSteps,
  shownPath,
} from "./after-write.ts";
import { isInteractive, type CommandContext } from "./context.ts";
import type { ParsedCommand } from "./command.ts";
import { reportError } from "./report-error.ts";
import { planAsJson, showInstall, showNotes, showPlan } from "./show-plan.ts";
import { uncommittedFiles } from "../infrastructure/git.ts";
import { askPerFile } from "./ask-per-file.ts";
import { showContents } from "./show-contents.ts";

/** What the owner decided for files that already exist, by path. */
export type Decisions = Readonly<Record<string, ConflictDecision>>;

export interface PlanRun {
  parsed: ParsedCommand;
  context: CommandContext;
  root: string;
  /** Makes the plan; again when the owner has decided on them. */
  plan: (decisions: Decisions) => Promise<ScaffoldPlan>;
  /** Which conflicts the owner decides on one by one, at a terminal. */
  asks?: readonly ConflictCause[];
  /** Asked after the plan is shown; false ends the run with nothing written. */
  confirm?: (plan: ScaffoldPlan) => Promise<boolean>;
  /** Show what merged files would hold. */
  showsContent?: boolean;
  /** New files are shown by their folder. */
  foldsFolders?: boolean;
}

/** Runs one plan to its end; resolves with the exit code. */
export async function runPlan(run: PlanRun): Promise<0 | 1> {
  const { parsed, context } = run;
  const dryRun = parsed.values["dry-run"] === true;
  const json = parsed.values["json"] === true;
  const recovered = await recoverFirst(run.root, dryRun);
  if (recovered !== undefined && !json)
    context.stderr.write(`note ${recovered}\n`);
  const plan = await decidedPlan(run);
  const refused = refusedConflicts(plan).length > 0;
  const warnings: string[] = recovered === undefined ? [] : [recovered];
  if (!json) await show(plan, run, dryRun);
  if (dryRun || refused) {
    if (json) await printJson(plan, run, { applied: false, warnings }, []);
    if (!dryRun) await applyScaffold(plan); // refuses, naming the conflicts
    return leavesConflicts(plan) ? 1 : 0;
  }
  const uncommitted = await uncommittedWork(plan);
  if (uncommitted !== undefined) {
    warnings.push(uncommitted);
    if (!json) showWarning(uncommitted, context);
  }
  if (
    run.confirm !== undefined &&
    hasChanges(plan) &&
    !(await run.confirm(plan))
  ) {
    context.stderr.write("Nothing was written.\n");
    return 1;
  }
  const undo =
    parsed.command === "init" && !json
      ? await undoCommand(plan, context)
      : undefined;
  await inFolder(plan.root, () => applyScaffold(plan));
  const { manager, error } = await install(plan, parsed, context);
  if (json) {
    const steps = await stepsAfter(plan, run, manager);
    await printJson(
      plan,
      run,
      { applied: true, installed: manager, warnings },
      steps,
    );
  } else if (parsed.command === "init") {
    showTotals(plan, undo, context);
  }
  if (
    !json &&
    error === undefined &&
    (hasChanges(plan) || (isNew(run) && (await lacksPackages(plan))))
  ) {
    showNextSteps(await stepsAfter(plan, run, manager), context);
  }
  if (parsed.command === "remove" && !json) showRemoved(plan, context);
  const conflicts = leavesConflicts(plan);
  if (conflicts && !json) showConflicts(plan, context);
  if (error !== undefined) reportError(error, json, context);
  return error !== undefined || conflicts ? 1 : 0;
}

function stepsAfter(
  plan: ScaffoldPlan,
  run: PlanRun,
  installed: string | null,
): Promise<{ command: string; purpose: string }[]> {
  return nextSteps(plan, run.context, { installed, isNew: isNew(run) });
}

/** Whether it is a command that brings something new to a project. */
function isNew({ parsed }: PlanRun): boolean {
  return parsed.command === "init" || parsed.command === "add";
}

/** The last word of `remove`: what has gone, and what stays. */
function showRemoved(
  { operations, modules, leftBehind }: ScaffoldPlan,
  { stdout, env }: CommandContext,
): void {
  const colors = colorsFor(stdout, env);
  const { delete: deleted = 0 } = countOperations(operations);
  const count = `${deleted} ${deleted === 1 ? "file" : "files"}`;
  const stays = [
    ...operations.flatMap(({ operation, path }) =>
      operation === "keep" ? path : [],
    ),
    ...leftBehind,
  ];
  const rest = [...new Set(stays)];
  stdout.write(
    `\n${colors.green("Removed")} ${count}. ${
      modules.length > 0
        ? `Installed: ${modules.join(", ")}.`
        : rest.length === 0
          ? "Nothing of adw-scaffold is left in this project."
          : `No module is installed any more. What stays: ${listed(rest)}.`
    }\n`,
  );
}

/** The last word, because what came before may fill a screen. */
function showConflicts(
  { operations }: ScaffoldPlan,
  { stderr, env }: CommandContext,
): void {
  const colors = colorsFor(stderr, env);
  const paths = operations.filter(isConflict).map(({ path }) => path);
  stderr.write(
    `${colors.red("conflict")} markers are left in ${paths.join(", ")}\n  ${colors.cyan("→")} Resolve them in an editor. adw-scaffold check --fail-on conflict shows whether any are left.\n`,
  );
}

/**
 * A warning before files are changed that git could not bring back, or whose
 * changes would stand among work that is not committed yet. Nothing is asked of
 * git where no file that exists is changed: starting it is slow.
 */
async function uncommittedWork({
  root,
  operations,
}: ScaffoldPlan): Promise<string | undefined> {
  const changed = changesOf(operations)
    .filter(({ path, previous }) => previous !== null && path !== LOCK_FILE)
    .map(({ path }) => path);
  if (changed.length === 0) return undefined;
  const uncommitted = await uncommittedFiles(root);
  if (uncommitted.length === 0) return undefined;
  const touched = changed.filter((path) =>
    uncommitted.some(
      (other) =>
        other === path ||
        other === "./" ||
        (other.endsWith("/") && path.startsWith(other)),
    ),
  );
  return touched.length > 0
    ? `uncommitted changes in ${listed(touched)}: git cannot bring them back.`
    : `uncommitted work in this repository (${listed(uncommitted)}): the new changes will be mixed with it.`;
}

function showWarning(
  text: string,
  { stderr, env }: Pick<CommandContext, "stderr" | "env">,
): void {
  stderr.write(`${colorsFor(stderr, env).yellow("warning")} ${text}\n`);
}

/** At a terminal, the owner decides on each file that already exists. */
async function decidedPlan(run: PlanRun): Promise<ScaffoldPlan> {
  const { parsed, context } = run;
  const first = await run.plan({});
  const conflicts = refusedConflicts(first);
  // Where one conflict would stop the command whatever the answers, nothing is asked.
  const canBeDecided = conflicts.every(
    ({ cause }) => run.asks?.includes(cause) === true,
  );
  if (
    conflicts.length === 0 ||
    !canBeDecided ||
    parsed.values["dry-run"] === true ||
    !isInteractive(parsed, context)
  ) {
    return first;
  }
  return run.plan(await askPerFile(conflicts, context));
}

async function show(
  plan: ScaffoldPlan,
  { parsed, context, confirm, showsContent, foldsFolders }: PlanRun,
  dryRun: boolean,
): Promise<void> {
  // Until a question is answered, and when a file already exists, nothing is written.
  const refused = refusedConflicts(plan).length > 0;
  const onlyShown = dryRun || confirm !== undefined || refused;
  context.stdout.write(heading(plan, onlyShown, context));
  showPlan(plan, context, foldsFolders);
  if (onlyShown && !refused) {
    const planned = await plannedInstall(plan, parsed);
    if (planned !== undefined) showInstall(planned, context);
  }
  if (showsContent === true) {
    showContents(plan, context);
  }
  showNotes(plan, context);
}

async function printJson(
  plan: ScaffoldPlan,
  { parsed, context }: PlanRun,
  facts: {
    applied: boolean;
    installed?: string | null;
    warnings: readonly string[];
  },
  nextStepsTaken: readonly object[],
): Promise<void> {
  const { name, reason } = await chosenManager(plan);
  const head = {
    command: parsed.command,
    dry_run: parsed.values["dry-run"] === true,
    installed: null,
    ...facts,
    package_manager: { name, reason },
  };
  context.stdout.write(
    `${JSON.stringify({ ...planAsJson(plan, head), next_steps: nextStepsTaken })}\n`,
  );
}

/** Whether conflicts stop the run, or are left in the files as markers. */
function leavesConflicts(plan: ScaffoldPlan): boolean {
  return plan.operations.some(isConflict);
}

function isConflict(entry: FileOperation): boolean {
  return (
    entry.operation === "conflict" ||
    (entry.operation === "keep" && entry.cause === "markers_left")
  );
}

function hasChanges(plan: ScaffoldPlan): boolean {
  return plan.operations.some(
    ({ operation }) => operation !== "unchanged" && operation !== "keep",
  );
}

/** Brings an interrupted run to its end, and says so; a dry run only says so. */
async function recoverFirst(
  root: string,
  dryRun: boolean,
): Promise<string | undefined> {
  if (!dryRun) return recover(root);
  return (await hasPendingTransaction(await resolveRoot(root)))
    ? "an interrupted run will be completed first; this plan shows the files as they are now"
    : undefined;
}

function heading(
  plan: ScaffoldPlan,
  onlyShown: boolean,
  { stdout, env, cwd }: CommandContext,
): string {
  const colors = colorsFor(stdout, env);
  const place = shownPath(cwd, plan.root);
  if (!hasChanges(plan)) {
    const state = leavesConflicts(plan) ? "Conflicts left" : "Up to date";
    return place === "."
      ? `${colors.bold(state)}\n`
      : `${colors.bold(state)} ${colors.dim(place)}\n`;
  }
  return `${colors.bold(onlyShown ? "Would write" : "Writing")} ${colors.dim(`to ${place}`)}\n`;
}

/**
 * What every command that writes shares: recover, plan, show, ask, apply, install,
 * say what is next.
 */
import { mkdirSync, rmdirSync } from "node:fs";
import {
  applyScaffold,
  recover,
  refusedConflicts,
  type ConflictDecision,
  type ScaffoldPlan,
} from "../application/scaffold-service.ts";
import { LOCK_FILE } from "../domain/lock.ts";
import { MARKERS_LEFT, changesOf } from "../domain/plan.ts";
import { hasPendingTransaction } from "../infrastructure/file-transaction.ts";
import { colorsFor } from "./colors.ts";
import { install, nextSteps, showNextSteps, shownPath } from "./after-write.ts";
import { isInteractive, type CommandContext } from "./context.ts";
import type { ParsedCommand } from "./parse.ts";
import { planAsJson, showNotes, showPlan } from "./show-plan.ts";

/** What the owner decided for files in the way, by path. */
export type Decisions = Readonly<Record<string, ConflictDecision>>;

export interface PlanRun {
  parsed: ParsedCommand;
  context: CommandContext;
  root: string;
  /** Makes the plan; again when the owner has decided on files in the way. */
  plan: (decisions: Decisions) => Promise<ScaffoldPlan>;
  /** Files in the way can be decided on one by one, at a terminal. */
  asksPerFile?: boolean;
  /** Asked after the plan is shown; false ends the run with nothing written. */
  confirm?: (plan: ScaffoldPlan) => Promise<boolean>;
  /** Show what merged files would hold. */
  showsContent?: boolean;
}

/** Runs one plan to its end; resolves with the exit code. */
export async function runPlan(run: PlanRun): Promise<0 | 1> {
  const { parsed, context } = run;
  const dryRun = parsed.values["dry-run"] === true;
  const json = parsed.values["json"] === true;
  await recoverFirst(run.root, dryRun, context);
  const plan = await decidedPlan(run);
  const refused = refusedConflicts(plan).length > 0;
  if (!json) await show(plan, run, dryRun);
  if (dryRun || (json && refused)) {
    if (json) printJson(plan, run, { applied: false, installed: null }, []);
    return leavesConflicts(plan) ? 1 : 0;
  }
  await warnOfUncommittedWork(plan, context);
  if (refused) await applyScaffold(plan); // refuses, naming the conflicts
  if (
    run.confirm !== undefined &&
    hasChanges(plan) &&
    !(await run.confirm(plan))
  ) {
    context.stderr.write("Nothing was written.\n");
    return 1;
  }
  await writePlan(plan);
  const installed = await install(plan, parsed, context);
  if (installed === false) return 1;
  if (json) {
    const steps = await nextSteps(plan, context, installed);
    printJson(plan, run, { applied: true, installed }, steps);
  } else if (hasChanges(plan)) {
    await showNextSteps(plan, context, installed);
  }
  return leavesConflicts(plan) ? 1 : 0;
}

/** How many files the warning names. */
const SHOWN_FILES = 5;

/** What is about to be changed and is in no commit could not be brought back by git. */
async function warnOfUncommittedWork(
  { root, operations }: ScaffoldPlan,
  { stderr, env }: CommandContext,
): Promise<void> {
  const paths = changesOf(operations)
    .filter(({ path, previous }) => previous !== null && path !== LOCK_FILE)
    .map(({ path }) => path);
  if (paths.length === 0) return;
  const { uncommittedFiles } = await import("../infrastructure/git.ts");
  const uncommitted = await uncommittedFiles(root, paths);
  if (uncommitted.length === 0) return;
  const more = uncommitted.length - SHOWN_FILES;
  const listed =
    more > 0
      ? `${uncommitted.slice(0, SHOWN_FILES).join(", ")} and ${more} more`
      : uncommitted.join(", ");
  const colors = colorsFor(stderr, env);
  stderr.write(
    `${colors.yellow("warning")} uncommitted changes in ${listed}: git cannot bring them back.\n`,
  );
}

/** At a terminal, the owner decides on each file in the way. */
async function decidedPlan(run: PlanRun): Promise<ScaffoldPlan> {
  const { parsed, context } = run;
  const first = await run.plan({});
  const conflicts = refusedConflicts(first);
  if (
    conflicts.length === 0 ||
    run.asksPerFile !== true ||
    parsed.values["dry-run"] === true ||
    !isInteractive(parsed, context)
  ) {
    return first;
  }
  const { askPerFile } = await import("./ask-per-file.ts");
  return run.plan(await askPerFile(conflicts, context));
}

async function show(
  plan: ScaffoldPlan,
  { context, confirm, showsContent }: PlanRun,
  dryRun: boolean,
): Promise<void> {
  // Until a question is answered, and when a file is in the way, nothing is written.
  const onlyShown =
    dryRun || confirm !== undefined || refusedConflicts(plan).length > 0;
  context.stdout.write(heading(plan, onlyShown, context));
  showPlan(plan, context);
  if (showsContent === true) {
    const { showContents } = await import("./show-contents.ts");
    showContents(plan, context);
  }
  showNotes(plan, context);
}

function printJson(
  plan: ScaffoldPlan,
  { parsed, context }: PlanRun,
  facts: { applied: boolean; installed: string | null },
  nextStepsTaken: readonly object[],
): void {
  const head = {
    command: parsed.command,
    dry_run: parsed.values["dry-run"] === true,
    ...facts,
  };
  context.stdout.write(
    `${JSON.stringify({ ...planAsJson(plan, head), next_steps: nextStepsTaken })}\n`,
  );
}

/** Whether conflicts are in the way, or are left in the files as markers. */
function leavesConflicts(plan: ScaffoldPlan): boolean {
  return plan.operations.some(
    (entry) =>
      entry.operation === "conflict" ||
      (entry.operation === "keep" && entry.reason === MARKERS_LEFT),
  );
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
  const colors = colorsFor(stdout, env);
  const place = shownPath(cwd, plan.root);
  if (
    !hasChanges(plan) &&
    plan.operations.every(({ operation }) => operation !== "conflict")
  ) {
    return `${colors.bold("Up to date")} ${colors.dim(place)}\n`;
  }
  return `${colors.bold(onlyShown ? "Would write" : "Writing")} ${colors.dim(`to ${place}`)}\n`;
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Somebody else has put something there: it stays.
  }
}

/** A project folder that is created for the plan goes again when the plan fails. */
async function writePlan(plan: ScaffoldPlan): Promise<void> {
  const created = mkdirSync(plan.root, { recursive: true });
  try {
    await applyScaffold(plan);
  } catch (error) {
    if (created !== undefined) removeIfEmpty(plan.root);
    throw error;
  }
}

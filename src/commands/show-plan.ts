/** The plan in words, and as JSON. Both read the same operations that apply carries out. */
import type { FileOperation, OperationName } from "../domain/plan.ts";
import type { ScaffoldPlan } from "../application/scaffold-plan.ts";
import { colorsFor, type Colors } from "./colors.ts";
import type { CommandContext } from "./context.ts";

const PAINT: Readonly<
  Record<OperationName, (colors: Colors) => (text: string) => string>
> = {
  create: (colors) => colors.green,
  update: (colors) => colors.yellow,
  merge: (colors) => colors.yellow,
  delete: (colors) => colors.red,
  conflict: (colors) => colors.red,
  keep: (colors) => colors.cyan,
  unchanged: (colors) => colors.dim,
};

/** Writes what will happen, or what has happened, to standard output. */
export function showPlan(
  plan: ScaffoldPlan,
  { stdout, env }: CommandContext,
  foldsFolders = false,
): void {
  const colors = colorsFor(stdout, env);
  const shown = plan.operations.filter(
    ({ operation }) => operation !== "unchanged",
  );
  const lines = shown.map((entry) => ({
    operation: entry.operation,
    path: entry.path,
    note: reasonOf(entry),
  }));
  for (const { operation, path, note } of foldsFolders
    ? folded(lines, plan.config.adws_dir)
    : lines) {
    stdout.write(
      `  ${PAINT[operation](colors)(operation.padEnd(9))} ${path}${note === "" ? "" : colors.dim(`  ${note}`)}\n`,
    );
  }
  const unchanged = plan.operations.length - shown.length;
  if (unchanged > 0) {
    stdout.write(
      `  ${colors.dim(`${"unchanged".padEnd(9)} ${unchanged} ${unchanged === 1 ? "file" : "files"}`)}\n`,
    );
  }
  for (const [module, by] of Object.entries(plan.requiredBy)) {
    stdout.write(`  ${colors.dim(`${module} comes too: ${by} requires it`)}\n`);
  }
}

interface PlanLine {
  operation: OperationName;
  path: string;
  note: string;
}

/** New files in a folder of ours are one line: `create adws/adw_modules/  23 files`. */
function folded(lines: readonly PlanLine[], adwsDir: string): PlanLine[] {
  const folderOf = ({ operation, path }: PlanLine) => {
    if (operation !== "create" || !path.startsWith(`${adwsDir}/`))
      return undefined;
    const [folder, ...rest] = path.slice(adwsDir.length + 1).split("/");
    return rest.length === 0 ? undefined : `${adwsDir}/${folder}/`;
  };
  const counts = new Map<string, number>();
  for (const line of lines) {
    const folder = folderOf(line);
    if (folder !== undefined) counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  const seen = new Set<string>();
  return lines.flatMap((line) => {
    const folder = folderOf(line);
    const count = folder === undefined ? 0 : (counts.get(folder) ?? 0);
    if (folder === undefined || count < 2) return line;
    if (seen.has(folder)) return [];
    seen.add(folder);
    return { operation: line.operation, path: folder, note: `${count} files` };
  });
}

/** Writes what will be installed once the files are written, with what, and why with that. */
export function showInstall(
  planned: { packages: string; name: string; reason: string },
  { stdout, env }: CommandContext,
): void {
  const { packages, name, reason } = planned;
  const colors = colorsFor(stdout, env);
  stdout.write(
    `  ${colors.green("install".padEnd(9))} ${packages}${colors.dim(`  with ${name} (${reason})`)}\n`,
  );
}

/** Writes the notes of a plan, one a paragraph. */
export function showNotes(
  plan: ScaffoldPlan,
  { stderr, env }: CommandContext,
): void {
  const colors = colorsFor(stderr, env);
  for (const note of plan.notes)
    stderr.write(`${colors.yellow("note")} ${note}\n`);
}

/** The plan as `--json` prints it: no file contents, paths relative to the project. */
export function planAsJson(
  plan: ScaffoldPlan,
  extra: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return {
    ...extra,
    target: plan.root,
    modules: plan.modules,
    required_by: plan.requiredBy,
    operations: plan.operations.map((entry) => {
      const reason = reasonOf(entry);
      return {
        operation: entry.operation,
        path: entry.path,
        module: entry.module,
        ...(reason === "" ? {} : { reason }),
      };
    }),
    package_json: {
      added_dependencies: plan.packageJson.addedDependencies,
      added_dev_dependencies: plan.packageJson.addedDevDependencies,
      added_scripts: plan.packageJson.addedScripts,
      changed_scripts: plan.packageJson.changedScripts,
      kept_scripts: plan.packageJson.keptScripts,
      removed_dependencies: plan.packageJson.removedDependencies,
      removed_scripts: plan.packageJson.removedScripts,
      old_ranges: plan.packageJson.oldRanges,
    },
    left_behind: plan.leftBehind,
    notes: plan.notes,
  };
}

function reasonOf(entry: FileOperation): string {
  return "reason" in entry ? entry.reason : "";
}

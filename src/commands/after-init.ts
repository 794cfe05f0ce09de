/** The last words of a first `init`: how much was written, and how to undo it. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { ScaffoldPlan } from "../application/scaffold-plan.ts";
import { LOCK_FILE } from "../domain/lock.ts";
import { colorsFor } from "./colors.ts";
import type { CommandContext } from "./context.ts";
import { isInRepository } from "../infrastructure/upwards.ts";
import { shellWord } from "../domain/shell-word.ts";
import { shownPath } from "./after-write.ts";
import { trackedUnchanged } from "../infrastructure/git.ts";

/**
 * The command that takes back what a first init writes; undefined for a later one.
 * Asked before anything is written: git can bring back only what it has.
 */
export async function undoCommand(
  { root, config, operations }: ScaffoldPlan,
  { cwd }: Pick<CommandContext, "cwd">,
): Promise<string | undefined> {
  const isFirst = operations.some(
    ({ operation, path }) => operation === "create" && path === LOCK_FILE,
  );
  if (!isFirst) return undefined;
  const remove = `npx adw-scaffold remove ${config.modules.join(" ")}`;
  // What was in the folder before is not ours to clean away.
  if (!isInRepository(root) || existsSync(join(root, config.adws_dir)))
    return remove;
  const changed = operations.flatMap(({ operation, path }) =>
    operation === "update" || operation === "merge" || operation === "delete"
      ? path
      : [],
  );
  if (!(await trackedUnchanged(root, changed))) return remove;
  const created = operations.flatMap(({ operation, path }) =>
    operation === "create" && !path.startsWith(`${config.adws_dir}/`)
      ? path
      : [],
  );
  const place = shownPath(cwd, root);
  const git = place === "." ? "git" : `git -C ${shellWord(place)}`;
  const words = (paths: readonly string[]) => paths.map(shellWord).join(" ");
  return [
    ...(changed.length === 0 ? [] : [`${git} checkout -- ${words(changed)}`]),
    `${git} clean -fdq -- ${words([config.adws_dir, ...created])}`,
  ].join(" && ");
}

/** `Wrote 41 files, 6,812 lines.`, and how to undo it. */
export function showTotals(
  { operations }: ScaffoldPlan,
  undo: string | undefined,
  { stdout, env }: CommandContext,
): void {
  const colors = colorsFor(stdout, env);
  const written = operations.flatMap((entry) =>
    "content" in entry &&
    entry.operation !== "unchanged" &&
    entry.operation !== "conflict"
      ? entry.content
      : [],
  );
  if (written.length === 0) return;
  const lines = written.reduce(
    (sum, text) => sum + (text.match(/\n/g)?.length ?? 0),
    0,
  );
  stdout.write(
    `\nWrote ${counted(written.length, "file")}, ${counted(lines, "line")}.${undo === undefined ? "" : ` To undo it: ${colors.cyan(undo)}`}\n`,
  );
}

function counted(count: number, noun: string): string {
  return `${count.toLocaleString("en-US")} ${noun}${count === 1 ? "" : "s"}`;
}

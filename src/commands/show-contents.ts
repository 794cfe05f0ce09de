/** What the files of a plan would hold. */
import type { ScaffoldPlan } from "../application/scaffold-plan.ts";
import { colorsFor } from "./colors.ts";
import type { CommandContext } from "./context.ts";
import { paintPatch, patch } from "./patch.ts";

/** Writes what merged and conflicting files would hold. */
export function showContents(
  plan: ScaffoldPlan,
  { stdout, env }: CommandContext,
): void {
  const colors = colorsFor(stdout, env);
  for (const entry of plan.operations) {
    if (entry.operation !== "merge" && entry.operation !== "conflict") continue;
    const after = entry.operation === "conflict" ? entry.merged : entry.content;
    if (after === null) continue;
    stdout.write(`\n${colors.bold(entry.path)}\n`);
    stdout.write(
      paintPatch(
        patch(entry.path, entry.previous ?? "", "yours", after, "merged"),
        colors,
      ),
    );
  }
}

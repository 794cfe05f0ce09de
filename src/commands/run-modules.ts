/** What `add`, `remove` and `update` do with the modules that they are given. */
import { planRemove } from "../application/remove-plan.ts";
import type { ScaffoldPlan } from "../application/scaffold-plan.ts";
import { planScaffold } from "../application/scaffold-service.ts";
import { planUpdate } from "../application/update-plan.ts";
import type { ParsedCommand, Run } from "./command.ts";
import {
  chosen,
  projectRequest,
  writeChoices,
  type CommandContext,
  type NamedProject,
} from "./context.ts";
import { runPlan, type Decisions, type PlanRun } from "./run-plan.ts";
import { ON_CONFLICT } from "./update.ts";

type Request = NamedProject &
  ReturnType<typeof writeChoices> & {
    modules: readonly string[];
    decisions: Decisions;
  };

function runModules(
  parsed: ParsedCommand,
  context: CommandContext,
  plan: (request: Request) => Promise<ScaffoldPlan>,
  options: Pick<PlanRun, "asks" | "showsContent"> = {},
): Promise<0 | 1> {
  const request = {
    ...projectRequest(parsed, context),
    ...writeChoices(parsed),
    modules: parsed.positionals,
  };
  return runPlan({
    parsed,
    context,
    root: request.root,
    plan: (decisions) => plan({ ...request, decisions }),
    ...options,
  });
}

export const runAdd: Run = (parsed, context) =>
  runModules(parsed, context, planScaffold, {
    asks: ["already_exists", "both_changed"],
  });

export const runRemove: Run = (parsed, context) =>
  runModules(parsed, context, planRemove);

export const runUpdate: Run = async (parsed, context) => {
  const { "on-conflict": given = "markers", "dry-run": isDry } = parsed.values;
  const onConflict = chosen("on-conflict", String(given), ON_CONFLICT);
  return runModules(
    parsed,
    context,
    (request) => planUpdate({ ...request, onConflict }),
    { asks: ["already_exists"], showsContent: isDry === true },
  );
};

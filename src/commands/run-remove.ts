/** What `adw-scaffold remove` does. */
import { planRemove } from "../application/remove-plan.ts";
import type { Run } from "./command.ts";
import { projectRequest, writeChoices } from "./context.ts";
import { runPlan } from "./run-plan.ts";

export const runRemove: Run = (parsed, context) => {
  const request = {
    ...projectRequest(parsed, context),
    modules: parsed.positionals,
    ...writeChoices(parsed),
  };
  return runPlan({
    parsed,
    context,
    root: request.root,
    plan: () => planRemove(request),
  });
};

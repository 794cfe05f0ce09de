/** What `adw-scaffold add` does. */
import { planScaffold } from "../application/scaffold-service.ts";
import type { Run } from "./command.ts";
import { projectRequest, writeChoices } from "./context.ts";
import { runPlan } from "./run-plan.ts";

export const runAdd: Run = (parsed, context) => {
  const request = {
    ...projectRequest(parsed, context),
    modules: parsed.positionals,
    ...writeChoices(parsed),
  };
  return runPlan({
    parsed,
    context,
    root: request.root,
    plan: (decisions) => planScaffold({ ...request, decisions }),
    asks: ["already_exists", "both_changed"],
  });
};

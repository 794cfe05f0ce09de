/** `adw-scaffold remove <module…>` */
import { planRemove } from "../application/remove-plan.ts";
import { projectRequest, writeChoices, type Command } from "./context.ts";
import { runPlan } from "./run-plan.ts";

/** Removes modules; what the owner edited is kept and listed. */
export const remove: Command = (parsed, context) => {
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

/** `adw-scaffold add <module…>` */
import { planScaffold } from "../application/scaffold-service.ts";
import { projectRequest, writeChoices, type Command } from "./context.ts";
import { runPlan } from "./run-plan.ts";

/** Adds modules, and what they require, to a project. */
export const add: Command = (parsed, context) => {
  const request = {
    ...projectRequest(parsed, context),
    modules: parsed.positionals,
    ...writeChoices(parsed),
    ...(parsed.values["dev"] === true ? { dev: true } : {}),
  };
  return runPlan({
    parsed,
    context,
    root: request.root,
    plan: (decisions) => planScaffold({ ...request, decisions }),
    asks: ["already_exists", "both_changed"],
  });
};

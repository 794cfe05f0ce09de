/** `adw-scaffold add <module..>` */
import { DEV, EXISTING_FILES, type Command } from "./command.ts";
import { projectRequest, writeChoices } from "./context.ts";
import { moduleNames } from "./settings.ts";

/** Adds modules, and what they require, to a project. */
export const add: Command = {
  name: "add",
  summary: "Add modules, and what they require",
  argument: {
    name: "module",
    description: "Modules to add",
    required: true,
    many: true,
    choices: moduleNames,
  },
  options: () => ({ ...DEV, ...EXISTING_FILES }),
  run: async (parsed, context) => {
    const { planScaffold } = await import("../application/scaffold-service.ts");
    const { runPlan } = await import("./run-plan.ts");
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
  },
};

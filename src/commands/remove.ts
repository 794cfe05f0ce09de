/** `adw-scaffold remove <module..>` */
import { DOWNGRADE, FORCE, type Command } from "./command.ts";
import { projectRequest, writeChoices } from "./context.ts";
import { moduleNames } from "./settings.ts";

/** Removes modules; what the owner edited is kept and listed. */
export const remove: Command = {
  name: "remove",
  summary: "Remove modules; files that you edited stay",
  argument: {
    name: "module",
    description: "Modules to remove",
    required: true,
    many: true,
    choices: moduleNames,
  },
  options: () => ({ ...FORCE, ...DOWNGRADE }),
  run: async (parsed, context) => {
    const { planRemove } = await import("../application/remove-plan.ts");
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
      plan: () => planRemove(request),
    });
  },
};

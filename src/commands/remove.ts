/** `adw-scaffold remove <module..>` */
import { DOWNGRADE, FORCE, type Command } from "./command.ts";
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
  run: async (parsed, context) =>
    (await import("./runs.ts")).runRemove(parsed, context),
};

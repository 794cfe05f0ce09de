/** `adw-scaffold add <module..>` */
import { DEV, EXISTING_FILES, type Command } from "./command.ts";
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
  run: async (parsed, context) =>
    (await import("./runs.ts")).runAdd(parsed, context),
};

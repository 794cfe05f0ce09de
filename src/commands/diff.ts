/** `adw-scaffold diff [module..]` */
import type { Command } from "./command.ts";
import { moduleNames } from "./settings.ts";

export const diff: Command = {
  name: "diff",
  summary: "Show what you changed, and what the templates changed",
  argument: {
    name: "module",
    description: "Modules to compare; all without it",
    many: true,
    choices: moduleNames,
  },
  run: async (parsed, context) =>
    (await import("./runs.ts")).runDiff(parsed, context),
};

/** `adw-scaffold check [module..]` */
import { DRIFT_KINDS } from "../domain/drift.ts";
import type { Command } from "./command.ts";
import { moduleNames } from "./settings.ts";

export const check: Command = {
  name: "check",
  summary: "For CI: check that rendered files are up to date",
  argument: {
    name: "module",
    description: "Modules to check; all without it",
    many: true,
    choices: moduleNames,
  },
  options: () => ({
    "fail-on": {
      type: "list",
      choices: DRIFT_KINDS,
      description: "What counts as failure [all]",
    },
  }),
  run: async (parsed, context) =>
    (await import("./runs.ts")).runCheck(parsed, context),
};

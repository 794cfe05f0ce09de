/** `adw-scaffold update [module..]` */
import type { OnConflict } from "../domain/operations.ts";
import { EXISTING_FILES, type Command } from "./command.ts";
import { moduleNames } from "./settings.ts";

export const ON_CONFLICT: readonly OnConflict[] = [
  "markers",
  "keep",
  "theirs",
  "fail",
];

/** Brings in later templates and changed settings; edits are merged, never lost. */
export const update: Command = {
  name: "update",
  summary: "Bring in later templates; your edits are merged, never lost",
  argument: {
    name: "module",
    description: "Modules to update; all without it",
    many: true,
    choices: moduleNames,
  },
  options: () => ({
    "on-conflict": {
      type: "string",
      choices: ON_CONFLICT,
      description:
        "Where you and the template changed the same lines [markers]",
    },
    ...EXISTING_FILES,
  }),
  run: async (parsed, context) =>
    (await import("./runs.ts")).runUpdate(parsed, context),
};

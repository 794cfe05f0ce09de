/** `adw-scaffold update [module..]` */
import type { OnConflict } from "../application/update-plan.ts";
import { UsageError } from "../domain/errors.ts";
import { suggestion } from "../domain/nearest.ts";
import { EXISTING_FILES, type Command } from "./command.ts";
import { projectRequest, writeChoices } from "./context.ts";
import { moduleNames } from "./settings.ts";

const ON_CONFLICT: readonly OnConflict[] = [
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
  run: async (parsed, context) => {
    const { planUpdate } = await import("../application/update-plan.ts");
    const { runPlan } = await import("./run-plan.ts");
    const { values, positionals } = parsed;
    const request = {
      ...projectRequest(parsed, context),
      onConflict: onConflict(values["on-conflict"] ?? "markers"),
      ...writeChoices(parsed),
      ...(positionals.length === 0 ? {} : { modules: positionals }),
    };
    return runPlan({
      parsed,
      context,
      root: request.root,
      plan: (decisions) => planUpdate({ ...request, decisions }),
      asks: ["already_exists"],
      showsContent: values["dry-run"] === true,
    });
  },
};

function onConflict(given: string | boolean): OnConflict {
  const known = ON_CONFLICT.find((choice) => choice === given);
  if (known !== undefined) return known;
  throw new UsageError(`--on-conflict does not know "${given}"`, {
    hint: suggestion(String(given), ON_CONFLICT),
  });
}

/** What `adw-scaffold update` does. */
import { planUpdate, type OnConflict } from "../application/update-plan.ts";
import { UsageError } from "../domain/errors.ts";
import { suggestion } from "../domain/nearest.ts";
import type { Run } from "./command.ts";
import { projectRequest, writeChoices } from "./context.ts";
import { runPlan } from "./run-plan.ts";
import { ON_CONFLICT } from "./update.ts";

export const runUpdate: Run = (parsed, context) => {
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
};

function onConflict(given: string | boolean): OnConflict {
  const known = ON_CONFLICT.find((choice) => choice === given);
  if (known !== undefined) return known;
  throw new UsageError(`--on-conflict does not know "${given}"`, {
    hint: suggestion(String(given), ON_CONFLICT),
  });
}

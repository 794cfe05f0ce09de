/** `adw-scaffold update [module…]` */
import { planUpdate, type OnConflict } from "../application/update-plan.ts";
import { UsageError } from "../domain/errors.ts";
import { suggestion } from "../domain/nearest.ts";
import { projectRequest, writeChoices, type Command } from "./context.ts";
import { runPlan } from "./run-plan.ts";

const CHOICES: readonly OnConflict[] = ["markers", "keep", "theirs", "fail"];

/** Brings in later templates and changed settings; edits are merged, never lost. */
export const update: Command = (parsed, context) => {
  const { values, positionals } = parsed;
  const onConflict = CHOICES.find(
    (choice) => choice === (values["on-conflict"] ?? "markers"),
  );
  if (onConflict === undefined) {
    const name = String(values["on-conflict"]);
    throw new UsageError(`--on-conflict does not know "${name}"`, {
      hint: suggestion(name, CHOICES),
    });
  }
  const request = {
    ...projectRequest(parsed, context),
    onConflict,
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

/** `adw-scaffold init [dir]` */
import { planScaffold } from "../application/scaffold-service.ts";
import { bundledRegistry } from "../domain/module-registry.ts";
import { readConfig } from "../infrastructure/config-file.ts";
import {
  isInteractive,
  projectRequest,
  settingsFromFlags,
  type Command,
} from "./context.ts";
import { runPlan } from "./run-plan.ts";

/** Scaffolds a project: every module, or those that are named or chosen. */
export const init: Command = async (parsed, context) => {
  const { values, positionals } = parsed;
  const project = projectRequest(parsed, context, positionals[0]);
  const { modules: named, ...settings } = settingsFromFlags(parsed);
  const existing = await readConfig(project.root, project.configFile);
  const everything = bundledRegistry.installable.map(({ name }) => name);
  const request = {
    ...project,
    settings,
    modules: named ?? (existing.config.modules.length > 0 ? [] : everything),
    force: values["force"] === true,
    linters: values["linters"] !== false,
  };
  const run = { parsed, context, root: project.root, asksPerFile: true };
  if (!isInteractive(parsed, context) || values["dry-run"] === true) {
    return runPlan({
      ...run,
      plan: (decisions) => planScaffold({ ...request, decisions }),
    });
  }
  const { askInit, askLinters, askToWrite } =
    await import("./init-questions.ts");
  const answers = await askInit({
    root: project.root,
    firstTime: existing.text === null,
    modules: named,
    settings,
  });
  const answered = {
    ...request,
    settings: { ...settings, ...answers.settings },
    modules: answers.modules ?? request.modules,
  };
  if (values["linters"] === undefined) {
    const { linterFiles } = await planScaffold(answered);
    answered.linters = await askLinters(linterFiles);
  }
  return runPlan({
    ...run,
    plan: (decisions) => planScaffold({ ...answered, decisions }),
    confirm: askToWrite,
  });
};

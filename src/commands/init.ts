/** `adw-scaffold init [dir]` */
import { bundledRegistry } from "../domain/module-registry.ts";
import { readConfig } from "../infrastructure/config-file.ts";
import {
  isInteractive,
  projectRoot,
  settingsFromFlags,
  type Command,
} from "./context.ts";
import { runScaffold } from "./scaffold.ts";

/** Scaffolds a project: every module, or those that are named or chosen. */
export const init: Command = async (parsed, context) => {
  const { values, positionals } = parsed;
  const root = projectRoot(parsed, context, positionals[0]);
  const configFile =
    typeof values["config"] === "string" ? values["config"] : undefined;
  const { modules: named, ...settings } = settingsFromFlags(parsed);
  const existing = await readConfig(root, configFile);
  const everything = bundledRegistry.installable.map(({ name }) => name);
  const request = {
    root,
    settings,
    modules: named ?? (existing.config.modules.length > 0 ? [] : everything),
    force: values["force"] === true,
    ...(configFile === undefined ? {} : { configFile }),
  };
  if (!isInteractive(parsed, context) || values["dry-run"] === true) {
    return runScaffold({ parsed, context, request });
  }
  const { askInit, askToWrite } = await import("./init-questions.ts");
  const answers = await askInit({
    root,
    firstTime: existing.text === null,
    modules: named,
    settings,
  });
  return runScaffold({
    parsed,
    context,
    request: {
      ...request,
      settings: { ...settings, ...answers.settings },
      modules: answers.modules ?? request.modules,
    },
    confirm: askToWrite,
  });
};

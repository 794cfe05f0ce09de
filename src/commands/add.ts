/** `adw-scaffold add <module…>` */
import { projectRoot, type Command } from "./context.ts";
import { runScaffold } from "./scaffold.ts";

/** Adds modules, and what they require, to a project. */
export const add: Command = (parsed, context) => {
  const { values, positionals } = parsed;
  return runScaffold({
    parsed,
    context,
    request: {
      root: projectRoot(parsed, context),
      modules: positionals,
      force: values["force"] === true,
      ...(typeof values["config"] === "string"
        ? { configFile: values["config"] }
        : {}),
    },
  });
};

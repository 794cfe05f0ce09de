/** `adw-scaffold init [dir]` */
import { EXISTING_FILES, DEV, type Command } from "./command.ts";
import { settingOptions } from "./settings.ts";

export const init: Command = {
  name: "init",
  summary: "Scaffold adws/ into a new or existing project",
  argument: {
    name: "dir",
    description: "Project folder; the current one without it",
  },
  options: () => ({
    minimal: {
      type: "boolean",
      description: "The event server alone, without a database or a dashboard",
    },
    logging: {
      type: "boolean",
      description: "Logging to a database alone, without a server",
    },
    ...DEV,
    verbose: {
      type: "boolean",
      description: "List every file, not only the folders",
    },
    ...EXISTING_FILES,
    nested: {
      type: "boolean",
      description: "Start a project of its own inside another project",
    },
    linters: {
      type: "boolean",
      description:
        "Leave adws/ out of the project's linters, in their own configuration",
      negative: "Leave the configuration of the project's linters as it is",
    },
    ...settingOptions("Settings (written to adw.config.json):"),
  }),
  run: async (parsed, context) =>
    (await import("./runs.ts")).runInit(parsed, context),
};

/** `adw-scaffold render <module>` */
import { FORCE, type Command } from "./command.ts";
import { moduleNames, settingOptions } from "./settings.ts";

export const render: Command = {
  name: "render",
  summary: "Print a rendered module, or write it into a folder",
  argument: {
    name: "module",
    description: "Module to render",
    required: true,
    choices: moduleNames,
  },
  options: () => ({
    out: { type: "string", description: "Write the files into this folder" },
    ...FORCE,
    ...settingOptions("Settings (instead of those in adw.config.json):"),
  }),
  run: async (parsed, context) =>
    (await import("./runs.ts")).runRender(parsed, context),
};

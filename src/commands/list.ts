/** `adw-scaffold list` */
import type { Command } from "./command.ts";

export const list: Command = {
  name: "list",
  summary: "Show the modules, and which are installed",
  run: async (parsed, context) =>
    (await import("./runs.ts")).runList(parsed, context),
};

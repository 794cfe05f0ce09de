/** `adw-scaffold doctor` */
import type { Command } from "./command.ts";

export const doctor: Command = {
  name: "doctor",
  summary: "Find what is wrong with a project, and say how to fix it",
  options: () => ({
    fix: { type: "boolean", description: "Fix what is safe to fix" },
    live: {
      type: "boolean",
      description: "Start your own copy of the server and try it",
    },
  }),
  run: async (parsed, context) =>
    (await import("./runs.ts")).runDoctor(parsed, context),
};

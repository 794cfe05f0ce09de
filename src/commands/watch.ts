/** `adw-scaffold watch` */
import type { Command } from "./command.ts";

export const watch: Command = {
  name: "watch",
  summary: "Show every coding agent on this machine, live; no project needed",
  options: () => ({
    since: {
      type: "string",
      description:
        "Show the sessions since then first: 30m, 12h, 7d, a date [7d]",
    },
    once: {
      type: "boolean",
      description: "Print the sessions and end, without a server",
    },
    open: {
      type: "boolean",
      description: "Open the dashboard in the browser",
    },
    port: {
      type: "string",
      description: "Port of the server [8764, or any free port]",
    },
    host: {
      type: "string",
      description: "Address to bind [127.0.0.1: this machine only]",
    },
  }),
  run: async (parsed, context) =>
    (await import("./runs.ts")).runWatch(parsed, context),
};

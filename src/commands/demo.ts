/** `adw-scaffold demo` */
import type { Command } from "./command.ts";

export const demo: Command = {
  name: "demo",
  summary:
    "Play a demo fleet of agents into your log, and show its events live",
  options: () => ({
    seconds: {
      type: "string",
      description:
        "Stop after n seconds; 0 goes on until Ctrl-C [one story, under a minute]",
    },
    rate: {
      type: "string",
      description: "Events a second, on average [the story's own, about 8]",
    },
    seed: {
      type: "string",
      description:
        "The same seed plays the same story [by the time; 1 in a scratch folder]",
    },
    port: {
      type: "string",
      description:
        "Port of the server [a running one of the project, else any free port]",
    },
  }),
  run: async (parsed, context) =>
    (await import("./runs.ts")).runDemo(parsed, context),
};

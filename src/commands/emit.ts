/** `adw-scaffold emit` */
import type { Command } from "./command.ts";

export const emit: Command = {
  name: "emit",
  summary: "Put an event into the log, from a script: JSON on standard input",
  options: () => ({
    "event-type": {
      type: "string",
      description: "Name of the event, instead of JSON on standard input",
    },
    "agent-id": {
      type: "string",
      description: 'Whom it is about, with --event-type ["system"]',
    },
    message: {
      type: "string",
      mayBeEmpty: true,
      description: "What happened, with --event-type",
    },
  }),
  run: async (parsed, context) =>
    (await import("./run-emit.ts")).runEmit(parsed, context),
};

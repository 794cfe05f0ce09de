/** `adw-scaffold hooks <action> [agent..]` */
import { AGENT_NAMES } from "../domain/hooks/agents.ts";
import type { Command } from "./command.ts";

/** What can be done, in the order of the help. */
export const HOOK_ACTIONS = ["install", "uninstall", "status"] as const;

export const hooks: Command = {
  name: "hooks",
  summary:
    "Let coding agents tell your log what they do: install, uninstall, status",
  argument: {
    name: "action",
    description: `install, uninstall or status, and then agents (${AGENT_NAMES.join(", ")}); without any, those on this machine`,
    many: true,
    choices: () => [...HOOK_ACTIONS, ...AGENT_NAMES],
  },
  options: () => ({
    shared: {
      type: "boolean",
      description:
        "In the settings that the team commits [in your own, ignored by git]",
    },
    user: {
      type: "boolean",
      description: "In your settings for all projects",
    },
    http: {
      type: "string",
      description:
        "Send to the server with this URL, on another machine [into a folder; Claude Code only]",
    },
    otel: {
      type: "boolean",
      description: "Set up the agent's telemetry too, for tokens and cost",
    },
  }),
  run: async (parsed, context) =>
    (await import("./run-hooks.ts")).runHooks(parsed, context),
};

#!/usr/bin/env node
/** argv to a lazily loaded command; errors to stderr; the exit code. */
import { AdwError } from "./domain/errors.ts";
import { parseCommandLine, type Request } from "./commands/parse.ts";
import { standardOutput, type Output } from "./commands/output.ts";
import type { CommandName } from "./commands/command-line.ts";
import type { Command, CommandContext } from "./commands/context.ts";

/** Replaced by the build. */
declare const PACKAGE_VERSION: string;

/** The commands, each loaded when it is asked for. */
const COMMANDS: Readonly<Record<CommandName, () => Promise<Command>>> = {
  init: async () => (await import("./commands/init.ts")).init,
  add: async () => (await import("./commands/add.ts")).add,
  list: async () => (await import("./commands/list.ts")).list,
  render: async () => (await import("./commands/render.ts")).render,
  check: async () => (await import("./commands/check.ts")).check,
  diff: async () => (await import("./commands/diff.ts")).diff,
  update: async () => (await import("./commands/update.ts")).update,
  remove: async () => (await import("./commands/remove.ts")).remove,
  demo: async () => (await import("./commands/demo.ts")).demo,
  doctor: async () => (await import("./commands/doctor.ts")).doctor,
  completion: async () => (await import("./commands/completion.ts")).completion,
};

async function run(
  request: Request,
  context: CommandContext,
): Promise<0 | 1 | 2> {
  switch (request.kind) {
    case "version":
      context.stdout.write(`${PACKAGE_VERSION}\n`);
      return 0;
    case "help": {
      const { helpText } = await import("./commands/help.ts");
      context.stdout.write(await helpText(request.command, context));
      return 0;
    }
    case "run": {
      const command = await COMMANDS[request.parsed.command]();
      return command(request.parsed, context);
    }
  }
}

/** Runs the command that the process was started with, and sets the exit code. */
async function main(): Promise<void> {
  const argv = process.argv.slice(2);
  let stdout: Output | undefined;
  let stderr: Output | undefined;
  const context: CommandContext = {
    get stdout() {
      return (stdout ??= standardOutput(1));
    },
    get stderr() {
      return (stderr ??= standardOutput(2));
    },
    get stdin() {
      return process.stdin;
    },
    env: process.env,
    cwd: process.cwd(),
  };
  try {
    if (argv.includes("--get-yargs-completions")) {
      const { printCompletions } = await import("./commands/completion.ts");
      printCompletions(argv, context);
      return;
    }
    process.exitCode = await run(parseCommandLine(argv), context);
  } catch (error) {
    const { reportError } = await import("./commands/report-error.ts");
    reportError(error, argv.includes("--json"), context);
    process.exitCode = error instanceof AdwError ? error.exitCode : 1;
  }
}

await main();

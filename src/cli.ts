#!/usr/bin/env node
/** From argv to a command; errors to stderr; the exit code. */
import { AdwError, UsageError } from "./domain/errors.ts";
import { COMMANDS, parseCommandLine } from "./commands/command-line.ts";
import { printCompletions } from "./commands/completion.ts";
import type { CommandContext } from "./commands/context.ts";
import { helpText } from "./commands/help.ts";
import { standardOutput, type Output } from "./commands/output.ts";
import { reportError } from "./commands/report-error.ts";

/** Replaced by the build. */
declare const PACKAGE_VERSION: string;

/** Runs the command that the process was started with; resolves with the exit code. */
async function run(
  argv: readonly string[],
  context: CommandContext,
): Promise<0 | 1 | 2> {
  if (argv.includes("--get-yargs-completions")) {
    printCompletions(COMMANDS, argv, context);
    return 0;
  }
  try {
    const request = parseCommandLine(argv);
    switch (request.kind) {
      case "run":
        return await request.command.run(request.parsed, context);
      case "version":
        context.stdout.write(`${PACKAGE_VERSION}\n`);
        return 0;
      case "help": {
        const { columns } = context.stdout;
        context.stdout.write(helpText(request.command, columns));
        return 0;
      }
    }
  } catch (error) {
    reportError(error, argv.includes("--json"), context);
    return error instanceof AdwError ? error.exitCode : 1;
  }
}

/** @throws {UsageError} where a shell stands in a folder that has been deleted */
function currentFolder(): string {
  try {
    return process.cwd();
  } catch (error) {
    throw new UsageError("the current folder is not there any more", {
      cause: error,
      hint: "Change to a folder that exists, then run the command again.",
    });
  }
}

let stderr: Output | undefined;
process.exitCode = await run(process.argv.slice(2), {
  stdout: standardOutput(1),
  get stderr() {
    return (stderr ??= standardOutput(2));
  },
  get stdin() {
    return process.stdin;
  },
  env: process.env,
  get cwd() {
    return currentFolder();
  },
});

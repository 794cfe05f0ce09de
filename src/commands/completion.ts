/** `adw-scaffold completion [shell]`, by yargs' own mechanism. */
import { UsageError } from "../domain/errors.ts";
import { optionsOf, type Command } from "./command.ts";
import type { CommandContext } from "./context.ts";

const SHELLS = ["bash", "zsh"];

/** Prints the script that the shell evaluates. */
export const completion: Command = {
  name: "completion",
  summary: "Print a completion script for bash or zsh",
  argument: {
    name: "shell",
    description: "bash or zsh; without it, by the SHELL variable",
    choices: () => SHELLS,
  },
  run: async ({ positionals: [shell] }, { env }) => {
    if (shell !== undefined && !SHELLS.includes(shell)) {
      throw new UsageError(`no completion for "${shell}"`, {
        hint: "Known shells: bash, zsh. For example: adw-scaffold completion >> ~/.bashrc",
      });
    }
    // yargs looks at SHELL to choose between its two scripts.
    if (shell !== undefined) env["SHELL"] = `/bin/${shell}`;
    const { default: yargs } = await import("yargs");
    yargs([]).scriptName("adw-scaffold").showCompletionScript();
    return 0;
  },
};

/** Answers the shell's question: one candidate a line. */
export function printCompletions(
  commands: readonly Command[],
  argv: readonly string[],
  { stdout, env }: CommandContext,
): void {
  const words = argv.slice(argv.indexOf("--get-yargs-completions") + 2);
  const current = words.at(-1) ?? "";
  const matching = candidates(commands, words.slice(0, -1), current).filter(
    (candidate) => candidate.startsWith(current),
  );
  // In zsh, what follows a colon is the description.
  const shown = (env["SHELL"] ?? "").endsWith("zsh")
    ? matching.map((candidate) => candidate.replaceAll(":", String.raw`\:`))
    : matching;
  stdout.write(shown.map((candidate) => `${candidate}\n`).join(""));
}

/** What can stand at this place; where that is a file, nothing: the shell knows them. */
function candidates(
  commands: readonly Command[],
  before: readonly string[],
  current: string,
): readonly string[] {
  const command = commands.find(({ name }) => before.includes(name));
  const options = optionsOf(command);
  const option = options[before.at(-1)?.replace(/^--/, "") ?? ""];
  if (option !== undefined && option.type !== "boolean")
    return option.choices ?? [];
  if (current.startsWith("-")) {
    return Object.entries(options).map(([name, { negative }]) =>
      negative === undefined ? `--${name}` : `--no-${name}`,
    );
  }
  if (command === undefined) return commands.map(({ name }) => name);
  return command.argument?.choices?.() ?? [];
}

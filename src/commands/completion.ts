/** Shell completion, by yargs' own mechanism. */
import yargs from "yargs";
import { bundledRegistry } from "../domain/module-registry.ts";
import { UsageError } from "../domain/errors.ts";
import { COMMANDS, optionsOf } from "./command-line.ts";
import type { Command, CommandContext } from "./context.ts";

/** Prints the script that the shell evaluates. */
export const completion: Command = ({ positionals: [shell] }, { env }) => {
  if (shell !== undefined && shell !== "bash" && shell !== "zsh") {
    throw new UsageError(`no completion for "${shell}"`, {
      hint: "Known shells: bash, zsh. For example: adw-scaffold completion >> ~/.bashrc",
    });
  }
  // yargs looks at SHELL to choose between its two scripts.
  if (shell !== undefined) env["SHELL"] = `/bin/${shell}`;
  yargs([]).scriptName("adw-scaffold").showCompletionScript();
  return Promise.resolve(0);
};

/** Answers the shell's question: one candidate a line. */
export function printCompletions(
  argv: readonly string[],
  { stdout }: CommandContext,
): void {
  const words = argv.slice(argv.indexOf("--get-yargs-completions") + 2);
  const current = words.at(-1) ?? "";
  const command = COMMANDS.find(({ name }) =>
    words.slice(0, -1).includes(name),
  );
  const candidates = current.startsWith("-")
    ? optionsOf(command).map(
        ({ name }) => `--${name === "install" ? "no-install" : name}`,
      )
    : command === undefined
      ? COMMANDS.map(({ name }) => name)
      : command.positionals.name === "module"
        ? bundledRegistry.installable.map(({ name }) => name)
        : [];
  const matching = candidates.filter((candidate) =>
    candidate.startsWith(current),
  );
  stdout.write(matching.map((candidate) => `${candidate}\n`).join(""));
}

/** Shell completion, by yargs' own mechanism. */
import yargs from "yargs";
import { bundledRegistry } from "../domain/module-registry.ts";
import { UsageError } from "../domain/errors.ts";
import { COMMANDS, optionsOf, typedName } from "./command-line.ts";
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
  { stdout, env }: CommandContext,
): void {
  const words = argv.slice(argv.indexOf("--get-yargs-completions") + 2);
  const current = words.at(-1) ?? "";
  const matching = candidates(words.slice(0, -1), current).filter((candidate) =>
    candidate.startsWith(current),
  );
  // In zsh, what follows a colon is the description.
  const shown = (env["SHELL"] ?? "").endsWith("zsh")
    ? matching.map((candidate) => candidate.replaceAll(":", String.raw`\:`))
    : matching;
  stdout.write(shown.map((candidate) => `${candidate}\n`).join(""));
}

/** What can stand at this place; where that is a file, nothing: the shell knows them. */
function candidates(before: readonly string[], current: string): string[] {
  const command = COMMANDS.find(({ name }) => before.includes(name));
  const options = optionsOf(command);
  const valueOf = options.find(
    ({ kind, name }) => kind === "string" && before.at(-1) === `--${name}`,
  );
  const modules = bundledRegistry.installable.map(({ name }) => name);
  if (valueOf !== undefined)
    return valueOf.name === "modules" ? modules : [...(valueOf.choices ?? [])];
  if (current.startsWith("-")) {
    return options.map((option) => `--${typedName(option)}`);
  }
  if (command === undefined) return COMMANDS.map(({ name }) => name);
  switch (command.positionals.name) {
    case "module":
      return modules;
    case "shell":
      return ["bash", "zsh"];
    case "dir":
    case "":
      return [];
  }
}

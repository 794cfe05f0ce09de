/** Help, laid out by yargs. Loaded only when help is wanted. */
import yargs from "yargs";
import {
  COMMANDS,
  configOptions,
  optionsOf,
  typedName,
  type CommandFacts,
  type OptionFacts,
} from "./command-line.ts";
import type { CommandContext } from "./context.ts";

const EXAMPLES: readonly [string, string][] = [
  ["adw-scaffold init", "Ask a few questions, then scaffold this project"],
  [
    "adw-scaffold init my-app --yes",
    "Scaffold a new project without questions",
  ],
  ["adw-scaffold add adw_websockets", "Add one module"],
  [
    "adw-scaffold render adw_websockets --websocket-port 9001",
    "Print a module",
  ],
];

const EXIT_CODES =
  "Exit codes: 0 done, 1 the answer is no or it failed, 2 wrong usage or configuration.";

/** The help of one command, or of the tool. */
export async function helpText(
  command: CommandFacts | undefined,
  { stdout }: Pick<CommandContext, "stdout">,
): Promise<string> {
  const width = Math.min(stdout.columns ?? 80, 100);
  const parser = yargs([])
    .scriptName("adw-scaffold")
    .usage(
      command === undefined
        ? "adw-scaffold <command> [options]\n\nAI Developer Workflow modules, rendered into your project: code you own."
        : `adw-scaffold ${command.usage} [options]\n\n${command.summary}.${argumentText(command)}`,
    )
    .help(false)
    .version(false)
    .wrap(width)
    // The same data as parsing reads; yargs only lays it out.
    .options(
      Object.fromEntries(
        optionsOf(command).map((option) => [
          typedName(option),
          yargsOption(option, command),
        ]),
      ),
    )
    .epilogue(
      command === undefined
        ? `adw-scaffold <command> --help shows the options of a command.\n${EXIT_CODES}`
        : EXIT_CODES,
    );
  if (command === undefined) {
    for (const { usage, summary } of COMMANDS) parser.command(usage, summary);
    for (const [line, description] of EXAMPLES)
      parser.example(line, description);
  }
  return `${(await parser.getHelp()).trimEnd()}\n`;
}

/** yargs would list arguments only for a command that it parses itself. */
function argumentText({ positionals }: CommandFacts): string {
  const { name, description } = positionals;
  return name === "" ? "" : `\n${name}: ${description}.`;
}

function yargsOption(option: OptionFacts, command: CommandFacts | undefined) {
  const config = configOptions().includes(option);
  return {
    type: shownType(option),
    ...(option.alias === undefined ? {} : { alias: option.alias }),
    ...(option.choices === undefined ? {} : { choices: option.choices }),
    description: option.negative ?? option.description,
    group: config ? settingsTitle(command) : "Options:",
  };
}

/** `init` keeps the settings; `render` uses them once. */
function settingsTitle(command: CommandFacts | undefined): string {
  return command?.name === "render"
    ? "Settings (instead of those in adw.config.json):"
    : "Settings (written to adw.config.json):";
}

/** What the help calls the value; reading it is not yargs' business. */
function shownType({ kind, placeholder, isList }: OptionFacts) {
  if (isList === true) return "array" as const;
  return placeholder === "n" ? ("number" as const) : kind;
}

/** Help, laid out by yargs, which is loaded only when help is wanted. */
import type { Options as YargsOptions } from "yargs";
import { COMMANDS } from "./command-line.ts";
import { optionsOf, usageOf, type Command, type Option } from "./command.ts";

const EXIT_CODES =
  "Exit codes: 0 done, 1 the answer is no or it failed, 2 wrong usage or configuration.";

/** @param columns - width of the terminal, in characters; undefined where there is none */
export async function helpText(
  command: Command | undefined,
  columns: number | undefined,
): Promise<string> {
  const { default: yargs } = await import("yargs");
  const parser = yargs([])
    .scriptName("adw-scaffold")
    .detectLocale(false)
    .help(false)
    .version(false)
    .wrap(Math.min(columns ?? 80, 100));
  if (command === undefined) {
    parser
      .usage(
        "$0 <command> [options]\n\nAI Developer Workflow modules, rendered into your project: code you own.",
      )
      .example("$0 init", "Ask a few questions, then scaffold this project")
      .example("$0 init my-app --yes", "Scaffold a new project without prompts")
      .example("$0 add adw_websockets", "Add one module")
      .example("$0 render adw_websockets --websocket-port 9001", "Print it");
    for (const each of COMMANDS) parser.command(usageOf(each), each.summary);
  } else {
    const { summary, argument } = command;
    parser.usage(
      `$0 ${usageOf(command)} [options]\n\n${summary}.${
        argument === undefined
          ? ""
          : `\n${argument.name}: ${argument.description}.`
      }`,
    );
  }
  for (const [name, option] of Object.entries(optionsOf(command))) {
    const typed = option.negative === undefined ? name : `no-${name}`;
    parser.option(typed, yargsOption(option));
  }
  parser.epilogue(
    command === undefined
      ? `$0 <command> --help shows the options of a command.\n${EXIT_CODES}`
      : EXIT_CODES,
  );
  return `${(await parser.getHelp()).trimEnd()}\n`;
}

function yargsOption(option: Option): YargsOptions {
  const { type, alias, choices, group, negative, description } = option;
  return {
    type: type === "list" ? "array" : type,
    description: negative ?? description,
    group: group ?? "Options:",
    ...(alias === undefined ? {} : { alias }),
    ...(choices === undefined ? {} : { choices }),
  };
}

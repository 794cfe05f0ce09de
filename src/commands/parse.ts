/** From argv to a checked command line. yargs-parser, the core of yargs, does the reading. */
import parser from "yargs-parser";
import { UsageError } from "../domain/errors.ts";
import { nearest, suggestion } from "../domain/nearest.ts";
import {
  COMMANDS,
  optionsOf,
  type CommandFacts,
  type CommandName,
  type OptionFacts,
} from "./command-line.ts";

/** A command line that is known to be valid. */
export interface ParsedCommand {
  command: CommandName;
  positionals: string[];
  /** Options that were given, by long name. */
  values: Readonly<Record<string, string | boolean>>;
}

/** What the user asked for: a command to run, or words about the tool. */
export type Request =
  | { kind: "run"; parsed: ParsedCommand }
  | { kind: "help"; command: CommandFacts | undefined }
  | { kind: "version" };

/**
 * @param argv - arguments after the program's name
 * @throws {UsageError} for an unknown command or option, or a wrong argument.
 */
export function parseCommandLine(argv: readonly string[]): Request {
  const options = optionsOf(commandIn(argv));
  const parsed = read(argv, options);
  const [commandName, ...positionals] = parsed._.map(String);
  const command = COMMANDS.find(({ name }) => name === commandName);
  if (parsed["version"] === true && commandName === undefined)
    return { kind: "version" };
  if (commandName !== undefined && command === undefined)
    throw unknownCommand(commandName);
  const values = checkOptions(parsed, options, command);
  if (
    values["help"] === true ||
    commandName === undefined ||
    command === undefined
  ) {
    return { kind: "help", command };
  }
  if (values["version"] === true) return { kind: "version" };
  checkPositionals(command, positionals);
  return {
    kind: "run",
    parsed: { command: command.name, positionals, values },
  };
}

/** Which command it is has to be known first: it decides which options take a value. */
function commandIn(argv: readonly string[]): CommandFacts | undefined {
  const named = (word: string | undefined) =>
    COMMANDS.find(({ name }) => name === word);
  return (
    named(argv[0]) ??
    named(read(argv, optionsOf(undefined))._.map(String)[0]) ??
    named(argv.find((argument) => !argument.startsWith("-")))
  );
}

function read(argv: readonly string[], options: readonly OptionFacts[]) {
  const ofKind = (kind: OptionFacts["kind"]) =>
    options.filter((option) => option.kind === kind).map(({ name }) => name);
  const alias = Object.fromEntries(
    options.flatMap(({ name, alias: short }) =>
      short === undefined ? [] : [[name, [short]]],
    ),
  );
  return parser([...argv], {
    boolean: ofKind("boolean"),
    string: ofKind("string"),
    alias,
    configuration: {
      "camel-case-expansion": false,
      "dot-notation": false,
      "strip-aliased": true,
      "parse-numbers": false,
      "parse-positional-numbers": false,
      "duplicate-arguments-array": true,
      "short-option-groups": true,
    },
  });
}

function checkOptions(
  parsed: Readonly<Record<string, unknown>>,
  options: readonly OptionFacts[],
  command: CommandFacts | undefined,
): Record<string, string | boolean> {
  const values: Record<string, string | boolean> = {};
  const known = options.map(({ name }) => name);
  for (const [name, value] of Object.entries(parsed)) {
    if (name === "_" || name === "--") continue;
    const option = options.find((candidate) => candidate.name === name);
    if (option === undefined) throw unknownOption(name, known, command);
    if (Array.isArray(value)) {
      throw new UsageError(`--${name} is given more than once`, {
        hint: "Give it once; separate the values of a list by commas.",
      });
    }
    if (option.kind === "boolean") {
      if (typeof value === "boolean") values[name] = value;
      continue;
    }
    if (typeof value !== "string" || value === "") {
      throw new UsageError(`--${name} needs a value`, {
        hint: `Write --${name} <${option.placeholder ?? "value"}>, or --${name}=…`,
      });
    }
    values[name] = value;
  }
  return values;
}

function unknownOption(
  name: string,
  known: readonly string[],
  command: CommandFacts | undefined,
): UsageError {
  const dashes = name.length === 1 ? "-" : "--";
  const match =
    known.find((option) => option.endsWith(`-${name}`)) ?? nearest(name, known);
  const help =
    command === undefined
      ? "adw-scaffold --help"
      : `adw-scaffold ${command.name} --help`;
  return new UsageError(`unknown option ${dashes}${name}`, {
    hint:
      match === undefined
        ? `See the options: ${help}`
        : `Did you mean --${match}?`,
  });
}

function unknownCommand(name: string): UsageError {
  return new UsageError(`unknown command "${name}"`, {
    hint: suggestion(
      name,
      COMMANDS.map((command) => command.name),
    ),
  });
}

function checkPositionals(
  command: CommandFacts,
  given: readonly string[],
): void {
  const { name, required, variadic } = command.positionals;
  if (required && given.length === 0) {
    throw new UsageError(`${command.name} needs <${name}>`, {
      hint: `Usage: adw-scaffold ${command.usage}. See what there is: adw-scaffold list`,
    });
  }
  const most = name === "" ? 0 : variadic ? Number.POSITIVE_INFINITY : 1;
  if (given.length > most) {
    throw new UsageError(`unexpected argument "${given[most] ?? ""}"`, {
      hint: `Usage: adw-scaffold ${command.usage}`,
    });
  }
}

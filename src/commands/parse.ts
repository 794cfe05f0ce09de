/** From argv to a checked command line. */
import { parseArgs } from "node:util";
import { UsageError } from "../domain/errors.ts";
import { nearest, suggestion } from "../domain/nearest.ts";
import {
  COMMANDS,
  configOptions,
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
  const { given, words, doubtful } = read(argv, options);
  if (words[0] === "help") return helpRequest(words.slice(1));
  const [commandName, ...positionals] = words;
  const command = COMMANDS.find(({ name }) => name === commandName);
  if (commandName === undefined && given.some(({ name }) => name === "version"))
    return { kind: "version" };
  if (commandName !== undefined && command === undefined)
    throw unknownCommand(commandName);
  const values = checkOptions(given, options, command);
  if (
    values["help"] === true ||
    commandName === undefined ||
    command === undefined
  ) {
    return { kind: "help", command };
  }
  if (values["version"] === true) return { kind: "version" };
  checkPositionals(command, positionals);
  if (command.name === "init") checkFolder(positionals, doubtful);
  return {
    kind: "run",
    parsed: { command: command.name, positionals, values },
  };
}

/** `help`, `help init`; `help help` is help. */
function helpRequest([name, unexpected]: readonly string[]): Request {
  if (unexpected !== undefined) {
    throw new UsageError(`unexpected argument "${unexpected}"`, {
      hint: "Usage: adw-scaffold help [command]",
    });
  }
  const command = COMMANDS.find((candidate) => candidate.name === name);
  if (name !== undefined && name !== "help" && command === undefined)
    throw unknownCommand(name);
  return { kind: "help", command };
}

/** Which command it is has to be known first: it decides which options take a value. */
function commandIn(argv: readonly string[]): CommandFacts | undefined {
  const named = (word: string | undefined) =>
    COMMANDS.find(({ name }) => name === word);
  return (
    named(argv[0]) ??
    named(read(argv, optionsOf(undefined)).words[0]) ??
    named(argv.find((argument) => !argument.startsWith("-")))
  );
}

/** One option as it stands on the command line. */
interface GivenOption {
  /** Long name; the letter itself for an unknown letter. */
  name: string;
  value: string | boolean | undefined;
}

/**
 * Node's own parseArgs does the reading. It is not strict here, so that what is
 * wrong can be said in our words.
 */
function read(
  argv: readonly string[],
  options: readonly OptionFacts[],
): { given: GivenOption[]; words: string[]; doubtful: Doubtful[] } {
  const { tokens } = parseArgs({
    args: [...argv],
    strict: false,
    tokens: true,
    allowPositionals: true,
    options: Object.fromEntries(
      options.map(({ name, alias, kind }) => [
        name,
        { type: kind, ...(alias === undefined ? {} : { short: alias }) },
      ]),
    ),
  });
  const given: GivenOption[] = [];
  const words: string[] = [];
  const doubtful: Doubtful[] = [];
  /** The list whose values have just been read. */
  let list: OptionFacts | undefined;
  for (const token of tokens) {
    if (token.kind === "positional") {
      const last = given.at(-1);
      if (list?.listValues?.includes(token.value) === true && last) {
        last.value = `${String(last.value)},${token.value}`;
        continue;
      }
      if (list !== undefined)
        doubtful.push({ word: token.value, option: list.name });
      words.push(token.value);
    }
    list = undefined;
    if (token.kind !== "option") continue;
    given.push(negated(token.name, options) ?? givenOption(token, options));
    list = options.find(
      ({ name, isList }) =>
        isList === true && name === token.name && token.inlineValue === false,
    );
  }
  return { given, words, doubtful };
}

/** A word right after the value of a list: it may be meant as one more value. */
interface Doubtful {
  word: string;
  option: string;
}

/** `./x`, `/x`, `..`, `apps/x`: certainly a path, and not the name of anything. */
const PATH = /^(?:\.{1,2}$|\.{0,2}[/\\]|[\w.-]+[/\\]|[A-Za-z]:[/\\])/;

/** `init` takes a folder. A module, or what may be one more value of a list, is never taken for it. */
function checkFolder(
  [folder]: readonly string[],
  doubtful: readonly Doubtful[],
): void {
  if (folder === undefined || PATH.test(folder)) return;
  const after = doubtful.find(({ word }) => word === folder);
  if (after !== undefined) {
    throw new UsageError(
      `"${folder}" after --${after.option} may be one more value, or the folder`,
      {
        hint: `Separate values by commas: --${after.option} a,b. For a folder write ./${folder}`,
      },
    );
  }
  const { listValues } =
    configOptions().find(({ name }) => name === "modules") ?? {};
  if (listValues?.includes(folder) === true) {
    throw new UsageError(`"${folder}" is a module, and init takes a folder`, {
      hint: `For the module: adw-scaffold init --modules ${folder}. For a folder of that name write ./${folder}`,
    });
  }
}

/** `--no-install` is `--install=false`. */
function negated(
  name: string,
  options: readonly OptionFacts[],
): GivenOption | undefined {
  const positive = options.find(
    (option) => option.kind === "boolean" && name === `no-${option.name}`,
  );
  return positive && { name: positive.name, value: false };
}

function givenOption(
  { name, value }: { name: string; value: string | undefined },
  options: readonly OptionFacts[],
): GivenOption {
  const option = options.find((candidate) => candidate.name === name);
  if (option?.kind !== "boolean") return { name, value };
  const words: Readonly<Record<string, boolean>> = { true: true, false: false };
  return { name, value: value === undefined ? true : (words[value] ?? value) };
}

function checkOptions(
  given: readonly GivenOption[],
  options: readonly OptionFacts[],
  command: CommandFacts | undefined,
): Record<string, string | boolean> {
  const values: Record<string, string | boolean> = {};
  for (const { name, value } of given) {
    const option = options.find((candidate) => candidate.name === name);
    if (option === undefined) throw unknownOption(name, options, command);
    if (option.kind === "string" && Object.hasOwn(values, name)) {
      throw new UsageError(`--${name} is given more than once`, {
        hint: "Give it once; separate the values of a list by commas.",
      });
    }
    if (option.kind === "boolean") {
      if (typeof value !== "boolean") {
        throw new UsageError(`--${name} takes no value`, {
          hint: `Write --${name}, or --no-${name}.`,
        });
      }
    } else if (
      typeof value !== "string" ||
      (value === "" && option.mayBeEmpty !== true)
    ) {
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
  options: readonly OptionFacts[],
  command: CommandFacts | undefined,
): UsageError {
  const dashes = name.length === 1 ? "-" : "--";
  const match = nearest(name, [
    ...options.map((option) => option.name),
    ...options
      .filter(({ kind }) => kind === "boolean")
      .map((option) => `no-${option.name}`),
  ]);
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
    hint:
      name === "version"
        ? "Did you mean --version?"
        : suggestion(name, [
            ...COMMANDS.map((command) => command.name),
            "help",
          ]),
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

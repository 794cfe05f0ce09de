/** From argv to a command and its arguments. */
import parse from "yargs-parser";
import { UsageError } from "../domain/errors.ts";
import { nearest, suggestion } from "../domain/nearest.ts";
import { add } from "./add.ts";
import { check } from "./check.ts";
import {
  optionsOf,
  usageOf,
  type Command,
  type Option,
  type Options,
  type ParsedCommand,
} from "./command.ts";
import { completion } from "./completion.ts";
import { demo } from "./demo.ts";
import { diff } from "./diff.ts";
import { doctor } from "./doctor.ts";
import { emit } from "./emit.ts";
import { hooks } from "./hooks.ts";
import { init } from "./init.ts";
import { list } from "./list.ts";
import { remove } from "./remove.ts";
import { render } from "./render.ts";
import { update } from "./update.ts";
import { watch } from "./watch.ts";

/** In the order of the help. */
export const COMMANDS: readonly Command[] = [
  watch,
  init,
  add,
  list,
  render,
  check,
  diff,
  update,
  remove,
  demo,
  hooks,
  emit,
  doctor,
  completion,
];

/** What the user asked for: a command to run, or words about the tool. */
export type Request =
  | { kind: "run"; command: Command; parsed: ParsedCommand }
  | { kind: "help"; command: Command | undefined }
  | { kind: "version" };

/**
 * @param argv - arguments after the program's name
 * @throws {UsageError} for an unknown command or option, or a wrong argument.
 */
export function parseCommandLine(argv: readonly string[]): Request {
  // It has to be known first: it decides which options take a value.
  const at = argv.findIndex(
    (word, index) => isCommand(word) && !takesValue(argv[index - 1]),
  );
  const command = COMMANDS.find(({ name }) => name === argv[at]);
  const { _: words, ...given } = read(
    withCommandFirst(argv, at, command),
    optionsOf(command),
  );
  const [name, ...rest] = words.map(String);
  if (name === "help") return helpRequest(rest);
  if (name !== undefined && name !== command?.name) throw unknownCommand(name);
  const { values, afterLists, others } = checkOptions(given, argv, command);
  if (values["version"] === true) return { kind: "version" };
  if (values["help"] === true || command === undefined)
    return { kind: "help", command };
  const positionals = [...rest, ...others];
  checkPositionals(positionals, command);
  return {
    kind: "run",
    command,
    parsed: { command: command.name, positionals, values, afterLists },
  };
}

function isCommand(word: string): boolean {
  return COMMANDS.some(({ name }) => name === word);
}

/** Whether the next word is its value, as in `--cwd demo`. */
function takesValue(word: string | undefined): boolean {
  if (word?.startsWith("--") !== true) return false;
  return COMMANDS.some(
    (command) => optionsOf(command)[word.slice(2)]?.type === "string",
  );
}

/** A list takes every word behind it, and the command is none of its values. */
function withCommandFirst(
  argv: readonly string[],
  at: number,
  command: Command | undefined,
): readonly string[] {
  if (command === undefined) return argv;
  const isFirst = read(argv.slice(0, at), optionsOf(command))._.length === 0;
  return isFirst ? [command.name, ...argv.toSpliced(at, 1)] : argv;
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

/** yargs' own parser; what is wrong is found by the checks below, and said in our words. */
function read(argv: readonly string[], options: Options): parse.Arguments {
  const ofType = (type: Option["type"]) =>
    Object.keys(options).filter((name) => options[name]?.type === type);
  return parse([...argv], {
    boolean: ofType("boolean"),
    string: ofType("string"),
    array: ofType("list").map((key) => ({ key, string: true })),
    alias: Object.fromEntries(
      Object.entries(options).flatMap(([name, { alias }]) =>
        alias === undefined ? [] : [[name, alias]],
      ),
    ),
    configuration: {
      "camel-case-expansion": false,
      "dot-notation": false,
      "flatten-duplicate-arrays": false,
      "parse-numbers": false,
      "parse-positional-numbers": false,
      "strip-aliased": true,
    },
  });
}

function checkPositionals(
  positionals: readonly string[],
  command: Command,
): void {
  const { name, argument } = command;
  const usage = `Usage: adw-scaffold ${usageOf(command)}`;
  if (argument?.required === true && positionals.length === 0) {
    throw new UsageError(`${name} needs <${argument.name}>`, {
      hint: `${usage}. See what there is: adw-scaffold list`,
    });
  }
  const most =
    argument === undefined ? 0 : argument.many === true ? Infinity : 1;
  const unexpected = positionals[most];
  if (unexpected === undefined) return;
  throw new UsageError(`unexpected argument "${unexpected}"`, { hint: usage });
}

/** Options that are known to be right, and the words that a list has taken with it. */
interface CheckedOptions extends Pick<ParsedCommand, "values" | "afterLists"> {
  others: string[];
}

/** Every option that was given is known, has a value if it takes one, and is given once. */
function checkOptions(
  given: Readonly<Record<string, unknown>>,
  argv: readonly string[],
  command: Command | undefined,
): CheckedOptions {
  const options = new Map(Object.entries(optionsOf(command)));
  const values: Record<string, string | boolean> = {};
  const afterLists: { word: string; option: string }[] = [];
  const others: string[] = [];
  for (const [name, value] of Object.entries(given)) {
    const option = options.get(name);
    const isNegated = [value].flat().includes(false);
    const flag = name.replace(/^no-/, "");
    // `--no-install` is read as `install`; what is left is `--no-install=…`.
    if (option === undefined && options.get(flag)?.type === "boolean")
      throw takesNoValue(name, flag);
    if (option === undefined || (isNegated && option.type !== "boolean"))
      throw unknownOption(isNegated ? `no-${name}` : name, command);
    if (option.type === "boolean") {
      values[name] = flagValue(name, value, argv);
      continue;
    }
    const isTwice =
      Array.isArray(value) &&
      (option.type === "string" || Array.isArray(value[0]));
    if (isTwice) {
      throw new UsageError(`--${name} is given more than once`, {
        hint: "Give it once; separate the values of a list by commas.",
      });
    }
    const [first = emptyValue(name, argv), ...more] = [value]
      .flat()
      .map(String);
    if (first === undefined || (first === "" && option.mayBeEmpty !== true)) {
      throw new UsageError(`--${name} needs a value`, {
        hint: `Write --${name} <value>, or --${name}=…`,
      });
    }
    // After `--modules=a` a word is a word.
    const isClosed = argv.includes(`--${name}=${first}`);
    const isValue = (word: string) =>
      !isClosed && option.choices?.includes(word) === true;
    const rest = more.filter((word) => !isValue(word));
    values[name] = [first, ...more.filter(isValue)].join(",");
    others.push(...rest);
    if (!isClosed)
      afterLists.push(...rest.map((word) => ({ word, option: name })));
  }
  return { values, afterLists, others };
}

/** The parser does not tell `--allowed-origins=` from a list without a value. */
function emptyValue(name: string, argv: readonly string[]): string | undefined {
  return argv.includes(`--${name}=`) ? "" : undefined;
}

/** @throws {UsageError} for `--dry-run=yes`, which the parser takes for "no". */
function flagValue(
  name: string,
  value: unknown,
  argv: readonly string[],
): boolean {
  const inline = argv
    .find((word) => word.startsWith(`--${name}=`))
    ?.slice(name.length + 3);
  if (inline !== undefined && inline !== "true" && inline !== "false") {
    throw takesNoValue(name, name);
  }
  return [value].flat().at(-1) === true;
}

function takesNoValue(name: string, flag: string): UsageError {
  return new UsageError(`--${name} takes no value`, {
    hint: `Write --${flag}, or --no-${flag}.`,
  });
}

function unknownOption(name: string, command: Command | undefined): UsageError {
  const known = Object.entries(optionsOf(command)).flatMap(
    ([known, { type }]) =>
      type === "boolean" ? [known, `no-${known}`] : known,
  );
  const match = nearest(name, known);
  const help = ["adw-scaffold", command?.name, "--help"];
  return new UsageError(
    `unknown option ${name.length === 1 ? "-" : "--"}${name}`,
    {
      hint:
        match === undefined
          ? `See the options: ${help.filter(Boolean).join(" ")}`
          : `Did you mean --${match}?`,
    },
  );
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

/** What a command is: one definition, which parsing, help, completion and documents read. */
import type { CommandContext } from "./context.ts";

export interface Option {
  /** A `list` has its values separated by commas. */
  type: "boolean" | "string" | "list";
  description: string;
  /** One letter. */
  alias?: string;
  /** What it can be. Of a list: what may follow it without a comma, too. */
  choices?: readonly string[];
  /** An empty value is one: no list entries, no folder. */
  mayBeEmpty?: boolean;
  /** Its heading in the help. */
  group?: string;
  /** Where `--no-…` is what people type: what that does. */
  negative?: string;
}

export type Options = Readonly<Record<string, Option>>;

/** What follows the name of a command. */
export interface Argument {
  name: string;
  description: string;
  required?: boolean;
  /** Any number of them. */
  many?: boolean;
  choices?: () => readonly string[];
}

/** A command line that is known to be valid. */
export interface ParsedCommand {
  command: string;
  positionals: string[];
  /** Options that were given, by long name; of a list, its values joined by commas. */
  values: Readonly<Record<string, string | boolean>>;
  /** Words that followed a list without being one of its values: they may be meant as one. */
  afterLists: readonly { word: string; option: string }[];
}

/** Runs one command; resolves with the exit code. */
export type Run = (
  parsed: ParsedCommand,
  context: CommandContext,
) => Promise<0 | 1 | 2>;

export interface Command {
  name: string;
  summary: string;
  argument?: Argument;
  /** Its own options; every command takes the common ones as well. */
  options?: () => Options;
  /** Loads what it needs: the definitions of all commands are there from the start. */
  run: Run;
}

/** `add <module..>`, as yargs reads it and the help shows it. */
export function usageOf({ name, argument }: Command): string {
  if (argument === undefined) return name;
  const { required, many } = argument;
  const words = `${argument.name}${many === true ? ".." : ""}`;
  return `${name} ${required === true ? `<${words}>` : `[${words}]`}`;
}

/** Every option that a command takes. */
export function optionsOf(command: Command | undefined): Options {
  return { ...command?.options?.(), ...COMMON_OPTIONS };
}

const COMMON_OPTIONS: Options = {
  cwd: {
    type: "string",
    description: "Work in this folder instead of the current one",
  },
  config: {
    type: "string",
    description: "Configuration file instead of adw.config.json",
  },
  yes: {
    alias: "y",
    type: "boolean",
    description: "Skip prompts and accept the defaults",
  },
  "dry-run": {
    type: "boolean",
    description: "Show what would be done and change nothing",
  },
  json: {
    type: "boolean",
    description: "Print one JSON object instead of text",
  },
  install: {
    type: "boolean",
    description: "Install dependencies",
    negative: "Leave installing dependencies to you",
  },
  help: { alias: "h", type: "boolean", description: "Show help" },
  version: { alias: "v", type: "boolean", description: "Show the version" },
};

export const FORCE: Options = {
  force: {
    type: "boolean",
    description: "Overwrite files that already exist, and edits",
  },
};

export const DOWNGRADE: Options = {
  downgrade: {
    type: "boolean",
    description: "Go back to older templates than those that wrote the files",
  },
};

/** What to do with files that already exist. */
export const EXISTING_FILES: Options = {
  keep: {
    type: "boolean",
    description: "Keep files that already exist as yours, and record them",
  },
  ...FORCE,
  ...DOWNGRADE,
};

export const DEV: Options = {
  dev: {
    type: "boolean",
    description: "Put the packages that the modules need into devDependencies",
  },
};

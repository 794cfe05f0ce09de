/** What a command sees of the world outside. */
import { existsSync } from "node:fs";
import { isAbsolute, relative, resolve } from "node:path";
import { UsageError } from "../domain/errors.ts";
import { suggestion } from "../domain/nearest.ts";
import { findProject } from "../infrastructure/find-project.ts";
import type { Output } from "./output.ts";
import type { ParsedCommand } from "./command.ts";

export interface CommandContext {
  stdout: Output;
  stderr: Output;
  stdin: NodeJS.ReadStream;
  env: NodeJS.ProcessEnv;
  cwd: string;
}

/** The folder that a command is given: `--cwd`, and within it the argument of `init`. */
export function givenFolder(
  { values }: ParsedCommand,
  { cwd }: CommandContext,
  dir = ".",
): string {
  const base =
    typeof values["cwd"] === "string" ? resolve(cwd, values["cwd"]) : cwd;
  if (!existsSync(base)) {
    throw new UsageError(`there is no folder ${base}`, {
      hint: "Name an existing folder with --cwd; adw-scaffold init <dir> creates one.",
    });
  }
  return isAbsolute(dir) ? dir : resolve(base, dir);
}

/** @throws {UsageError} for what is none of an option's choices. */
export function chosen<T extends string>(
  option: string,
  given: string,
  choices: readonly T[],
): T {
  const choice = choices.find((known) => known === given);
  if (choice !== undefined) return choice;
  throw new UsageError(`--${option} does not know "${given}"`, {
    hint: suggestion(given, choices),
  });
}

/** A project as every service takes it. */
export interface NamedProject {
  root: string;
  configFile?: string;
}

/**
 * The project that a command works on: the nearest one from the given folder
 * upwards. Where that is another folder, it is said on standard error.
 */
export function projectRequest(
  parsed: ParsedCommand,
  context: CommandContext,
): NamedProject {
  const folder = givenFolder(parsed, context);
  const root = nearestProject(folder, parsed, context);
  return { root, ...namedConfig(parsed, root, folder) };
}

/** The project's folder, or the given one where there is no project. */
export function nearestProject(
  folder: string,
  { values }: ParsedCommand,
  { cwd, stderr }: CommandContext,
): string {
  const root = findProject(folder) ?? folder;
  if (root !== folder && values["json"] !== true)
    stderr.write(`Project: ${relative(cwd, root) || "."}\n`);
  return root;
}

/** `--config` is relative to the project, or to the folder below it that the user stands in. */
export function namedConfig(
  { values: { config } }: ParsedCommand,
  root: string,
  folder = root,
): { configFile?: string } {
  if (typeof config !== "string") return {};
  const near = resolve(folder, config);
  return {
    configFile:
      root !== folder && existsSync(near) ? relative(root, near) : config,
  };
}

/** What the options say about files that already exist, about newer ones, and about packages. */
export function writeChoices({ values }: ParsedCommand): {
  keep: boolean;
  force: boolean;
  downgrade: boolean;
  dev?: boolean;
} {
  const keep = values["keep"] === true;
  const force = values["force"] === true;
  if (keep && force) {
    throw new UsageError("--keep and --force contradict each other", {
      hint: "--keep leaves files that already exist as they are, --force overwrites them.",
    });
  }
  return {
    keep,
    force,
    downgrade: values["downgrade"] === true,
    ...(values["dev"] === true ? { dev: true } : {}),
  };
}

/** Whether questions can be asked: a person sits at a terminal, and it is no CI. */
export function isInteractive(
  { values }: ParsedCommand,
  { stdin, stdout, env }: CommandContext,
): boolean {
  const ci =
    env["CI"] !== undefined &&
    env["CI"] !== "" &&
    env["CI"] !== "false" &&
    env["CI"] !== "0";
  return (
    stdin.isTTY &&
    stdout.isTTY &&
    !ci &&
    values["yes"] !== true &&
    values["json"] !== true
  );
}

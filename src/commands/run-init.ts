/** What `adw-scaffold init` does. */
import { planScaffold } from "../application/scaffold-service.ts";
import { RefusedError, UsageError } from "../domain/errors.ts";
import {
  DEFAULT_PRESET,
  LOGGING_PRESET,
  MINIMAL_PRESET,
} from "../domain/presets.ts";
import { readConfig } from "../infrastructure/config-file.ts";
import { findProject } from "../infrastructure/find-project.ts";
import { shownPath } from "./after-write.ts";
import {
  givenFolder,
  isInteractive,
  namedConfig,
  writeChoices,
  type CommandContext,
} from "./context.ts";
import {
  askInit,
  askLinters,
  askToWrite,
  askWhichProject,
} from "./init-questions.ts";
import { givenSettings, moduleNames } from "./settings.ts";
import type { ParsedCommand, Run } from "./command.ts";
import { runPlan } from "./run-plan.ts";

/** Scaffolds a project: what is asked for in words or by flags, or named. */
export const runInit: Run = async (parsed, context) => {
  const { values, positionals } = parsed;
  checkFolder(parsed);
  const root = await chosenRoot(parsed, context, positionals[0]);
  const project = { root, ...namedConfig(parsed, root) };
  const { modules: listed, ...settings } = givenSettings(parsed);
  const named = namedModules(parsed, listed);
  const existing = await readConfig(project.root, project.configFile);
  const request = {
    ...project,
    settings,
    modules:
      named ??
      (existing.config.modules.length > 0 ? [] : DEFAULT_PRESET.modules),
    ...writeChoices(parsed),
    linters: values["linters"] !== false,
  };
  const run = {
    parsed,
    context,
    root: project.root,
    asks: ["already_exists", "both_changed"] as const,
    foldsFolders: values["verbose"] !== true && values["dry-run"] !== true,
  };
  if (!isInteractive(parsed, context) || values["dry-run"] === true) {
    return runPlan({
      ...run,
      plan: (decisions) => planScaffold({ ...request, decisions }),
    });
  }
  const answers = await askInit({
    root: project.root,
    firstTime: existing.text === null,
    modules: named,
    settings,
  });
  const answered = {
    ...request,
    settings: { ...settings, ...answers.settings },
    modules: answers.modules ?? request.modules,
  };
  if (values["linters"] === undefined) {
    const { linterFiles } = await planScaffold(answered);
    answered.linters = await askLinters(linterFiles);
  }
  return runPlan({
    ...run,
    plan: (decisions) => planScaffold({ ...answered, decisions }),
    confirm: askToWrite,
  });
};

/** `./x`, `/x`, `..`, `apps/x`: certainly a path, and not the name of anything. */
const PATH = /^(?:\.{1,2}$|\.{0,2}[/\\]|[\w.-]+[/\\]|[A-Za-z]:[/\\])/;

/** A module, or what may be one more value of a list, is never taken for the folder. */
function checkFolder({ positionals: [folder], afterLists }: ParsedCommand) {
  if (folder === undefined || PATH.test(folder)) return;
  const after = afterLists.find(({ word }) => word === folder);
  if (after !== undefined) {
    throw new UsageError(
      `"${folder}" after --${after.option} may be one more value, or the folder`,
      {
        hint: `Separate values by commas: --${after.option} a,b. For a folder write ./${folder}`,
      },
    );
  }
  if (moduleNames().includes(folder)) {
    throw new UsageError(`"${folder}" is a module, and init takes a folder`, {
      hint: `For the module: adw-scaffold init --modules ${folder}. For a folder of that name write ./${folder}`,
    });
  }
}

/** @throws {UsageError} where two flags say what to install. */
function namedModules(
  { values }: ParsedCommand,
  listed: readonly string[] | undefined,
): readonly string[] | undefined {
  const given = [
    ...(listed === undefined ? [] : [{ flag: "--modules", modules: listed }]),
    ...(values["minimal"] === true
      ? [{ flag: "--minimal", modules: MINIMAL_PRESET.modules }]
      : []),
    ...(values["logging"] === true
      ? [{ flag: "--logging", modules: LOGGING_PRESET.modules }]
      : []),
  ];
  const [first, second] = given;
  if (first !== undefined && second !== undefined) {
    throw new UsageError(
      `${first.flag} and ${second.flag} contradict each other`,
      {
        hint: "Each says what to install; adw-scaffold add brings more later.",
      },
    );
  }
  return first?.modules;
}

/**
 * The folder to scaffold. Inside another project, that one may be meant: a person is
 * asked, a program is refused.
 *
 * @throws {RefusedError} code `INSIDE_PROJECT`
 */
async function chosenRoot(
  parsed: ParsedCommand,
  context: CommandContext,
  dir: string | undefined,
): Promise<string> {
  const root = givenFolder(parsed, context, dir);
  const around = findProject(root) ?? root;
  if (around === root || parsed.values["nested"] === true) return root;
  const place = shownPath(context.cwd, around);
  if (isInteractive(parsed, context)) {
    return (await askWhichProject(place)) === "around" ? around : root;
  }
  throw new RefusedError(
    "INSIDE_PROJECT",
    `${shownPath(context.cwd, root)} is inside the project ${place}`,
    {
      where: { file: around },
      hint: `Nothing was written. For that project: adw-scaffold init ${place}. For another one inside it: add --nested.`,
    },
  );
}

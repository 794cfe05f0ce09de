/** The questions of `init`. Asked on a terminal only; Ctrl-C leaves everything as it was. */
import type { CANCEL_SYMBOL } from "@clack/prompts";
import {
  DEFAULT_CONFIG,
  configValueFromText,
  parseConfig,
  type AdwConfigInput,
} from "../domain/config.ts";
import { AdwError, RefusedError } from "../domain/errors.ts";
import { bundledRegistry } from "../domain/module-registry.ts";
import { DEFAULT_PRESET, PRESETS } from "../domain/presets.ts";
import {
  countOperations,
  type ScaffoldPlan,
} from "../application/scaffold-plan.ts";

export interface InitAnswers {
  modules?: string[];
  settings: AdwConfigInput;
}

/** Loaded for the first question: few runs ask any. */
const prompts = () => import("@clack/prompts");

/** Asks what to install, where, and on which port; what flags already said is not asked. */
export async function askInit({
  root,
  firstTime,
  modules,
  settings,
}: {
  root: string;
  firstTime: boolean;
  modules: readonly string[] | undefined;
  settings: AdwConfigInput;
}): Promise<InitAnswers> {
  if (!firstTime) return { settings: {} };
  const { intro, text } = await prompts();
  intro(`adw-scaffold init ${root}`);
  const answers: InitAnswers = { settings: {} };
  if (modules === undefined) answers.modules = await askModules();
  if (settings.adws_dir === undefined) {
    answers.settings.adws_dir = answer(
      await text({
        message: "Into which folder?",
        initialValue: DEFAULT_CONFIG.adws_dir,
        validate: (value) => problemWith({ adws_dir: value ?? "" }),
      }),
    );
  }
  if (settings.websocket_port === undefined) {
    const port = answer(
      await text({
        message: "On which port should the server listen?",
        initialValue: String(DEFAULT_CONFIG.websocket_port),
        validate: (value) =>
          problemWith({
            websocket_port: configValueFromText("number", value ?? ""),
          }),
      }),
    );
    answers.settings.websocket_port = Number(port);
  }
  return answers;
}

/** Asks in plain words; who wants to choose gets the list. */
async function askModules(): Promise<string[]> {
  const { multiselect, select } = await prompts();
  const chosen = answer(
    await select<readonly string[] | "choose">({
      message: "What do you want?",
      options: [
        ...PRESETS.map(({ label, hint, modules }) => ({
          value: modules,
          label,
          hint,
        })),
        { value: "choose", label: "Choose modules", hint: "from a list" },
      ],
    }),
  );
  if (chosen !== "choose") return [...chosen];
  return answer(
    await multiselect({
      message: "Which modules?",
      options: bundledRegistry.installable.map(({ name, summary }) => ({
        value: name,
        label: name,
        hint: summary,
      })),
      initialValues: DEFAULT_PRESET.modules.map(String),
      required: true,
    }),
  );
}

/** Asks whether the configuration of linters may be edited; nothing where there is none to edit. */
export async function askLinters(files: readonly string[]): Promise<boolean> {
  if (files.length === 0) return true;
  const { confirm } = await prompts();
  return answer(
    await confirm({
      message: `Leave the new code out of your linters, with one line in ${files.join(" and ")}?`,
    }),
  );
}

/** Asks which project is meant, where `init` was called inside one. */
export async function askWhichProject(
  around: string,
): Promise<"around" | "here"> {
  const { select } = await prompts();
  return answer(
    await select<"around" | "here">({
      message: `This folder is inside the project ${around}. Which one do you mean?`,
      options: [
        { value: "around", label: `The project ${around}` },
        { value: "here", label: "A new project in this folder" },
      ],
    }),
  );
}

/** Asks once more, after the plan was shown; Enter never overwrites what is not ours. */
export async function askToWrite(plan: ScaffoldPlan): Promise<boolean> {
  const { confirm } = await prompts();
  const {
    unchanged = 0,
    keep = 0,
    delete: gone = 0,
  } = countOperations(plan.operations);
  const count = filesOf(plan.operations.length - unchanged - keep - gone);
  const deleted = gone === 0 ? "" : ` and delete ${filesOf(gone)}`;
  const overwritten = plan.operations.filter(
    (entry) => "overwrites" in entry,
  ).length;
  return answer(
    await confirm(
      overwritten === 0
        ? { message: `Write ${count}${deleted}?` }
        : {
            message: `Write ${count}${deleted}, and lose what you wrote in ${filesOf(overwritten)}?`,
            initialValue: false,
          },
    ),
  );
}

function filesOf(count: number): string {
  return `${count} ${count === 1 ? "file" : "files"}`;
}

function answer<T>(value: T | typeof CANCEL_SYMBOL): T {
  if (typeof value === "symbol") {
    throw new RefusedError("CANCELLED", "cancelled; nothing was written");
  }
  return value;
}

function problemWith(value: Record<string, unknown>): string | undefined {
  try {
    parseConfig(value);
    return undefined;
  } catch (error) {
    if (error instanceof AdwError) return error.message;
    throw error;
  }
}

/** What `adw-scaffold demo` does. */
import {
  canPlay,
  playDemo,
  prepareScratch,
  type DemoSettings,
} from "../application/demo-service.ts";
import { RefusedError, UsageError } from "../domain/errors.ts";
import { findProject } from "../infrastructure/find-project.ts";
import { givenFolder, projectRequest, type CommandContext } from "./context.ts";
import type { ParsedCommand, Run } from "./command.ts";
import { endOnInterrupt } from "./interrupt.ts";
import { progress } from "./progress.ts";

/** Plays a fleet of agents, into the project's own log where there is one. */
export const runDemo: Run = async (parsed, context) => {
  const settings = settingsOf(parsed);
  const isJson = parsed.values["json"] === true;
  const own = await ownProject(parsed, context);
  if (parsed.values["dry-run"] === true) {
    const target = own?.root ?? null;
    context.stdout.write(
      isJson
        ? `${JSON.stringify({ command: "demo", dry_run: true, target })}\n`
        : `Would play into ${target === null ? "a scratch folder, which is removed at the end" : `the log of ${target}`}.\n`,
    );
    return 0;
  }
  const signal = endOnInterrupt();
  const project = own ?? (await scratch(parsed, context, signal));
  const { sent, received } = await playDemo(
    {
      ...project,
      ...settings,
      signal,
      isQuiet: isJson,
      onServerError: (text) => context.stderr.write(text),
    },
    own === undefined,
  );
  context.stdout.write(
    isJson
      ? `${JSON.stringify({ command: "demo", dry_run: false, target: own?.root ?? null, sent, received })}\n`
      : `\nsent ${sent}, received ${received}\n`,
  );
  return sent === received ? 0 : 1;
};

/** The project around, where it has what the demo needs. */
async function ownProject(parsed: ParsedCommand, context: CommandContext) {
  if (findProject(givenFolder(parsed, context)) === undefined) return undefined;
  const request = projectRequest(parsed, context);
  if (await canPlay(request)) return request;
  context.stderr.write(
    "note this project has no adw_server and adw_logging, so the demo plays in a scratch folder. To have it here: adw-scaffold add adw_server adw_logging\n",
  );
  return undefined;
}

async function scratch(
  { values }: ParsedCommand,
  context: CommandContext,
  signal: AbortSignal,
): Promise<{ root: string }> {
  if (values["install"] === false) {
    throw new UsageError("the demo installs packages in its scratch folder", {
      hint: "Leave --no-install out, or run it in a project that has adw_server and adw_logging.",
    });
  }
  const shown = progress(
    "Preparing a scratch project with npm",
    values["json"] === true,
    context,
  );
  try {
    const root = await prepareScratch();
    shown.done("Prepared a scratch project");
    return { root };
  } catch (error) {
    shown.failed("The scratch project could not be prepared");
    if (!signal.aborted) throw error;
    throw new RefusedError("CANCELLED", "cancelled; nothing is left behind", {
      cause: error,
    });
  }
}

function settingsOf({ values }: ParsedCommand): DemoSettings {
  const seconds = numberOf("seconds", values, 0, 86_400);
  const rate = numberOf("rate", values, 0.1, 86_400);
  const seed = numberOf("seed", values, 0, 1e9);
  const port = numberOf("port", values, 0, 65_535);
  return {
    ...(seconds === undefined ? {} : { seconds }),
    ...(rate === undefined ? {} : { rate }),
    ...(seed === undefined ? {} : { seed: Math.trunc(seed) }),
    ...(port === undefined ? {} : { port: Math.trunc(port) }),
  };
}

function numberOf(
  name: string,
  values: ParsedCommand["values"],
  low: number,
  high: number,
): number | undefined {
  const text = values[name];
  if (typeof text !== "string") return undefined;
  const value = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && value >= low && value <= high) return value;
  throw new UsageError(
    `--${name} must be a number from ${low} to ${high}, not "${text}"`,
    { hint: "adw-scaffold demo --help shows the options." },
  );
}

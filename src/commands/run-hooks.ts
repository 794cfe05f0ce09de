/** What `adw-scaffold hooks` does. */
import {
  planInstall,
  planUninstall,
  type HooksPlan,
} from "../application/hooks/install.ts";
import { shownPath, type Surroundings } from "../application/hooks/places.ts";
import { hooksStatus } from "../application/hooks/status.ts";
import { surroundingsOf } from "../application/hooks/surroundings.ts";
import { RefusedError, UsageError } from "../domain/errors.ts";
import {
  AGENT_NAMES,
  type AgentName,
  type Scope,
} from "../domain/hooks/agents.ts";
import { suggestion } from "../domain/nearest.ts";
import {
  assertWritable,
  writeSettings,
} from "../infrastructure/settings-files.ts";
import { makeSpoolFolder } from "../infrastructure/spool-folder.ts";
import { colorsFor } from "./colors.ts";
import type { ParsedCommand, Run } from "./command.ts";
import { givenFolder, nearestProject, type CommandContext } from "./context.ts";
import { HOOK_ACTIONS } from "./hooks.ts";
import { installedLines, statusText } from "./show-hooks.ts";

export const runHooks: Run = async (parsed, context) => {
  const { action, agents } = request(parsed);
  const { config } = parsed.values;
  const folder = givenFolder(parsed, context);
  const surroundings = await surroundingsOf(
    folder,
    context.env,
    typeof config === "string" ? config : undefined,
  );
  nearestProject(folder, parsed, context);
  return action === "status"
    ? showStatus(surroundings, agents, parsed, context)
    : change(action, surroundings, agents, parsed, context);
};

type Action = (typeof HOOK_ACTIONS)[number];

/** @throws {UsageError} for an action or agent that there is not */
function request({ positionals }: ParsedCommand): {
  action: Action;
  agents: AgentName[];
} {
  const [first, ...rest] = positionals;
  const action = HOOK_ACTIONS.find((name) => name === first);
  if (action === undefined) {
    throw new UsageError(
      first === undefined
        ? "hooks needs install, uninstall or status"
        : `unknown action "${first}"`,
      {
        hint:
          first === undefined
            ? "Usage: adw-scaffold hooks install"
            : suggestion(first, HOOK_ACTIONS),
      },
    );
  }
  const agents = rest.map((word) => {
    const agent = AGENT_NAMES.find((name) => name === word);
    if (agent !== undefined) return agent;
    throw new UsageError(`unknown agent "${word}"`, {
      hint: suggestion(word, AGENT_NAMES),
    });
  });
  return { action, agents: [...new Set(agents)] };
}

/** 1 where an install has left all files alone. */
async function change(
  action: "install" | "uninstall",
  surroundings: Surroundings,
  agents: AgentName[],
  parsed: ParsedCommand,
  context: CommandContext,
): Promise<0 | 1> {
  const { values } = parsed;
  const isInstall = action === "install";
  const http = serverUrl(values["http"]);
  const otel = values["otel"] === true;
  const hasServer = http !== undefined || surroundings.project !== undefined;
  if (isInstall && otel && !hasServer) {
    throw new UsageError(
      "--otel needs a server, and there is no project with adw_agents here",
      {
        hint: "Add it to a project (adw-scaffold add adw_agents), or name a server: --http http://host:port",
      },
    );
  }
  const options = {
    ...surroundings,
    agents,
    scope: scopeOf(parsed),
    otel,
    ...(http === undefined ? {} : { http }),
  };
  const plan = isInstall
    ? await planInstall(options)
    : await planUninstall(options);
  assertWritable(plan.changes);
  const isDry = values["dry-run"] === true;
  if (!isDry) await apply(plan);
  show(action, plan, surroundings, isDry, parsed, context);
  const isLeftAlone = plan.files.every(({ action: done }) => done === "skip");
  return isInstall && isLeftAlone ? 1 : 0;
}

async function apply({ changes, spool }: HooksPlan): Promise<void> {
  if (spool !== undefined) {
    try {
      makeSpoolFolder(spool);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new RefusedError("WRITE_FAILED", `no spool folder: ${reason}`, {
        cause: error,
        hint: "Nothing was changed. Check permissions and free space, then run the command again.",
      });
    }
  }
  await writeSettings(changes.filter(({ before, after }) => before !== after));
}

function scopeOf({ values }: ParsedCommand): Scope {
  if (values["shared"] === true && values["user"] === true) {
    throw new UsageError("--shared and --user contradict each other", {
      hint: "--shared is for everybody in this project, --user for you in all projects.",
    });
  }
  if (values["shared"] === true) return "shared";
  return values["user"] === true ? "user" : "personal";
}

/** Without a slash at its end. @throws {UsageError} for what is no server's URL */
function serverUrl(given: string | boolean | undefined): string | undefined {
  if (typeof given !== "string") return undefined;
  const url = URL.canParse(given) ? new URL(given) : undefined;
  const isServer =
    url !== undefined &&
    /^https?:$/.test(url.protocol) &&
    url.username + url.password + url.search + url.hash === "";
  if (isServer) return (url.origin + url.pathname).replace(/\/+$/, "");
  throw new UsageError(
    `--http ${JSON.stringify(given)} is not the URL of a server`,
    {
      hint: "Write it like http://host:8765, without a token: that stays in ADW_INGEST_TOKEN.",
    },
  );
}

function show(
  action: "install" | "uninstall",
  { files, notes, spool }: HooksPlan,
  surroundings: Surroundings,
  isDry: boolean,
  { values }: ParsedCommand,
  { stdout, env }: CommandContext,
): void {
  const shownSpool =
    spool === undefined ? null : shownPath(spool, surroundings);
  if (values["json"] === true) {
    stdout.write(
      `${JSON.stringify({ command: "hooks", action, dry_run: isDry, target: surroundings.root, files, spool: shownSpool, notes })}\n`,
    );
    return;
  }
  const colors = colorsFor(stdout, env);
  stdout.write(
    files.length === 0
      ? "No hooks of adw-scaffold are installed here.\n"
      : installedLines(files, isDry, colors),
  );
  if (action === "install" && shownSpool !== null)
    stdout.write(
      `\nWhat they do goes to ${shownSpool}, whether a server runs or not.\nSee it: ${seeIt(surroundings)}. Check it: adw-scaffold hooks status\n`,
    );
  for (const note of notes) stdout.write(`${colors.cyan("→")} ${note}\n`);
}

function seeIt({ project }: Surroundings): string {
  return project === undefined ? "adw-scaffold watch" : "npm run adw:server";
}

/** 1 where something keeps an agent from being heard, or nothing is installed. */
async function showStatus(
  surroundings: Surroundings,
  agents: readonly AgentName[],
  { values }: ParsedCommand,
  { stdout, env }: CommandContext,
): Promise<0 | 1> {
  const statuses = await hooksStatus(surroundings, agents);
  const installed = statuses.flatMap((status) => status.installed);
  const isHeard =
    installed.length > 0 &&
    installed.every(
      ({ reachable, silenced_by: silencers }) =>
        reachable && silencers.every(({ passes }) => passes),
    );
  if (values["json"] === true) {
    stdout.write(
      `${JSON.stringify({ command: "hooks", action: "status", target: surroundings.root, heard: isHeard, agents: statuses })}\n`,
    );
  } else {
    stdout.write(statusText(statuses, colorsFor(stdout, env)));
  }
  return isHeard ? 0 : 1;
}

/** The words of `adw-scaffold hooks`. */
import type { FilePlan } from "../application/hooks/install.ts";
import type {
  HooksStatus,
  InstalledStatus,
} from "../application/hooks/status.ts";
import { agentOf } from "../domain/hooks/agents.ts";
import type { Colors } from "./colors.ts";

const DONE = {
  create: "created",
  update: "changed",
  unchanged: "up to date",
  delete: "removed",
  skip: "left alone",
} as const;
const WOULD = {
  ...DONE,
  create: "would be created",
  update: "would be changed",
  delete: "would be removed",
} as const;

/** One line a file, and why one is left alone. */
export function installedLines(
  files: readonly FilePlan[],
  isDry: boolean,
  colors: Colors,
): string {
  const width = Math.max(...files.map(({ path }) => path.length));
  return files
    .map(({ agent, path, action, events, reason }) => {
      const what = (isDry ? WOULD : DONE)[action];
      const count = events === 0 ? "" : `  ${String(events)} events`;
      const line = `${agentOf(agent).label.padEnd(11)}  ${path.padEnd(width)}  ${what}${count}`;
      const why = reason === undefined ? "" : `\n  ${colors.dim(reason)}`;
      return `${line.trimEnd()}${why}\n`;
    })
    .join("");
}

export function statusText(
  statuses: readonly HooksStatus[],
  colors: Colors,
): string {
  const text = statuses
    .filter(({ found, installed }) => found || installed.length > 0)
    .map((status) => {
      const { label, installed } = status;
      if (installed.length === 0)
        return `${colors.bold(label)}\n  not installed\n`;
      return `${colors.bold(label)}  ${heardText(status)}\n${installed
        .map((each) => installedText(each, colors))
        .join("")}${timeText(status, colors)}`;
    })
    .join("");
  const isAny = statuses.some(({ installed }) => installed.length > 0);
  return isAny
    ? text
    : `${text}No hooks are installed here. Install them: adw-scaffold hooks install\n`;
}

function heardText({
  last_event: last,
  last_event_unknown: reason,
}: HooksStatus): string {
  if (last !== null) return `last heard ${shownTime(last)}`;
  return reason === undefined
    ? "nothing heard yet"
    : `not known when it was last heard (${reason})`;
}

/** What hooks cost the agent, as it measured it itself. */
function timeText(
  { hook_time: time, hook_time_unknown: reason }: HooksStatus,
  colors: Colors,
): string {
  if (time === null)
    return reason === undefined
      ? ""
      : `  ${colors.dim(`what hooks cost is not measured (${reason})`)}\n`;
  const { runs, median_ms, total_ms, with_others } = time;
  const others =
    with_others === 0
      ? ""
      : `; in ${String(with_others)} of them other hooks ran too`;
  return `  hooks took ${String(median_ms)} ms in the median, ${String(total_ms)} ms in ${String(runs)} ${runs === 1 ? "event" : "events"}, as the agent measured it${others}\n`;
}

function installedText(installed: InstalledStatus, colors: Colors): string {
  const { path, events, missing, to, install } = installed;
  const lines = [
    `${path}: ${String(events)} events to ${to}`,
    ...hookProblems(installed).flatMap(({ message, fix, isCertain }) => [
      `${isCertain ? colors.red("silent") : colors.yellow("note")}  ${message}`,
      `        ${colors.cyan("→")} ${fix}`,
    ]),
    ...(missing === 0
      ? []
      : [
          `${colors.yellow("note")}  ${String(missing)} events of this version are not there`,
          `        ${colors.cyan("→")} Run: ${install}`,
        ]),
  ];
  return lines.map((line) => `  ${line}\n`).join("");
}

/** What keeps an installation from being heard, for a person. */
function hookProblems({
  reachable,
  problem = "",
  fix = "",
  silenced_by: silencers,
}: InstalledStatus): { message: string; fix: string; isCertain: boolean }[] {
  return [
    ...(reachable ? [] : [{ message: problem, fix, isCertain: true }]),
    ...silencers.map(({ what, file, fix: remedy, passes }) => ({
      message: file === undefined ? what : `${what} (${file})`,
      fix: remedy,
      isCertain: !passes,
    })),
  ];
}

function shownTime(iso: string): string {
  return iso.replace("T", " ").replace(/\.\d+Z$/, " UTC");
}

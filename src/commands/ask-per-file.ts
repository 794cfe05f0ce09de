/** Files that already exist, one by one, at a terminal. Only a `y` or an `a` overwrites. */
import type { ConflictDecision } from "../domain/operations.ts";
import { RefusedError } from "../domain/errors.ts";
import type { Conflict } from "../domain/plan.ts";
import { colorsFor, type Colors } from "./colors.ts";
import type { CommandContext } from "./context.ts";
import { paintPatch, patch } from "./patch.ts";
import { printable } from "./report-error.ts";

const LEGEND = `  y  overwrite this file: what is in it is lost
  n  keep your file as it is (the default)
  a  overwrite this file and all the others
  q  quit: nothing is written
  d  show the whole difference
  m  merge the two, with conflict markers where they differ
  ?  show this help
`;

/** How many of the lines that would be lost are shown, and how much of each. */
const SHOWN_LINES = 8;
const SHOWN_COLUMNS = 120;

/**
 * Asks what to do with each file. Enter, and every key that is not explained, keeps it
 * or asks again.
 *
 * @throws {RefusedError} code `CANCELLED` when the owner quits, with `q`, Ctrl-C or
 * Ctrl-D; nothing is written.
 */
export async function askPerFile(
  conflicts: readonly Conflict[],
  { stdin, stdout, env }: CommandContext,
): Promise<Record<string, ConflictDecision>> {
  const decisions: Record<string, ConflictDecision> = {};
  const { createInterface } = await import("node:readline/promises");
  const terminal = createInterface({ input: stdin, output: stdout });
  let isClosed = false;
  const closed = new Promise<"q">((resolve) => {
    terminal.once("close", () => {
      isClosed = true;
      resolve("q");
    });
  });
  const ask = (question: string) =>
    isClosed ? closed : Promise.race([terminal.question(question), closed]);
  const colors = colorsFor(stdout, env);
  try {
    for (const [index, entry] of conflicts.entries()) {
      stdout.write(whatWouldBeLost(entry, colors));
      if (index === 0) stdout.write(colors.dim(LEGEND));
      const decision = await decisionOn(entry, ask, { stdout, colors });
      if (decision === "overwrite all") {
        for (const { path } of conflicts.slice(index))
          decisions[path] = "overwrite";
        break;
      }
      decisions[entry.path] = decision;
    }
  } finally {
    terminal.close();
  }
  return decisions;
}

/** Asks until there is an answer. */
async function decisionOn(
  entry: Conflict,
  ask: (question: string) => Promise<string>,
  { stdout, colors }: Pick<CommandContext, "stdout"> & { colors: Colors },
): Promise<ConflictDecision | "overwrite all"> {
  const question = `${colors.yellow(entry.path)}: ${entry.reason}. Overwrite? [y/N/a/q/d/m/?] `;
  for (;;) {
    const answer = await ask(question);
    switch (answer.trim().toLowerCase()) {
      case "y":
        return "overwrite";
      case "":
      case "n":
        return "keep";
      case "m":
        return "merge";
      case "a":
        return "overwrite all";
      case "q":
        throw new RefusedError("CANCELLED", "cancelled; nothing was written");
      case "d":
        stdout.write(wholeDifference(entry, colors));
        break;
      default:
        stdout.write(colors.dim(LEGEND));
    }
  }
}

/** The owner's lines that overwriting takes away, the first of them. */
function whatWouldBeLost(
  { path, previous, content }: Conflict,
  colors: Colors,
): string {
  const kept = new Set(content.split(/\r?\n/));
  const lost = (previous ?? "")
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "" && !kept.has(line));
  const count = `${lost.length} ${lost.length === 1 ? "line" : "lines"}`;
  const shown = lost
    .slice(0, SHOWN_LINES)
    .map((line) => colors.red(`- ${shortened(printable(line))}`));
  const more = lost.length - shown.length;
  return [
    "",
    `${colors.bold(path)}: overwriting it loses ${lost.length === 0 ? "no line of yours" : `${count} of yours`}`,
    ...shown.map((line) => `  ${line}`),
    ...(more > 0 ? [colors.dim(`  … and ${more} more; d shows all`)] : []),
    "",
  ].join("\n");
}

function shortened(line: string): string {
  return line.length > SHOWN_COLUMNS
    ? `${line.slice(0, SHOWN_COLUMNS)}…`
    : line;
}

function wholeDifference(entry: Conflict, colors: Colors): string {
  const { path, previous, content } = entry;
  const text = patch(
    path,
    previous ?? "",
    "yours",
    content,
    "would be written",
  );
  return paintPatch(printable(text.replaceAll("\r\n", "\n")), colors);
}

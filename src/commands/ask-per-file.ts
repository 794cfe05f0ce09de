/** Files in the way, one by one: yes, no, all, quit, diff, merge. At a terminal only. */
import { createInterface } from "node:readline/promises";
import type { ConflictDecision } from "../application/scaffold-service.ts";
import { RefusedError } from "../domain/errors.ts";
import type { FileOperation } from "../domain/plan.ts";
import { colorsFor } from "./colors.ts";
import type { CommandContext } from "./context.ts";
import { paintPatch, patch } from "./patch.ts";

const LEGEND =
  "y overwrite · n keep yours · a overwrite this and all others · q quit · d show the difference · m merge with conflict markers";

/**
 * Asks what to do with each file.
 *
 * @throws {RefusedError} code `CANCELLED` when the owner quits; nothing is written.
 */
export async function askPerFile(
  conflicts: readonly FileOperation[],
  { stdin, stdout, env }: CommandContext,
): Promise<Record<string, ConflictDecision>> {
  const decisions: Record<string, ConflictDecision> = {};
  const terminal = createInterface({ input: stdin, output: stdout.stream });
  const closed = new Promise<"q">((resolve) => {
    // Ctrl-C and Ctrl-D end the questions like a "q".
    terminal.once("close", () => {
      resolve("q");
    });
  });
  const colors = colorsFor(stdout, env);
  let all = false;
  try {
    for (const entry of conflicts) {
      if (entry.operation !== "conflict") continue;
      while (decisions[entry.path] === undefined) {
        if (all) {
          decisions[entry.path] = "overwrite";
          break;
        }
        const question = `${colors.yellow(entry.path)}: ${entry.reason}. Overwrite? [Y/n/a/q/d/m] `;
        const answer = await Promise.race([
          terminal.question(question),
          closed,
        ]);
        switch (answer.trim().toLowerCase()) {
          case "":
          case "y":
            decisions[entry.path] = "overwrite";
            break;
          case "n":
            decisions[entry.path] = "keep";
            break;
          case "m":
            decisions[entry.path] = "merge";
            break;
          case "a":
            all = true;
            break;
          case "q":
            throw new RefusedError(
              "CANCELLED",
              "cancelled; nothing was written",
            );
          case "d":
            stdout.write(
              paintPatch(
                patch(
                  entry.path,
                  entry.previous ?? "",
                  "yours",
                  entry.content,
                  "would be written",
                ),
                colors,
              ),
            );
            break;
          default:
            stdout.write(`${colors.dim(LEGEND)}\n`);
        }
      }
    }
  } finally {
    terminal.close();
  }
  return decisions;
}

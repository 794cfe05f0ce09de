/** Loads what `watch` runs, which needs a current Node. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { RefusedError } from "../domain/errors.ts";
import { renderTemplate } from "../infrastructure/template-source.ts";
import type * as program from "../watch/program.ts";
import { nodeAtLeast } from "./settings.ts";

export type WatchProgram = typeof program;

/** @throws {RefusedError} code `NODE_TOO_OLD` where Node has no SQLite of its own. */
export async function loadWatchProgram(): Promise<WatchProgram> {
  if (!nodeAtLeast(22, 13)) {
    throw new RefusedError(
      "NODE_TOO_OLD",
      `watch needs Node 22.13 or later, for its SQLite; this is ${process.versions.node}`,
      {
        hint: "With a Node for this run alone: npx --yes --package=node@24 --package=adw-scaffold adw-scaffold watch",
      },
    );
  }
  silenceExperimentalWarnings();
  // Built, it lies beside the bundle.
  const file = join(__dirname, "watch/adw_modules/watch.js");
  const loaded: WatchProgram = await import(pathToFileURL(file).href);
  return loaded;
}

/** The dashboard's page, as it would be rendered into a project. */
export function loadPage(): Promise<string> {
  return renderTemplate("adws/adw_dashboard/index.html", {});
}

/** Node 22 calls its SQLite experimental at every start: that was known when it was chosen. */
function silenceExperimentalWarnings(): void {
  const printers = process.listeners("warning");
  process.removeAllListeners("warning");
  process.on("warning", (warning) => {
    if (warning.name === "ExperimentalWarning") return;
    for (const print of printers) print(warning);
  });
  // For the threads that are to come.
  process.env["NODE_NO_WARNINGS"] = "1";
}

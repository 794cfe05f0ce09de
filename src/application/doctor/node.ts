/** `doctor`: whether the running Node can run what was rendered. */
import type { AdwConfig } from "../../domain/config.ts";
import { nodeAtLeast } from "../settings.ts";
import type { Problem } from "./finding.ts";

/** All that is wrong at once: settings that depend on each other are changed together. */
export function nodeProblem({
  sqlite_driver,
  typescript_runner,
}: AdwConfig): Problem | undefined {
  const { node } = process.versions;
  if (!nodeAtLeast(20, 19)) {
    return {
      message: `Node ${node} is too old`,
      fix: "Install Node 20.19 or later.",
    };
  }
  const lacks: { what: string; since: string; flag: string }[] = [];
  if (sqlite_driver === "node:sqlite" && !nodeAtLeast(22, 13)) {
    lacks.push({
      what: "has no node:sqlite",
      since: "22.13",
      flag: "--sqlite-driver better-sqlite3",
    });
  }
  if (typescript_runner === "node" && !nodeAtLeast(22, 18)) {
    lacks.push({
      what: "does not run .ts files by itself",
      since: "22.18",
      flag: "--typescript-runner tsx",
    });
  }
  const last = lacks.at(-1);
  if (last === undefined) return undefined;
  return {
    message: `Node ${node} ${lacks.map(({ what }) => what).join(" and ")}`,
    fix: `Use Node ${last.since} or later, or: adw-scaffold init ${lacks.map(({ flag }) => flag).join(" ")}`,
  };
}

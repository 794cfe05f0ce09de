/**
 * The product as a stranger meets it: scaffolds a project into a scratch folder
 * with the built CLI, installs it, and plays a fleet of agents into its server.
 *
 *   npm run demo                     until the story ends, or Ctrl-C
 *   npm run demo -- --seconds 10     ends by itself, for CI
 *
 * Everything after `--` goes to the demo itself; see `--help` there.
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { localPrebuilds } from "./local-prebuilds.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const project = mkdtempSync(join(tmpdir(), "adw-demo-"));
const shell = process.platform === "win32";

process.on("exit", () => rmSync(project, { recursive: true, force: true }));

const { status } = spawnSync(
  process.execPath,
  [
    join(root, "dist/cli.js"),
    "init",
    project,
    "--yes",
    "--project-name",
    "demo",
  ],
  { stdio: "inherit", env: { ...process.env, ...localPrebuilds() } },
);
if (status !== 0) process.exit(status ?? 1);

console.log("\nThis is a scratch project; it is removed at the end.\n");
const child = spawn(
  "npm",
  ["run", "--silent", "adw:demo", "--", ...process.argv.slice(2)],
  { cwd: project, stdio: "inherit", shell },
);
// The terminal sends Ctrl-C to the child too; it ends by itself and says how it went.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => child.kill("SIGTERM"));
child.on("close", (code) => {
  process.exitCode = code ?? 1;
});

/**
 * `adw-scaffold demo` as just built, outside of any project: it plays in a scratch
 * folder, as a stranger would meet it.
 *
 *   npm run demo                     until the story ends, or Ctrl-C
 *   npm run demo -- --seconds 10     ends by itself, for CI
 */
import { spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { localPrebuilds } from "./local-prebuilds.mjs";

const cli = join(dirname(fileURLToPath(import.meta.url)), "../dist/cli.js");
const child = spawn(process.execPath, [cli, "demo", ...process.argv.slice(2)], {
  cwd: tmpdir(),
  stdio: "inherit",
  env: { ...process.env, ...localPrebuilds() },
});
// The terminal sends Ctrl-C to the child too; it ends by itself and says how it went.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => child.kill("SIGTERM"));
child.on("close", (code) => {
  process.exitCode = code ?? 1;
});

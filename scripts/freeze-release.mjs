/**
 * Keeps a release for the upgrade tests: a small host project with every module,
 * as that release writes it. Only the four files of the project itself are kept:
 * the lock has the text of every rendered file.
 *
 *   node scripts/freeze-release.mjs <version> [--cli <dist/cli.js of that release>]
 *
 * Without --cli it is the build in dist/. See CONTRIBUTING.md, "Freeze a release".
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { cli: { type: "string", default: join(root, "dist/cli.js") } },
});
const [version] = positionals;
if (version === undefined || !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) {
  console.error("Name the version, such as 0.2.0.");
  process.exit(2);
}
const folder = join(root, "fixtures/releases", version);
if (existsSync(folder)) {
  console.error(`${folder} exists: a release is frozen once.`);
  process.exit(2);
}

const HOST = {
  "package.json": {
    name: "parcel-desk",
    version: "2.3.0",
    private: true,
    type: "module",
    scripts: { build: "tsc" },
  },
  "tsconfig.json": {
    compilerOptions: { target: "es2022", module: "nodenext", strict: true },
    exclude: ["node_modules", "adws"],
  },
};
await mkdir(folder, { recursive: true });
for (const [name, value] of Object.entries(HOST)) {
  await writeFile(join(folder, name), `${JSON.stringify(value, null, 2)}\n`);
}
execFileSync(
  process.execPath,
  [
    resolve(values.cli),
    "init",
    "--yes",
    "--no-install",
    // What a machine would choose, chosen here: the same on every machine.
    "--sqlite-driver",
    "node:sqlite",
    "--typescript-runner",
    "node",
    "--websocket-port",
    "9001",
  ],
  { cwd: folder, stdio: "inherit" },
);
await rm(join(folder, "adws"), { recursive: true });

/**
 * The programs that are compared. Each generates once, in an empty project:
 * adw-scaffold one module, hygen and plop one file from one template, create-vite
 * its smallest TypeScript project. Besides, adw-scaffold checks a project that has
 * all modules. All are started as `node <script> …`, so that no package runner is
 * measured.
 */
import { existsSync, rmSync } from "node:fs";
import { cp, mkdtemp, writeFile } from "node:fs/promises";
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const peers = join(here, "peers");
const fromPeers = createRequire(join(peers, "package.json"));

/** Installs the peers, unless they are there. */
export function installPeers() {
  const { dependencies } = fromPeers("./package.json");
  const present = Object.keys(dependencies).every((name) =>
    existsSync(join(peers, "node_modules", name)),
  );
  if (present) return;
  execFileSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
    cwd: peers,
    stdio: ["ignore", "ignore", "inherit"],
    shell: process.platform === "win32",
  });
}

const inPeers = (path) => join(peers, "node_modules", path);

const OURS = join(here, "../../dist/cli.js");
const OUR_ADD = [OURS, "add", "adw_websockets", "--no-install"];
const ADDED = "adws/adw_modules/adw_websockets.ts";

/** Makes a project with all modules, in sync, of which each round gets a copy. */
let withAllModules;
async function copyProject(folder) {
  withAllModules ??= await makeProject();
  await cp(withAllModules, folder, { recursive: true });
}

async function makeProject() {
  const folder = await mkdtemp(join(tmpdir(), "adw-bench-all-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  execFileSync(process.execPath, [OURS, "init", "--yes", "--no-install"], {
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
  });
  return folder;
}

/**
 * `prepare` is not measured; `result` must exist afterwards, and `says` must be in
 * what is printed.
 */
export const CONTENDERS = {
  node: { title: "node -e 0", parameters: ["-e", "0"] },
  adw: {
    title: "adw-scaffold add",
    parameters: OUR_ADD,
    result: ADDED,
  },
  "adw-settings": {
    title: "adw-scaffold add, settings of its own",
    parameters: OUR_ADD,
    prepare: (folder) =>
      writeFile(
        join(folder, "adw.config.json"),
        JSON.stringify({ websocket_port: 9001, max_connections: 7 }),
      ),
    result: ADDED,
  },
  "adw-check": {
    title: "adw-scaffold check, all modules",
    parameters: [OURS, "check"],
    prepare: copyProject,
    says: "In sync",
  },
  "create-vite": {
    title: "create-vite",
    parameters: [
      inPeers("create-vite/index.js"),
      "app",
      "--template",
      "vanilla-ts",
      "--no-interactive",
    ],
    result: "app/package.json",
  },
  hygen: {
    title: "hygen",
    parameters: [
      inPeers("hygen/dist/bin.js"),
      "module",
      "new",
      "--name",
      "clock",
    ],
    prepare: (folder) =>
      cp(join(here, "generators/_templates"), join(folder, "_templates"), {
        recursive: true,
      }),
    result: "src/clock.ts",
  },
  plop: {
    title: "plop",
    parameters: [inPeers("plop/bin/plop.js"), "module", "clock"],
    prepare: (folder) =>
      cp(join(here, "generators/plop"), folder, { recursive: true }),
    result: "src/clock.ts",
  },
};

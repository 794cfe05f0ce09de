/**
 * The programs that are compared. Each generates once, in an empty project:
 * adw-scaffold one module, hygen and plop one file from one template, create-vite
 * its smallest TypeScript project. All are started as `node <script> …`, so that no
 * package runner is measured.
 */
import { existsSync } from "node:fs";
import { cp } from "node:fs/promises";
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
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

const OUR_ADD = [
  join(here, "../../dist/cli.cjs"),
  "add",
  "adw_websockets",
  "--no-install",
];

/** `prepare` is not measured; `result` must exist afterwards. */
export const CONTENDERS = {
  node: { title: "node -e 0", parameters: ["-e", "0"] },
  adw: {
    title: "adw-scaffold add",
    parameters: OUR_ADD,
    result: "adws/adw_modules/adw_websockets.ts",
  },
  "adw-first": {
    title: "adw-scaffold add, nothing compiled yet",
    parameters: OUR_ADD,
    env: { NODE_DISABLE_COMPILE_CACHE: "1" },
    result: "adws/adw_modules/adw_websockets.ts",
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

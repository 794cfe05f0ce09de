/** The command that builds a native package which is not built, or for another Node. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { readJsonRecord } from "./json-values.ts";
import {
  unapprovedBuilds,
  type PackageManagerName,
} from "./package-manager.ts";
import { findUpwards } from "./upwards.ts";

/**
 * Since version 12 npm runs the scripts of no package that is not approved, and says
 * "rebuilt dependencies successfully" all the same; so does any npm with ignore-scripts.
 */
const NPM_THAT_ASKS = 12;

/** What to type in the project so that the package gets built. */
export function buildCommand(
  manager: PackageManagerName,
  root: string,
  name: string,
): string {
  const rebuild = `npm rebuild ${name} --ignore-scripts=false`;
  switch (manager) {
    case "npm":
      return npmMajor(root) >= NPM_THAT_ASKS
        ? `npm install-scripts approve ${name} && ${rebuild}`
        : rebuild;
    case "pnpm":
      return unapprovedBuilds(root, [name]).length > 0
        ? `pnpm approve-builds ${name}`
        : `pnpm rebuild ${name}`;
    case "yarn":
      // Yarn 1 has no rebuild, and its node_modules are like npm's.
      return isYarnBerry(root)
        ? `yarn config set enableScripts true && yarn rebuild ${name}`
        : rebuild;
    case "bun":
      return isTrusted(root, name)
        ? "bun install --force"
        : `bun pm trust ${name}`;
  }
}

/**
 * Whether an installed native package has been compiled; true as well where it is not
 * found. Package managers leave the scripts that do it out unless they are allowed to.
 */
export function isBuilt(root: string, name: string): boolean {
  const folder =
    unpluggedPackage(root, name) ?? findUpwards(root, `node_modules/${name}`);
  const binary = `build/Release/${name.replaceAll("-", "_")}.node`;
  return folder === undefined || existsSync(join(folder, binary));
}

/** Where Yarn's Plug'n'Play puts a package that cannot stay in its archive. */
function unpluggedPackage(root: string, name: string): string | undefined {
  const unplugged = findUpwards(root, ".yarn/unplugged");
  if (unplugged === undefined) return undefined;
  const entry = readdirSync(unplugged).find((each) =>
    each.startsWith(`${name}-npm-`),
  );
  return entry && join(unplugged, entry, "node_modules", name);
}

function npmMajor(root: string): number {
  const { spawnSync } = process.getBuiltinModule("node:child_process");
  const { stdout } = spawnSync("npm", ["--version"], {
    cwd: root,
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  return Number.parseInt(stdout ?? "", 10) || 0;
}

function isYarnBerry(root: string): boolean {
  return findUpwards(root, ".yarnrc.yml", ".pnp.cjs") !== undefined;
}

function isTrusted(root: string, name: string): boolean {
  const trusted = readJsonRecord(join(root, "package.json"))?.[
    "trustedDependencies"
  ];
  return Array.isArray(trusted) && trusted.includes(name);
}

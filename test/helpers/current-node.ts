/** A Node with SQLite of its own, which `watch` needs: this one, or one from npm. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { strangersEnvironment } from "./processes.ts";
import { REPOSITORY } from "./repository.ts";

const INSTALL_MS = 300_000;
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
/** Whether the running one has it. */
export const IS_CURRENT_NODE = major > 22 || (major === 22 && minor >= 13);

/** Undefined, with a word on stderr, where none can be had. */
export function currentNode(): string | undefined {
  if (IS_CURRENT_NODE) return process.execPath;
  // As nodeBinary() keeps them.
  const homes = ["24", "22"].map((each) =>
    join(REPOSITORY, "build/nodes", each),
  );
  const found = homes.map(binaryIn).find(works);
  if (found !== undefined) return found;
  const home = join(REPOSITORY, "build/nodes/22");
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, "package.json"), '{ "private": true }\n');
  const { stderr } = spawnSync("npm", ["install", "--no-save", "node@22"], {
    cwd: home,
    env: strangersEnvironment(),
    timeout: INSTALL_MS,
    encoding: "utf8",
  });
  if (works(binaryIn(home))) return binaryIn(home);
  process.stderr.write(
    `\nSKIPPED: watch needs Node >= 22.13, and npm brought none: ${stderr}\n`,
  );
  return undefined;
}

function binaryIn(home: string): string {
  return join(home, "node_modules/node/bin/node");
}

function works(binary: string): boolean {
  return existsSync(binary) && spawnSync(binary, ["--version"]).status === 0;
}

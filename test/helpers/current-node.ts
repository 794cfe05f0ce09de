/** A Node with SQLite of its own, which `watch` needs: this one, or one from npm. */
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { networkEnvironment } from "./processes.ts";
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
  const { error } = install();
  // Another suite may have been faster.
  const made = homes.map(binaryIn).find(works);
  if (made === undefined)
    process.stderr.write(
      `\nSKIPPED: watch needs Node >= 22.13, and npm brought none: ${error}\n`,
    );
  return made;
}

/** Beside its place, and moved there when it is whole: suites run at the same time. */
function install(): { error: string } {
  const nodes = join(REPOSITORY, "build/nodes");
  mkdirSync(nodes, { recursive: true });
  const draft = mkdtempSync(join(nodes, "draft-"));
  try {
    writeFileSync(join(draft, "package.json"), '{ "private": true }\n');
    const { stderr } = spawnSync("npm", ["install", "--no-save", "node@22"], {
      cwd: draft,
      env: networkEnvironment(),
      timeout: INSTALL_MS,
      encoding: "utf8",
    });
    if (!works(binaryIn(draft))) return { error: stderr };
    const place = join(nodes, "22");
    if (!works(binaryIn(place))) {
      rmSync(place, { recursive: true, force: true });
      renameSync(draft, place);
    }
    return { error: "" };
  } catch (error) {
    return { error: String(error) };
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

function binaryIn(home: string): string {
  return join(home, "node_modules/node/bin/node");
}

function works(binary: string): boolean {
  return existsSync(binary) && spawnSync(binary, ["--version"]).status === 0;
}

/** Other versions of Node, from npm, in build/nodes/. */
import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run, runOrThrow } from "./processes.ts";

const INSTALL_MS = 300_000;

/**
 * Path of a Node of the given major version: the one that is running, or the
 * newest that the npm package `node` has of it, installed once.
 *
 * @param repository - where build/ is
 */
export async function nodeBinary(
  major: string,
  repository: string,
): Promise<string> {
  if (process.versions.node.startsWith(`${major}.`)) return process.execPath;
  const home = join(repository, "build/nodes", major);
  const binary = join(home, "node_modules/node/bin/node");
  if (await works(binary, major)) return binary;
  await rm(home, { recursive: true, force: true });
  await mkdir(home, { recursive: true });
  await writeFile(join(home, "package.json"), '{ "private": true }\n');
  await runOrThrow("npm", ["install", "--no-save", `node@${major}`], {
    cwd: home,
    timeoutMs: INSTALL_MS,
  });
  if (!(await works(binary, major))) {
    // Where npm is told not to run install scripts; this one fetches the binary.
    await runOrThrow(process.execPath, ["installArchSpecificPackage.js"], {
      cwd: join(home, "node_modules/node"),
      timeoutMs: INSTALL_MS,
    });
  }
  if (await works(binary, major)) return binary;
  throw new Error(`npm install node@${major} brought no working binary`);
}

async function works(binary: string, major: string): Promise<boolean> {
  return (
    existsSync(binary) && (await versionOf(binary)).startsWith(`${major}.`)
  );
}

/** Such as `22.20.0`. */
export async function versionOf(binary: string): Promise<string> {
  const { stdout } = await run(binary, ["-p", "process.versions.node"], {
    cwd: process.cwd(),
  });
  return stdout.trim();
}

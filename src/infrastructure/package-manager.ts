/** Which package manager a project uses, why we think so, and running its install. */
import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  detect,
  resolveCommand,
  type DetectStrategy,
} from "package-manager-detector";
import { RefusedError } from "../domain/errors.ts";

export type PackageManagerName = "npm" | "pnpm" | "yarn" | "bun";

export interface PackageManager {
  name: PackageManagerName;
  /** Why it was chosen, in words for the user. */
  reason: string;
}

const LOCKFILES: Readonly<Record<string, PackageManagerName>> = {
  "package-lock.json": "npm",
  "npm-shrinkwrap.json": "npm",
  "pnpm-lock.yaml": "pnpm",
  "yarn.lock": "yarn",
  "bun.lock": "bun",
  "bun.lockb": "bun",
};

const STRATEGIES: readonly [DetectStrategy, string][] = [
  ["packageManager-field", "packageManager in package.json"],
  ["devEngines-field", "devEngines in package.json"],
  ["lockfile", "its lockfile"],
  ["install-metadata", "what is in node_modules"],
];

/**
 * Looks from the project upwards (a workspace keeps its lockfile at the root),
 * then at the package manager that started us, then settles for npm.
 */
export async function detectPackageManager(
  root: string,
): Promise<PackageManager> {
  for (const [strategy, reason] of STRATEGIES) {
    const found = await detect({ cwd: root, strategies: [strategy] });
    if (found !== null && isKnown(found.name)) {
      return {
        name: found.name,
        reason:
          strategy === "lockfile" ? (lockfileReason(root) ?? reason) : reason,
      };
    }
  }
  const agent = process.env["npm_config_user_agent"]?.split("/")[0];
  if (agent !== undefined && isKnown(agent) && agent !== "npm") {
    return { name: agent, reason: `started by ${agent}` };
  }
  return { name: "npm", reason: "no sign of another package manager" };
}

function lockfileReason(root: string): string | undefined {
  for (let folder = root; ; folder = dirname(folder)) {
    const names = existsSync(folder) ? readdirSync(folder) : [];
    const lockfile = names.find((name) => Object.hasOwn(LOCKFILES, name));
    if (lockfile !== undefined) {
      return folder === root
        ? `${lockfile} is here`
        : `${join(folder, lockfile)} is above`;
    }
    if (dirname(folder) === folder) return undefined;
  }
}

function isKnown(name: string): name is PackageManagerName {
  return name === "npm" || name === "pnpm" || name === "yarn" || name === "bun";
}

/** `npm run adw:server`, in the words of the package manager. */
export function runCommand(
  manager: PackageManagerName,
  script: string,
): string {
  return manager === "yarn" ? `yarn ${script}` : `${manager} run ${script}`;
}

/** The command that installs what package.json lists. */
export function installCommand(manager: PackageManagerName): string[] {
  const resolved = resolveCommand(manager, "install", []);
  return resolved === null
    ? [manager, "install"]
    : [resolved.command, ...resolved.args];
}

/**
 * Runs the install and waits for it. Its output is kept back and shown only when
 * it fails.
 *
 * @throws {RefusedError} code `INSTALL_FAILED`; the files stay as written.
 */
export async function installDependencies(
  root: string,
  manager: PackageManagerName,
): Promise<void> {
  const [command = manager, ...parameters] = installCommand(manager);
  // Since version 11, pnpm fails when a package has a build script that nobody
  // has approved. esbuild, which tsx needs, has one and works without it.
  if (manager === "pnpm") parameters.push("--config.strict-dep-builds=false");
  const output: Buffer[] = [];
  const exit = await new Promise<number | string>((resolve) => {
    const child = spawn(command, parameters, {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
      // npm is a .cmd file on Windows, which only a shell can start.
      shell: process.platform === "win32",
    });
    child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => output.push(chunk));
    child.on("error", (error) => {
      resolve(error.message);
    });
    child.on("close", (code, signal) => {
      resolve(code ?? signal ?? "no exit code");
    });
  });
  if (exit === 0) return;
  const tail = Buffer.concat(output)
    .toString()
    .trim()
    .split("\n")
    .slice(-15)
    .join("\n");
  throw new RefusedError(
    "INSTALL_FAILED",
    `"${[command, ...parameters].join(" ")}" failed (${exit})${tail === "" ? "" : `:\n${tail}`}`,
    {
      hint: `The files are written. Mend the cause, then run: ${[command, ...parameters].join(" ")}`,
    },
  );
}

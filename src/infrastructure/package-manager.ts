/** Which package manager a project uses, why we think so, and running its install. */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { LOCKS, detect, getUserAgent } from "package-manager-detector";
import type { AdwConfig } from "../domain/config.ts";
import { RefusedError } from "../domain/errors.ts";
import { readJsonRecord } from "./json-values.ts";
import { hasCode } from "./project-files.ts";
import { findUpwards, isRepository, upwards } from "./upwards.ts";

export type PackageManagerName = "npm" | "pnpm" | "yarn" | "bun";

export interface PackageManager {
  name: PackageManagerName;
  /** Why it was chosen, in words for the user. */
  reason: string;
}

/** The search ends at the top of the repository, and never reaches what lies in the home folder itself. */
function isTop(folder: string): boolean {
  return isRepository(folder) || dirname(folder) === homedir();
}

/**
 * Looks from the project upwards to the top of its repository (a workspace keeps
 * its lockfile there): the nearest folder with a lockfile or a `packageManager`
 * decides. Then what an install has left behind, then the package manager that
 * started us, then npm.
 */
export async function detectPackageManager(
  root: string,
): Promise<PackageManager> {
  const agent = getUserAgent();
  return (
    (await declared(root)) ??
    (await installedBy(root)) ??
    (isKnown(agent) && agent !== "npm"
      ? { name: agent, reason: `started by ${agent}` }
      : { name: "npm", reason: "no sign of another package manager" })
  );
}

/** The one that the configuration names, else the one that is found. */
export async function choosePackageManager(
  root: string,
  { package_manager: configured }: Pick<AdwConfig, "package_manager">,
): Promise<PackageManager> {
  return configured === "auto"
    ? detectPackageManager(root)
    : { name: configured, reason: "set in adw.config.json" };
}

/** By a lockfile or a field of package.json. */
async function declared(root: string): Promise<PackageManager | undefined> {
  let folder = root;
  const found = await detect({
    cwd: root,
    // Asked after each folder without a sign: the one where it ends has the sign.
    stopDir: (looked) => {
      if (!isTop(looked)) folder = dirname(looked);
      return isTop(looked);
    },
  });
  if (found === null) return undefined;
  const lockfile = Object.entries(LOCKS).find(
    ([file, name]) =>
      // Of a package manager that we cannot run, another lockfile beside it decides.
      (isKnown(found.name) ? name === found.name : isKnown(name)) &&
      existsSync(join(folder, file)),
  );
  if (lockfile !== undefined && isKnown(lockfile[1])) {
    const [file, name] = lockfile;
    const reason =
      folder === root ? `${file} is here` : `${join(folder, file)} is above`;
    return { name, reason };
  }
  if (!isKnown(found.name)) return undefined;
  const manifest = readJsonRecord(join(folder, "package.json"));
  const field =
    manifest?.["packageManager"] === undefined
      ? "devEngines"
      : "packageManager";
  const file = folder === root ? "package.json" : join(folder, "package.json");
  return { name: found.name, reason: `${field} in ${file}` };
}

/** By what an install leaves behind where lockfiles are not kept. */
async function installedBy(root: string): Promise<PackageManager | undefined> {
  const found = await detect({
    cwd: root,
    strategies: ["install-metadata"],
    stopDir: isTop,
  });
  // The detector does not know how Yarn 1 spells it.
  const name =
    found?.name ??
    (existsSync(join(root, "node_modules/.yarn-integrity")) ? "yarn" : "");
  return isKnown(name)
    ? { name, reason: "what is in node_modules" }
    : undefined;
}

function isKnown(name: unknown): name is PackageManagerName {
  return name === "npm" || name === "pnpm" || name === "yarn" || name === "bun";
}

/** `npm run adw:server`, in the words of the package manager. */
export function runCommand(
  manager: PackageManagerName,
  script: string,
): string {
  return manager === "yarn" ? `yarn ${script}` : `${manager} run ${script}`;
}

const EXEC: Readonly<Record<PackageManagerName, string>> = {
  npm: "npx",
  pnpm: "pnpm exec",
  yarn: "yarn run",
  bun: "bunx",
};

/** What a script would run, as one types it: a program of a package needs the package manager. */
export function directCommand(
  manager: PackageManagerName,
  command: string,
): string {
  return command.startsWith("node ") ? command : `${EXEC[manager]} ${command}`;
}

/** The command that installs what package.json lists. */
export function installCommand(manager: PackageManagerName): string[] {
  const hasShortForm = manager === "npm" || manager === "pnpm";
  return [manager, hasShortForm ? "i" : "install"];
}

/**
 * The command that installs another version of one package, where it is listed now.
 *
 * @param isDevelopment - whether it stands in devDependencies
 */
export function upgradeCommand(
  manager: PackageManagerName,
  root: string,
  wanted: string,
  isDevelopment: boolean,
): string {
  const words: string[] = [manager, manager === "npm" ? "install" : "add"];
  if (isDevelopment) words.push(manager === "bun" ? "-d" : "-D");
  // pnpm asks whether the root of a workspace is really meant.
  if (manager === "pnpm" && existsSync(join(root, "pnpm-workspace.yaml"))) {
    words.push("-w");
  }
  // A shell would take "^" and ">" for something of its own.
  return [...words, /[<>|*\s]/.test(wanted) ? `"${wanted}"` : wanted].join(" ");
}

/** Of these packages, the ones that no node_modules from the project upwards has. */
export function missingPackages(
  root: string,
  names: readonly string[],
): string[] {
  // Plug'n'Play has no node_modules to look into.
  if (findUpwards(root, ".pnp.cjs") !== undefined) return [];
  return names.filter(
    (name) => findUpwards(root, join("node_modules", name)) === undefined,
  );
}

/**
 * Of these packages, the ones whose build script pnpm has left out, because nobody
 * has approved it: what they compile is missing. Read from pnpm's own record.
 */
export function unapprovedBuilds(
  root: string,
  names: readonly string[],
): string[] {
  const record = upwards(root)
    .map((folder) => readJsonRecord(join(folder, "node_modules/.modules.yaml")))
    .find((found) => found !== undefined);
  const ignored = record?.["ignoredBuilds"];
  if (!Array.isArray(ignored)) return [];
  return names.filter((name) =>
    ignored.some((entry) => String(entry).startsWith(`${name}@`)),
  );
}

/** How long a package manager may take to end after Ctrl-C before it is told again. */
const INTERRUPT_GRACE_MS = 1000;

/**
 * Runs the install and waits for it. Its output is kept back and shown only when
 * it fails. Ctrl-C and SIGTERM end the package manager first.
 *
 * @param onLine - gets the last line of whatever the package manager says
 * @throws {RefusedError} code `INSTALL_FAILED` or `INSTALL_INTERRUPTED`; the files
 * stay as written.
 */
export async function installDependencies(
  root: string,
  manager: PackageManagerName,
  onLine: (line: string) => void = () => undefined,
): Promise<void> {
  const [command = manager, ...parameters] = installCommand(manager);
  // Since version 11, pnpm fails when a package has a build script that nobody
  // has approved. esbuild, which tsx needs, has one and works without it.
  if (manager === "pnpm") parameters.push("--config.strict-dep-builds=false");
  const output: Buffer[] = [];
  const { spawn } = await import("node:child_process");
  let interrupted = false;
  const exit = await new Promise<number | string>((resolve) => {
    const child = spawn(command, parameters, {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
      // npm tells of requests, and so of retries, at this level only.
      env:
        manager === "npm"
          ? { ...process.env, npm_config_loglevel: "http" }
          : process.env,
      // npm is a .cmd file on Windows, which only a shell can start.
      shell: process.platform === "win32",
    });
    const keep = (chunk: Buffer) => {
      output.push(chunk);
      const line = chunk.toString().trim().split("\n").at(-1);
      if (line !== undefined && line !== "") onLine(line);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    const stop = () => {
      interrupted = true;
      // What it has started may hold its output open; that is not waited for.
      child.once("exit", () => {
        child.stdout.destroy();
        child.stderr.destroy();
      });
    };
    // The terminal has sent Ctrl-C to both of us.
    const onInterrupt = () => {
      stop();
      setTimeout(() => child.kill("SIGTERM"), INTERRUPT_GRACE_MS).unref();
    };
    const onTerminate = () => {
      stop();
      child.kill("SIGTERM");
    };
    const end = (result: number | string) => {
      process.off("SIGINT", onInterrupt);
      process.off("SIGTERM", onTerminate);
      resolve(result);
    };
    process.on("SIGINT", onInterrupt);
    process.on("SIGTERM", onTerminate);
    child.on("error", (error) => {
      end(
        hasCode(error, "ENOENT")
          ? `${command} is not installed, or not on the PATH`
          : error.message,
      );
    });
    child.on("close", (code, signal) => {
      end(code ?? signal ?? "no exit code");
    });
  });
  if (interrupted) {
    throw new RefusedError(
      "INSTALL_INTERRUPTED",
      `"${[command, ...parameters].join(" ")}" was interrupted`,
      {
        hint: `The files are written. To install what they need, run: ${[command, ...parameters].join(" ")}`,
      },
    );
  }
  if (exit === 0) return;
  const tail = Buffer.concat(output)
    .toString()
    .trim()
    .split("\n")
    .filter((line) => !line.startsWith("npm http "))
    .slice(-15)
    .join("\n");
  throw new RefusedError(
    "INSTALL_FAILED",
    `"${[command, ...parameters].join(" ")}" failed (${exit})${tail === "" ? "" : `:\n${tail}`}`,
    {
      hint: `The files are written. Fix the cause, then run: ${[command, ...parameters].join(" ")}`,
    },
  );
}

/** Which package manager a project uses, why we think so, and running its install. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { RefusedError } from "../domain/errors.ts";
import { hasCode } from "./project-files.ts";

export type PackageManagerName = "npm" | "pnpm" | "yarn" | "bun";

export interface PackageManager {
  name: PackageManagerName;
  /** Why it was chosen, in words for the user. */
  reason: string;
}

type Signs = Readonly<Record<string, PackageManagerName>>;

const LOCKFILES: Signs = {
  "package-lock.json": "npm",
  "npm-shrinkwrap.json": "npm",
  "pnpm-lock.yaml": "pnpm",
  "pnpm-workspace.yaml": "pnpm",
  "yarn.lock": "yarn",
  "bun.lock": "bun",
  "bun.lockb": "bun",
};

/** What an install leaves behind where lockfiles are not kept. */
const INSTALL_TRACES: Signs = {
  "node_modules/.package-lock.json": "npm",
  "node_modules/.pnpm": "pnpm",
  "node_modules/.yarn-state.yml": "yarn",
  "node_modules/.yarn-integrity": "yarn",
  ".pnp.cjs": "yarn",
};

/**
 * Looks from the project upwards (a workspace keeps its lockfile at the root),
 * then at the package manager that started us, then settles for npm.
 */
export function detectPackageManager(root: string): PackageManager {
  const folders = upwards(root);
  const agent = process.env["npm_config_user_agent"]?.split("/")[0];
  return (
    first(folders, (folder) => declared(folder)) ??
    first(folders, (folder) => {
      const lockfile = present(folder, LOCKFILES);
      return lockfile === undefined
        ? undefined
        : {
            name: lockfile.name,
            reason:
              folder === root
                ? `${lockfile.file} is here`
                : `${join(folder, lockfile.file)} is above`,
          };
    }) ??
    first(folders, (folder) => {
      const trace = present(folder, INSTALL_TRACES);
      return trace === undefined
        ? undefined
        : { name: trace.name, reason: "what is in node_modules" };
    }) ??
    (isKnown(agent) && agent !== "npm"
      ? { name: agent, reason: `started by ${agent}` }
      : { name: "npm", reason: "no sign of another package manager" })
  );
}

/** The folder and those around it, up to the root of the file system. */
function upwards(folder: string): string[] {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...upwards(parent)];
}

function first<T>(
  folders: readonly string[],
  find: (folder: string) => T | undefined,
): T | undefined {
  for (const folder of folders) {
    const found = find(folder);
    if (found !== undefined) return found;
  }
  return undefined;
}

function present(
  folder: string,
  signs: Signs,
): { file: string; name: PackageManagerName } | undefined {
  for (const [file, name] of Object.entries(signs)) {
    if (existsSync(join(folder, file))) return { file, name };
  }
  return undefined;
}

/** What package.json says: `"packageManager": "pnpm@10.0.0"`, or `devEngines`. */
function declared(folder: string): PackageManager | undefined {
  const manifest = readManifest(join(folder, "package.json"));
  const field = property(manifest, "packageManager");
  if (typeof field === "string") {
    const name = field.split("@")[0];
    if (isKnown(name))
      return { name, reason: "packageManager in package.json" };
  }
  const engine = property(property(manifest, "devEngines"), "packageManager");
  const name = property(engine, "name");
  return isKnown(name)
    ? { name, reason: "devEngines in package.json" }
    : undefined;
}

/** A file of JSON; undefined when there is none, or none that can be read: then it says nothing. */
function readManifest(file: string): unknown {
  if (!existsSync(file)) return undefined;
  try {
    const manifest: unknown = JSON.parse(readFileSync(file, "utf8"));
    return manifest;
  } catch {
    return undefined;
  }
}

function property(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return Object.entries(value).find(([key]) => key === name)?.[1];
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
  const folders = upwards(root);
  // Plug'n'Play has no node_modules to look into.
  if (folders.some((folder) => existsSync(join(folder, ".pnp.cjs")))) return [];
  return names.filter(
    (name) =>
      !folders.some((folder) => existsSync(join(folder, "node_modules", name))),
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
    .map((folder) => readManifest(join(folder, "node_modules/.modules.yaml")))
    .find((found) => found !== undefined);
  const ignored = property(record, "ignoredBuilds");
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
 * @throws {RefusedError} code `INSTALL_FAILED` or `INSTALL_INTERRUPTED`; the files
 * stay as written.
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
  const { spawn } = await import("node:child_process");
  let interrupted = false;
  const exit = await new Promise<number | string>((resolve) => {
    const child = spawn(command, parameters, {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
      // npm is a .cmd file on Windows, which only a shell can start.
      shell: process.platform === "win32",
    });
    child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => output.push(chunk));
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

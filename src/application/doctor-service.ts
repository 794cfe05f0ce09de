/** Finds what keeps a project's workflows from running, and mends what is safe to mend. */
import { lstat, readFile } from "node:fs/promises";
import { createServer, isIP } from "node:net";
import { dirname, join } from "node:path";
import type { AdwConfig } from "../domain/config.ts";
import { AdwError, formatLocation } from "../domain/errors.ts";
import {
  applyTransaction,
  hasPendingTransaction,
  recoverTransaction,
} from "../infrastructure/file-transaction.ts";
import { excludeFromTsconfigs } from "../infrastructure/host-tsconfig.ts";
import { typescriptAdvice } from "../infrastructure/host-typescript.ts";
import {
  PACKAGE_FILE,
  editPackageJson,
} from "../infrastructure/package-json.ts";
import {
  formatEdited,
  projectFormatter,
} from "../infrastructure/project-prettier.ts";
import {
  assertNoSymlink,
  hasCode,
  readProjectFile,
  readTextIfExists,
} from "../infrastructure/project-files.ts";
import { packageNeeds } from "./package-plan.ts";
import {
  baseText,
  nodeAtLeast,
  openProject,
  resolveRoot,
  type Project,
  type ProjectRequest,
} from "./project.ts";

/** One thing that was looked at. */
export interface Finding {
  /** Stable name, such as `port`. */
  check: string;
  status: "ok" | "problem" | "fixed";
  message: string;
  /** What to do about a problem. */
  fix?: string;
}

interface Examination {
  check: string;
  /** The problem and its fix; undefined when all is well. */
  examine: (project: Project) => Promise<Problem | undefined>;
  /** What to say when all is well. */
  fine: (project: Project) => string;
}

interface Problem {
  message: string;
  fix: string;
  /** Mends it; only for what is safe to do without asking. */
  mend?: () => Promise<string>;
}

/**
 * Examines a project.
 *
 * @param options.fix - mend what is safe to mend
 */
export async function examineProject(
  request: ProjectRequest,
  { fix }: { fix: boolean },
): Promise<Finding[]> {
  const root = await resolveRoot(request.root);
  const findings = [await pendingTransaction(root, fix)];
  let project: Project;
  try {
    project = await openProject(request);
  } catch (error) {
    if (!(error instanceof AdwError)) throw error;
    const where =
      error.where === undefined ? "" : ` (${formatLocation(error.where)})`;
    findings.push({
      check: "config",
      status: "problem",
      message: `${error.message}${where}`,
      fix: error.hint ?? "Correct the file.",
    });
    return findings;
  }
  for (const { check, examine, fine } of EXAMINATIONS) {
    const problem = await examine(project);
    findings.push(
      problem === undefined
        ? { check, status: "ok", message: fine(project) }
        : await settle(check, problem, fix),
    );
  }
  return findings;
}

async function settle(
  check: string,
  problem: Problem,
  fix: boolean,
): Promise<Finding> {
  if (fix && problem.mend !== undefined) {
    return { check, status: "fixed", message: await problem.mend() };
  }
  const hint =
    problem.mend === undefined
      ? problem.fix
      : `${problem.fix} Or: adw-scaffold doctor --fix`;
  return { check, status: "problem", message: problem.message, fix: hint };
}

async function pendingTransaction(
  root: string,
  fix: boolean,
): Promise<Finding> {
  const check = "transaction";
  if (!(await hasPendingTransaction(root))) {
    return { check, status: "ok", message: "no interrupted run" };
  }
  return settle(
    check,
    {
      message: "an interrupted run was not finished",
      fix: "Run any command that writes; it finishes it first.",
      mend: async () =>
        `an interrupted run was ${await recoverTransaction(root)}`,
    },
    fix,
  );
}

const EXAMINATIONS: readonly Examination[] = [
  {
    check: "config",
    examine: ({ config, configText }) =>
      Promise.resolve(
        configText === null || config.modules.length === 0
          ? {
              message: "no modules are installed here",
              fix: "Run: adw-scaffold init",
            }
          : undefined,
      ),
    fine: ({ configFile, config }) =>
      `${configFile} is valid; modules: ${config.modules.join(", ")}`,
  },
  {
    check: "node",
    examine: ({ config }) => Promise.resolve(nodeProblem(config)),
    fine: () => `Node ${process.versions.node}`,
  },
  {
    check: "dependencies",
    examine: missingDependencies,
    fine: () => "every package is in package.json, installed and in range",
  },
  {
    check: "lock",
    examine: lockProblem,
    fine: () => "adw.lock.json is consistent",
  },
  {
    check: "port",
    examine: ({ config }) => portProblem(config),
    fine: ({ config }) =>
      config.websocket_port === 0
        ? "any free port"
        : `${config.websocket_host}:${config.websocket_port} is free`,
  },
  {
    check: "tsconfig",
    examine: tsconfigProblem,
    fine: () =>
      "the project's tsconfig.json and adws/ do not get in each other's way",
  },
  {
    check: "typescript",
    examine: async ({ root }) => {
      const [message] = await typescriptAdvice(root);
      const [what = "", fix = ""] = message?.split(" To check it: ") ?? [];
      return message === undefined
        ? undefined
        : { message: what, fix: `Run: ${fix}` };
    },
    fine: () => "TypeScript, where it is installed, is 5.8 or later",
  },
  {
    check: "token",
    examine: tokenProblem,
    fine: ({ config }) =>
      isLoopback(config.websocket_host)
        ? "bound to loopback; adw_server asks for a token all the same"
        : "bound to the network, and a token is set",
  },
];

function nodeProblem({
  sqlite_driver,
  typescript_runner,
}: AdwConfig): Problem | undefined {
  if (!nodeAtLeast(20, 19)) {
    return {
      message: `Node ${process.versions.node} is too old`,
      fix: "Install Node 20.19 or later.",
    };
  }
  if (typescript_runner === "node" && !nodeAtLeast(22, 18)) {
    return {
      message: `Node ${process.versions.node} does not run .ts files by itself`,
      fix: "Use Node 22.18 or later, or: adw-scaffold init --typescript-runner tsx",
    };
  }
  if (sqlite_driver === "node:sqlite" && !nodeAtLeast(22, 13)) {
    return {
      message: `Node ${process.versions.node} has no node:sqlite`,
      fix: "Use Node 22.13 or later, or: adw-scaffold init --sqlite-driver better-sqlite3",
    };
  }
  return undefined;
}

async function missingDependencies(
  project: Project,
): Promise<Problem | undefined> {
  const { root, config, source } = project;
  const needs = packageNeeds(source.registry.resolve(config.modules), config);
  const text = await readProjectFile(root, PACKAGE_FILE);
  const edit = await editPackageJson(text, needs);
  const missing = Object.keys({
    ...edit.addedDependencies,
    ...edit.addedDevDependencies,
  });
  if (missing.length > 0) {
    return {
      message: `package.json lacks ${missing.join(", ")}`,
      fix: "Run adw-scaffold init, which adds them.",
      mend: async () => {
        const content = await formatEdited(await projectFormatter(root), {
          path: PACKAGE_FILE,
          before: text,
          after: edit.content,
        });
        await applyTransaction(root, [
          { path: PACKAGE_FILE, content, previous: text },
        ]);
        return `added ${missing.join(", ")} to package.json; install them with your package manager`;
      },
    };
  }
  const wrong = await installedProblems(root, {
    ...needs.devDependencies,
    ...needs.dependencies,
  });
  return wrong.length === 0
    ? undefined
    : {
        message: wrong.join("; "),
        fix: `Run: ${await installWords(root)}`,
      };
}

async function installedProblems(
  root: string,
  needed: Readonly<Record<string, string>>,
): Promise<string[]> {
  const { satisfies } = await import("../infrastructure/ranges.ts");
  const problems: string[] = [];
  const missing: string[] = [];
  for (const [name, range] of Object.entries(needed)) {
    const version = await installedVersion(root, name);
    if (version === undefined) missing.push(name);
    else if (
      !satisfies(version, range, { includePrerelease: true }) &&
      isOlder(version, range)
    ) {
      problems.push(`${name} ${version} is installed, and ${range} is needed`);
    }
  }
  return missing.length === 0
    ? problems
    : [`not installed: ${missing.join(", ")}`, ...problems];
}

async function installWords(root: string): Promise<string> {
  const { detectPackageManager, installCommand } =
    await import("../infrastructure/package-manager.ts");
  return installCommand((await detectPackageManager(root)).name).join(" ");
}

/** A later major version may work; an earlier one lacks what the modules use. */
function isOlder(version: string, range: string): boolean {
  const [have = 0, haveMinor = 0] = version.split(".").map(Number);
  const [need = 0, needMinor = 0] = range
    .replace(/^[^\d]*/, "")
    .split(".")
    .map(Number);
  return have < need || (have === need && haveMinor < needMinor);
}

/** Looks in node_modules from the project upwards, as Node does. */
async function installedVersion(
  root: string,
  name: string,
): Promise<string | undefined> {
  for (let folder = root; ; folder = dirname(folder)) {
    const text = await readTextIfExists(
      join(folder, "node_modules", name, PACKAGE_FILE),
    );
    if (text !== null) {
      const manifest: unknown = JSON.parse(text);
      return typeof manifest === "object" &&
        manifest !== null &&
        "version" in manifest
        ? String(manifest.version)
        : undefined;
    }
    if (dirname(folder) === folder) return undefined;
  }
}

function lockProblem({
  lock,
  lockText,
  config,
}: Project): Promise<Problem | undefined> {
  if (lockText === null) {
    return Promise.resolve(
      config.modules.length === 0
        ? undefined
        : {
            message: "there is no adw.lock.json",
            fix: "Run adw-scaffold update: it records the files again and keeps your edits.",
          },
    );
  }
  try {
    for (const path of Object.keys(lock.files)) baseText(lock, path);
    return Promise.resolve(undefined);
  } catch (error) {
    if (!(error instanceof AdwError)) throw error;
    return Promise.resolve({
      message: error.message,
      fix: error.hint ?? "Restore it from version control.",
    });
  }
}

function portProblem({
  websocket_host: host,
  websocket_port: port,
}: AdwConfig): Promise<Problem | undefined> {
  if (port === 0) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error) => {
      resolve(
        hasCode(error, "EADDRINUSE")
          ? {
              message: `${host}:${port} is in use`,
              fix: `Stop what uses it (perhaps a server of yours), or choose another port: adw-scaffold init --websocket-port ${port === 65_535 ? 8765 : port + 1}`,
            }
          : {
              message: `cannot listen on ${host}:${port}: ${error.message}`,
              fix: "Set websocket_host to an address of this machine.",
            },
      );
    });
    server.listen(port, host, () => {
      server.close(() => {
        resolve(undefined);
      });
    });
  });
}

async function tsconfigProblem({
  root,
  config,
}: Project): Promise<Problem | undefined> {
  const edits = await excludeFromTsconfigs(root, config.adws_dir);
  if (edits.length === 0) return undefined;
  const names = edits.map(({ path }) => path).join(", ");
  return {
    message: `${names} ${edits.length === 1 ? "takes" : "take"} in ${config.adws_dir}/ and ${edits.length === 1 ? "does" : "do"} not allow .ts imports`,
    fix: `Add "exclude": ["node_modules", "${config.adws_dir}"] there, or "allowImportingTsExtensions": true and "noEmit": true to the compilerOptions.`,
    mend: async () => {
      const format = await projectFormatter(root);
      await applyTransaction(
        root,
        await Promise.all(
          edits.map(async (edit) => ({
            path: edit.path,
            content: await formatEdited(format, edit),
            previous: edit.before,
          })),
        ),
      );
      return `excluded ${config.adws_dir}/ in ${names}; it has a tsconfig.json of its own`;
    },
  };
}

async function tokenProblem({
  root,
  config,
}: Project): Promise<Problem | undefined> {
  const path = `${config.adws_dir}/.adw_token`;
  await assertNoSymlink(root, path);
  const file = join(root, path);
  const mode = await modeOf(file);
  if (
    mode !== undefined &&
    (mode & 0o077) !== 0 &&
    process.platform !== "win32"
  ) {
    return {
      message: `${config.adws_dir}/.adw_token can be read by others`,
      fix: `Run: chmod 600 ${config.adws_dir}/.adw_token`,
      mend: async () => {
        const { chmod } = await import("node:fs/promises");
        await chmod(file, 0o600);
        return `${config.adws_dir}/.adw_token is now readable by you only`;
      },
    };
  }
  if (isLoopback(config.websocket_host)) return undefined;
  const set =
    process.env["ADW_TOKEN"] ||
    (mode === undefined ? "" : await readFile(file, "utf8"));
  return set.trim() === ""
    ? {
        message: `websocket_host is ${config.websocket_host}, which others can reach, and no token is set`,
        fix: "Set ADW_TOKEN, or start adw_server once: it makes a token.",
      }
    : undefined;
}

async function modeOf(file: string): Promise<number | undefined> {
  try {
    const status = await lstat(file);
    return status.isFile() ? status.mode : undefined;
  } catch {
    return undefined;
  }
}

function isLoopback(host: string): boolean {
  return (
    host === "localhost" ||
    host === "::1" ||
    (isIP(host) === 4 && host.startsWith("127."))
  );
}

/** Finds what keeps a project's workflows from running, and fixes what is safe to fix. */
import type { AbsolutePath } from "../domain/paths.ts";
import {
  hasPendingTransaction,
  recoverTransaction,
} from "../infrastructure/file-transaction.ts";
import { databaseProblem } from "./doctor/database.ts";
import { driftOf, filesProblem, lockProblem } from "./doctor/files.ts";
import {
  problemOf,
  settle,
  type Examination,
  type Finding,
} from "./doctor/finding.ts";
import { hookFindings } from "./doctor/hooks.ts";
import { loadProblem } from "./doctor/load.ts";
import { isLoopback, portProblem, tokenProblem } from "./doctor/network.ts";
import { nodeProblem } from "./doctor/node.ts";
import { packagesProblem, typescriptProblem } from "./doctor/packages.ts";
import { privateFilesProblem } from "./doctor/private-files.ts";
import { tsconfigProblem } from "./doctor/tsconfig.ts";
import {
  openProject,
  resolveRoot,
  type Project,
  type ProjectRequest,
} from "./project.ts";

export type { Finding } from "./doctor/finding.ts";

/**
 * Examines a project.
 *
 * @param options.fix - fix what is safe to fix
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
    findings.push(await settle("config", problemOf(error), fix));
    return findings;
  }
  if (project.configText === null || project.config.modules.length === 0) {
    // Of what is not there, nothing more can be said.
    findings.push({
      check: "config",
      status: "problem",
      message: "no modules are installed here",
      fix: "Run: adw-scaffold init",
    });
    return findings;
  }
  let checked: ReturnType<typeof driftOf> | undefined;
  const drift = () => (checked ??= driftOf(request));
  for (const { check, examine, fine, needs = [] } of EXAMINATIONS) {
    const isBlocked = findings.some(
      (finding) => finding.status !== "ok" && needs.includes(finding.check),
    );
    if (isBlocked) continue;
    const problem = await examine(project, drift).catch(problemOf);
    findings.push(
      problem === undefined
        ? { check, status: "ok", message: fine(project) }
        : await settle(check, problem, fix),
    );
  }
  return [...findings, ...(await hookFindings(root))];
}

async function pendingTransaction(
  root: AbsolutePath,
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
      repair: async () =>
        `an interrupted run was ${await recoverTransaction(root)}`,
    },
    fix,
  );
}

const EXAMINATIONS: readonly Examination[] = [
  {
    check: "config",
    examine: () => Promise.resolve(undefined),
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
    examine: packagesProblem,
    fine: () => "every package is in package.json, installed and new enough",
  },
  {
    check: "typescript",
    examine: typescriptProblem,
    fine: ({ config }) =>
      `nothing keeps TypeScript from checking ${config.adws_dir}/`,
  },
  {
    check: "lock",
    examine: lockProblem,
    fine: () => "adw.lock.json is consistent",
  },
  {
    check: "files",
    examine: filesProblem,
    fine: () => "every file is there, without conflict markers",
  },
  {
    check: "load",
    examine: loadProblem,
    fine: () => "the modules load, and a database opens",
    needs: ["node", "dependencies", "files"],
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
    check: "token",
    examine: tokenProblem,
    fine: ({ config }) =>
      isLoopback(config.websocket_host)
        ? "bound to loopback; adw_server requires a token anyway"
        : "bound to the network, and a token is set",
  },
  {
    check: "private",
    examine: privateFilesProblem,
    fine: () =>
      "the database is readable by you only, and git is not seen to take it",
  },
  {
    check: "database",
    examine: databaseProblem,
    fine: () => "nothing else stands in the place of the database",
  },
];

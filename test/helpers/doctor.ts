/** Projects that `doctor` examines, and what it finds. */
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { REPOSITORY } from "./repository.ts";
import type { TemplateProject } from "./template-project.ts";

/** The packages of this repository. */
export const OUR_PACKAGES = join(REPOSITORY, "node_modules");

export const ON_ANY_NODE = [
  "--typescript-runner",
  "tsx",
  "--sqlite-driver",
  "better-sqlite3",
];

/** Scaffolds a project that has the packages of a folder. */
export async function initWithPackages(
  { root, done }: TemplateProject,
  packages: string,
  ...parameters: string[]
): Promise<void> {
  await done("init", "--yes", ...parameters);
  await symlink(packages, join(root, "node_modules"));
}

interface Finding {
  check: string;
  status: string;
  message: string;
  fix?: string;
}

/** Runs `doctor --json`. */
export async function examine(
  project: TemplateProject,
  ...parameters: string[]
) {
  const { code, stdout } = await project.run("doctor", "--json", ...parameters);
  const report: {
    healthy: boolean;
    findings: Finding[];
    live?: { step: string; ok: boolean; detail: string }[];
  } = JSON.parse(stdout);
  const { healthy, findings, live } = report;
  const of = (wanted: string) =>
    findings.filter(({ status }) => status === wanted);
  return { code, healthy, live, problems: of("problem"), fixed: of("fixed") };
}

/** As {@link examine} tells of the one problem that there is. */
export const unhealthy = (finding: object) => ({
  code: 1,
  healthy: false,
  problems: [expect.objectContaining({ status: "problem", ...finding })],
  fixed: [],
});

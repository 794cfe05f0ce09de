/** Projects that `doctor` examines, and what it finds. */
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { REPOSITORY } from "./packed.ts";
import type { TemplateProject } from "./template-project.ts";

export const ON_ANY_NODE = [
  "--typescript-runner",
  "tsx",
  "--sqlite-driver",
  "better-sqlite3",
];

/** Scaffolds a project whose packages are this repository's. */
export async function initWithPackages(
  { root, done }: TemplateProject,
  ...parameters: string[]
): Promise<void> {
  await done("init", "--yes", ...parameters);
  await symlink(join(REPOSITORY, "node_modules"), join(root, "node_modules"));
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

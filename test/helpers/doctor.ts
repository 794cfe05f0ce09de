/** What `doctor` says of a project. */
import type { TemplateProject } from "./template-project.ts";

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

/** What `adw-scaffold doctor` does. */
import { examineProject, type Finding } from "../application/doctor-service.ts";
import { checkLive, type LiveStep } from "../application/live-check-service.ts";
import type { Run } from "./command.ts";
import { colorsFor, type Colors } from "./colors.ts";
import { projectRequest } from "./context.ts";

/** Looks at everything that a project needs to run; 1 when something is wrong. */
export const runDoctor: Run = async (parsed, context) => {
  const { stdout, env } = context;
  const request = projectRequest(parsed, context);
  const json = parsed.values["json"] === true;
  const colors = colorsFor(stdout, env);
  const findings = await examineProject(request, {
    fix: parsed.values["fix"] === true && parsed.values["dry-run"] !== true,
  });
  if (!json)
    for (const finding of findings) stdout.write(findingText(finding, colors));
  const steps: LiveStep[] = [];
  let held = true;
  if (parsed.values["live"] === true) {
    if (!json)
      stdout.write(`\n${colors.bold("Live check of your own copy")}\n`);
    held = await checkLive(request, (step) => {
      steps.push(step);
      if (!json) stdout.write(stepText(step, colors));
    });
  }
  const healthy = held && findings.every(({ status }) => status !== "problem");
  if (json) {
    stdout.write(
      `${JSON.stringify({ command: "doctor", target: request.root, healthy, findings, ...(steps.length === 0 ? {} : { live: steps }) })}\n`,
    );
  } else {
    stdout.write(
      `\n${healthy ? colors.green("Healthy") : colors.red("Unhealthy")}\n`,
    );
  }
  return healthy ? 0 : 1;
};

function findingText(
  { check, status, message, fix }: Finding,
  colors: Colors,
): string {
  const label = {
    ok: colors.green("ok     "),
    fixed: colors.cyan("fixed  "),
    problem: colors.red("problem"),
  }[status];
  const line = `  ${label}  ${check.padEnd(12)}  ${message}\n`;
  return fix === undefined
    ? line
    : `${line}           ${"".padEnd(12)}  ${colors.cyan("→")} ${fix}\n`;
}

function stepText({ step, ok, detail }: LiveStep, colors: Colors): string {
  const label = ok ? colors.green("held   ") : colors.red("FAILED ");
  return `  ${label}  ${step}${detail === "" ? "" : colors.dim(`  ${detail}`)}\n`;
}

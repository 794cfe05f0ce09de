/** What `adw-scaffold check` does. */
import { checkProject } from "../application/check-service.ts";
import { DRIFT_KINDS, type DriftKind } from "../domain/drift.ts";
import type { Run } from "./command.ts";
import { colorsFor } from "./colors.ts";
import { chosen, projectRequest } from "./context.ts";

/** In sync: 0. Drift that counts: 1, with a list of what and why. */
export const runCheck: Run = async (parsed, context) => {
  const failOn = parseKinds(parsed.values["fail-on"]);
  const { root, files, drift } = await checkProject({
    ...projectRequest(parsed, context),
    modules: parsed.positionals,
  });
  const counts = (kinds: readonly DriftKind[]) =>
    kinds.some((kind) => failOn.includes(kind));
  const failed = drift.some(({ kinds }) => counts(kinds));
  const { stdout, env } = context;
  if (parsed.values["json"] === true) {
    stdout.write(
      `${JSON.stringify({ command: "check", target: root, in_sync: drift.length === 0, failed, files, fail_on: failOn, drift })}\n`,
    );
    return failed ? 1 : 0;
  }
  const colors = colorsFor(stdout, env);
  const width = Math.max(
    0,
    ...drift.map(({ kinds }) => kinds.join("+").length),
  );
  for (const { path, kinds, reason } of drift) {
    const label = kinds.join("+").padEnd(width);
    const paint = counts(kinds) ? colors.red : colors.cyan;
    stdout.write(`  ${paint(label)}  ${path}  ${colors.dim(reason)}\n`);
  }
  const drifted = new Set(drift.map(({ path }) => path)).size;
  stdout.write(
    drifted === 0
      ? `${colors.green("In sync")} ${colors.dim(`${files} ${files === 1 ? "file" : "files"}`)}\n`
      : `${failed ? colors.red("Drift") : colors.green("Accepted drift")} ${colors.dim(`${drifted} of ${files} ${files === 1 ? "file" : "files"}`)}\n`,
  );
  return failed ? 1 : 0;
};

function parseKinds(value: string | boolean | undefined): readonly DriftKind[] {
  if (typeof value !== "string") return DRIFT_KINDS;
  return value
    .split(",")
    .map((name) => chosen("fail-on", name.trim(), DRIFT_KINDS));
}

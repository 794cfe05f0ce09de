/** What a check found, one JSON object a line, for the process that started it. */

import { withPlace } from "../domain/program-output.ts";

const LIMIT_MS = 5000;

export function report(step: string, ok: boolean, detail = ""): void {
  process.stdout.write(`${JSON.stringify({ step, ok, detail })}\n`);
  if (!ok) process.exitCode = 1;
}

/** Reports how an action went; what it resolves with is the detail. */
export async function attempt(
  step: string,
  action: () => Promise<string>,
): Promise<boolean> {
  try {
    report(step, true, await action());
    return true;
  } catch (error) {
    report(step, false, words(error));
    return false;
  }
}

/** The first lines of an error and of what caused it, and where in the project it was thrown. */
export function words(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error ? `${String(error.code)} ` : "";
  const cause = error.cause === undefined ? "" : ` (${words(error.cause)})`;
  const message = error.message.split("\n").slice(0, 3).join(" ");
  return `${code}${withPlace(message, error.stack ?? "")}${cause}`;
}

export function expect(actual: unknown, wanted: unknown, what: string): void {
  if (actual !== wanted) {
    throw new Error(
      `${what}: expected ${String(wanted)}, got ${String(actual)}`,
    );
  }
}

/** A signal that ends what takes longer than a server on the same machine can. */
export function limit(milliseconds = LIMIT_MS): AbortSignal {
  return AbortSignal.timeout(milliseconds);
}

/** Errors as a person reads them, or as one JSON object. */
import { AdwError, formatLocation } from "../domain/errors.ts";
import { colorsFor } from "./colors.ts";
import type { CommandContext } from "./context.ts";

/**
 * Control characters, and those that turn the order of reading, as escapes: a value of
 * a file that came with a clone must not change the terminal. Line ends and tabs stay.
 */
export function printable(text: string): string {
  return text.replaceAll(
    /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]/g,
    (character) =>
      `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Writes one error to stderr: its code, what happened, where, and what to do. */
export function reportError(
  error: unknown,
  json: boolean,
  { stderr, env }: Pick<CommandContext, "stderr" | "env">,
): void {
  if (json) {
    stderr.write(`${JSON.stringify({ error: asJson(error) })}\n`);
    return;
  }
  const colors = colorsFor(stderr, env);
  if (!(error instanceof AdwError)) {
    const text =
      error instanceof Error ? (error.stack ?? error.message) : String(error);
    stderr.write(
      `${colors.red("error")} ${colors.bold("INTERNAL")} this is a bug in adw-scaffold\n${text}\n`,
    );
    return;
  }
  stderr.write(
    `${colors.red("error")} ${colors.bold(error.code)} ${printable(error.message)}\n`,
  );
  if (error.where !== undefined) {
    stderr.write(
      `  ${colors.dim("at")} ${printable(formatLocation(error.where))}\n`,
    );
  }
  if (error.hint !== undefined)
    stderr.write(`  ${colors.cyan("→")} ${printable(error.hint)}\n`);
}

function asJson(error: unknown): Record<string, unknown> {
  if (error instanceof AdwError) {
    return {
      code: error.code,
      message: error.message,
      ...error.where,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    };
  }
  return {
    code: "INTERNAL",
    message: error instanceof Error ? error.message : String(error),
  };
}

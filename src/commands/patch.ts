/** Unified diffs for people. */
import { createTwoFilesPatch } from "diff";
import type { Colors } from "./colors.ts";

/** A unified diff with three lines of context. */
export function patch(
  path: string,
  before: string,
  beforeLabel: string,
  after: string,
  afterLabel: string,
): string {
  const text = createTwoFilesPatch(
    path,
    path,
    before,
    after,
    `(${beforeLabel})`,
    `(${afterLabel})`,
    { context: 3 },
  );
  return text.replace(/^Index: .*\n/, "").replace(/^=+\n/, "");
}

/** Colours a unified diff line by line. */
export function paintPatch(text: string, colors: Colors): string {
  return text
    .split("\n")
    .map((line) => {
      if (/^(---|\+\+\+) /.test(line)) return colors.bold(line);
      if (line.startsWith("@@")) return colors.cyan(line);
      if (line.startsWith("+")) return colors.green(line);
      if (line.startsWith("-")) return colors.red(line);
      return line;
    })
    .join("\n");
}

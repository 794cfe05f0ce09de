/** Colours for words on a terminal. */
import { styleText } from "node:util";
import type { Output } from "./output.ts";

/** One function a style; without colours, each gives its text back. */
export interface Colors {
  bold: (text: string) => string;
  dim: (text: string) => string;
  red: (text: string) => string;
  green: (text: string) => string;
  yellow: (text: string) => string;
  cyan: (text: string) => string;
}

/** Colours only where they can be seen and are wanted (https://no-color.org, https://force-color.org). */
export function colorsFor(
  output: Pick<Output, "isTTY">,
  env: NodeJS.ProcessEnv,
): Colors {
  return wantsColor(output, env) ? PAINTING : PLAIN;
}

function wantsColor(
  { isTTY }: Pick<Output, "isTTY">,
  env: NodeJS.ProcessEnv,
): boolean {
  if (env["NO_COLOR"] !== undefined && env["NO_COLOR"] !== "") return false;
  const forced = env["FORCE_COLOR"];
  if (forced !== undefined && forced !== "")
    return forced !== "0" && forced !== "false";
  return isTTY && env["TERM"] !== "dumb";
}

function table(
  make: (style: keyof Colors) => (text: string) => string,
): Colors {
  return {
    bold: make("bold"),
    dim: make("dim"),
    red: make("red"),
    green: make("green"),
    yellow: make("yellow"),
    cyan: make("cyan"),
  };
}

const PLAIN = table(() => (text) => text);
// Later versions of Node would look at the environment of standard output once more.
const PAINTING = table(
  (style) => (text) => styleText(style, text, { validateStream: false }),
);

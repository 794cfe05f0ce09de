/** Progress on stderr: a spinner on a terminal, plain lines elsewhere. */
import { spinner } from "@clack/prompts";
import type { CommandContext } from "./context.ts";

export interface Progress {
  done(message: string): void;
  failed(message: string): void;
}

/** Shows that something takes time, until it is done or failed. */
export function progress(
  message: string,
  quiet: boolean,
  { stderr, env }: Pick<CommandContext, "stderr" | "env">,
): Progress {
  if (quiet) return { done: () => undefined, failed: () => undefined };
  if (!stderr.isTTY || env["TERM"] === "dumb") {
    stderr.write(`${message} …\n`);
    return {
      done: (text) => stderr.write(`${text}\n`),
      failed: (text) => stderr.write(`${text}\n`),
    };
  }
  const animation = spinner({ output: stderr.stream });
  animation.start(message);
  return {
    done: (text) => {
      animation.stop(text);
    },
    failed: (text) => {
      animation.error(text);
    },
  };
}

/** Progress on stderr: one line that moves on a terminal, plain lines elsewhere. */
import { colorsFor } from "./colors.ts";
import type { CommandContext } from "./context.ts";

export interface Progress {
  /** Changes the line, where it is one that moves. */
  update(message: string): void;
  /** Says on a line of its own what is going on meanwhile. */
  meanwhile(message: string): void;
  done(message: string): void;
  failed(message: string): void;
}

/** The Linux console has no glyphs for the first. */
const FRAMES = { unicode: ["◒", "◐", "◓", "◑"], ascii: ["|", "/", "-", "\\"] };
const FRAME_MS = 100;
const CLEAR_LINE = "\r\u001B[K";

/**
 * Shows that something takes time, until it is done or failed.
 *
 * The spinner of the prompts takes the keyboard, and ends the program with exit
 * code 0 on Ctrl-C while the package manager goes on; this one leaves Ctrl-C to the
 * terminal, which sends it to both.
 */
export function progress(
  message: string,
  quiet: boolean,
  { stderr, env }: Pick<CommandContext, "stderr" | "env">,
): Progress {
  // A screen reader would read every frame; ACCESSIBLE is how the prompts are told, too.
  const plain =
    !stderr.isTTY || env["TERM"] === "dumb" || (env["ACCESSIBLE"] ?? "") !== "";
  if (quiet || plain) {
    const say = (text: string) => {
      if (!quiet) stderr.write(`${text}\n`);
    };
    say(`${message} …`);
    return { update: () => undefined, meanwhile: say, done: say, failed: say };
  }
  const colors = colorsFor(stderr, env);
  const frames = env["TERM"] === "linux" ? FRAMES.ascii : FRAMES.unicode;
  const started = performance.now();
  let drawn = 0;
  let current = message;
  const draw = () => {
    const seconds = Math.floor((performance.now() - started) / 1000);
    const frame = frames[drawn % frames.length] ?? "";
    drawn += 1;
    const tail = seconds === 0 ? "" : ` ${seconds} s`;
    // Never more than one line: only that can be drawn over.
    const room = (stderr.columns ?? 80) - tail.length - 4;
    const words =
      current.length <= room ? current : `${current.slice(0, room - 1)}…`;
    stderr.write(
      `${CLEAR_LINE}${colors.cyan(frame)}  ${words}${colors.dim(tail)}`,
    );
  };
  draw();
  const timer = setInterval(draw, FRAME_MS);
  const end = (text: string) => {
    clearInterval(timer);
    stderr.write(`${CLEAR_LINE}${text}\n`);
  };
  return {
    update: (text) => {
      current = text;
    },
    meanwhile: (text) => {
      stderr.write(`${CLEAR_LINE}${text}\n`);
      draw();
    },
    done: end,
    failed: end,
  };
}

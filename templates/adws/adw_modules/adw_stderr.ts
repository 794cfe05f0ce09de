/**
 * adw_stderr: says something on stderr, and survives when nobody can hear it.
 *
 * Template: adw_events 1.3.0, rendered by adw-scaffold.
 * Needs:    nothing but Node >= 20.19.
 * Update:   npx adw-scaffold update
 */

/** The same cause is reported again after this long at the earliest. */
export const REPORT_AGAIN_AFTER_MS = 60_000;
/** More causes are not reported in that time: each of them may name another row. */
const MAX_REPORTED_CAUSES = 100;

/** Writes `text`; never throws, and never ends the process. */
export function writeStderr(text: string): void {
  try {
    // A closed pipe is an event later on, which ends the process when nobody
    // listens; a full disk throws here. (A `once` of others would not do.)
    if (!process.stderr.listeners("error").includes(ignore)) {
      process.stderr.on("error", ignore);
    }
    process.stderr.write(text);
  } catch {
    // There is no better place to say that this place is gone.
  }
}

function ignore(): void {
  // See above.
}

/** Says it, unless the same cause was reported a short while ago. */
export type Report = (cause: string, line: string) => void;

/** Problems of one module, each cause at most once a minute. Never throws. */
export class Reporter {
  /** Takes one line. Default: stderr. */
  sink: ((line: string) => void) | undefined;
  readonly #module: string;
  readonly #lastReports = new Map<string, number>();

  /** `module`: its name, in front of every line. */
  constructor(module: string) {
    this.#module = module;
  }

  readonly report: Report = (cause, line) => {
    const now = performance.now();
    for (const [known, at] of this.#lastReports) {
      // In the order of their times: those after it are more recent.
      if (now - at < REPORT_AGAIN_AFTER_MS) break;
      this.#lastReports.delete(known);
    }
    const isFull = this.#lastReports.size >= MAX_REPORTED_CAUSES;
    if (isFull || this.#lastReports.has(cause)) return;
    this.#lastReports.set(cause, now);
    this.tell(line);
  };

  tell(line: string): void {
    const text = `${this.#module}: ${line}\n`;
    try {
      (this.sink ?? writeStderr)(text);
    } catch (error) {
      const why = `the option report threw: ${messageOf(error)}`;
      writeStderr(`${text}${this.#module}: ${why}\n`);
    }
  }
}

/** Also of an error of another realm, which is no `Error` here. Never throws. */
export function messageOf(error: unknown): string {
  try {
    return typeof error === "object" && error !== null && "message" in error
      ? String(error.message)
      : String(error);
  } catch {
    return "an error that cannot be put into words";
  }
}

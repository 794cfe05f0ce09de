/**
 * adw_stderr: says something on stderr, and survives when nobody can hear it.
 *
 * Template: adw_events 1.2.0, rendered by adw-scaffold.
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
    // A closed pipe is reported later, as an event that ends the process when
    // nobody listens; a full disk is reported here.
    // (Others may listen for the next one only: ours stays.)
    if (!process.stderr.listeners("error").includes(ignore)) {
      process.stderr.on("error", ignore);
    }
    process.stderr.write(text);
  } catch {
    // There is no better place to say that this place is gone.
  }
}

function ignore(): void {
  // An error event that nobody takes would end the process.
}

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

  /** Says it once per cause, and again only much later. */
  report(cause: string, line: string): void {
    const now = performance.now();
    const isRecent = (at: number) => now - at < REPORT_AGAIN_AFTER_MS;
    if (isRecent(this.#lastReports.get(cause) ?? -Infinity)) return;
    if (this.#lastReports.size >= MAX_REPORTED_CAUSES) {
      for (const [known, at] of this.#lastReports) {
        if (!isRecent(at)) this.#lastReports.delete(known);
      }
      if (this.#lastReports.size >= MAX_REPORTED_CAUSES) return;
    }
    this.#lastReports.set(cause, now);
    this.tell(line);
  }

  tell(line: string): void {
    const text = `${this.#module}: ${line}\n`;
    if (this.sink === undefined) {
      writeStderr(text);
      return;
    }
    try {
      this.sink(text);
    } catch (error) {
      writeStderr(
        `${text}${this.#module}: the option report threw: ${messageOf(error)}\n`,
      );
    }
  }
}

/** Also of an error that another realm has thrown, which is no `Error` here. Never throws. */
export function messageOf(error: unknown): string {
  try {
    return typeof error === "object" && error !== null && "message" in error
      ? String(error.message)
      : String(error);
  } catch {
    return "an error that cannot be put into words";
  }
}

/**
 * Problems, told once a cause.
 *
 * Template: adw_logging 1.2.0, rendered by adw-scaffold.
 * Needs:    nothing but Node >= 20.19.
 * Update:   npx adw-scaffold update
 */
import { writeStderr } from "../adw_stderr.ts";
import { messageOf } from "./values.ts";

/** The same cause is reported again after this long at the earliest. */
export const REPORT_AGAIN_AFTER_MS = 60_000;
/** More causes are not told in that time: each of them may name another row. */
const MAX_REPORTED_CAUSES = 100;

/** Never throws, wherever its lines go. */
export class Reporter {
  /** Takes one line. Default: stderr. */
  sink: ((line: string) => void) | undefined;
  readonly #lastReports = new Map<string, number>();

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
    const text = `adw_logging: ${line}\n`;
    if (this.sink === undefined) {
      writeStderr(text);
      return;
    }
    try {
      this.sink(text);
    } catch (error) {
      writeStderr(
        `${text}adw_logging: the option report threw: ${messageOf(error)}\n`,
      );
    }
  }
}

/**
 * adw_stderr: says something on stderr, and survives when nobody can hear it.
 *
 * Template: adw_database 1.2.0, rendered by adw-scaffold.
 * Needs:    nothing but Node >= 20.19.
 * Update:   npx adw-scaffold update
 */

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

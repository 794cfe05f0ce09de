/** Standard output and standard error, and what happens when nobody reads them. */

/** Where words go. */
export type Output = NodeJS.WriteStream;

/**
 * A standard stream of this process. A closed pipe (`adw-scaffold list | head`) is the
 * reader's choice: what was begun is completed, and the exit code still tells how it
 * went.
 */
export function standardOutput(descriptor: 1 | 2): Output {
  const stream = descriptor === 1 ? process.stdout : process.stderr;
  stream.on("error", (error) => {
    if (!isClosedPipe(error)) outputFailed(descriptor, error);
  });
  return stream;
}

/**
 * Words that are lost (a full disk, say) are a failure; what was begun is completed
 * all the same. Thrown here, the error would print a line of this bundle.
 */
function outputFailed(descriptor: 1 | 2, error: Error): void {
  process.on("exit", () => {
    process.exitCode = 1;
  });
  if (descriptor === 2) return; // there is nowhere left to say it
  process.stderr.write(
    `error OUTPUT_FAILED cannot write to standard output: ${error.message}\n`,
  );
}

function isClosedPipe(error: Error): boolean {
  // Windows says EOF.
  return "code" in error && (error.code === "EPIPE" || error.code === "EOF");
}

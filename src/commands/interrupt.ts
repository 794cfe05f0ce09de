/** Ctrl-C, for commands that go on until somebody ends them. */

/** The first Ctrl-C (or SIGTERM) aborts the signal, the second one ends the process. */
export function endOnInterrupt(): AbortSignal {
  const ending = new AbortController();
  const interrupt = (signal: NodeJS.Signals) => {
    if (ending.signal.aborted) process.exit(signal === "SIGINT" ? 130 : 143);
    ending.abort();
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  return ending.signal;
}

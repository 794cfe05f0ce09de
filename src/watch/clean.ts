/** Deletes what is old, so that the database does not grow for ever. */

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** What is older, and older than what was asked for, is deleted. */
const KEEP_DAYS = 90;

interface Cleaned {
  cleanupOldLogs: (days: number) => Promise<unknown>;
}

/**
 * A minute after the start, because most people start it each morning, and then
 * once a day; a minute after a clean-up that failed.
 *
 * @returns ends it
 */
export function keepClean(
  database: Cleaned,
  {
    since,
    report,
  }: { since: number; report?: ((problem: string) => void) | undefined },
): () => void {
  let timer: NodeJS.Timeout;
  let isEnded = false;
  let hasFailed = false;
  const clean = async () => {
    const asked = Math.ceil((Date.now() - since) / DAY_MS) + 1;
    try {
      await database.cleanupOldLogs(Math.max(KEEP_DAYS, asked));
      hasFailed = false;
    } catch (error) {
      if (!hasFailed && !isEnded)
        report?.(`the clean-up failed, and is tried again: ${String(error)}`);
      hasFailed = true;
    }
    if (!isEnded) cleanIn(hasFailed ? MINUTE_MS : DAY_MS);
  };
  const cleanIn = (milliseconds: number) => {
    timer = setTimeout(() => void clean(), milliseconds).unref();
  };
  cleanIn(MINUTE_MS);
  return () => {
    isEnded = true;
    clearTimeout(timer);
  };
}
